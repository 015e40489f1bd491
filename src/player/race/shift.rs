//! Whether stamps count the time of before, or another one.

use crate::media::Span;

/// Stamps that lie outside of this around what is expected count another time; so do those that are behind by more
/// than [`BEGUN`] and begin at nothing.
const AHEAD: Span = Span::secs(1);
const BEHIND: Span = Span::secs(20);
const BEGUN: Span = Span::millis(1500);

/// What is to be taken off positions that begin with `stamp` where `expected` was to come: nothing where both are of
/// one time.
pub fn shift(stamp: Span, expected: Span) -> Span {
    let off = stamp - expected;
    let begins = off < -BEGUN && stamp.abs() <= BEGUN;
    if off > AHEAD || off < -BEHIND || begins { off } else { Span::ZERO }
}
