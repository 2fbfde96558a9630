//! A triage as one page of HTML that needs nothing else: no script, no network, both themes.
//!
//! Must never let text out of a log be markup: everything goes through [`Page::text`]. A policy in the page forbids
//! all but its own style besides.

use super::{UNSIGNED, count, culprit, kernels, seen, severity, summary};
use oopscope_report::triage::{Group, Triage, Variant};

const STYLE: &str = include_str!("style.css");

/// The page.
pub fn html(triage: &Triage) -> String {
    let mut page = Page(String::new());
    page.markup("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.markup(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n",
    );
    page.markup("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.markup("<title>Crash reports by bug · Oopscope</title>\n<style>\n");
    page.markup(STYLE);
    page.markup(
        "</style>\n</head>\n<body>\n<header><b>Oopscope</b> <span class=\"dim\">triage</span></header>\n<main>\n<h1>",
    );
    page.text(&summary(&triage.totals));
    page.markup("</h1>\n");
    let (signed, unsigned): (Vec<_>, Vec<_>) = triage.groups.iter().partition(|group| group.coarse.is_some());
    page.groups("The same bug, by signature", &signed);
    page.groups(&format!("By title alone: {UNSIGNED}"), &unsigned);
    let left_out = triage.totals.groups.saturating_sub(triage.groups.len() as u64);
    if left_out > 0 {
        page.element("p", "dim", &format!("{} not shown.", count(left_out, "more group")));
    }
    if !triage.unreadable.is_empty() {
        page.markup("<section>\n<h2>Not read</h2>\n<table>\n");
        for file in &triage.unreadable {
            page.markup("<tr>");
            page.element("td", "", &file.path);
            page.element("td", "", &file.reason);
            page.markup("</tr>\n");
        }
        page.markup("</table>\n</section>\n");
    }
    page.markup("</main>\n</body>\n</html>\n");
    page.0
}

struct Page(String);

impl Page {
    fn markup(&mut self, markup: &str) {
        self.0.push_str(markup);
    }

    /// Text as text. Marks of writing direction are shown: a title could be made to read as another.
    fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.markup("&amp;"),
                '<' => self.markup("&lt;"),
                '>' => self.markup("&gt;"),
                '"' => self.markup("&quot;"),
                '\'' => self.markup("&#39;"),
                '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                    self.markup("\u{fffd}");
                }
                c if c.is_control() => self.markup("\u{fffd}"),
                c => self.0.push(c),
            }
        }
    }

    fn element(&mut self, name: &str, class: &str, text: &str) {
        self.markup("<");
        self.markup(name);
        if !class.is_empty() {
            self.markup(" class=\"");
            self.markup(class);
            self.markup("\"");
        }
        self.markup(">");
        self.text(text);
        self.markup("</");
        self.markup(name);
        self.markup(">");
    }

    fn groups(&mut self, heading: &str, groups: &[&Group]) {
        if groups.is_empty() {
            return;
        }
        self.markup("<section>\n");
        self.element("h2", "", heading);
        self.markup("\n");
        for group in groups {
            self.group(group);
        }
        self.markup("</section>\n");
    }

    fn group(&mut self, group: &Group) {
        self.markup("<article>\n<div class=\"n\">");
        self.text(&group.reports.to_string());
        self.element("small", "", &format!("in {}", count(group.files, "file")));
        self.markup("</div>\n<div>\n<h3>");
        let severity = severity(group.severity);
        self.element("span", &format!("badge {severity}"), severity);
        self.text(&group.title);
        self.markup("</h3>\n<dl>");
        self.fact("culprit", culprit(group));
        self.fact("subsystem", group.subsystem.as_ref().map(|subsystem| subsystem.name.clone()));
        self.fact("kernels", kernels(group));
        self.fact("seen", seen(group));
        let damaged = format!("{} of {}", group.corrupted, group.reports);
        self.fact("damaged", (group.corrupted > 0).then_some(damaged));
        self.fact("look at", Some(format!("{}:{}", group.example.path, group.example.line)));
        let signature = group.version.as_ref().zip(group.coarse.as_ref());
        self.fact("signature", signature.map(|(version, coarse)| format!("{version} {coarse}")));
        self.markup("</dl>\n");
        if let ways @ 1.. = group.variants.len() as u64 + group.more_variants {
            self.markup("<details>");
            self.element("summary", "", &count(ways, "strict signature"));
            self.markup("<ol>\n");
            for variant in &group.variants {
                self.variant(variant);
            }
            self.markup("</ol></details>\n");
        }
        self.markup("</div>\n</article>\n");
    }

    fn variant(&mut self, variant: &Variant) {
        self.markup("<li>");
        self.text(&variant.strict);
        let counts = format!(" · {} in {} · ", count(variant.reports, "report"), count(variant.files, "file"));
        self.element("span", "dim", &counts);
        self.text(&variant.parts.join(" · "));
        let place = format!(" · {}:{}", variant.example.path, variant.example.line);
        self.element("span", "dim", &place);
        self.markup("</li>\n");
    }

    fn fact(&mut self, name: &str, value: Option<String>) {
        let Some(value) = value else { return };
        self.markup("<div>");
        self.element("dt", "", name);
        self.element("dd", "", &value);
        self.markup("</div>");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oopscope_report::triage::Unreadable;

    #[test]
    fn text_out_of_a_log_is_never_markup() {
        let evil = "<script>alert(1)</script>\"'&\u{202e}\x1b";
        let group = Group {
            title: evil.to_owned(),
            culprit: Some(evil.to_owned()),
            kernels: vec![evil.to_owned()],
            variants: vec![Variant { parts: vec![evil.to_owned()], ..Variant::default() }],
            ..Group::default()
        };
        let unreadable = Unreadable { path: evil.to_owned(), ..Unreadable::default() };
        let page = html(&Triage { groups: vec![group], unreadable: vec![unreadable], ..Triage::default() });
        assert!(!page.contains("<script") && !page.contains('\u{202e}') && !page.contains('\x1b'));
        assert_eq!(page.matches("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;").count(), 5);
    }

    #[test]
    fn it_asks_for_nothing_and_every_element_is_closed() {
        let groups = vec![Group { reports: 1, ..Group::default() }];
        let page = html(&Triage { groups, ..Triage::default() });
        for word in ["src=", "href=", "url(", "@import", "http:", "https:", "onclick"] {
            assert!(!page.contains(word), "{word}");
        }
        for name in ["div", "section", "article", "span", "dl", "h3", "main", "details"] {
            assert_eq!(
                page.matches(&format!("<{name}")).count(),
                page.matches(&format!("</{name}>")).count(),
                "{name}"
            );
        }
    }
}
