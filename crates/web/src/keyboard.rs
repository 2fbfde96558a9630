//! Which key means what. Must never see a key that was typed into a field: the caller leaves those out.

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// The next frame of the stack.
    NextFrame,
    /// The frame before.
    PreviousFrame,
    /// The next report of the log.
    NextReport,
    /// The report before.
    PreviousReport,
    /// The report's view.
    ViewReport,
    /// The whole log.
    ViewLog,
    /// The groups of many logs.
    ViewTriage,
    /// A view of the dump.
    ViewDump(&'static str),
    /// The start view, where something else can be opened.
    ViewStart,
    /// To the search field of the log.
    Search,
    /// Copy the report as text.
    Copy,
    /// Open the share dialog.
    Share,
    /// Choose a file.
    OpenFile,
    /// Choose a folder.
    OpenFolder,
    /// The list of keys.
    Help,
    /// Drop the selection and the messages.
    Dismiss,
}

/// The keys, for the help dialog: in the order in which they are shown.
pub(crate) const KEYS: [(&str, &str); 15] = [
    ("j  k", "next, previous frame of the stack; its log line goes along"),
    ("]  [", "next, previous report (also n, p)"),
    ("g r", "the report"),
    ("g l", "the whole log"),
    ("g t", "the groups of a folder's or of many logs' reports"),
    ("g v  g b  g p  g m  g i  g c", "of a dump: overview, backtraces, tasks (ps), modules, memory (kmem -i), console"),
    ("g o", "the start page, to open something else"),
    ("/", "search in the log; Enter next, Shift+Enter previous"),
    ("c", "copy the report, or the groups, as text"),
    ("s", "share: preview what a link would hold"),
    ("o", "open files"),
    ("O", "open a folder: its logs are read each by itself and grouped"),
    ("↑ ↓  PgUp PgDn  Home End", "move in the log when it has the focus"),
    ("?", "these keys"),
    ("Esc", "close a dialog; dismiss messages and the selection"),
];

/// The keys so far: `g` waits for the key that follows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Keyboard {
    after_g: bool,
}

impl Keyboard {
    /// Takes one key press without Ctrl, Alt or Meta.
    pub(crate) fn press(&mut self, key: &str) -> Option<Command> {
        let after_g = std::mem::take(&mut self.after_g);
        if after_g {
            return match key {
                "r" => Some(Command::ViewReport),
                "l" => Some(Command::ViewLog),
                "t" => Some(Command::ViewTriage),
                "o" => Some(Command::ViewStart),
                "v" => Some(Command::ViewDump("overview")),
                "b" => Some(Command::ViewDump("backtraces")),
                "p" => Some(Command::ViewDump("tasks")),
                "m" => Some(Command::ViewDump("modules")),
                "i" => Some(Command::ViewDump("memory")),
                "c" => Some(Command::ViewDump("console")),
                _ => None,
            };
        }
        Some(match key {
            "g" => {
                self.after_g = true;
                return None;
            }
            "j" | "ArrowDown" => Command::NextFrame,
            "k" | "ArrowUp" => Command::PreviousFrame,
            "]" | "n" => Command::NextReport,
            "[" | "p" => Command::PreviousReport,
            "/" => Command::Search,
            "c" => Command::Copy,
            "s" => Command::Share,
            "o" => Command::OpenFile,
            "O" => Command::OpenFolder,
            "?" => Command::Help,
            "Escape" => Command::Dismiss,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g_waits_for_one_key() {
        let mut keys = Keyboard::default();
        assert_eq!(keys.press("g"), None);
        assert_eq!(keys.press("l"), Some(Command::ViewLog));
        assert_eq!(keys.press("l"), None);
        assert_eq!(keys.press("g"), None);
        assert_eq!(keys.press("s"), None, "g s is nothing, and shares nothing");
        assert_eq!(keys.press("g"), None);
        assert_eq!(keys.press("c"), Some(Command::ViewDump("console")), "which copies nothing");
        assert_eq!(keys.press("c"), Some(Command::Copy));
    }

    #[test]
    fn unknown_keys_are_left_to_the_browser() {
        let mut keys = Keyboard::default();
        for key in ["Tab", "F5", "Enter", " ", "é"] {
            assert_eq!(keys.press(key), None);
        }
    }
}
