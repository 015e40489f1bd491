//! Whether the kernel's time of day is kept right by somebody: certificates and signatures need that.
#![allow(unsafe_code)]

/// True when a time service disciplines the clock, false when nobody does, `None` when the kernel does not say.
pub fn synchronised() -> Option<bool> {
    // SAFETY: timex is a plain C struct of integers, for which all zeroes is a value; modes = 0 asks
    // without changing anything (adjtimex(2)), and the pointer is valid for the length of the call.
    let (state, status) = unsafe {
        let mut timex: libc::timex = std::mem::zeroed();
        (libc::adjtimex(&mut timex), timex.status)
    };
    (state >= 0).then_some(status & libc::STA_UNSYNC == 0)
}
