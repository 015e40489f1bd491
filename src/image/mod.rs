//! Pixels: fit, convert, rotate, draw, compress.
