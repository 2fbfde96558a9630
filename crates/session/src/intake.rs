//! From what was given to what can be read as a log: unpacks, converts, looks into archives, and says why not.
//!
//! Everything is a stream: this module must never hold more than an input's beginning, but for the members of an
//! archive and for what is too small to matter, and both within bounds.

use crate::identify::{Content, HEAD, identify, is_text};
use crate::input::{Input, PartError, clamp};
use crate::{notes, problem};
use oopscope_capture::{Converted, Form};
use oopscope_panicqr::{LARGEST_PICTURE, PanicLog, PictureForm, read_address, read_picture};
use oopscope_protocol::Problem;
use oopscope_source::{Counted, ReadAt, ReadError};
use oopscope_unpack::{
    ArchiveForm, BLOCK_LIMIT, Codec, Damage, Decoder, Flow, Plain, Spool, decompress_block, members,
};
use std::rc::Rc;

/// Members of an archive that are read as logs. More are work for `oopscope triage`.
const MEMBERS: usize = 256;

/// Bytes of an archive's members that are held.
const MEMBER_BYTES: usize = 96 << 20;

/// Binary data of this size may be memory as it was; no log begins with that much of it.
const SOME_MEMORY: u64 = 32 << 20;

/// The user's input, counted.
pub(crate) type Source = Rc<Counted<Box<dyn ReadAt>>>;

/// What can be read as a log.
pub(crate) struct Ready {
    pub(crate) name: String,
    pub(crate) text: Text,
    /// The beginning of the text.
    pub(crate) head: Vec<u8>,
    /// The input that it is made of, for its counters.
    pub(crate) source: Source,
}

/// Text by position.
#[derive(Clone)]
pub(crate) enum Text {
    /// The input's own bytes.
    Own(Source),
    /// What is made of them as it is read.
    Made(Rc<Spool>),
}

/// What an input turned out to be.
#[derive(Default)]
pub(crate) struct Intake {
    /// Its logs: one, or the members of an archive.
    pub(crate) ready: Vec<Ready>,
    pub(crate) notes: Vec<String>,
    pub(crate) left_out: Vec<Problem>,
}

impl Text {
    /// Its bytes.
    pub(crate) fn bytes(&self) -> &dyn ReadAt {
        match self {
            Self::Own(source) => &**source,
            Self::Made(spool) => &**spool,
        }
    }
}

impl Intake {
    /// Takes an input; gives also what counts its reads.
    pub(crate) fn take(input: Input) -> (Self, Source) {
        let mut intake = Self::default();
        let Input { name, source } = input;
        let source = Rc::new(Counted::new(source));
        if let Err(error) = intake.one(&name, &source, true) {
            intake.left_out.push(problem::reading(&PartError { name, error }));
        }
        (intake, source)
    }

    fn one(&mut self, name: &str, source: &Source, archives: bool) -> Result<(), ReadError> {
        // Asks for a byte even of an empty source: one that is gone fails only when it is read.
        let mut head = vec![0; clamp(source.len()).clamp(1, HEAD)];
        let n = source.read_at(0, &mut head)?;
        head.truncate(n);
        let codec = Codec::of(&head);
        if let Some(codec) = codec {
            let (unpacked, damage) = beginning(&mut Decoder::new(codec, shared(source)))?;
            if let Some(damage) = damage.filter(|_| unpacked.is_empty()) {
                self.left_out.push(problem::damaged(name, codec.name(), damage));
                return Ok(());
            }
            head = unpacked;
        }
        if let Some(found) = panic_code(&**source, &head)? {
            match found {
                Ok(log) => {
                    self.notes.push(notes::panic_code(name, &log));
                    self.push_text(name, source, log.text.into_bytes());
                }
                Err(problem) => self.left_out.push(problem::panic_code(name, &problem)),
            }
            return Ok(());
        }
        if archives && let Some(form) = ArchiveForm::of(&head) {
            return self.archive(name, source, form);
        }
        let form = Form::of(&head);
        if let Some(form) = form {
            let inner: Box<dyn Flow> = match codec {
                Some(codec) => Box::new(Decoder::new(codec, shared(source))),
                None => Box::new(Plain::new(shared(source))),
            };
            head = beginning(&mut Converted::new(inner, form))?.0;
        }
        let is_own = codec.is_none() && form.is_none();
        match self.content(name, source, &head, is_own, is_own && archives)? {
            Ok(Some(text)) => {
                self.push_text(name, source, text);
                Ok(())
            }
            Ok(None) => {
                if let Some(form) = form {
                    self.notes.push(notes::converted(name, &form.note()));
                }
                let text = text(source, codec, form);
                head.truncate(oopscope_capture::PART_HEAD);
                self.ready.push(Ready { name: name.to_owned(), text, head, source: Rc::clone(source) });
                Ok(())
            }
            Err(problem) => {
                self.left_out.push(problem);
                Ok(())
            }
        }
    }

    /// Takes a text that was made of an input.
    fn push_text(&mut self, name: &str, source: &Source, text: Vec<u8>) {
        let head = text[..text.len().min(oopscope_capture::PART_HEAD)].to_vec();
        let text = Text::Own(Rc::new(Counted::new(Box::new(text))));
        self.ready.push(Ready { name: name.to_owned(), text, head, source: Rc::clone(source) });
    }

    /// Judges the text: it is a log as it is (`None`), another text stands in its place, or it is none.
    fn content(
        &mut self,
        name: &str,
        source: &Source,
        head: &[u8],
        is_own: bool,
        is_file: bool,
    ) -> Result<Result<Option<Vec<u8>>, Problem>, ReadError> {
        let content = if is_own { content(&**source, head)? } else { identify(head) };
        Ok(match content {
            Content::Text => Ok(None),
            Content::Empty => Err(problem::empty(name)),
            Content::Known(known) => Err(problem::known(name, known)),
            Content::Dump(known) if is_file => Err(problem::dump(name, known)),
            Content::Dump(known) => Err(problem::packed_dump(name, known)),
            Content::Elf(known) => Err(problem::elf(name, known)),
            Content::Nuls | Content::Binary if is_file && source.len() >= SOME_MEMORY => Err(problem::memory(name)),
            Content::Nuls => Err(problem::only_nuls(name)),
            Content::Binary => match whole(&**source, BLOCK_LIMIT)?.as_deref().and_then(decompress_block) {
                Some(text) => {
                    self.notes.push(notes::pstore_block(name));
                    Ok(Some(text))
                }
                None => Err(problem::binary(name)),
            },
        })
    }

    /// The members of an archive, as if they had been given themselves.
    fn archive(&mut self, name: &str, source: &Source, form: ArchiveForm) -> Result<(), ReadError> {
        let mut room = MEMBER_BYTES;
        let members = match members(shared(source), room) {
            Ok(Some(members)) => members,
            Ok(None) => return Ok(()),
            Err(damage) => return self.archive_damage(name, form, damage),
        };
        let mut found = 0;
        for member in members {
            let member = match member {
                Ok(member) => member,
                Err(damage) => return self.archive_damage(name, form, damage),
            };
            found += 1;
            let bytes = match member.content {
                oopscope_unpack::Content::Whole(bytes) if bytes.is_empty() => continue,
                oopscope_unpack::Content::Whole(bytes) if bytes.len() <= room && found <= MEMBERS => bytes,
                oopscope_unpack::Content::Damaged(damage) => {
                    self.left_out.push(problem::damaged(&member.name, form.name(), damage));
                    continue;
                }
                _ => {
                    self.left_out.push(problem::archive_too_large(name));
                    break;
                }
            };
            room -= bytes.len();
            let source: Source = Rc::new(Counted::new(Box::new(bytes)));
            self.one(&member.name, &source, false)?;
        }
        if found == 0 {
            self.left_out.push(problem::empty(name));
        }
        // What was read of the archive is counted with its first log.
        if let Some(first) = self.ready.first_mut() {
            first.source = Rc::clone(source);
        }
        Ok(())
    }

    fn archive_damage(&mut self, name: &str, form: ArchiveForm, damage: Damage) -> Result<(), ReadError> {
        if let Damage::Read(error) = damage {
            return Err(error);
        }
        self.left_out.push(problem::damaged(name, form.name(), damage));
        Ok(())
    }
}

fn shared(source: &Source) -> Rc<dyn ReadAt> {
    Rc::<Counted<Box<dyn ReadAt>>>::clone(source)
}

fn text(source: &Source, codec: Option<Codec>, form: Option<Form>) -> Text {
    if codec.is_none() && form.is_none() {
        return Text::Own(Rc::clone(source));
    }
    let source = shared(source);
    Text::Made(Rc::new(Spool::new(move || {
        let source = Rc::clone(&source);
        let flow: Box<dyn Flow> = match codec {
            Some(codec) => Box::new(Decoder::new(codec, source)),
            None => Box::new(Plain::new(source)),
        };
        match form {
            Some(form) => Box::new(Converted::new(flow, form)),
            None => flow,
        }
    })))
}

/// The first bytes of a flow, and why there are no more.
fn beginning(flow: &mut dyn Flow) -> Result<(Vec<u8>, Option<Damage>), ReadError> {
    let mut head = vec![0; HEAD];
    let mut done = 0;
    let mut damage = None;
    while done < head.len() {
        match flow.read(&mut head[done..]) {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(Damage::Read(error)) => return Err(error),
            Err(other) => {
                damage = Some(other);
                break;
            }
        }
    }
    head.truncate(done);
    Ok((head, damage))
}

/// The log in the QR code of a panic screen: from a picture, or from the code's address alone in a text. None when the
/// source is neither.
fn panic_code(source: &dyn ReadAt, head: &[u8]) -> Result<Option<Result<PanicLog, String>>, ReadError> {
    /// An address has some 7,000 digits; what is written around it in a link file or a mail is shorter than this.
    const LONGEST_ADDRESS: usize = 16 << 10;
    if PictureForm::of(head).is_some() {
        let Some(bytes) = whole(source, LARGEST_PICTURE)? else {
            return Ok(Some(Err("the picture is too large".into())));
        };
        return Ok(Some(read_picture(&bytes).map_err(|problem| problem.to_string())));
    }
    if source.len() > LONGEST_ADDRESS as u64 || head.len() > LONGEST_ADDRESS {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(head);
    Ok(read_address(&text).map(|log| log.map_err(|problem| problem.to_string())))
}

/// All of a source that has no more bytes than `most`.
fn whole(source: &dyn ReadAt, most: usize) -> Result<Option<Vec<u8>>, ReadError> {
    let Some(len) = usize::try_from(source.len()).ok().filter(|len| *len <= most) else { return Ok(None) };
    let mut bytes = vec![0; len];
    let n = source.read_at(0, &mut bytes)?;
    bytes.truncate(n);
    Ok(Some(bytes))
}

/// What a source is: by its beginning, and by its end where the beginning is dirt without a known form.
fn content(source: &dyn ReadAt, head: &[u8]) -> Result<Content, ReadError> {
    let content = identify(head);
    let cut_short = source.len() > HEAD as u64;
    if cut_short && matches!(content, Content::Binary | Content::Nuls | Content::Empty) {
        let mut sample = vec![0; HEAD];
        let n = source.read_at(source.len() - HEAD as u64, &mut sample)?;
        if is_text(&sample[..n]) {
            return Ok(Content::Text);
        }
    }
    Ok(content)
}
