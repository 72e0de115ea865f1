//! Checks packs, publishes them, and makes earlier versions the head again.

use pb::policy::v1 as policy_pb;
use policy::{PackFile, printable};
use prost::Message as _;
use registry::{Change, Publish, Published, RollForward, SIZE_AT_MOST};
use rpc::{Fault, Violations};
use sha2::{Digest as _, Sha256};
use store::idempotency::Call;
use wire::read;

use super::{RegistryRpc, refusal, write};
use crate::app;

const TEXT_CHARS_MAX: usize = 1_000;
const OPERATOR_CHARS_MAX: usize = 64;
const PATH_BYTES_MAX: usize = 200;

/// Whose calls share their keys: all that move a head.
const KEYS: &str = "publications";

impl RegistryRpc {
    pub(super) async fn check(
        &self,
        request: policy_pb::CheckPacksRequest,
    ) -> Result<policy_pb::CheckPacksResponse, Fault> {
        let mut v = Violations::new();
        let change = change(&mut v, request.change);
        let change = v.finish(change)?;
        let checked = self.bench.registry.check(&change).await.map_err(|why| refusal::refused(Some(&change), why))?;
        let (problems, problems_left_off) = write::problems(&checked.problems);
        Ok(policy_pb::CheckPacksResponse {
            policy_version: checked.version.to_string(),
            publishable: checked.publishable(),
            problems,
            problems_left_off,
        })
    }

    pub(super) async fn publish(
        &self,
        request: policy_pb::PublishVersionRequest,
    ) -> Result<policy_pb::PublishVersionResponse, Fault> {
        let mut v = Violations::new();
        let read = self.read_publish(&mut v, request);
        let (call, publish) = v.finish(read)?;
        let change = publish.change.clone();
        let answer = app::publish(&self.bench, call, publish, published).await;
        let answer = answer.map_err(|why| refusal::unpublished(Some(&change), why))?;
        policy_pb::PublishVersionResponse::decode(answer.as_slice()).map_err(Fault::internal)
    }

    pub(super) async fn roll(
        &self,
        request: &policy_pb::RollForwardRequest,
    ) -> Result<policy_pb::RollForwardResponse, Fault> {
        let mut v = Violations::new();
        let read = self.read_roll(&mut v, request);
        let (call, roll) = v.finish(read)?;
        let answer = app::roll_forward(&self.bench, call, roll, rolled).await;
        let answer = answer.map_err(|why| refusal::unpublished(None, why))?;
        policy_pb::RollForwardResponse::decode(answer.as_slice()).map_err(Fault::internal)
    }

    fn read_publish(&self, v: &mut Violations, request: policy_pb::PublishVersionRequest) -> Option<(Call, Publish)> {
        let key = read::key(v, "idempotency_key", &request.idempotency_key);
        let division = read::division(v, "division", &request.division);
        let call = key.map(|key| Call::new(KEYS, &key).field("method", "PublishVersion"));
        let call = call.map(|call| content(call.field("division", &request.division), request.change.as_ref()));
        let change = change(v, request.change);
        let operator = read::text(v, "operator_id", &request.operator_id, OPERATOR_CHARS_MAX);
        let reason = read::text(v, "reason", &request.reason, TEXT_CHARS_MAX);
        let source = read::text(v, "source", &request.source, TEXT_CHARS_MAX);
        let (operator, reason, source) = (operator?, reason?, source?);
        let call = call?.field("operator_id", &operator).field("reason", &reason).field("source", &source);
        let (id, at) = (self.bench.ids.next().to_string(), self.bench.clock.now());
        Some((call, Publish { id, division: division?, change: change?, operator, reason, source, at }))
    }

    fn read_roll(&self, v: &mut Violations, request: &policy_pb::RollForwardRequest) -> Option<(Call, RollForward)> {
        let key = read::key(v, "idempotency_key", &request.idempotency_key);
        let division = read::division(v, "division", &request.division);
        let version = read::version(v, "policy_version", &request.policy_version);
        let replaced = read::optional_version(v, "replaced_version", &request.replaced_version);
        let operator = read::text(v, "operator_id", &request.operator_id, OPERATOR_CHARS_MAX);
        let reason = read::text(v, "reason", &request.reason, TEXT_CHARS_MAX);
        let (operator, reason) = (operator?, reason?);
        let call = Call::new(KEYS, &key?).field("method", "RollForward").field("division", &request.division);
        let call = call.field("policy_version", &request.policy_version);
        let call = call.field("replaced_version", &request.replaced_version);
        let call = call.field("operator_id", &operator).field("reason", &reason);
        let (id, at) = (self.bench.ids.next().to_string(), self.bench.clock.now());
        let (division, version, replaced) = (division?, version?, replaced?);
        Some((call, RollForward { id, division, version, replaced, operator, reason, at }))
    }
}

fn published(published: &Published) -> Vec<u8> {
    let (warnings, warnings_left_off) = write::problems(&published.warnings);
    let publication = Some(write::publication(&published.publication));
    policy_pb::PublishVersionResponse { publication, warnings, warnings_left_off }.encode_to_vec()
}

fn rolled(published: &Published) -> Vec<u8> {
    let publication = Some(write::publication(&published.publication));
    policy_pb::RollForwardResponse { publication }.encode_to_vec()
}

/// Adds a change field by field, so that a key used again names what differs. The order of files is no content.
fn content(call: Call, change: Option<&policy_pb::PackChange>) -> Call {
    let Some(change) = change else { return call };
    let mut files: Vec<&policy_pb::PackFile> = change.files.iter().collect();
    files.sort_by(|a, b| (&a.path, &a.text).cmp(&(&b.path, &b.text)));
    let mut hash = Sha256::new();
    for file in files {
        hash.update(Sha256::digest(&file.path));
        hash.update(Sha256::digest(&file.text));
    }
    let mut removed: Vec<&str> = change.removed_paths.iter().map(String::as_str).collect();
    removed.sort_unstable();
    call.field("change.base_version", &change.base_version)
        .field("change.files", hash.finalize())
        .field("change.removed_paths", removed.join("\n"))
}

fn change(v: &mut Violations, change: Option<policy_pb::PackChange>) -> Option<Change> {
    let change = v.required("change", change, "the packs")?;
    v.within("change", |v| {
        let base = read::optional_version(v, "base_version", &change.base_version);
        let mut paths_are_read = true;
        for (at, file) in change.files.iter().enumerate() {
            paths_are_read &= v.within_item("files", at, |v| path(v, "path", &file.path));
        }
        for (at, removed) in change.removed_paths.iter().enumerate() {
            paths_are_read &= path(v, &format!("removed_paths[{at}]"), removed);
        }
        let size: usize = change.files.iter().map(|file| file.path.len().saturating_add(file.text.len())).sum();
        if size > SIZE_AT_MOST {
            v.add("files", format!("{size} bytes"), format!("at most {SIZE_AT_MOST} bytes"));
            return None;
        }
        let files = change.files.into_iter().map(|file| PackFile { path: file.path, text: file.text }).collect();
        paths_are_read.then_some(Change { base: base?, files, removed: change.removed_paths })
    })
}

/// Whether a path may stand in a tree of packs. Somebody will write them to a disk one day, so they lead nowhere else.
fn path(v: &mut Violations, field: &str, path: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let is_part = |part: &str| !part.is_empty() && !part.starts_with('.') && part.chars().all(allowed);
    let is_path = path.len() <= PATH_BYTES_MAX && path.ends_with(".toml") && path.split('/').all(is_part);
    if !is_path {
        let found = if path.is_empty() { "nothing".to_owned() } else { printable(path) };
        v.add(field, found, "a path of letters, digits, `_`, `-`, `.` and `/` that ends in .toml, at most 200 bytes");
    }
    is_path
}
