//! Makes a call that changes something: once for its key, and to its end although the caller goes away.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use prost::Message;
use prost::encoding::{WireType, decode_key, decode_varint};
use rpc::{Call, Fault};
use store::Tx;
use store::idempotency::{self, Answered};
use tracing::Instrument as _;

use super::{App, Problem};

/// A call's name, key and content, field by field.
pub(crate) struct Asked {
    method: &'static str,
    key: String,
    fields: BTreeMap<String, Vec<u8>>,
}

impl Asked {
    /// The content of a request, whose message is `yibao.assistance.v1.<method>Request`.
    pub(crate) fn new(method: &'static str, key: &str, request: &impl Message) -> Self {
        let mut fields: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let names = NAMES.get(&format!("{method}Request"));
        for (number, bytes) in split(&request.encode_to_vec()) {
            let name = names.and_then(|names| names.get(&number)).cloned().unwrap_or_else(|| number.to_string());
            fields.entry(name).or_default().extend(bytes);
        }
        fields.remove("idempotency_key");
        Self { method, key: key.to_owned(), fields }
    }

    fn call(&self) -> idempotency::Call {
        // one name for all callers until calls carry who makes them
        let call = idempotency::Call::new("anybody", &self.key).field("call", self.method);
        self.fields.iter().fold(call, |call, (name, bytes)| call.field(name, bytes))
    }
}

/// Whether a call was made before: then what it asks for need not be looked into again.
///
/// # Errors
/// What the database said.
pub(crate) async fn is_known(app: &App, asked: &Asked) -> Result<bool, Problem> {
    let kept = idempotency::look_up(app.database.reader(), &[&asked.call()]).await?;
    Ok(kept.iter().any(Option::is_some))
}

/// Does the work in one transaction with the key of the call; a reply given before is given again.
///
/// # Errors
/// What the work gave, or why it could not be done; then nothing was kept.
pub(crate) async fn change<C, R, F, Fut>(app: &Arc<App>, asked: Asked, command: C, work: F) -> Result<R, Fault>
where
    C: Send + Sync + 'static,
    R: Message + Default + Send + 'static,
    F: Fn(Arc<App>, Tx, Arc<C>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<R, Problem>> + Send,
{
    let (working, command) = (Arc::clone(app), Arc::new(command));
    let committing = async move {
        let call = asked.call();
        let attempt = |tx: Tx| {
            let (app, command, call, work) = (Arc::clone(&working), Arc::clone(&command), &call, &work);
            async move {
                let made = || async { Ok(work(Arc::clone(&app), tx.clone(), command).await?.encode_to_vec()) };
                idempotency::once::<Problem, _, _>(&tx, call, made).await
            }
        };
        let made = working.database.transaction::<_, Problem, _, _>(attempt).await;
        working.news.notify_one();
        made
    };
    let (Answered::Now(bytes) | Answered::Before(bytes)) = to_its_end(committing).await?;
    R::decode(bytes.as_slice()).map_err(Fault::internal)
}

/// Does work that commits to its end, as part of the call it is for, although the caller goes away.
///
/// # Errors
/// What the work gave.
pub(crate) async fn to_its_end<T: Send + 'static>(
    committing: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Fault> {
    let running = Call::running();
    let carried = async move {
        match running {
            Some(call) => call.carry(committing).await,
            None => committing.await,
        }
    };
    Ok(tokio::spawn(carried.in_current_span()).await.map_err(Fault::internal)??)
}

/// The names of the fields of each message of the service, by number.
static NAMES: LazyLock<BTreeMap<String, BTreeMap<u32, String>>> = LazyLock::new(|| {
    let set = prost_types::FileDescriptorSet::decode(pb::FILE_DESCRIPTOR_SET).unwrap_or_default();
    let ours = set.file.into_iter().filter(|file| file.package() == "yibao.assistance.v1");
    let messages = ours.flat_map(|file| file.message_type);
    let fields = |message: &prost_types::DescriptorProto| {
        let numbered = |field: &prost_types::FieldDescriptorProto| {
            Some((u32::try_from(field.number()).ok()?, field.name().to_owned()))
        };
        message.field.iter().filter_map(numbered).collect()
    };
    messages.map(|message| (message.name().to_owned(), fields(&message))).collect()
});

/// The top-level fields of an encoded message: number and content, in order.
fn split(message: &[u8]) -> Vec<(u32, Vec<u8>)> {
    let mut rest = message;
    let mut fields = Vec::new();
    while let Ok((number, kind)) = decode_key(&mut rest) {
        let before = rest;
        let length = match kind {
            WireType::Varint => decode_varint(&mut rest).ok().map(|_| before.len() - rest.len()),
            WireType::SixtyFourBit => Some(8),
            WireType::ThirtyTwoBit => Some(4),
            WireType::LengthDelimited => decode_varint(&mut rest)
                .ok()
                .and_then(|length| usize::try_from(length).ok())
                .and_then(|length| length.checked_add(before.len() - rest.len())),
            WireType::StartGroup | WireType::EndGroup => None,
        };
        let Some((content, after)) = length.and_then(|length| before.split_at_checked(length)) else { break };
        fields.push((number, content.to_vec()));
        rest = after;
    }
    fields
}
