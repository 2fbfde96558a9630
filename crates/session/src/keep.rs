//! What took long to make out of files of symbols and is kept between two visits: given to the session by whoever makes one.
//!
//! Must never need to be there: without it everything is made anew.

use oopscope_dwarf::{NoStore, Store};
use oopscope_protocol::Kept;

/// Keeps indexes of files of symbols. A [`Store`] whose entries may have to be fetched before they can be given at once.
///
/// A name in the store holds the build-id of its file, as hex digits.
pub trait Keep: Store {
    /// Whether what is kept for files with these build-ids can be given now. Where it can't be yet it is being fetched, and
    /// [`Session::resume`](crate::Session::resume) is to be called when it is there or when it won't come.
    fn is_ready(&self, build_ids: &[String]) -> bool {
        let _ = build_ids;
        true
    }

    /// What was fetched is not needed any more. What is kept stays.
    fn release(&self) {}

    /// Throws away all that is kept.
    fn forget(&self) {}

    /// How much is kept.
    fn kept(&self) -> Kept {
        Kept::default()
    }
}

impl Keep for NoStore {}
