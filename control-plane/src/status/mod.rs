//! What an operator asks first: is all well, and if not, what is wrong and what to do. `facts` gathers, `problem` judges
//! (pure), `api` shows.

pub mod api;
mod facts;
mod problem;

pub use problem::{Code, table};
