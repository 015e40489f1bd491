//! Lanes between threads. Each is bounded and named after what it loses; each counts its losses and rings
//! its reader's bell when something was put in.
//!
//! [`latest`]: one place, the newest wins. [`until_idr`]: when full, everything up to the next IDR picture
//! is lost. [`ring`]: when full, the oldest is lost.

use crate::device::Wake;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

/// What a full lane does.
#[derive(Clone, Copy, Debug)]
enum Loss {
    Oldest,
    UntilIdr,
}

/// Things that can start a chain of pictures.
pub trait Idr {
    /// True when nothing before it is needed to use it.
    fn idr(&self) -> bool;
}

impl Idr for crate::media::VideoUnit {
    fn idr(&self) -> bool {
        self.idr
    }
}

#[derive(Debug)]
struct Lane<T> {
    queue: Mutex<Queue<T>>,
    bell: Wake,
    lost: AtomicU64,
}

#[derive(Debug)]
struct Queue<T> {
    items: VecDeque<T>,
    capacity: usize,
    /// Only an IDR may come in: something it would refer to was lost.
    broken: bool,
    closed: bool,
}

/// The writing end. Never blocks.
#[derive(Debug)]
pub struct Sender<T> {
    lane: Arc<Lane<T>>,
    loss: Loss,
}

/// The reading end. Dropping it closes the lane.
#[derive(Debug)]
pub struct Receiver<T> {
    lane: Arc<Lane<T>>,
}

/// A lane of one place: a newer thing replaces an unread one.
pub fn latest<T>(bell: Wake) -> (Sender<T>, Receiver<T>) {
    lane(1, bell, Loss::Oldest)
}

/// A lane of `capacity` places that loses its oldest thing when full.
pub fn ring<T>(capacity: usize, bell: Wake) -> (Sender<T>, Receiver<T>) {
    lane(capacity, bell, Loss::Oldest)
}

/// A lane of `capacity` coded pictures: when one does not fit, it and all that follow are lost until an IDR
/// comes; that IDR replaces whatever is still unread.
pub fn until_idr<T: Idr>(capacity: usize, bell: Wake) -> (Sender<T>, Receiver<T>) {
    lane(capacity, bell, Loss::UntilIdr)
}

fn lane<T>(capacity: usize, bell: Wake, loss: Loss) -> (Sender<T>, Receiver<T>) {
    let capacity = capacity.max(1);
    let queue = Queue { items: VecDeque::with_capacity(capacity), capacity, broken: false, closed: false };
    let lane = Arc::new(Lane { queue: Mutex::new(queue), bell, lost: AtomicU64::new(0) });
    (Sender { lane: lane.clone(), loss }, Receiver { lane })
}

impl<T> Lane<T> {
    /// A panicked peer leaves the queue consistent: every step below is complete in itself.
    fn lock(&self) -> MutexGuard<'_, Queue<T>> {
        self.queue.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl<T> Sender<T> {
    fn put_with(&self, item: T, idr: bool) -> bool {
        let mut queue = self.lane.lock();
        if queue.closed {
            return false;
        }
        let lost = match self.loss {
            Loss::Oldest => {
                let full = queue.items.len() == queue.capacity;
                full.then(|| queue.items.pop_front()).flatten().is_some() as u64
            }
            Loss::UntilIdr if idr && (queue.broken || queue.items.len() == queue.capacity) => {
                queue.broken = false;
                let unread = queue.items.len() as u64;
                queue.items.clear();
                unread
            }
            Loss::UntilIdr if queue.broken || queue.items.len() == queue.capacity => {
                queue.broken = true;
                self.lane.lost.fetch_add(1, Ordering::Relaxed);
                return false;
            }
            Loss::UntilIdr => 0,
        };
        queue.items.push_back(item);
        drop(queue);
        self.lane.lost.fetch_add(lost, Ordering::Relaxed);
        self.lane.bell.ring();
        lost == 0
    }

    /// How many things wait to be taken.
    pub fn waiting(&self) -> usize {
        self.lane.lock().items.len()
    }

    /// True when the reading end is gone.
    pub fn is_closed(&self) -> bool {
        self.lane.lock().closed
    }

    /// How many things were lost so far.
    pub fn lost(&self) -> u64 {
        self.lane.lost.load(Ordering::Relaxed)
    }
}

impl<T: Idr> Sender<T> {
    /// Puts a coded picture in; false when it, or something before it, was lost.
    pub fn put_unit(&self, item: T) -> bool {
        let idr = item.idr();
        self.put_with(item, idr)
    }
}

impl<T> Sender<T> {
    /// Puts a thing in; false when something was lost for it, or the reader is gone.
    pub fn put(&self, item: T) -> bool {
        self.put_with(item, true)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self { lane: self.lane.clone(), loss: self.loss }
    }
}

impl<T> Receiver<T> {
    /// The oldest thing inside, if any. Never blocks: the reader sleeps on its bell.
    pub fn take(&self) -> Option<T> {
        self.lane.lock().items.pop_front()
    }

    /// How many things are inside.
    pub fn len(&self) -> usize {
        self.lane.lock().items.len()
    }

    /// Nothing inside.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Throws away what is inside; for a new session.
    pub fn clear(&self) {
        self.lane.lock().items.clear();
    }

    /// How many things were lost so far.
    pub fn lost(&self) -> u64 {
        self.lane.lost.load(Ordering::Relaxed)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut queue = self.lane.lock();
        queue.closed = true;
        queue.items.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Clone, Copy)]
    struct Unit(u32, bool);
    impl Idr for Unit {
        fn idr(&self) -> bool {
            self.1
        }
    }

    fn drain<T>(receiver: &Receiver<T>) -> Vec<T> {
        std::iter::from_fn(|| receiver.take()).collect()
    }

    #[test]
    fn the_newest_replaces_an_unread_one_and_the_loss_is_counted() {
        let (sender, receiver) = latest(Wake::new().unwrap());
        assert!(sender.put(1));
        assert!(!sender.put(2));
        assert_eq!((drain(&receiver), receiver.lost()), (vec![2], 1));
    }

    #[test]
    fn a_full_ring_loses_its_oldest() {
        let (sender, receiver) = ring(2, Wake::new().unwrap());
        for n in 0..5 {
            sender.put(n);
        }
        assert_eq!((drain(&receiver), sender.lost()), (vec![3, 4], 3));
    }

    #[test]
    fn a_broken_chain_stays_out_until_an_idr_and_the_idr_replaces_what_is_stale() {
        let (sender, receiver) = until_idr(2, Wake::new().unwrap());
        let kept: Vec<bool> = [Unit(0, true), Unit(1, false), Unit(2, false)].map(|u| sender.put_unit(u)).to_vec();
        assert_eq!(kept, [true, true, false]);
        assert_eq!(receiver.take(), Some(Unit(0, true)));
        assert!(!sender.put_unit(Unit(3, false)), "refers to the lost unit 2");
        sender.put_unit(Unit(4, true));
        sender.put_unit(Unit(5, false));
        assert_eq!(drain(&receiver), [Unit(4, true), Unit(5, false)]);
        assert_eq!(receiver.lost(), 3);
    }

    #[test]
    fn putting_rings_the_readers_bell_and_a_gone_reader_closes_the_lane() {
        let bell = Wake::new().unwrap();
        let (sender, receiver) = latest(bell.clone());
        sender.put(());
        assert!(bell.clear());
        drop(receiver);
        assert!(sender.is_closed());
        assert!(!sender.put(()));
    }
}
