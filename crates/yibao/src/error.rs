use std::error::Error as _;
use std::io;
use std::path::PathBuf;

use policy::Problems;
use policy::case::WhatIfError;
use tonic_types::StatusExt as _;

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
    /// There is nothing to verify.
    #[error("find what to verify: {0}")]
    Nothing(String),
    /// A file of SQLite that is not there.
    #[error("open the database: there is no file {0}")]
    NoFile(String),
    /// A database of a service that has no person-years.
    #[error("verify a database: this is that of {0}, whose books are not verified by this command yet")]
    OtherService(String),
    /// A text that is no address of a service.
    #[error("call a service: `{0}` is no address of one")]
    NoAddress(String),
    /// Variables of the environment with mistakes.
    #[error("read the environment")]
    Environment(#[source] host::BadConfiguration),
    /// Another process has the folder.
    #[error("use the folder {}: another yibao is using it", .0.display())]
    FolderInUse(PathBuf),
    /// A port cannot be had.
    #[error("serve {service}")]
    Port {
        /// Which service.
        service: &'static str,
        /// Why.
        source: host::HostError,
    },
    /// A database cannot be had.
    #[error("open the database")]
    Database(#[source] store::Error),
    /// A database is not what this program needs, or cannot be brought up to date.
    #[error("use the database")]
    Migration(#[source] store::migrations::MigrationError),
    /// A service did not start.
    #[error("start {0}")]
    Start(&'static str, #[source] Box<dyn std::error::Error + Send + Sync>),
    /// A service broke.
    #[error("serve")]
    Serve(#[source] host::HostError),
    /// Signals cannot be listened to.
    #[error("listen to signals")]
    Signals(#[source] host::HostError),
    /// An address that is none.
    #[error("call a service")]
    Address(#[from] rpc::BadAddress),
    /// A service said no, or nothing.
    #[error("{what}: {} ({:?})", said(.status), .status.code())]
    Call {
        /// What was asked.
        what: String,
        /// What was answered.
        status: Box<tonic::Status>,
    },
    /// A folder that should be empty.
    #[error("use the folder {}: it is not empty", .0.display())]
    NotEmpty(PathBuf),
    /// The year's data.
    #[error("read the year that is built in")]
    Year(#[source] serde_json::Error),
    /// A generated bill was not settled.
    #[error("settle bill {0}, which was generated: {1}")]
    NotSettled(String, String),
    /// Asked to stop in the middle.
    #[error("finish: it was asked to stop")]
    Stopped,
    /// A service could not be started or reached.
    #[error("run the services")]
    Service(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// An answer that cannot be spelled as JSON.
    #[error("write JSON")]
    Json(#[from] serde_json::Error),
}

impl Error {
    /// A call that did not go well.
    pub(crate) fn call(what: impl Into<String>, status: tonic::Status) -> Self {
        Self::Call { what: what.into(), status: Box::new(status) }
    }

    /// What to do next, where that is not plain.
    fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::FolderInUse(_) => "end the other one, or give this one another folder with --folder",
            Self::Port { .. } => "choose another port with --settlement-port and --enrolment-port; 0 takes a free one",
            Self::Environment(_) => "set these variables right or unset them",
            Self::Database(store::Error::Url) => "write sqlite:FILE or postgres://USER@HOST/DATABASE",
            Self::Database(_) => "is it running, and is this its address? Of a file: is it a database of this program?",
            Self::Migration(store::migrations::MigrationError::Behind { .. }) => {
                "`settlement migrate` brings it up to date"
            }
            Self::Migration(store::migrations::MigrationError::Newer { .. }) => {
                "it was written by a later version of this program: use that one, or give another folder or database"
            }
            Self::Migration(store::migrations::MigrationError::Changed { .. }) => {
                "it was written by another version of this program: use that one, or give another folder or database"
            }
            Self::OtherService(_) => {
                "give settlement's or enrolment's: `yibao up` keeps them as settlement.sqlite and enrolment.sqlite in its folder"
            }
            Self::NoFile(_) => "give the path of settlement.sqlite: `yibao up` keeps it in its folder",
            Self::WriteFile(..) => "is it a folder, is there room, and may this user write there?",
            Self::Address(_) | Self::NoAddress(_) => "write http://HOST:PORT",
            Self::Call { status, .. } if status.code() == tonic::Code::Unavailable => {
                "is the service running there? `yibao up` prints where its services are"
            }
            Self::Call { what, status } if status.code() == tonic::Code::DeadlineExceeded && what == "verify" => {
                "ask for less at once, with --person or --year, or verify beside the database with --database"
            }
            Self::Call { what, status } if status.code() == tonic::Code::Unimplemented && what == "verify" => {
                "give the address of settlement: over the network it alone verifies; enrolment's books are verified with --database"
            }
            _ => return None,
        })
    }

    /// For a program that asked for JSON: the sentence, and the problems with their places.
    pub(crate) fn json(&self) -> serde_json::Value {
        let problems: Vec<_> = if let Self::Problems(problems) = self { problems.iter().collect() } else { Vec::new() };
        serde_json::json!({ "error": self.chain(), "problems": problems, "help": self.hint() })
    }

    /// The whole chain, a problem a line.
    pub(crate) fn report(&self) -> String {
        if let Self::Problems(problems) = self {
            return format!("{problems}error: failed to {self}");
        }
        let hint = self.hint().map(|hint| format!("\nhelp: {hint}")).unwrap_or_default();
        format!("error: {}{}{hint}", self.chain(), self.fields())
    }

    /// What a service could not read, a field a line.
    fn fields(&self) -> String {
        let Self::Call { status, .. } = self else { return String::new() };
        let found = status.get_details_bad_request().map(|request| request.field_violations).unwrap_or_default();
        found.iter().map(|one| format!("\n  {}: {}", one.field, policy::printable(&one.description))).collect()
    }

    fn chain(&self) -> String {
        let mut chain = format!("failed to {self}");
        let mut source = self.source();
        while let Some(error) = source {
            let said = plainly(&error.to_string());
            // some repeat what they were made of
            if !chain.ends_with(&said) {
                chain.push_str(&format!(": {said}"));
            }
            source = error.source();
        }
        chain
    }
}

/// What a service said; one that does not know the call says nothing.
fn said(status: &tonic::Status) -> &str {
    match status.message() {
        "" if status.code() == tonic::Code::Unimplemented => "the service there has no such call",
        said => said,
    }
}

/// What the system or a library said, without its numbers and labels.
fn plainly(said: &str) -> String {
    let said = said.split(" (os error ").next().unwrap_or(said);
    said.trim_start_matches("Connection Error: ").trim_start_matches("error communicating with database: ").to_owned()
}
