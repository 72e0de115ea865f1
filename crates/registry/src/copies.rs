//! Versions in Redis, by hash, and the channel that says that a head moved.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use policy::{PackFile, Version};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands as _, Client, Msg, RedisError};
use tokio::time::timeout;
use tokio_stream::{Stream, StreamExt as _};

/// Where versions that moved to a head are told.
const CHANNEL: &str = "yibao:heads";

/// The longest that Redis is waited for: to connect, and for each answer.
const PATIENCE: Duration = Duration::from_millis(500);

/// What Redis has under a version's name.
#[derive(Debug)]
pub(crate) enum Found {
    /// Content that has this name.
    Files(Vec<PackFile>),
    /// Nothing.
    Nothing,
    /// Something else.
    Spoilt,
}

/// Messages that a head moved; ends where the connection does.
pub(crate) type Messages = Pin<Box<dyn Stream<Item = Msg> + Send>>;

/// The copies of versions in Redis. Whatever happens there, nothing here fails or waits long.
pub(crate) struct Copies {
    client: Client,
    connection: ConnectionManager,
    away: AtomicBool,
    /// As of the last check.
    spoilt: AtomicBool,
    /// Found since, by somebody who asked for a version.
    found_spoilt: AtomicBool,
}

impl std::fmt::Debug for Copies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Copies").field("away", &self.away).field("spoilt", &self.spoilt).finish_non_exhaustive()
    }
}

impl Copies {
    /// Of the Redis at a URL; it is not asked yet.
    pub(crate) fn open(url: &str) -> Result<Self, RedisError> {
        let client = Client::open(url)?;
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let connection = ConnectionManager::new_lazy_with_config(client.clone(), config)?;
        let [away, spoilt, found_spoilt] = [(); 3].map(|()| AtomicBool::new(false));
        Ok(Self { client, connection, away, spoilt, found_spoilt })
    }

    /// Whether the last word from Redis was an error, or there was none.
    pub(crate) fn is_away(&self) -> bool {
        self.away.load(Ordering::Relaxed)
    }

    /// Whether it lost or changed a version, as of the last check or since.
    pub(crate) fn is_spoilt(&self) -> bool {
        self.spoilt.load(Ordering::Relaxed) || self.found_spoilt.load(Ordering::Relaxed)
    }

    /// Notes a check. What was found since the one before counts with it, so that it shows until the next.
    pub(crate) fn checked(&self, spoilt: bool) {
        let found = self.found_spoilt.swap(false, Ordering::Relaxed);
        self.spoilt.store(spoilt || found, Ordering::Relaxed);
    }

    /// Notes a version that is not what it should be, between two checks.
    pub(crate) fn found_spoilt(&self) {
        self.found_spoilt.store(true, Ordering::Relaxed);
    }

    /// What is there; `None` where Redis does not say.
    pub(crate) async fn get(&self, version: Version) -> Option<Found> {
        let mut connection = self.connection.clone();
        let value: Result<Option<Vec<u8>>, RedisError> = connection.get(key(version)).await;
        let found = match value {
            Ok(None) => Ok(Found::Nothing),
            Ok(Some(text)) => Ok(read(version, &text)),
            Err(error) if error.code() == Some("WRONGTYPE") => Ok(Found::Spoilt),
            Err(error) => Err(error),
        };
        self.noting("get", found)
    }

    /// Keeps the files under their name, whatever was there; says whether it could.
    pub(crate) async fn put(&self, version: Version, files: &[PackFile]) -> bool {
        let Ok(text) = serde_json::to_vec(files) else { return false };
        let mut connection = self.connection.clone();
        let put: Result<(), RedisError> = connection.set(key(version), text).await;
        self.noting("set", put).is_some()
    }

    /// Tells every process that listens.
    pub(crate) async fn tell(&self, version: Version) -> bool {
        let mut connection = self.connection.clone();
        let told: Result<(), RedisError> = connection.publish(CHANNEL, version.to_string()).await;
        self.noting("publish", told).is_some()
    }

    /// Whether Redis answers. A connection that broke is made anew, so the second answer counts.
    pub(crate) async fn answers(&self) -> bool {
        for _ in 0..2 {
            let mut connection = self.connection.clone();
            let pong: Result<(), RedisError> = redis::cmd("PING").query_async(&mut connection).await;
            if self.noting("ping", pong).is_some() {
                return true;
            }
        }
        false
    }

    /// Listens; `None` where Redis is away.
    pub(crate) async fn listen(&self) -> Option<Messages> {
        let listening = async {
            let mut connection = self.client.get_async_pubsub().await?;
            connection.subscribe(CHANNEL).await?;
            Ok::<Messages, RedisError>(Box::pin(connection.into_on_message()))
        };
        timeout(PATIENCE, listening).await.ok().and_then(Result::ok)
    }

    fn noting<T>(&self, action: &str, result: Result<T, RedisError>) -> Option<T> {
        let was_away = self.away.swap(result.is_err(), Ordering::Relaxed);
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                if !was_away {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        action,
                        "redis does not do what it should"
                    );
                }
                None
            }
        }
    }
}

/// The next message; for ever none where nobody listens. `None` where the connection ended.
pub(crate) async fn next(messages: &mut Option<Messages>) -> Option<Msg> {
    match messages {
        Some(messages) => messages.next().await,
        None => std::future::pending().await,
    }
}

fn key(version: Version) -> String {
    format!("yibao:policy:{version}")
}

/// Only content that has the name is anything.
fn read(version: Version, text: &[u8]) -> Found {
    match serde_json::from_slice::<Vec<PackFile>>(text) {
        Ok(files) if Version::of(&files) == version => Found::Files(files),
        _ => Found::Spoilt,
    }
}
