//! Reads a log of messages, in the order of each chain, and says what is wrong with it.

use std::collections::{BTreeMap, HashSet};

use terms::Division;
use uuid::Uuid;

use crate::{Header, Keys, Mark, NotAuthentic, Sha, seal};

/// A message as a log has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Whose chain it stands in, by the log: from whom.
    pub sender: Division,
    /// To whom.
    pub receiver: Division,
    /// Its place there, by the log.
    pub sequence: u64,
    /// The bytes that are signed.
    pub header: Vec<u8>,
    /// Their signature.
    pub signature: Vec<u8>,
    /// The body; none where it was removed after its time, as enquiries are.
    pub body: Option<Vec<u8>>,
}

/// How far a chain went, as the other side signed it: a log that was cut off is shorter than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// From whom.
    pub sender: Division,
    /// To whom.
    pub receiver: Division,
    /// The place and hash.
    pub mark: Mark,
}

/// Something wrong, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The chain: from whom.
    pub sender: Division,
    /// To whom.
    pub receiver: Division,
    /// Where in it.
    pub sequence: u64,
    /// What.
    pub what: Wrong,
}

/// What can be wrong with a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// Messages are missing before this one.
    #[error("messages are missing before it, from {from} on")]
    Gap {
        /// The first that is missing.
        from: u64,
    },
    /// It does not come after the one before it.
    #[error("it stands out of order")]
    Order,
    /// It names another message as the one before.
    #[error("it names another message before it")]
    Broken,
    /// Its header cannot be read.
    #[error("its header cannot be read")]
    Unreadable,
    /// It is of another chain or another place than the log says.
    #[error("its header says another place")]
    Route,
    /// It is not its sender's.
    #[error("it is not believed")]
    NotAuthentic(#[source] NotAuthentic),
    /// Its id was used before.
    #[error("its id was used before")]
    IdTwice,
    /// The other side signed for messages that are not here.
    #[error("the other side signed for messages up to {theirs}")]
    HeadBeyond {
        /// How far they signed for.
        theirs: u64,
    },
    /// The other side signed for another message at this place.
    #[error("the other side signed for another message here")]
    HeadDiffers,
}

/// Everything that is wrong with a log, in its order. The records of a chain come in order of their sequence, beginning with 1;
/// chains may be mixed. One pass; it keeps the ends of the chains and 16 bytes of each message.
pub fn verify<'a>(
    records: impl Iterator<Item = Record> + 'a,
    keys: &'a Keys,
    heads: &'a [Head],
) -> impl Iterator<Item = Finding> + 'a {
    let mut reader = Reader { keys, heads, chains: BTreeMap::new(), ids: HashSet::new() };
    let mut records = records.map(Some).chain(std::iter::once(None));
    let mut found = Vec::new().into_iter();
    std::iter::from_fn(move || {
        loop {
            if let Some(finding) = found.next() {
                return Some(finding);
            }
            found = match records.next()? {
                Some(record) => reader.read(&record).into_iter(),
                None => reader.ends().into_iter(),
            };
        }
    })
}

/// What is known of the log so far.
struct Reader<'a> {
    keys: &'a Keys,
    heads: &'a [Head],
    chains: BTreeMap<(Division, Division), Mark>,
    ids: HashSet<Uuid>,
}

impl Reader<'_> {
    fn read(&mut self, record: &Record) -> Vec<Finding> {
        let chain = (record.sender, record.receiver);
        let last = self.chains.get(&chain).copied().unwrap_or_default();
        let (mut wrong, sha256) = match Header::read(&record.header) {
            Ok(header) => (self.about(record, &header, last), header.hash()),
            Err(_) => (vec![Wrong::Unreadable], [0; 32]),
        };
        let next = last.sequence.saturating_add(1);
        if record.sequence < next {
            wrong.insert(0, Wrong::Order);
        } else {
            if record.sequence > next {
                wrong.insert(0, Wrong::Gap { from: next });
            }
            self.chains.insert(chain, Mark { sequence: record.sequence, sha256 });
        }
        let differs = |head: &&Head| {
            (head.sender, head.receiver, head.mark.sequence) == (record.sender, record.receiver, record.sequence)
                && head.mark.sha256 != sha256
        };
        wrong.extend(self.heads.iter().find(differs).map(|_| Wrong::HeadDiffers));
        let found =
            |what| Finding { sender: record.sender, receiver: record.receiver, sequence: record.sequence, what };
        wrong.into_iter().map(found).collect()
    }

    /// What is wrong with a header that can be read.
    fn about(&mut self, record: &Record, header: &Header, last: Mark) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        if (header.sender, header.receiver, header.sequence) != (record.sender, record.receiver, record.sequence) {
            wrong.push(Wrong::Route);
        }
        // across a gap there is nothing to compare with
        if last.sequence.checked_add(1) == Some(record.sequence) && last.sha256 != header.previous {
            wrong.push(Wrong::Broken);
        }
        let signed = self.keys.signed(header, &record.signature, header.day());
        let body = record.body.as_ref().map_or(Ok(()), |body| seal::body_is(header, body));
        wrong.extend(signed.err().into_iter().chain(body.err()).map(Wrong::NotAuthentic));
        if !self.ids.insert(header.message_id) {
            wrong.push(Wrong::IdTwice);
        }
        wrong
    }

    /// What is wrong with where the chains end.
    fn ends(&self) -> Vec<Finding> {
        let missing = self.heads.iter().filter_map(|head| {
            let last = self.chains.get(&(head.sender, head.receiver)).copied().unwrap_or_default();
            let what = Wrong::HeadBeyond { theirs: head.mark.sequence };
            let finding = Finding { sender: head.sender, receiver: head.receiver, sequence: last.sequence, what };
            (head.mark.sequence > last.sequence).then_some(finding)
        });
        missing.collect()
    }
}

/// Whether a chain of headers leads from one message to a place in the chain: each names the one before.
pub(crate) fn leads(from: &Header, path: &[Header], to: &Mark) -> bool {
    let mut last: (u64, Sha) = (from.sequence, from.hash());
    for header in path {
        let same = (header.sender, header.receiver) == (from.sender, from.receiver);
        if !same || header.previous != last.1 || Some(header.sequence) != last.0.checked_add(1) {
            return false;
        }
        last = (header.sequence, header.hash());
    }
    last == (to.sequence, to.sha256)
}
