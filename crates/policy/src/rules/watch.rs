//! The watch list: whose yearly burden is above which line (SD-9, SX-9).

use money::Fen;
use terms::{Name, Word};

use super::category;
use super::contribution::Ask;
use crate::condition::{Fact, Situation};
use crate::decision::Refusal;
use crate::door;
use crate::pack::mechanism;
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
        let meter = ["common", facts.scheme.word()].iter().find_map(|place| {
            let (found, _) = mechanism(&ask.chain, &[format!("{place}.watch.meter")])?;
            found.words.first().and_then(|word| Name::new(word).ok())
        });
        Ok(Watch { listed: facts.burden > line, line, meter, values: ask.values })
    }
}
