//! The vocabulary of control: commands down, notices up, events and status out.

pub mod card;
pub mod code;
pub mod command;
pub mod event;
pub mod fault;
pub mod figures;
pub mod notice;
pub mod plan;
pub mod status;
pub mod volume;
