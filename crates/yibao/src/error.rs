use std::error::Error as _;
use std::io;
use std::path::PathBuf;

use policy::Problems;
use policy::case::WhatIfError;

/// Why a command could not be carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A file could not be read.
    #[error("read {}", .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// A file could not be written.
    #[error("write {}", .0.display())]
    WriteFile(PathBuf, #[source] io::Error),
    /// The answer could not be written.
    #[error("write the answer")]
    Write(#[from] io::Error),
    /// Packs or cases with mistakes.
    #[error("read what was given: {} problem(s)", .0.len())]
    Problems(#[source] Problems),
    /// A fact that cannot be changed.
    #[error("settle under another fact")]
    WhatIf(#[from] WhatIfError),
    /// Nothing is known of a division or day.
    #[error("find the policy asked for: {0}")]
    Unknown(String),
    /// A service could not be started or reached.
    #[error("run the services")]
    Service(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// An answer that cannot be spelled as JSON.
    #[error("write JSON")]
    Json(#[from] serde_json::Error),
}

impl Error {
    /// For a program that asked for JSON: the sentence, and the problems with their places.
    pub(crate) fn json(&self) -> serde_json::Value {
        let problems: Vec<_> = if let Self::Problems(problems) = self { problems.iter().collect() } else { Vec::new() };
        serde_json::json!({ "error": format!("failed to {self}"), "problems": problems })
    }

    /// The whole chain, a problem a line.
    pub(crate) fn report(&self) -> String {
        if let Self::Problems(problems) = self {
            return format!("{problems}error: failed to {self}");
        }
        let mut report = format!("error: failed to {self}");
        let mut source = self.source();
        while let Some(error) = source {
            report.push_str(&format!(": {error}"));
            source = error.source();
        }
        report
    }
}
