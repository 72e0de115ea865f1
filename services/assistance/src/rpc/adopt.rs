//! Adoption of shares.

use std::sync::Arc;

use ::pb::assistance::v1 as pb;
use ::pb::settlement::v1 as settlement_pb;
use prost::Message as _;
use rpc::{Fault, Violations};
use tokio_stream::StreamExt as _;
use tonic::{Status, Streaming};
use wire::read as fields;

use super::read;
use crate::app::App;
use crate::app::adopt::{Adopted, Batch, adopt};
use crate::domain::Tally;

/// The most years of a message.
const YEARS_MOST: usize = 100;

/// Takes a stream of years, each message in a commit of its own.
pub(super) async fn take(
    app: &Arc<App>,
    mut stream: Streaming<pb::AdoptSharesRequest>,
) -> Result<pb::AdoptSharesResponse, Status> {
    let (mut key, mut tally, mut over) = (None, Tally::default(), 0);
    while let Some(message) = stream.next().await {
        let message = message?;
        let batch = batch(key.as_deref(), &message, tally)?;
        key = Some(batch.key.clone());
        match adopt(app, batch, |tally, over| answer(tally, over).encode_to_vec()).await? {
            Adopted::Before(bytes) => {
                return pb::AdoptSharesResponse::decode(bytes.as_slice())
                    .map_err(|error| Fault::internal(error).into());
            }
            Adopted::SoFar(so_far, people) => (tally, over) = (so_far, people),
        }
        if message.last {
            break;
        }
    }
    if key.is_none() {
        batch(None, &pb::AdoptSharesRequest::default(), Tally::default())?;
    }
    Ok(answer(&tally, over))
}

fn batch(key: Option<&str>, message: &pb::AdoptSharesRequest, tally: Tally) -> Result<Batch, Fault> {
    let mut v = Violations::new();
    let key = match key {
        Some(key) => {
            if !message.idempotency_key.is_empty() && message.idempotency_key != key {
                v.add("idempotency_key", &message.idempotency_key, "empty, or the key of the first message");
            }
            Some(key.to_owned())
        }
        None => fields::key(&mut v, "idempotency_key", &message.idempotency_key),
    };
    let years = read::list(&mut v, "years", &message.years, (0, YEARS_MOST), fields::standing_year);
    let batch = key.zip(years).map(|(key, years)| Batch { key, years, last: message.last, tally });
    v.finish(batch)
}

fn answer(tally: &Tally, over: u64) -> pb::AdoptSharesResponse {
    let kept = tally
        .kept
        .iter()
        .map(|(payer, amount)| settlement_pb::PayerAmount { payer: payer.to_string(), amount_fen: amount.get() });
    pb::AdoptSharesResponse {
        years_read: tally.years_read,
        claims_kept: tally.claims_kept,
        claims_known: tally.claims_known,
        people_over_limit: over,
        kept: kept.collect(),
    }
}
