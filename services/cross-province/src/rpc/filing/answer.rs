//! Writes filings.

use ::pb::settlement::v1::Evidence as EvidencePb;
use pb::cross_province::v1 as pb;
use pb::{FilingAct, FilingChannel, FilingRecord, FilingVersion};
use terms::Name;
use wire::write;

use crate::domain::{Act, Channel, Evidence, Filed, Version};

/// A filing with its versions.
pub(super) fn record(filed: &Filed) -> FilingRecord {
    let last = filed.last();
    FilingRecord {
        filing_id: filed.id.clone(),
        person_id: filed.person.to_string(),
        insured_division: filed.division.to_string(),
        scheme: write::word(filed.scheme),
        kind: write::word(filed.kind),
        destination_division: last.map(|last| last.destination.to_string()).unwrap_or_default(),
        from_date: last.map(|last| write::date(last.from)).unwrap_or_default(),
        to_date: write::optional_date(last.and_then(|last| last.to)),
        cancelled: filed.is_cancelled(),
        missing_documents: last.map(|last| names(&last.due)).unwrap_or_default(),
        documents: filed.documents().map(evidence).collect(),
        channel: channel(filed.channel).into(),
        versions: filed.versions.iter().map(version).collect(),
    }
}

fn version(version: &Version) -> FilingVersion {
    FilingVersion {
        number: u32::try_from(version.number).unwrap_or(u32::MAX),
        act: act(version.act).into(),
        destination_division: version.destination.to_string(),
        from_date: write::date(version.from),
        to_date: write::optional_date(version.to),
        missing_documents: names(&version.due),
        operator_id: version.operator.clone(),
        reason: version.reason.clone(),
        policy_version: version.policy_version.clone(),
        recorded_at: Some(write::moment(version.recorded_at)),
    }
}

fn evidence(evidence: &Evidence) -> EvidencePb {
    let Evidence { kind, reference, sha256 } = evidence.clone();
    EvidencePb { kind: kind.to_string(), reference, sha256 }
}

fn names(names: &[Name]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

const fn channel(channel: Channel) -> FilingChannel {
    match channel {
        Channel::Counter => FilingChannel::Counter,
        Channel::App => FilingChannel::App,
        Channel::MiniProgram => FilingChannel::MiniProgram,
        Channel::Phone => FilingChannel::Phone,
    }
}

const fn act(act: Act) -> FilingAct {
    match act {
        Act::Filed => FilingAct::Filed,
        Act::Changed => FilingAct::Changed,
        Act::Cancelled => FilingAct::Cancelled,
        Act::Supplied => FilingAct::Supplied,
    }
}
