//! Whether a file belongs to the kernel of a report: by build-id, then by the kernel's banner, then by the sizes of the
//! functions that the log names.
//!
//! Must never let a file pass for which something says no, and always say what that was.

use crate::object::{Object, release_of};
use oopscope_report::{Frame, Report};
use oopscope_symbols::elf::functions::Function;

/// What is known of a report's kernel.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Kernel {
    /// vmlinux's build-id, as hex digits (CONFIG_STACKTRACE_BUILD_ID).
    pub(crate) build_id: Option<String>,
    /// `Linux version …`.
    pub(crate) banner: Option<String>,
    /// The release by the report itself, or else by the banner.
    pub(crate) release: Option<String>,
    /// `#1 SMP …`, as far as the report has it.
    pub(crate) build: Option<String>,
}

/// Whether a file matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It does, and by what that is known.
    Yes(&'static str),
    /// It does not, and why.
    No(String),
    /// Release and a distribution's package are the same; sizes must not say otherwise.
    Likely,
    /// Nothing says no; sizes must tell, and what the report says of the code.
    Perhaps,
}

impl Kernel {
    /// What a report and its boot's banner tell.
    pub(crate) fn of(report: &Report, banner: Option<&str>) -> Self {
        let banner = banner.map(str::trim_end).filter(|banner| banner.starts_with("Linux version "));
        let build = report.kernel_build.as_deref();
        // lib/dump_stack.c, dump_stack_print_info: `BUILD_ID_FMT` ("dump_stack: add vmlinux build ID to stack traces", 5.14).
        let id = build.and_then(|build| build.rsplit(' ').next()).filter(|word| is_build_id(word));
        Self {
            build_id: id.map(str::to_ascii_lowercase),
            banner: banner.map(str::to_owned),
            release: report.kernel.clone().or_else(|| banner.and_then(release_of).map(str::to_owned)),
            build: build.map(|build| build.strip_suffix(id.unwrap_or("")).unwrap_or(build).trim().to_owned()),
        }
    }

    /// Whether a vmlinux may be its.
    pub(crate) fn judge(&self, object: &Object) -> Verdict {
        if let (Some(want), Some(have)) = (&self.build_id, object.build_id()) {
            return if *want == have {
                Verdict::Yes("build-id")
            } else {
                Verdict::No(format!("it is of another build: its build-id is {have}, the log's kernel has {want}"))
            };
        }
        let Some(have) = object.banner() else { return Verdict::Perhaps };
        self.judge_banner(have)
    }

    /// Whether a banner is its own.
    pub(crate) fn judge_banner(&self, have: &str) -> Verdict {
        let other = |what: &str, want: &str, have: &str| {
            Verdict::No(format!("it is of another build: its {what} is {have:?}, the log's kernel has {want:?}"))
        };
        if let (Some(want), Some(of_file)) = (&self.release, release_of(have))
            && want != of_file
        {
            return other("release", want, of_file);
        }
        if let Some(want) = &self.banner
            && let (Some(of_log), Some(of_file)) = (version(want), version(have))
        {
            // Who built it with what may have been redacted; a number and a date that are the same are the same build.
            return if of_log == of_file { Verdict::Yes("banner") } else { other("version", of_log, of_file) };
        }
        if let (Some(build), Some(of_file)) = (&self.build, version(have)) {
            let number = |text: &str| text.split(' ').next().map(str::to_owned);
            if let (Some(of_log), Some(of_file)) = (number(build), number(of_file))
                && of_log.starts_with('#')
                && of_log != of_file
            {
                return other("build", &of_log, &of_file);
            }
            // Debian puts its package's version behind: `#1 Debian 6.1.176-1`.
            if let Some((_, package)) = build.split_once("Debian ")
                && let Some(package) = package.split([' ', '(']).next()
            {
                if of_file.split(' ').any(|word| word == package) {
                    return Verdict::Likely;
                }
                return other("version", &format!("Debian {package}"), of_file);
            }
        }
        Verdict::Perhaps
    }
}

/// `#1 SMP PREEMPT_DYNAMIC Debian 6.1.176-1 (2026-07-02)`: what of a banner tells builds apart. None where it was cut off.
fn version(banner: &str) -> Option<&str> {
    let at = banner.rfind(" #")?;
    let version = banner[at + 1..].trim_end();
    // A date, or a package's version: a build's number alone says too little.
    version.contains(' ').then_some(version)
}

fn is_build_id(word: &str) -> bool {
    matches!(word.len(), 32 | 40) && word.bytes().all(|b| b.is_ascii_hexdigit())
}

/// A size from here on is none: of a symbol behind the last one of code, kernel/module/kallsyms.c subtracts the wrong way round.
const NO_SIZE: u64 = 1 << 31;

/// Whether a log's size says something of the function. Nothing is behind the last symbol, which then has none.
pub(crate) const fn is_size(size: u64) -> bool {
    size != 0 && size < NO_SIZE
}

/// Whether a function is as long as the kernel says: up to the next symbol, which is what it counts, and never what the
/// file's table has as its size (kernel/kallsyms.c, `get_symbol_pos`; kernel/module/kallsyms.c, `find_kallsyms_symbol`).
/// The last one of a section reaches to wherever the next section's symbols begin, or the module's pages end.
pub(crate) fn fits(function: &Function, size: u64) -> bool {
    match function.span() {
        _ if !is_size(size) => true,
        Some(span) if function.last => size >= span,
        Some(span) => size == span,
        None => size == function.size,
    }
}

/// What the sizes of all functions that the log names in a file say.
pub(crate) fn judge_sizes<'f>(object: &Object, frames: impl Iterator<Item = &'f Frame>) -> Verdict {
    let (mut same, mut missing) = (0_u32, Vec::new());
    for frame in frames {
        let (Some(name), Some(size)) = (&frame.function, frame.size) else { continue };
        if !is_size(size) {
            continue;
        }
        let functions = match object.functions(name) {
            Ok(functions) => functions,
            Err(error) => return Verdict::No(format!("its functions can't be compared with the log's: {error}")),
        };
        if functions.iter().any(|function| fits(function, size)) {
            same += 1;
        } else if let Some(function) = functions.first() {
            let have = function.span().unwrap_or(function.size);
            return Verdict::No(format!(
                "it is of another build: its {name} has {have:#x} bytes, the log's has {size:#x}"
            ));
        } else {
            missing.push(name.as_str());
        }
    }
    match missing.first() {
        Some(name) if missing.len() as u64 >= u64::from(same) => {
            Verdict::No(format!("it is of another build: it has no function {name}, which the log names"))
        }
        _ if same > 0 => Verdict::Yes("sizes"),
        _ => Verdict::No("nothing in the log can be compared with it".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BANNER: &str = "Linux version 6.1.0-50-amd64 (debian-kernel@lists.debian.org) (gcc-12 (Debian 12.2.0-14+deb12u1) \
                          12.2.0, GNU ld (GNU Binutils for Debian) 2.40) #1 SMP PREEMPT_DYNAMIC Debian 6.1.176-1 (2026-07-02)";

    fn kernel(release: &str, build: &str, banner: Option<&str>) -> Kernel {
        let report = Report { kernel: Some(release.into()), kernel_build: Some(build.into()), ..Report::default() };
        Kernel::of(&report, banner)
    }

    #[test]
    fn the_build_id_is_the_last_word_of_the_line() {
        let id = "0123456789abcdef0123456789abcdef01234567";
        let kernel = kernel("6.9", &format!("#1 {id}"), None);
        assert_eq!((kernel.build_id.as_deref(), kernel.build.as_deref()), (Some(id), Some("#1")));
        assert_eq!(self::kernel("6.9", "#1  Debian 6.1.176-1", None).build_id, None);
    }

    #[test]
    fn a_banner_matches_by_release_number_and_date() {
        let judge = |kernel: Kernel| kernel.judge_banner(BANNER);
        let own = "6.1.0-50-amd64";
        assert_eq!(judge(kernel(own, "#1", Some(BANNER))), Verdict::Yes("banner"));
        let redacted = BANNER.replace("debian-kernel@lists.debian.org", "<email>");
        assert_eq!(judge(kernel(own, "#1", Some(&redacted))), Verdict::Yes("banner"));
        let no = |verdict| matches!(verdict, Verdict::No(_));
        assert!(no(judge(kernel(own, "#1", Some(&BANNER.replace("2026-07-02", "2026-07-03"))))));
        assert!(no(judge(kernel("6.1.0-49-amd64", "#1", None))));
        assert!(no(judge(kernel(own, "#2", None))));
        assert!(no(judge(kernel(own, "#1  Debian 6.1.175-1", None))));
        assert_eq!(judge(kernel(own, "#1  Debian 6.1.176-1", None)), Verdict::Likely);
        // A console that cut the line off.
        assert_eq!(judge(kernel(own, "#1", Some(&BANNER[..60]))), Verdict::Perhaps);
    }

    #[test]
    fn sizes_are_up_to_the_next_symbol() {
        let function = Function {
            asked: 0,
            name: "f".into(),
            section: 1,
            address: 0x100,
            size: 0x59,
            next: Some(0x160),
            last: false,
            global: false,
            function: true,
        };
        assert!(fits(&function, 0x60));
        assert!(!fits(&function, 0x58) && !fits(&function, 0x1000));
        assert!(!fits(&function, 0x59), "another build, whose next symbol follows at once");
        assert!(fits(&Function { next: None, ..function.clone() }, 0x59));
        let last = Function { last: true, ..function };
        assert!(fits(&last, 0x1000) && fits(&last, 0x60) && !fits(&last, 0x59));
        // 6.1's data_word+0x0/0xffffffffffffeb00.
        assert!(fits(&last, 0xffff_ffff_ffff_eb00) && fits(&last, 0));
    }
}
