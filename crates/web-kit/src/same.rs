//! Large values that components share. Must never be compared by what is in them: a report has thousands of frames, and
//! whether it is the same one is a question of where it lies.

use std::ops::Deref;
use std::rc::Rc;

/// A shared value that equals itself alone.
#[derive(Debug, Default)]
pub struct Same<T>(Rc<T>);

impl<T> Same<T> {
    /// Shares a value.
    pub fn new(value: T) -> Self {
        Self(Rc::new(value))
    }
}

impl<T> From<Box<T>> for Same<T> {
    fn from(value: Box<T>) -> Self {
        Self(Rc::from(value))
    }
}

impl<T> Clone for Same<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> PartialEq for Same<T> {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> Deref for Same<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}
