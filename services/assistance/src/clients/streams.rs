use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, RedisError, RedisResult};

/// The longest that Redis is waited for: to connect, and for each answer.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long an entry of a stream stays, read or not, in milliseconds.
const KEEP_MILLIS: i64 = 30 * 86_400_000;

/// Streams of events in Redis.
#[derive(Clone)]
pub(crate) struct Streams {
    connection: ConnectionManager,
}

impl std::fmt::Debug for Streams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Streams").finish_non_exhaustive()
    }
}

/// An event as it stands in a stream: its id, what it is about, and all of it as JSON.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) id: &'a str,
    pub(crate) about: &'a str,
    pub(crate) json: &'a str,
}

impl Streams {
    /// Of the Redis at a URL; it is not asked yet.
    pub(crate) fn open(url: &str) -> Result<Self, RedisError> {
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        Ok(Self { connection: ConnectionManager::new_lazy_with_config(Client::open(url)?, config)? })
    }

    /// Adds an event to the end of a stream; where the stream is not known to this Redis, its place in it. Such a stream is new,
    /// or was lost with all that stood in it.
    pub(crate) async fn add(&self, stream: &str, entry: Entry<'_>, now_millis: i64) -> RedisResult<Option<String>> {
        let mut connection = self.connection.clone();
        let mut pipe = redis::pipe();
        pipe.exists(mark(stream)).cmd("XADD").arg(stream).arg("MINID").arg("~").arg(now_millis - KEEP_MILLIS).arg("*");
        pipe.arg(&[("id", entry.id), ("about", entry.about), ("json", entry.json)]);
        let (is_known, place): (bool, String) = pipe.query_async(&mut connection).await?;
        Ok(Some(place).filter(|_| !is_known))
    }

    /// Makes a stream with its group, which hears everything from the first entry on.
    pub(crate) async fn make(&self, stream: &str, group: &str) -> RedisResult<()> {
        let mut connection = self.connection.clone();
        let made: RedisResult<()> = redis::cmd("XGROUP")
            .arg("CREATE")
            .arg(stream)
            .arg(group)
            .arg("0")
            .arg("MKSTREAM")
            .query_async(&mut connection)
            .await;
        match made {
            Err(error) if error.code() == Some("BUSYGROUP") => Ok(()),
            made => made,
        }
    }

    /// Notes that a stream is known, if it still has what stands at this place: it may have been lost again meanwhile.
    pub(crate) async fn note(&self, stream: &str, place: &str) -> RedisResult<bool> {
        let mut command = redis::cmd("EVAL");
        command.arg(NOTE).arg(2).arg(stream).arg(mark(stream)).arg(place);
        command.query_async(&mut self.connection.clone()).await
    }
}

/// In one step, so that nothing is lost between the look and the note.
const NOTE: &str = "if #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1]) == 0 then return 0 end \
     redis.call('SET', KEYS[2], '1') return 1";

/// The key that says that a stream is known.
fn mark(stream: &str) -> String {
    format!("{stream}:known")
}
