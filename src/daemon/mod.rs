//! The program: wiring, signals, and the commands of visavisd.
