//! Dump containers: physical memory out of the files that hold it. Must never know what a kernel is.
#![forbid(unsafe_code)]
