use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::str::FromStr;

use serde_json::json;

use super::Phone;

/// Where messages to people are sent: a place that shows the contract a gateway has to keep. A message comes again under the same id
/// where it is not known whether it was sent, and is to be sent once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sender {
    /// A line of the log for each, without number and text.
    Log,
    /// A line of JSON in a file for each.
    File(PathBuf),
}

/// Why a word names no sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("name a sender")]
pub struct NoSender;

impl FromStr for Sender {
    type Err = NoSender;
    fn from_str(text: &str) -> Result<Self, NoSender> {
        match text.split_once(':') {
            None if text == "log" => Ok(Self::Log),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            _ => Err(NoSender),
        }
    }
}

impl Sender {
    /// Sends a message.
    pub(crate) async fn send(&self, id: &str, phone: &Phone, text: &str) -> io::Result<()> {
        match self {
            Self::Log => {
                tracing::info!(id, "a message would be sent");
                Ok(())
            }
            Self::File(path) => {
                let line = format!("{}\n", json!({"id": id, "phone": phone.0, "text": text}));
                let path = path.clone();
                let writing = move || {
                    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
                    file.write_all(line.as_bytes())?;
                    file.sync_data()
                };
                tokio::task::spawn_blocking(writing).await.map_err(io::Error::other)?
            }
        }
    }
}
