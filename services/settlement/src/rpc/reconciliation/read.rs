//! Totals and details as an institution sends them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use money::Fen;
use pb::settlement::v1::{
    ReconcileDetailsRequest, ReconcileTotalsRequest, TheirClaim as TheirClaimPb, Totals as TotalsPb,
};
use policy::Period;
use prost::Message as _;
use rpc::{Fault, Reason, Violations};
use sha2::{Digest as _, Sha256};
use store::idempotency::Call;
use terms::{Care, Name, Scheme};
use tonic::{Status, Streaming};
use wire::{Wired as _, read};

use super::super::submission::institution;
use super::write;
use crate::app::{CLAIMS_MOST, ReconcileDetails, ReconcileTotals};
use crate::domain::reconcile::{Amounts, TheirClaim, Totals};

/// The most claims of one message.
const MESSAGE_MOST: usize = 1_000;

pub(super) fn totals(request: &ReconcileTotalsRequest, today: NaiveDate) -> Result<ReconcileTotals, Fault> {
    let mut v = Violations::new();
    let key = read::key(&mut v, "idempotency_key", &request.idempotency_key);
    let institution = institution(&mut v, "institution_id", &request.institution_id);
    let settled = read::period(&mut v, "settled", &request.settled);
    let settled = settled.and_then(|settled| v.required("settled", settled, "days of settlement"));
    if let Some(Period { to, .. }) = settled.filter(|settled| settled.to > today) {
        v.add("settled.to_date", to, format!("a day not after today, {today}"));
    }
    let mut groups: BTreeSet<(Scheme, Care)> = BTreeSet::new();
    let mut theirs = Vec::with_capacity(request.totals.len());
    for (at, group) in request.totals.iter().enumerate() {
        let read = v.within_item("totals", at, |v| {
            let read = group_of(v, group)?;
            if !groups.insert((read.scheme, read.care)) {
                let found = format!("{} and {} again", read.scheme.name(), read.care.name());
                v.add("", found, "each scheme and kind of care once");
            }
            Some(read)
        });
        theirs.extend(read);
    }
    let command = (|| {
        let period = request.settled.as_ref().map(prost::Message::encode_to_vec).unwrap_or_default();
        let mut said: Vec<&TotalsPb> = request.totals.iter().collect();
        said.sort_by_key(|group| (group.scheme, group.care));
        let said: Vec<u8> = said.iter().flat_map(|group| group.encode_length_delimited_to_vec()).collect();
        let call = Call::new("reconciliations", &key?)
            .field("method", "ReconcileTotals")
            .field("institution_id", &request.institution_id)
            .field("settled", period)
            .field("totals", said);
        Some(ReconcileTotals { call, institution: institution?, settled: settled?, theirs })
    })();
    v.finish(command)
}

fn group_of(v: &mut Violations, group: &TotalsPb) -> Option<Totals> {
    let scheme = read::word(v, "scheme", group.scheme);
    let care = read::word(v, "care", group.care);
    let claims = count(v, "claims", group.claims);
    let claims_reversed = count(v, "claims_reversed", group.claims_reversed);
    let mut sum = |field: &str, fen: i64| {
        if fen < 0 {
            v.add(field, fen, "an amount not below zero");
        }
        Fen::new(fen)
    };
    let amounts = Amounts {
        total: sum("total_fen", group.total_fen),
        fund: sum("fund_fen", group.fund_fen),
        account: sum("account_fen", group.account_fen),
        cash: sum("cash_fen", group.cash_fen),
    };
    Some(Totals { scheme: scheme?, care: care?, claims: claims?, claims_reversed: claims_reversed?, amounts })
}

fn count(v: &mut Violations, field: &str, count: u64) -> Option<u64> {
    if i64::try_from(count).is_err() {
        v.add(field, count, "a number of claims");
        return None;
    }
    Some(count)
}

/// What a stream of details says.
#[derive(Default)]
struct Told {
    key: String,
    reconciliation: Option<Name>,
    /// Each bill with the claim ids it came with, and whether it stands in one of them.
    bills: BTreeMap<String, (BTreeSet<String>, bool)>,
    claims: Vec<TheirClaim>,
}

/// Reads a stream to its end; one that breaks, or that holds something wrong, is told at once and nothing is kept.
pub(super) async fn details(mut stream: Streaming<ReconcileDetailsRequest>) -> Result<ReconcileDetails, Status> {
    let mut told = Told::default();
    let mut messages = 0;
    while let Some(message) = stream.message().await? {
        told.take(messages, &message)?;
        messages += 1;
    }
    // A stream that its caller gives up looks ended here. What answers it is dropped as soon as it has to wait, so it waits
    // once before anything of the stream is kept.
    tokio::task::yield_now().await;
    if messages == 0 {
        told.take(0, &ReconcileDetailsRequest::default())?;
    }
    Ok(told.command()?)
}

impl Told {
    fn take(&mut self, at: usize, message: &ReconcileDetailsRequest) -> Result<(), Fault> {
        let mut v = Violations::new();
        if at == 0 {
            let key = read::key(&mut v, "idempotency_key", &message.idempotency_key);
            self.key = key.unwrap_or_default();
            self.reconciliation = read::id(&mut v, "reconciliation_id", &message.reconciliation_id);
        }
        let reconciliation = self.reconciliation.as_ref().map_or("", Name::as_str);
        let same = [
            ("idempotency_key", &message.idempotency_key, self.key.as_str()),
            ("reconciliation_id", &message.reconciliation_id, reconciliation),
        ];
        for (field, text, first) in same.into_iter().filter(|_| at > 0) {
            if !text.is_empty() && text != first {
                v.add(&format!("messages[{at}].{field}"), policy::printable(text), "the same as in the first message");
            }
        }
        v.within_item("messages", at, |v| self.claims_of(v, &message.claims));
        v.finish(Some(()))?;
        if self.claims.len() > CLAIMS_MOST {
            return Err(Fault::new(Reason::TooMuch, format!("at most {CLAIMS_MOST} claims are compared at once")));
        }
        Ok(())
    }

    fn claims_of(&mut self, v: &mut Violations, claims: &[TheirClaimPb]) {
        if claims.len() > MESSAGE_MOST {
            v.add("claims", format!("{} claims", claims.len()), format!("at most {MESSAGE_MOST} a message"));
            return;
        }
        for (at, claim) in claims.iter().enumerate() {
            v.within_item("claims", at, |v| {
                let Some(read) = claim_of(v, claim) else { return };
                let known = self.bills.entry(read.bill_id.clone());
                let is_again = matches!(known, std::collections::btree_map::Entry::Occupied(_));
                let (ids, stands) = known.or_default();
                if is_again && (read.claim_id.is_empty() || ids.contains("") || !ids.insert(read.claim_id.clone())) {
                    let expected = "each bill once in the stream, or each time with the id of another claim";
                    v.add("bill_id", &read.bill_id, expected);
                } else if *stands && !read.is_reversed {
                    v.add("bill_id", &read.bill_id, "a bill that stands once, in the latest of its claims");
                } else {
                    ids.insert(read.claim_id.clone());
                    *stands |= !read.is_reversed;
                    self.claims.push(read);
                }
            });
        }
    }

    fn command(mut self) -> Result<ReconcileDetails, Fault> {
        let missing = || Fault::internal("a stream was read without its first message");
        let reconciliation = self.reconciliation.ok_or_else(missing)?;
        // the same claims are the same content, however they were cut into messages
        self.claims.sort_by(|a, b| (&a.bill_id, &a.claim_id).cmp(&(&b.bill_id, &b.claim_id)));
        let mut content = Sha256::new();
        for claim in &self.claims {
            content.update(write::theirs(claim).encode_length_delimited_to_vec());
        }
        let call = Call::new("reconciliations", &self.key)
            .field("method", "ReconcileDetails")
            .field("reconciliation_id", reconciliation.as_str())
            .field("claims", content.finalize());
        Ok(ReconcileDetails { call, reconciliation, theirs: self.claims })
    }
}

fn claim_of(v: &mut Violations, claim: &TheirClaimPb) -> Option<TheirClaim> {
    let claim_id =
        if claim.claim_id.is_empty() { Some(()) } else { read::id(v, "claim_id", &claim.claim_id).map(drop) };
    let bill = read::name(v, "bill_id", &claim.bill_id);
    let scheme = read::word(v, "scheme", claim.scheme);
    let care = read::word(v, "care", claim.care);
    let total = read::fen(v, "total_fen", claim.total_fen);
    let fund = read::fen(v, "fund_fen", claim.fund_fen);
    let account = read::fen(v, "account_fen", claim.account_fen);
    let cash = read::fen(v, "cash_fen", claim.cash_fen);
    let amounts = Amounts { total: total?, fund: fund?, account: account?, cash: cash? };
    let claim_id = claim_id.map(|()| claim.claim_id.clone())?;
    let (bill_id, is_reversed) = (bill?.to_string(), claim.reversed);
    Some(TheirClaim { claim_id, bill_id, scheme: scheme?, care: care?, is_reversed, amounts })
}
