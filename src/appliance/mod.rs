//! The rules of the terminal: one pure state machine.
