use money::Fen;

use crate::statement::columns::{COLUMNS, left, right, width, wrap};
use crate::statement::{Lang, Paint};

/// Where the column of amounts ends.
const AMOUNTS_END: usize = 80;
/// Where what facts say begins.
const FACTS: usize = 16;

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::statement) enum Style {
    Plain,
    Strong,
    Dim,
    Warn,
    Bad,
}

/// A text that is being written.
pub(in crate::statement) struct Page {
    pub(in crate::statement) lang: Lang,
    paint: Paint,
    out: String,
}

impl Page {
    pub(in crate::statement) const fn new(lang: Lang, paint: Paint) -> Self {
        Self { lang, paint, out: String::new() }
    }

    pub(in crate::statement) fn finish(self) -> String {
        self.out
    }

    /// One line as it stands.
    pub(in crate::statement) fn line(&mut self, style: Style, text: &str) {
        let code = match (self.paint, style) {
            (Paint::Plain, _) | (_, Style::Plain) => "",
            (Paint::Ansi, Style::Strong) => "\u{1b}[1m",
            (Paint::Ansi, Style::Dim) => "\u{1b}[2m",
            (Paint::Ansi, Style::Warn) => "\u{1b}[33m",
            (Paint::Ansi, Style::Bad) => "\u{1b}[31m",
        };
        let end = if code.is_empty() { "" } else { "\u{1b}[0m" };
        self.out.push_str(&format!("{code}{text}{end}\n"));
    }

    /// The name of the text, with a double rule below.
    pub(in crate::statement) fn title(&mut self, text: &str) {
        self.line(Style::Strong, text);
        self.line(Style::Dim, &"═".repeat(COLUMNS));
    }

    /// The name of a part, with an empty line above and a rule after it.
    pub(in crate::statement) fn heading(&mut self, text: &str) {
        self.out.push('\n');
        let rule = "─".repeat(COLUMNS.saturating_sub(width(text) + 4).max(3));
        self.line(Style::Strong, &format!("── {text} {rule}"));
    }

    /// What something is, and what is said of it.
    pub(in crate::statement) fn fact(&mut self, label: &str, text: &str) {
        for (at, line) in wrap(text, COLUMNS - FACTS, 0).iter().enumerate() {
            let label = if at == 0 { label } else { "" };
            self.line(Style::Plain, &format!("{}{line}", left(label, FACTS)));
        }
    }

    /// A label and an amount in the column of amounts.
    pub(in crate::statement) fn amount(&mut self, style: Style, label: &str, amount: Fen) {
        self.row(style, label, &amount.grouped(), "");
    }

    /// A label, a figure in the column of amounts, and a remark after it.
    pub(in crate::statement) fn row(&mut self, style: Style, label: &str, figure: &str, remark: &str) {
        let room = AMOUNTS_END - figure.len() - 1;
        let mut lines = wrap(label, room, 0);
        let last = lines.pop().unwrap_or_default();
        for line in lines {
            self.line(style, &line);
        }
        let used = width(&last);
        self.line(style, format!("{last}{}{remark}", right(figure, AMOUNTS_END.saturating_sub(used))).trim_end());
    }

    /// A text in lines, the first and the others indented.
    pub(in crate::statement) fn paragraph(&mut self, style: Style, first: usize, others: usize, text: &str) {
        let lines = wrap(text, COLUMNS - others, first.saturating_sub(others));
        // The first line may be indented less than the others: it then takes no more than they do.
        for (at, line) in lines.iter().enumerate() {
            let indent = if at == 0 { first } else { others };
            self.line(style, &format!("{}{line}", " ".repeat(indent)));
        }
    }

    /// A remark of its own.
    pub(in crate::statement) fn note(&mut self, style: Style, text: &str) {
        self.paragraph(style, 0, 0, text);
    }
}
