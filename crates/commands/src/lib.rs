//! crash's commands, one file each: typed rows and their text. Must never hold state of its own.
#![forbid(unsafe_code)]
