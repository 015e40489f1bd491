//! When to try again: three quick tries, then a long breath.
