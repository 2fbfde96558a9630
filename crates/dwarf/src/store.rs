//! Where indexes that took long to make are kept between two openings: the command line's cache folder, the browser's
//! private files. Must never be believed more than the file itself: what comes out of it is checked like any input.

/// Keeps bytes by name. Losing them costs time, nothing else, so that nothing here fails.
pub trait Store {
    /// What was put under this name, if it is still there. Names are of letters, digits, `-` and `.`, at most 120 of them.
    fn get(&self, name: &str) -> Option<Vec<u8>>;

    /// Keeps bytes under a name.
    fn put(&self, name: &str, bytes: &[u8]);
}

/// Keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoStore;

impl Store for NoStore {
    fn get(&self, _name: &str) -> Option<Vec<u8>> {
        None
    }

    fn put(&self, _name: &str, _bytes: &[u8]) {}
}
