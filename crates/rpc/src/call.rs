use std::future::Future;
use std::time::Duration;

use http::HeaderMap;
use tokio::time::{Instant, timeout_at};

use crate::Fault;
use crate::limits::{DEADLINE_DEFAULT, DEADLINE_MAX, REQUEST_ID_BYTES_MAX};

pub(crate) const REQUEST_ID: &str = "x-request-id";
pub(crate) const TIMEOUT: &str = "grpc-timeout";

tokio::task_local! {
    static RUNNING: Call;
}

/// The call a handler is answering: its id and until when an answer is of use.
///
/// What the handler asks of other services carries both on by itself; work it spawns has to be handed them.
#[derive(Clone, Debug)]
pub struct Call {
    /// Id of the request, taken over from the caller or made here.
    pub request_id: String,
    /// Until when.
    pub deadline: Deadline,
}

impl Call {
    /// The call being answered by this task, if there is one.
    #[must_use]
    pub fn running() -> Option<Self> {
        RUNNING.try_with(Clone::clone).ok()
    }

    /// Runs work as part of this call: for work that is spawned.
    pub async fn carry<T>(self, work: impl Future<Output = T>) -> T {
        RUNNING.scope(self, work).await
    }

    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
        let plain = |id: &&str| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            !id.is_empty() && id.len() <= REQUEST_ID_BYTES_MAX && id.chars().all(allowed)
        };
        let request_id = given.filter(plain).map_or_else(|| uuid::Uuid::now_v7().to_string(), str::to_owned);
        Self { request_id, deadline: Deadline::of(headers) }
    }
}

/// Until when an answer is of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// A deadline this far from now.
    #[must_use]
    pub fn after(wait: Duration) -> Self {
        Self(Instant::now() + wait.min(DEADLINE_MAX))
    }

    /// What the caller says in `grpc-timeout`; the default if it says nothing that can be read.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let said = headers.get(TIMEOUT).and_then(|value| value.to_str().ok()).and_then(read);
        Self::after(said.unwrap_or(DEADLINE_DEFAULT))
    }

    /// How long there is left; nothing once it has passed.
    #[must_use]
    pub fn remaining(self) -> Option<Duration> {
        self.0.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }

    /// Refuses work nobody waits for any more.
    ///
    /// # Errors
    /// `DEADLINE` if it has passed.
    pub fn check(self) -> Result<(), Fault> {
        self.remaining().map(|_| ()).ok_or_else(Fault::late)
    }

    /// Runs work until the deadline.
    ///
    /// # Errors
    /// `DEADLINE` if it passes first; the work is then dropped where it stands.
    pub async fn run<T>(self, work: impl Future<Output = T>) -> Result<T, Fault> {
        timeout_at(self.0, work).await.map_err(|_| Fault::late())
    }
}

/// A timeout as gRPC writes it: up to eight digits and a unit.
fn read(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(count * 3600),
        "M" => Duration::from_secs(count * 60),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    })
}

/// A timeout as gRPC writes it, in milliseconds or, below a second, in microseconds.
pub(crate) fn write(wait: Duration) -> String {
    let wait = wait.min(DEADLINE_MAX);
    if wait < Duration::from_secs(1) { format!("{}u", wait.as_micros()) } else { format!("{}m", wait.as_millis()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_as_grpc_writes_them() {
        let cases = [("2H", 7200), ("3M", 180), ("20S", 20), ("5000m", 5), ("7000000u", 7), ("00000009S", 9)];
        for (text, seconds) in cases {
            assert_eq!(read(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for bad in ["", "S", "5", "-5S", "123456789S", "5s", "５S", "+5S"] {
            assert_eq!(read(bad), None, "{bad}");
        }
        for wait in [Duration::from_micros(999_999), Duration::from_secs(600)] {
            assert_eq!(read(&write(wait)), Some(wait));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_deadline_is_the_default_without_a_word_and_never_beyond_the_maximum() {
        let mut headers = HeaderMap::new();
        assert_eq!(Deadline::of(&headers).remaining(), Some(DEADLINE_DEFAULT));
        headers.insert(TIMEOUT, "99999999H".parse().expect("a header"));
        assert_eq!(Deadline::of(&headers).remaining(), Some(DEADLINE_MAX));
        headers.insert(TIMEOUT, "0S".parse().expect("a header"));
        assert!(Deadline::of(&headers).check().is_err());
        let late = Deadline::after(Duration::from_secs(1)).run(std::future::pending::<()>()).await;
        assert_eq!(late.expect_err("nothing came").reason(), crate::Reason::Deadline);
    }

    #[test]
    fn a_strange_request_id_is_replaced() {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, "a-1_b".parse().expect("a header"));
        assert_eq!(Call::of(&headers).request_id, "a-1_b");
        for strange in ["", "a b", "张三", &"x".repeat(65)] {
            let value = http::HeaderValue::from_bytes(strange.as_bytes()).expect("a header");
            headers.insert(REQUEST_ID, value);
            assert_ne!(Call::of(&headers).request_id, strange);
        }
    }
}
