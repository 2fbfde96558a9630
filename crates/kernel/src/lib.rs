//! A crashed kernel as objects. Must never print, format or know of a user interface.
#![forbid(unsafe_code)]
