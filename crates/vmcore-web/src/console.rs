//! The console: what was typed, what was answered, what is being typed. Must never grow without bound: old answers go first,
//! and that is said.

use std::rc::Rc;

/// Lines of one answer that are laid out; all of it can be saved.
pub(crate) const MAX_LINES: usize = 2000;

/// Answers that are kept.
const MAX_ENTRIES: usize = 200;

/// Bytes of answers that are kept.
const MAX_BYTES: usize = 16 << 20;

/// Lines that the history remembers.
const MAX_HISTORY: usize = 500;

/// A command with its answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// Differs for every command.
    pub(crate) id: u32,
    /// What was typed.
    pub(crate) line: String,
    /// When it was sent.
    pub(crate) started: f64,
    /// The answer, once it is there.
    pub(crate) answer: Option<Answered>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answered {
    /// All of it.
    pub(crate) text: Rc<str>,
    /// Bytes of it that are laid out.
    pub(crate) shown: usize,
    /// Lines of it that are not.
    pub(crate) hidden: usize,
    /// What went wrong.
    pub(crate) problem: Option<String>,
    /// Milliseconds that it took.
    pub(crate) took: f64,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Console {
    /// What was asked, oldest first.
    pub(crate) entries: Vec<Rc<Entry>>,
    /// Answers that are no longer kept.
    pub(crate) dropped: u64,
    /// What is being typed.
    pub(crate) draft: String,
    /// What may stand at its end.
    pub(crate) words: Vec<String>,
    history: Vec<String>,
    /// The line of the history that is shown, and what had been typed before.
    at: Option<(usize, String)>,
}

impl Console {
    /// The line is to be run. Nothing when there is none.
    pub(crate) fn submit(&mut self, id: u32, now: f64) -> Option<String> {
        let line = self.draft.trim().to_owned();
        if line.is_empty() {
            return None;
        }
        self.edit(String::new());
        if self.history.last() != Some(&line) {
            self.history.push(line.clone());
            let over = self.history.len().saturating_sub(MAX_HISTORY);
            self.history.drain(..over);
        }
        self.entries.push(Rc::new(Entry { id, line: line.clone(), started: now, answer: None }));
        Some(line)
    }

    /// The answer has come.
    pub(crate) fn answered(&mut self, id: u32, text: String, problem: Option<String>, now: f64) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.id == id) {
            let (shown, hidden) = head(&text);
            let took = now - entry.started;
            Rc::make_mut(entry).answer = Some(Answered { text: Rc::from(text), shown, hidden, problem, took });
        }
        self.forget();
    }

    /// What is still waited for will not be answered.
    pub(crate) fn fail_waiting(&mut self, why: &str, now: f64) {
        let waiting: Vec<u32> =
            self.entries.iter().filter(|entry| entry.answer.is_none()).map(|entry| entry.id).collect();
        for id in waiting {
            self.answered(id, String::new(), Some(why.to_owned()), now);
        }
    }

    /// True while a command runs.
    pub(crate) fn waiting(&self) -> bool {
        self.entries.iter().any(|entry| entry.answer.is_none())
    }

    fn forget(&mut self) {
        let size = |entry: &Rc<Entry>| entry.answer.as_ref().map_or(0, |answer| answer.text.len());
        let mut bytes: usize = self.entries.iter().map(size).sum();
        let mut gone = 0;
        // The last answer stays, however long it is: somebody has just asked for it.
        while self.entries.len() - gone > 1 && (self.entries.len() - gone > MAX_ENTRIES || bytes > MAX_BYTES) {
            bytes -= size(&self.entries[gone]);
            gone += 1;
        }
        self.entries.drain(..gone);
        self.dropped += gone as u64;
    }

    /// Something else is being typed.
    pub(crate) fn edit(&mut self, draft: String) {
        self.draft = draft;
        self.words.clear();
        self.at = None;
    }

    /// The line before in the history.
    pub(crate) fn older(&mut self) {
        let next = match &self.at {
            None => self.history.len().checked_sub(1).map(|index| (index, self.draft.clone())),
            Some((index, typed)) => index.checked_sub(1).map(|index| (index, typed.clone())),
        };
        self.recall(next);
    }

    /// The line after; after the last, what had been typed.
    pub(crate) fn newer(&mut self) {
        let Some((index, typed)) = self.at.clone() else { return };
        if index + 1 < self.history.len() {
            self.recall(Some((index + 1, typed)));
        } else {
            self.edit(typed);
        }
    }

    fn recall(&mut self, to: Option<(usize, String)>) {
        if let Some((index, _)) = to
            && let Some(line) = self.history.get(index)
        {
            self.draft.clone_from(line);
            self.words.clear();
            self.at = to;
        }
    }

    /// What may stand at the end of `line` from byte `from` on. A line that was changed meanwhile is left alone.
    pub(crate) fn complete(&mut self, line: &str, from: u32, words: Vec<String>) {
        let Some(stem) = usize::try_from(from).ok().and_then(|from| line.get(..from)) else { return };
        if self.draft != line {
            return;
        }
        match words.as_slice() {
            [] => {}
            [word] => self.edit(format!("{stem}{word} ")),
            [first, rest @ ..] => {
                let common = rest.iter().fold(first.as_str(), |common, word| common_start(common, word));
                let longer = format!("{stem}{common}");
                if longer.len() > line.len() {
                    self.draft = longer;
                }
                self.words = words;
            }
        }
    }

    /// One thing less: the words, or else the line. False when there was neither.
    pub(crate) fn escape(&mut self) -> bool {
        if !self.words.is_empty() {
            self.words.clear();
        } else if !self.draft.is_empty() {
            self.edit(String::new());
        } else {
            return false;
        }
        true
    }

    /// An empty screen. What still runs stays.
    pub(crate) fn clear(&mut self) {
        self.entries.retain(|entry| entry.answer.is_none());
        self.dropped = 0;
    }
}

/// How many bytes of a text are laid out, and how many of its lines are not.
fn head(text: &str) -> (usize, usize) {
    match text.match_indices('\n').nth(MAX_LINES - 1) {
        Some((end, _)) => (end, text[end + 1..].lines().count()),
        None => (text.len(), 0),
    }
}

fn common_start<'a>(a: &'a str, b: &str) -> &'a str {
    let end = a.char_indices().zip(b.chars()).find(|((_, x), y)| x != y).map(|((at, _), _)| at);
    &a[..end.unwrap_or(a.len().min(b.len()))]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &str) -> Console {
        Console { draft: line.to_owned(), ..Console::default() }
    }

    fn run(console: &mut Console, id: u32, line: &str) {
        console.edit(line.to_owned());
        console.submit(id, 0.0).expect("a line");
    }

    #[test]
    fn the_history_goes_back_and_forth_and_keeps_what_was_being_typed() {
        let mut console = Console::default();
        run(&mut console, 1, "bt");
        run(&mut console, 2, "ps");
        run(&mut console, 3, "ps");
        console.edit("mo".to_owned());
        console.older();
        assert_eq!(console.draft, "ps");
        console.older();
        assert_eq!(console.draft, "bt", "the same line twice is one");
        console.older();
        assert_eq!(console.draft, "bt");
        console.newer();
        console.newer();
        assert_eq!(console.draft, "mo");
    }

    #[test]
    fn one_word_is_put_in_and_many_are_listed() {
        let mut console = typed("p ini");
        console.complete("p ini", 2, vec!["init_task".to_owned(), "init_mm".to_owned()]);
        assert_eq!((console.draft.as_str(), console.words.len()), ("p init_", 2));
        console.complete("p init_", 2, vec!["init_task".to_owned()]);
        assert_eq!((console.draft.as_str(), console.words.len()), ("p init_task ", 0));
        console.complete("p", 0, vec!["ps".to_owned()]);
        assert_eq!(console.draft, "p init_task ", "an answer to another line");
        console.complete("p init_task ", 99, vec!["x".to_owned()]);
        assert_eq!(console.draft, "p init_task ");
        assert_eq!(common_start("über", "übel"), "übe");
    }

    #[test]
    fn long_answers_are_cut_and_old_ones_go() {
        let mut console = Console::default();
        run(&mut console, 1, "log");
        assert!(console.waiting());
        console.answered(1, "line\n".repeat(MAX_LINES + 3), None, 5.0);
        let answer = console.entries[0].answer.clone().unwrap();
        assert_eq!((answer.hidden, answer.shown), (3, 5 * MAX_LINES - 1));
        for id in 2..300 {
            run(&mut console, id, "ps");
            console.answered(id, String::new(), None, 5.0);
        }
        assert_eq!(console.entries.len(), MAX_ENTRIES);
        assert_eq!(console.dropped, 99);
        run(&mut console, 300, "log");
        console.answered(300, "x".repeat(MAX_BYTES + 1), None, 5.0);
        assert_eq!(console.entries.len(), 1, "what is too large alone is kept alone");
    }

    #[test]
    fn escape_takes_one_thing_at_a_time() {
        let mut console = typed("p");
        console.words = vec!["ps".to_owned(), "p".to_owned()];
        assert!(console.escape() && console.words.is_empty() && console.draft == "p");
        assert!(console.escape() && console.draft.is_empty());
        assert!(!console.escape());
    }

    #[test]
    fn what_runs_survives_clearing_and_is_told_when_the_engine_ends() {
        let mut console = Console::default();
        run(&mut console, 1, "bt -a");
        console.clear();
        assert_eq!(console.entries.len(), 1);
        console.fail_waiting("the engine ended", 3.0);
        assert!(!console.waiting());
        assert_eq!(console.entries[0].answer.as_ref().unwrap().problem.as_deref(), Some("the engine ended"));
    }
}
