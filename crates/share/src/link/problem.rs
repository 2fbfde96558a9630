//! What can be wrong with a link, in words that tell what to do next.
//!
//! These types must never hide that something could be read in spite of the problem: the text goes beside them, in
//! [`Decoded`](super::Decoded).

use super::{MAX_FRAGMENT, MAX_LINK, MAX_PAYLOAD, VERSION};

/// Why a link could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The link would be longer than [`MAX_LINK`].
    #[error(
        "the link would have {length} characters, and more than {MAX_LINK} do not survive mail and chat; \
         share fewer lines, or send the text as a file"
    )]
    LinkTooLong {
        /// Characters that it would have.
        length: usize,
    },
    /// The text is longer than any link may hold, however well it compresses.
    #[error("the text has {bytes} bytes, and a link holds at most {MAX_PAYLOAD}; send it as a file")]
    TextTooLong {
        /// Bytes of the text.
        bytes: usize,
    },
}

/// Why not everything in a link could be read. What could be read is shown all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkProblem {
    /// It is something else.
    #[error("this is not a link to a report: what follows the # has to begin with \"o{VERSION}.\"; copy it again")]
    NotALink,
    /// It was made by a later version of the format.
    #[error("this link was made by a newer Oopscope (format o{version}, this one reads o{VERSION}){}", newer(*.readable))]
    Newer {
        /// Version of the format.
        version: u32,
        /// True when it could be read as if it were of this version, and its checksum is right.
        readable: bool,
    },
    /// Its end is missing.
    #[error(
        "this link is cut off after {characters} characters: the first {read} of {of} bytes are shown; \
         ask for the whole link"
    )]
    CutOff {
        /// Characters of the fragment that are there.
        characters: usize,
        /// Bytes of text that could be read.
        read: usize,
        /// Bytes of text that there were.
        of: usize,
    },
    /// Characters in it are wrong.
    #[error("this link is damaged: the {read} bytes that are shown may be wrong in places; ask for the link again")]
    Damaged {
        /// Bytes of text that could be read.
        read: usize,
    },
    /// It is longer than any link this program makes.
    #[error("this link is too large: more than {MAX_FRAGMENT} characters; ask for the text as a file")]
    FragmentTooLarge,
    /// It inflates to more than any link this program makes.
    #[error(
        "this link holds more than {MAX_PAYLOAD} bytes of text: the beginning is shown; ask for the text as a file"
    )]
    TextTooLarge,
    /// The text is whole; what was selected in it could not be read.
    #[error("the text of this link is whole, but what was selected in it could not be read")]
    ViewUnreadable,
}

fn newer(readable: bool) -> &'static str {
    if readable {
        ": its text could be read, but more may be in it; reload the page to update"
    } else {
        ": what is shown may be wrong or missing; reload the page to update"
    }
}
