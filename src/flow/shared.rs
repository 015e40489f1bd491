//! The latest value of something that one thread decides and others obey: a plan, a session.

use crate::device::Wake;
use std::sync::{Arc, Mutex};

/// A value with its readers' bells. Reading is a lock for the length of one pointer copy.
#[derive(Debug)]
pub struct Shared<T> {
    inner: Arc<Inner<T>>,
}

#[derive(Debug)]
struct Inner<T> {
    value: Mutex<Arc<T>>,
    bells: Vec<Wake>,
}

impl<T> Shared<T> {
    /// Starts with `value`; every change rings `bells`.
    pub fn new(value: T, bells: Vec<Wake>) -> Self {
        Self { inner: Arc::new(Inner { value: Mutex::new(Arc::new(value)), bells }) }
    }

    /// The value as it is now.
    pub fn get(&self) -> Arc<T> {
        self.inner.value.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    /// Replaces the value and wakes the readers.
    pub fn set(&self, value: T) {
        *self.inner.value.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Arc::new(value);
        self.inner.bells.iter().for_each(Wake::ring);
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}
