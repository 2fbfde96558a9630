//! A file that a user gave, before it is known what it is.

use oopscope_source::ReadAt;
use std::rc::Rc;

/// A file that a user gave.
#[derive(Clone)]
pub struct Given {
    /// Its name. One that came out of a folder has its path in that folder, with `/`: such files are judged by their names
    /// first, and opened only when something needs them, so that a folder of thousands costs nothing. A name without `/`
    /// was given by itself, and is judged by its content.
    pub name: String,
    /// Its bytes. Nothing is read, and the length is not asked, before the file is needed.
    pub bytes: Rc<dyn ReadAt>,
}
