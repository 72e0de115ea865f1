//! What becomes of a bill while medical assistance is not reached (SD-11).

use terms::{Away, Scheme, Word};

use super::contribution::Ask;
use crate::condition::{Fact, Situation};
use crate::facts::{Bill, Person};
use crate::pack::Value;
use crate::policy::Policy;

impl Policy {
    /// What becomes of a bill while medical assistance is not reached; where the packs say nothing, the two systems before it
    /// are settled. Categories are not looked at: nobody knows them then.
    #[must_use]
    pub fn when_assistance_away(&self, person: &Person, bill: &Bill) -> Away {
        let scheme = person.schemes.first().copied().unwrap_or(Scheme::Resident);
        let bits = scheme.bit()
            | person.group.bit()
            | bill.institution.bit()
            | bill.place.bit()
            | bill.filing.bit()
            | bill.referral.bit()
            | bill.care.bit();
        let date = self.day_of_rules(person, bill);
        let found = Ask::new(self, person.division, scheme, "one_stop", date)
            .and_then(|mut ask| ask.find("assistance_away", &Situation::new(bits, &[])));
        match found {
            Ok(Some(Value::Word(word))) => Away::from_word(word).unwrap_or(Away::SettleTwo),
            _ => Away::SettleTwo,
        }
    }
}
