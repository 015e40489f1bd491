//! The program: wiring, signals, and the commands of visavisd.

mod boards;
pub mod check;
pub mod demo;
pub mod doctor;
pub mod explain;
mod files;
mod inbox;
mod net;
mod relay;
pub mod run;
mod terminal;
