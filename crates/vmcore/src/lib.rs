//! A dump that a user has opened: answers requests. Must never touch JS, the file system or the clock.
#![forbid(unsafe_code)]
