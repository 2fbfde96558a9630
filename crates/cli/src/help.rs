//! The help texts.
//!
//! Tests hold them against snapshots, so that a change of a command's behaviour is a change of its help.

/// The build that the session reports; set by xtask.
pub(crate) const BUILD_ID: &str = match option_env!("OOPSCOPE_BUILD_ID") {
    Some(id) => id,
    None => "dev",
};

/// What help is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    All,
    Log,
    Symbolize,
    Addr,
    Cache,
    Core,
    Link,
    Triage,
    Serve,
}

impl Topic {
    /// The topic of a command's name.
    pub(crate) fn of(command: &str) -> Option<Self> {
        match command {
            "log" => Some(Self::Log),
            "symbolize" => Some(Self::Symbolize),
            "addr" => Some(Self::Addr),
            "cache" => Some(Self::Cache),
            "core" => Some(Self::Core),
            "link" => Some(Self::Link),
            "triage" => Some(Self::Triage),
            "serve" => Some(Self::Serve),
            _ => None,
        }
    }

    /// The help text.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::All => ALL,
            Self::Log => LOG,
            Self::Symbolize => SYMBOLIZE,
            Self::Addr => ADDR,
            Self::Cache => CACHE,
            Self::Core => CORE,
            Self::Link => LINK,
            Self::Triage => TRIAGE,
            Self::Serve => SERVE,
        }
    }
}

/// What `--version` prints.
pub(crate) fn version() -> String {
    format!("oopscope {} (build {BUILD_ID})\n", env!("CARGO_PKG_VERSION"))
}

const ALL: &str = "\
Oopscope finds crash reports in Linux kernel logs and says what happened,
and reads dumps of a crashed kernel's memory.
Nothing leaves this machine.

Usage:
  oopscope log [FILE|-]...       print the reports of a log
  oopscope symbolize LOG --debug VMLINUX
                                 print a log with source lines in it
  oopscope addr VMLINUX ADDRESS|FUNCTION+OFFSET...
                                 source lines of addresses and functions
  oopscope core VMCORE...        read a dump of memory, with or without vmlinux
  oopscope link [FILE|-]...      print a link that holds a report
  oopscope triage PATH...        group the reports of many logs by bug
  oopscope serve                 serve the page on this machine
  oopscope cache [--forget]      what is kept of debug information
  oopscope help [COMMAND]        more about a command
  oopscope --version

Exit status: 0 with reports, 1 when the log has none, 2 on an error.
";

const LOG: &str = "\
Prints the crash reports of a kernel log, the first report first: what
happened, the facts, and the report's own lines.

Usage: oopscope log [-f FORMAT] [FILE|-]...

  FILE...            logs; several are read as one, in the order given. Of a
                     vmcore its kernel's log is read
  -, or no FILE      standard input: dmesg | oopscope log
  -f, --format FORMAT
                     text      for a mail (the default)
                     markdown  for an issue tracker
                     json      for tools; docs/json-schema.md describes it
  --debug PATH...    files and folders with symbols and debug information, as
                     of oopscope symbolize: frames get source lines. May stand
                     behind the logs, or be ended with another option
  --no-cache         use no indexes that are kept, and keep none

Notes about the log (bytes that are no text, files left out) go to stderr.
A log of any size is read; standard input beyond 64 MB is kept in a
temporary file without a name while it is read.

Exit status: 0 with reports, 1 when the log has none, 2 on an error.
";

const SYMBOLIZE: &str = "\
Prints a kernel log with source lines in it, and else as it is: behind each
frame file and line, before it a line for each function that was inlined there.

Usage: oopscope symbolize [-f FORMAT] [LOG|-]... --debug PATH...

  LOG...             logs; several are read as one
  -, or no LOG       standard input: dmesg | oopscope symbolize --debug vmlinux
  --debug PATH...    files and folders with symbols and debug information: a
                     vmlinux, modules (.ko, .ko.debug, also packed), System.map,
                     /proc/kallsyms, copies of /proc/modules, kernel images, an
                     unpacked debug package. Which of them are needed is found
                     by build-id and name; the others are not opened
  -f, --format FORMAT
                     text  the log (the default)
                     json  its reports; docs/json-schema.md describes it
  --no-cache         use no indexes that are kept, and keep none
  --stats            say on stderr what it cost: reads of the files, bytes read,
                     their size, and the most memory

Functions are looked up by name, offset and size, so that KASLR does not matter;
return addresses one byte back. Nothing is taken from a file that does not
match: by build-id, by the kernel's banner, or by the sizes of all functions
that the log names. What could not be looked up is told on stderr.

Exit status: 0, 1 when the log has no report, 2 on an error and when something
could not be looked up.
";

const ADDR: &str = "\
Prints the source lines of addresses and of places in functions, with all
functions that were inlined there, innermost first.

Usage: oopscope addr [OPTION]... FILE WHAT...

  FILE               a vmlinux, a module, or any list of symbols
  WHAT               0xffffffff81234567   an address
                     schedule+0x25        a place in a function, or in each of
                                          several of that name
                     schedule+0x25/0x90   in those of that size
                     A module's addresses count from its .text, or with --base
                     from the beginning of all of it
  --kaslr-offset N   what KASLR added to the addresses: the first number of
                     Kernel Offset: in a panic's log
  --base N           where the module was loaded, by /proc/modules
  -l, --list         with lines of the source around each place
  --source PATH...   folders with the source
  -f, --format FORMAT
                     text  for people (the default)
                     json  for tools
  --no-cache         use no indexes that are kept, and keep none
  --stats            say on stderr what it cost: reads of the files, bytes read,
                     their size, and the most memory

Addresses are looked up as they are: of a return address give the byte before.

Exit status: 0, or 2 on an error and when something was not found.
";

const CACHE: &str = "\
Says what is kept of debug information between two runs, and where: the indexes
that files without .debug_aranges need, by build-id, in the user's cache folder
($XDG_CACHE_HOME/oopscope or ~/.cache/oopscope), 256 MiB at most. Of these the
oldest go first.

Usage: oopscope cache [--forget]

  --forget           throw all of it away

Exit status: 0, or 2 on an error.
";

const CORE: &str = "\
Reads a dump of a crashed kernel's memory (a vmcore): what ended it, the
panicking task's stack, CPUs, tasks, modules, the log. Symbols, types and
unwind tables come out of the dump itself; no vmlinux is needed.

Usage: oopscope core [-f FORMAT] [-c COMMAND]... VMCORE... [--debug PATH...]

  VMCORE...          the dump; several files are the parts of a split one.
                     ELF, kdump-compressed (zlib, LZO, snappy, zstd), both
                     flattened or not, diskdump, LiME, AVML, raw memory;
                     which is which is found by content
  --debug PATH...    files and folders with debug information: a vmlinux,
                     modules. Those of the dump's build-ids are used. A vmlinux
                     may also stand among the parts of the dump
  -c, --command COMMAND
                     run this instead of the summary; may be given several
                     times. help lists the commands: bt, ps, log, mod, sym,
                     rd, struct, union, p, locals, kmem, vtop, sys, mach
  -f, --format FORMAT
                     text  for people (the default)
                     json  for tools; docs/vmcore-schema.md describes it
      --stats        say on stderr what it cost: reads of the files, bytes read,
                     pages unpacked, and on Linux the most memory it had

What can't be read costs its own row and is told with the reason. The log of
the dump is read as any other log by: oopscope log VMCORE

Exit status: 0, or 2 on an error and when a command could not be answered.
";

const LINK: &str = "\
Prints a link that holds a report with its surroundings. The text itself is
in the link, after the #, which browsers never send to a server.

Usage: oopscope link [OPTION]... [FILE|-]...

  --report N         which report, counting from 1 (the default)
  --base URL         address of the page; without it, and without OOPSCOPE_BASE
                     in the environment, only the fragment #o1... is printed,
                     to be put behind the address of any Oopscope page
  --debug PATH...    files and folders with symbols and debug information: the
                     link holds the source lines, too
  --no-redact KIND   leave these in the text; may be given several times:
                     ip, mac, host, serial, uuid, email, user-path, or all

What was redacted is told on stderr. No list of rules finds all that is
private: open the link yourself before you send it.

Exit status: 0 with a link, 1 when the log has no report, 2 on an error.
";

const TRIAGE: &str = "\
Reads many logs, each as one of its own, and groups their crash reports: the
same bug is one group, whichever log it is in.

Usage: oopscope triage [OPTION]... PATH...

  PATH...            logs, archives of logs (tar, zip), folders with all that
                     is in them, and patterns with * and ?
  -f, --format FORMAT
                     text  the groups, one after the other (the default)
                     json  a line of JSON for each; docs/triage.md has the form
                     html  one page that needs nothing else
  --sort ORDER       count     by the number of files (the default)
                     severity  the worst first
                     recent    the last seen first
  --min-count N      leave out groups of fewer reports
  --kind KIND        only reports of this kind (oops, warning, panic, ...);
                     may be given several times

A group is one coarse signature: the same kind of report at the same place.
The strict signatures in it tell the ways to that place apart. Reports that
name too little for a signature are put together by their title alone, after
all others. When a bug was seen is told by the log's own clock, and where it
has none by when the file was written.

Files that can't be read are listed with the reason and stop nothing.

Exit status: 0 with reports, 1 when no log has one, 2 on an error or when a
PATH that was named is not there.
";

const SERVE: &str = "\
Serves the page out of this command, for a place without internet. What is
opened in the page stays in the browser: it is not sent to this server either.

Usage: oopscope serve [--port N] [--listen ADDRESS]

  --port N           port (8321); 0 for any free one
  --listen ADDRESS   address to listen on (127.0.0.1). With another one, such
                     as 0.0.0.0, everybody on the network can open the page;
                     over plain http browsers leave out its offline use.

Prints the address when the page can be opened there, then runs until it is
interrupted. Only a build with the page inside can: cargo xtask dist --cli.

Exit status: 2 on an error.
";
