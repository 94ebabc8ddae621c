//! The binary's parts: command line, configuration, logging, and starting the planes.

pub mod ambient;
pub mod audit;
pub mod cli;
pub mod config;
pub mod demo;
pub mod logging;
mod run;

pub use run::run;
