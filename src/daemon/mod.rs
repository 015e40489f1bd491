//! The program: wiring, signals, and the commands of visavisd.

mod boards;
pub mod demo;
mod files;
mod inbox;
mod net;
mod relay;
pub mod run;
mod terminal;
