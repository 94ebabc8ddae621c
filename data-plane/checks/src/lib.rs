//! Facts about a sender, a domain or a route; never a decision. Both planes ask here: the control plane when a route is
//! written or a domain is proven, a worker at each message and each connect.

pub mod address;
pub mod dns;
mod outcome;
pub mod ownership;

pub use address::is_forbidden_destination;
pub use dns::Dns;
pub use outcome::Outcome;
