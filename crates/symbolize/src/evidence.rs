//! What a report itself says of the code that ran, held against a file: the bytes of its `Code:`, and the source line that
//! `kernel BUG at …!` or `WARNING: … at …` names.
//!
//! Sizes that fit are not enough: two builds of a small module often have the same. Must never call what can't be compared a
//! contradiction.

use crate::code::{self, Compared};
use crate::matching;
use crate::object::Object;
use crate::symbolizer::Symbolizer;
use crate::work::{self, hex};
use oopscope_dwarf::Spot;
use oopscope_report::{Arch, Code, Frame, FrameRole, Report};
use oopscope_symbols::elf::functions::Function;

/// Lines that a macro's call may be long: clang's `__LINE__` is that of its last bracket; gcc's is the first (since 4.7), as it
/// is in debug information of both.
const LONGEST_CALL: u32 = 16;

/// What a report says of the instruction that trapped.
pub(crate) struct Evidence<'r> {
    /// Where that is.
    pc: &'r Frame,
    code: Option<&'r Code>,
    arch: Option<Arch>,
    moved: Option<u64>,
    /// The source line that the report's headline names.
    named: Option<(&'r str, u32)>,
}

impl<'r> Evidence<'r> {
    /// Of a report; none where its instruction pointer has no name.
    pub(crate) fn of(report: &'r Report) -> Option<Self> {
        let mut frames = report.stacks.iter().flat_map(|stack| &stack.frames);
        let pc = frames.find(|frame| frame.role == FrameRole::Pc && !frame.inlined)?;
        let name = pc.function.as_deref().filter(|_| work::is_wanted(pc))?;
        // The headline's line is that of the function that trapped, unless somebody else is to blame.
        let culprit = report
            .culprit
            .as_ref()
            .filter(|culprit| culprit.module == pc.module && name.split('.').next() == Some(culprit.function.as_str()));
        Some(Self {
            pc,
            code: report.code.as_ref(),
            arch: report.arch,
            moved: report.kernel_offset.as_deref().and_then(hex),
            named: culprit.and_then(|culprit| Some((culprit.file.as_deref()?, culprit.file_line?))),
        })
    }

    /// Why a file whose functions have the right sizes is of another build nevertheless; none where nothing says so.
    /// `frames` are those that would be looked up in it.
    pub(crate) fn against(
        &self,
        files: &Symbolizer,
        entry: usize,
        object: &Object,
        frames: &[&Frame],
    ) -> Option<String> {
        if !frames.iter().any(|frame| std::ptr::eq(*frame, self.pc)) {
            return None;
        }
        let (name, offset, size) = (self.pc.function.as_deref()?, self.pc.offset?, self.pc.size?);
        let functions = object.functions(name).ok()?;
        let fits = |function: &&Function| matching::fits(function, size) && object.is_code(function);
        let functions: Vec<&Function> = functions.iter().filter(fits).collect();
        let place = format!("{name}+{offset:#x}");
        self.against_code(files, entry, object, &functions, offset)
            .map(|what| format!("it is of another build: at {place} the bytes of Code: are {what}"))
            .or_else(|| {
                let what = self.against_line(files, object, &functions, offset)?;
                Some(format!("it is of another build: at {place} it has {what}"))
            })
    }

    /// The difference, where the code of none of these functions is what the report printed.
    fn against_code(
        &self,
        files: &Symbolizer,
        entry: usize,
        object: &Object,
        functions: &[&Function],
        offset: u64,
    ) -> Option<String> {
        let code = self.code?;
        // Debug information alone has no code in it: another file of the same build may.
        let with_code = files.with_code(entry);
        let object = with_code.as_deref().unwrap_or(object);
        let mut first = None;
        for function in functions {
            match code::compare(code, self.arch, object, object.place(function, offset), self.moved)? {
                Compared::Different(words) => first = first.or(Some(words)),
                Compared::Equal | Compared::Patched(_) => return None,
            }
        }
        first
    }

    /// What the file has instead of the line that the report names.
    fn against_line(
        &self,
        files: &Symbolizer,
        object: &Object,
        functions: &[&Function],
        offset: u64,
    ) -> Option<String> {
        let (file, line) = self.named?;
        let slack = if object.is_of_gcc() { 0 } else { LONGEST_CALL };
        let mut first = None;
        for function in functions {
            let spots = files.spots(object, object.place(function, offset)).ok()?;
            if spots.iter().any(|spot| is_at(spot, file, line, slack)) {
                return None;
            }
            let own = spots.iter().find_map(|spot| Some(format!("{}:{}", spot.file.as_deref()?, spot.line?)))?;
            first = first.or(Some(format!("{own}, the log {file}:{line}")));
        }
        first
    }
}

/// Whether a place may be the line that the kernel printed: `__FILE__` and debug information have the same file, but
/// perhaps not from the same folder on.
fn is_at(spot: &Spot, file: &str, line: u32, slack: u32) -> bool {
    let (Some(own), Some(at)) = (spot.file.as_deref(), spot.line) else { return false };
    let last = |path: &str| path.rsplit('/').next().map(str::to_owned);
    last(own) == last(file) && (at..=at.saturating_add(slack)).contains(&line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_told_by_its_files_last_name() {
        let spot = Spot { file: Some("/build/linux/fs/ext4/inode.c".into()), line: Some(80), ..Spot::default() };
        assert!(is_at(&spot, "fs/ext4/inode.c", 80, 0) && is_at(&spot, "inode.c", 83, 3));
        assert!(!is_at(&spot, "fs/ext4/inode.c", 79, 3) && !is_at(&spot, "fs/ext4/namei.c", 80, 0));
        assert!(!is_at(&spot, "fs/ext4/inode.c", 81, 0) && !is_at(&spot, "inode.c", 84, 3));
    }
}
