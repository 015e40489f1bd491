//! The gate between the room and the wire: once an order has closed it, no picture of the camera passes any more.
//!
//! Every picture enters it when it is given to the encoder, where it is counted by its source, and passes it again
//! before it is queued and before it is handed to the connection. Closing it is one moment for all threads, and the
//! order is answered after that moment. It also begins a new era: what entered before is dropped wherever it is met,
//! even if the gate is open again by then. Only a message whose first byte is on its way is finished.

use std::sync::{Arc, Mutex, MutexGuard};

/// See the module's head. Clones are the same gate; it begins closed.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    open: bool,
    era: u64,
    counts: Counts,
}

/// Pictures given to the encoder so far, by source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub camera: u64,
    pub card: u64,
}

/// A picture may go on while this is held: the gate is not closed before it is dropped.
pub struct Pass<'a> {
    _held: MutexGuard<'a, State>,
}

impl Gate {
    /// Opens it for the camera's pictures, or closes it.
    pub fn set(&self, open: bool) {
        let mut state = self.lock();
        if state.open && !open {
            state.era += 1;
        }
        state.open = open;
    }

    /// A picture is about to be encoded: its era, or `None` when it may not be. Cards always may.
    pub fn enter(&self, camera: bool) -> Option<u64> {
        let mut state = self.lock();
        if camera && !state.open {
            return None;
        }
        *(if camera { &mut state.counts.camera } else { &mut state.counts.card }) += 1;
        Some(state.era)
    }

    /// Lets a picture that entered in `era` go one step further; `None` when it has to be dropped.
    pub fn pass(&self, camera: bool, era: u64) -> Option<Pass<'_>> {
        let state = self.lock();
        (!camera || (state.open && state.era == era)).then_some(Pass { _held: state })
    }

    /// How many entered.
    pub fn counts(&self) -> Counts {
        self.lock().counts
    }

    /// A panicked peer leaves it consistent: every step above is complete in itself.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

    #[test]
    fn what_entered_before_an_order_is_dropped_even_when_the_gate_is_open_again() {
        let gate = Gate::default();
        assert_eq!(gate.enter(true), None, "nothing is let out unasked");
        gate.set(true);
        let (old, card) = (gate.enter(true).unwrap(), gate.enter(false).unwrap());
        assert!(gate.pass(true, old).is_some());
        gate.set(false);
        assert!(gate.enter(true).is_none() && gate.pass(true, old).is_none());
        assert!(gate.pass(false, card).is_some());
        gate.set(false);
        gate.set(true);
        assert!(gate.pass(true, old).is_none(), "it was taken before the order");
        let new = gate.enter(true).unwrap();
        assert!(gate.pass(true, new).is_some());
        assert_eq!(gate.counts(), Counts { camera: 2, card: 1 });
    }

    #[test]
    fn nothing_of_the_camera_leaves_after_the_order_was_answered_whatever_the_threads_do() {
        let (gate, sent, stop) = (Gate::default(), Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let (gate, sent, stop) = (gate.clone(), sent.clone(), stop.clone());
                std::thread::spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        let Some(era) = gate.enter(true) else { continue };
                        std::thread::yield_now();
                        if let Some(_pass) = gate.pass(true, era) {
                            sent.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                })
            })
            .collect();
        for _ in 0..200 {
            let before = sent.load(Ordering::Relaxed);
            gate.set(true);
            while sent.load(Ordering::Relaxed) == before {
                std::thread::yield_now();
            }
            gate.set(false);
            let (counted, left) = (gate.counts(), sent.load(Ordering::Relaxed));
            for _ in 0..50 {
                std::thread::yield_now();
            }
            assert_eq!((gate.counts(), sent.load(Ordering::Relaxed)), (counted, left));
        }
        stop.store(true, Ordering::Relaxed);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
}
