use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::streams::{StreamAutoClaimReply, StreamId, StreamReadReply};
use redis::{Client, RedisError, RedisResult};

/// The longest that Redis is waited for: to connect, and for each answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long it is remembered that a message was sent, in seconds.
const SENT_SECONDS: u64 = 7 * 86_400;

/// A group's part of a stream, read by one of its consumers.
#[derive(Clone)]
pub(crate) struct Inbox {
    connection: ConnectionManager,
    stream: String,
    group: String,
    consumer: String,
}

/// An entry that was taken: its place in the stream, the event's id, and its content as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) place: String,
    pub(crate) id: String,
    pub(crate) json: String,
}

impl Inbox {
    /// Of a group of a stream; Redis is not asked yet.
    pub(crate) fn open(url: &str, stream: &str, group: &str, consumer: String) -> Result<Self, RedisError> {
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let connection = ConnectionManager::new_lazy_with_config(Client::open(url)?, config)?;
        Ok(Self { connection, stream: stream.to_owned(), group: group.to_owned(), consumer })
    }

    /// What is new, at most this many; waits as long where there is nothing. A group that is not there is made. It is to be awaited
    /// to its end: what it was given and nobody heard lies until it is taken over.
    pub(crate) async fn next(&self, most: usize, wait: Duration) -> RedisResult<Vec<Taken>> {
        let mut connection = self.connection.clone();
        let mut command = redis::cmd("XREADGROUP");
        command.arg("GROUP").arg(&self.group).arg(&self.consumer).arg("COUNT").arg(most);
        command.arg("BLOCK").arg(wait.as_millis().max(1).to_string()).arg("STREAMS").arg(&self.stream).arg(">");
        match command.query_async::<Option<StreamReadReply>>(&mut connection).await {
            Ok(found) => Ok(found
                .into_iter()
                .flat_map(|found| found.keys)
                .flat_map(|key| key.ids)
                .map(|one| taken(&one))
                .collect()),
            Err(error) if error.code() == Some("NOGROUP") => self.make().await.map(|()| Vec::new()),
            Err(error) => Err(error),
        }
    }

    async fn make(&self) -> RedisResult<()> {
        let mut command = redis::cmd("XGROUP");
        command.arg("CREATE").arg(&self.stream).arg(&self.group).arg("0").arg("MKSTREAM");
        match command.query_async(&mut self.connection.clone()).await {
            Err(error) if error.code() == Some("BUSYGROUP") => Ok(()),
            made => made,
        }
    }

    /// Takes over what a consumer has left lying, the oldest first, at most this many.
    pub(crate) async fn left_lying(&self, idle: Duration, most: usize) -> RedisResult<Vec<Taken>> {
        let mut command = redis::cmd("XAUTOCLAIM");
        command.arg(&self.stream).arg(&self.group).arg(&self.consumer).arg(idle.as_millis().to_string());
        command.arg("0").arg("COUNT").arg(most);
        match command.query_async::<StreamAutoClaimReply>(&mut self.connection.clone()).await {
            Ok(found) => Ok(found.claimed.iter().map(taken).collect()),
            Err(error) if error.code() == Some("NOGROUP") => self.make().await.map(|()| Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Says that an entry is still worked on, so that nobody takes it over.
    pub(crate) async fn hold(&self, one: &Taken) -> RedisResult<()> {
        let mut command = redis::cmd("XCLAIM");
        command.arg(&self.stream).arg(&self.group).arg(&self.consumer).arg(0).arg(&one.place).arg("JUSTID");
        command.query_async(&mut self.connection.clone()).await
    }

    /// Whether a message was sent already.
    pub(crate) async fn is_sent(&self, id: &str) -> RedisResult<bool> {
        redis::cmd("EXISTS").arg(self.sent(id)).query_async(&mut self.connection.clone()).await
    }

    /// Begins to send a message, unless another consumer is sending it now; one that dies leaves it free after a while.
    pub(crate) async fn begin(&self, id: &str, at_most: Duration) -> RedisResult<bool> {
        let mut command = redis::cmd("SET");
        command
            .arg(self.sending(id))
            .arg(&self.consumer)
            .arg("NX")
            .arg("PX")
            .arg(at_most.as_millis().max(1).to_string());
        let begun: Option<String> = command.query_async(&mut self.connection.clone()).await?;
        Ok(begun.is_some())
    }

    /// Leaves a message that was begun to others again.
    pub(crate) async fn leave(&self, id: &str) -> RedisResult<()> {
        redis::cmd("DEL").arg(self.sending(id)).query_async(&mut self.connection.clone()).await
    }

    /// Counts a try that failed; how many there are now.
    pub(crate) async fn failed(&self, id: &str) -> RedisResult<u32> {
        redis::cmd("HINCRBY").arg(self.tries()).arg(id).arg(1).query_async(&mut self.connection.clone()).await
    }

    /// Is done with an entry, whole or not at all; `is_sent` remembers that its message was sent.
    pub(crate) async fn done(&self, one: &Taken, is_sent: bool) -> RedisResult<()> {
        let mut pipe = redis::pipe();
        pipe.atomic();
        if is_sent {
            pipe.cmd("SET").arg(self.sent(&one.id)).arg(1).arg("EX").arg(SENT_SECONDS);
        }
        self.close(&mut pipe, one);
        pipe.exec_async(&mut self.connection.clone()).await
    }

    /// Puts an entry aside with why it could not be sent, for a person to look at, and is done with it.
    pub(crate) async fn put_aside(&self, one: &Taken, why: &str) -> RedisResult<()> {
        let mut pipe = redis::pipe();
        pipe.atomic();
        pipe.cmd("XADD").arg(format!("{}:dead", self.stream)).arg("*");
        pipe.arg(&[("id", one.id.as_str()), ("json", &one.json), ("why", why)]);
        self.close(&mut pipe, one);
        pipe.exec_async(&mut self.connection.clone()).await
    }

    fn close(&self, pipe: &mut redis::Pipeline, one: &Taken) {
        pipe.cmd("DEL").arg(self.sending(&one.id));
        pipe.cmd("HDEL").arg(self.tries()).arg(&one.id);
        pipe.cmd("XACK").arg(&self.stream).arg(&self.group).arg(&one.place);
        pipe.cmd("XDEL").arg(&self.stream).arg(&one.place);
    }

    fn sent(&self, id: &str) -> String {
        format!("{}:sent:{id}", self.stream)
    }

    fn sending(&self, id: &str) -> String {
        format!("{}:sending:{id}", self.stream)
    }

    fn tries(&self) -> String {
        format!("{}:tries", self.stream)
    }
}

fn taken(one: &StreamId) -> Taken {
    Taken { place: one.id.clone(), id: one.get("id").unwrap_or_default(), json: one.get("json").unwrap_or_default() }
}
