//! The watch list: whose yearly burden is above which line (SD-9, SX-9).

use money::Fen;
use terms::{Division, Name, Scheme, Word};

use super::category;
use super::contribution::Ask;
use crate::condition::{Fact, Situation};
use crate::decision::Refusal;
use crate::door;
use crate::facts::Accumulators;
use crate::pack::{PackDivision, mechanism};
use crate::policy::Policy;
use crate::question::{Watch, WatchFacts};

impl Policy {
    /// Whether a person is on the watch list.
    ///
    /// # Errors
    /// A [`Refusal`]: no pack, no line in force, or a line nobody has given (SD-9's first share is garbled in the source).
    pub fn watch(&self, facts: &WatchFacts) -> Result<Watch, Refusal> {
        door::check_amount(facts.burden, "burden")?;
        let mut ask = Ask::new(self, facts.division, facts.scheme, "watch", facts.on)?;
        let mut line: Option<Fen> = None;
        for category in category::candidates(&facts.categories) {
            let situation = Situation::new(facts.scheme.bit() | category.bit(), &[]);
            let value = ask.need("line", &situation)?;
            let here = ask.amount(value)?;
            line = Some(line.map_or(here, |line| line.min(here)));
        }
        let line = line.unwrap_or(Fen::UNLIMITED);
        let meter = meter(&ask.chain, facts.scheme);
        Ok(Watch { listed: facts.burden > line, line, meter, values: ask.values })
    }

    /// The year's burden that the watch list is about, in fen: what its meter holds; none where the packs of the place count none.
    #[must_use]
    pub fn burden(&self, division: Division, scheme: Scheme, held: &Accumulators) -> Option<Fen> {
        meter(&self.chain(division), scheme).map(|meter| held.counts(&meter, &Name::EMPTY).base)
    }
}

/// The meter whose base is the burden, where a chain of divisions names one.
fn meter(chain: &[&PackDivision], scheme: Scheme) -> Option<Name> {
    ["common", scheme.word()].iter().find_map(|place| {
        let (found, _) = mechanism(chain, &[format!("{place}.watch.meter")])?;
        found.words.first().and_then(|word| Name::new(word).ok())
    })
}
