use std::io::{self, BufWriter, IsTerminal as _, Stdout, Write};

use policy::statement::{Lang, Paint};
use serde::Serialize;

use crate::cli::{Cli, Format, Language};
use crate::error::Error;

/// Where answers go, and in which form.
pub(crate) struct Out {
    writer: BufWriter<Stdout>,
    pub(crate) format: Format,
    pub(crate) lang: Lang,
    pub(crate) paint: Paint,
}

impl Out {
    /// Colours only on a terminal that wants them.
    pub(crate) fn new(cli: &Cli) -> Self {
        let stdout = io::stdout();
        let paint = if stdout.is_terminal() && !cli.no_color { Paint::Ansi } else { Paint::Plain };
        let lang = match cli.lang {
            Language::Zh => Lang::Zh,
            Language::En => Lang::En,
        };
        Self { writer: BufWriter::new(stdout), format: cli.format, lang, paint }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// One of two texts.
    pub(crate) fn say<'t>(&self, zh: &'t str, en: &'t str) -> &'t str {
        match self.lang {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }

    pub(crate) fn line(&mut self, text: impl AsRef<str>) -> Result<(), Error> {
        writeln!(self.writer, "{}", text.as_ref()).map_err(Error::from)
    }

    /// What somebody else has written, as it comes.
    pub(crate) fn piece(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.writer.write_all(bytes)?;
        Ok(self.writer.flush()?)
    }

    pub(crate) fn heading(&mut self, text: &str) -> Result<(), Error> {
        match self.paint {
            Paint::Ansi => self.line(format!("\x1b[1m{text}\x1b[0m")),
            Paint::Plain => self.line(text),
        }
    }

    pub(crate) fn json(&mut self, value: &impl Serialize) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(value)?;
        self.line(text)
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}
