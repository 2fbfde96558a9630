//! The page's part for dumps: a Yew component tree of its own, in an element that the page has given it.

#![forbid(unsafe_code)]
