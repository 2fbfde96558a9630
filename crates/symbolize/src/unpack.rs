//! A packed file as what is in it: `ext4.ko.xz`, `vmlinux.zst`.
//!
//! Must never hold more than a bound of what comes out.

use oopscope_source::ReadAt;
use oopscope_unpack::{Room, open_packed};
use std::rc::Rc;

/// The file's content; the file itself where it is not packed.
pub(crate) fn unpacked(bytes: &Rc<dyn ReadAt>) -> Result<Rc<dyn ReadAt>, String> {
    match open_packed(Rc::clone(bytes), Room::KERNEL, &mut |_, _| true) {
        Ok(Some(unpacked)) => Ok(unpacked.bytes),
        Ok(None) => Ok(Rc::clone(bytes)),
        Err(error) => Err(error.to_string()),
    }
}
