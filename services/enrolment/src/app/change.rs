//! Makes a call that changes something: once for its key, and to its end although the caller goes away.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use prost::Message;
use prost::encoding::{WireType, decode_key, decode_varint};
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto};
use rpc::{Call, Fault};
use store::Tx;
use store::idempotency::{self, Answered, IdempotencyError};
use tracing::Instrument as _;

use super::{App, Problem};

/// A call's name, key and content: field by field, down to the smallest.
pub(crate) struct Asked {
    method: &'static str,
    key: String,
    fields: BTreeMap<String, Vec<u8>>,
    /// The fields of the request's own, as calls were kept before the smallest were: such a call is still known.
    whole: BTreeMap<String, Vec<u8>>,
}

impl Asked {
    /// The content of a request, whose message is `yibao.enrolment.v1.<method>Request`.
    pub(crate) fn new(method: &'static str, key: &str, request: &impl Message) -> Self {
        let (bytes, message) = (request.encode_to_vec(), format!(".{PACKAGE}.{method}Request"));
        let (mut fields, mut whole) = (BTreeMap::new(), BTreeMap::new());
        smallest(&message, &bytes, "", &mut fields);
        for (number, content) in split(&bytes) {
            let name = FIELDS.get(&message).and_then(|known| known.get(&number)).map(|field| field.name.clone());
            whole.entry(name.unwrap_or_else(|| number.to_string())).or_insert_with(Vec::new).extend(content);
        }
        fields.remove("idempotency_key");
        whole.remove("idempotency_key");
        Self { method, key: key.to_owned(), fields, whole }
    }

    fn call(&self) -> idempotency::Call {
        let call = self.named().field("method", self.method);
        self.fields.iter().fold(call, |call, (name, bytes)| call.field(name, bytes))
    }

    fn call_before(&self) -> idempotency::Call {
        let call = self.named().field("call", self.method);
        self.whole.iter().fold(call, |call, (name, bytes)| call.field(name, bytes))
    }

    // one name for all callers until calls carry who makes them
    fn named(&self) -> idempotency::Call {
        idempotency::Call::new("anybody", &self.key)
    }
}

/// Whether a call was made before: then what it rests on need not be asked for again.
///
/// # Errors
/// What the database said.
pub(super) async fn is_known(app: &App, asked: &Asked) -> Result<bool, Problem> {
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
    let (app, command) = (Arc::clone(app), Arc::new(command));
    let committing = async move {
        let (call, before) = (asked.call(), asked.call_before());
        let attempt = |tx: Tx| {
            let (app, command, calls, work) = (Arc::clone(&app), Arc::clone(&command), (&call, &before), &work);
            async move {
                let made = || async { Ok(work(Arc::clone(&app), tx.clone(), command).await?.encode_to_vec()) };
                match idempotency::once::<Problem, _, _>(&tx, calls.0, made).await {
                    Err(Problem::Idempotency(IdempotencyError::OtherContent { field })) => {
                        let kept = idempotency::look_up(&tx, &[calls.1]).await?.into_iter().next().flatten();
                        let same =
                            kept.filter(|kept| kept.has_field("call") && kept.first_difference(calls.1).is_none());
                        same.map(|kept| Answered::Before(kept.answer)).ok_or_else(|| Fault::key_reused(&field).into())
                    }
                    answered => answered,
                }
            }
        };
        let answered = app.database.transaction::<_, Problem, _, _>(attempt).await;
        app.wake();
        answered
    };
    let running = Call::running();
    let carried = async move {
        match running {
            Some(call) => call.carry(committing).await,
            None => committing.await,
        }
    };
    let answered = tokio::spawn(carried.in_current_span()).await.map_err(Fault::internal)??;
    let (Answered::Now(bytes) | Answered::Before(bytes)) = answered;
    R::decode(bytes.as_slice()).map_err(Fault::internal)
}

const PACKAGE: &str = "yibao.enrolment.v1";

/// A field of a message: its name, the message it holds if it holds one, and whether it comes more than once.
struct Field {
    name: String,
    message: Option<String>,
    repeated: bool,
}

/// The fields of each message, by the message's full name and the field's number.
static FIELDS: LazyLock<BTreeMap<String, BTreeMap<u32, Field>>> = LazyLock::new(|| {
    let set = prost_types::FileDescriptorSet::decode(pb::FILE_DESCRIPTOR_SET).unwrap_or_default();
    let fields = |message: &DescriptorProto| {
        let numbered = |field: &FieldDescriptorProto| {
            let message = (field.r#type() == Type::Message).then(|| field.type_name().to_owned());
            let repeated = field.label() == Label::Repeated;
            Some((u32::try_from(field.number()).ok()?, Field { name: field.name().to_owned(), message, repeated }))
        };
        message.field.iter().filter_map(numbered).collect()
    };
    let named = |file: FileDescriptorProto| {
        let package = file.package().to_owned();
        let messages = file.message_type.into_iter();
        messages.map(|message| (format!(".{package}.{}", message.name()), fields(&message))).collect::<Vec<_>>()
    };
    set.file.into_iter().flat_map(named).collect()
});

/// The smallest fields of an encoded message with their paths: `terms.history.broken_years`. A message that is there is a
/// field too, without content: one that says nothing is not one that is left out.
fn smallest(message: &str, bytes: &[u8], path: &str, fields: &mut BTreeMap<String, Vec<u8>>) {
    let known = FIELDS.get(message);
    let mut seen: BTreeMap<u32, usize> = BTreeMap::new();
    for (number, content) in split(bytes) {
        let field = known.and_then(|known| known.get(&number));
        let mut at = format!("{path}{}", field.map_or_else(|| number.to_string(), |field| field.name.clone()));
        let Some(inner) = field.and_then(|field| field.message.as_ref()) else {
            fields.entry(at).or_default().extend(content);
            continue;
        };
        if field.is_some_and(|field| field.repeated) {
            let index = seen.entry(number).or_default();
            at = format!("{at}[{index}]");
            *index += 1;
        }
        let mut rest = content.as_slice();
        drop(decode_varint(&mut rest));
        fields.entry(at.clone()).or_default();
        smallest(inner, rest, &format!("{at}."), fields);
    }
}

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
