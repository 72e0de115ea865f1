//! What of a desk's claims is to be put right, and when settlement is asked to do it.

use chrono::{DateTime, Utc};
use money::Fen;
use terms::Name;
use wire::change::{Cause, ClaimStand, ThirdSystem};

use super::Desk;
use crate::domain::category::lacking;
use crate::domain::mend::{Answer, Mend, Occasion, Why};
use crate::domain::{Limit, Settled};

impl Desk {
    /// What a claim lacks as it stands now; what it lacked before is put right where it does not any more.
    pub(super) fn lacks(&mut self, year: i32, claim: &ClaimStand) {
        let before: Vec<Mend> = self.mends.values().filter(|mend| mend.claim == claim.claim).cloned().collect();
        before.iter().for_each(|mend| self.close(mend));
        if claim.reversed {
            return;
        }
        match claim.third_system {
            ThirdSystem::Follows => {
                self.miss(year, claim.claim, Why::Follows);
                self.ask(year, Occasion { cause: Cause::ThirdFollowed, about: claim.claim, claw_back: false });
            }
            ThirdSystem::Short => {
                for cut in &claim.short {
                    let (payer, short) = (Some(cut.payer), cut.amount);
                    let why = Why::Short;
                    self.put(Mend { claim: claim.claim, payer, year, why, short, is_open: true });
                    if !before.iter().any(|mend| mend.payer == payer) {
                        self.newly_short.insert((claim.claim, cut.payer));
                    }
                }
            }
            ThirdSystem::NotConcerned | ThirdSystem::Whole => {}
        }
        let settled = Settled {
            claim: claim.claim,
            year,
            rules_date: claim.rules_date,
            categories: claim.categories.clone(),
            handed_in: claim.categories_handed_in,
        };
        self.lacks_category(&settled, claim.claim);
    }

    /// Asks about a claim that was settled with other categories than the person's of its day, where that adds something or
    /// takes back what an officer said is to be taken back; whether it does.
    pub(crate) fn lacks_category(&mut self, claim: &Settled, about: Name) -> bool {
        if claim.handed_in {
            return false;
        }
        let Some(claw_back) = lacking(&self.grants, claim.rules_date, &claim.categories) else { return false };
        if !self.mends.contains_key(&(claim.claim, None)) {
            self.miss(claim.year, claim.claim, Why::Category);
        }
        self.ask(claim.year, Occasion { cause: Cause::PersonChanged, about, claw_back });
        true
    }

    /// Asks where a limit has room again that claims were cut short by.
    pub(crate) fn look_for_room(&mut self) {
        let left = |limit: Option<&Limit>| limit.copied().unwrap_or_default().left(Fen::ZERO);
        let mut asks = Vec::new();
        for mend in self.mends.values() {
            let Some(payer) = mend.payer else { continue };
            let key = (mend.year, payer);
            let (now, before) = (left(self.limits.get(&key)), left(self.before.get(&key)));
            if now > before || (now > Fen::ZERO && self.newly_short.contains(&(mend.claim, payer))) {
                asks.push((mend.year, mend.claim));
            }
        }
        for (year, about) in asks {
            self.ask(year, Occasion { cause: Cause::LimitFreed, about, claw_back: false });
        }
        self.newly_short.clear();
        self.before.clone_from(&self.limits);
    }

    /// Asks for a year, once whatever the reasons.
    pub(crate) fn ask(&mut self, year: i32, occasion: Occasion) {
        let first = self.news.asks.get(&year).map_or(occasion, |first| first.and(occasion));
        self.news.asks.insert(year, first);
    }

    /// The years to ask settlement about: of a year it is asked about already, what is not sent yet is asked with it, and what is
    /// sent is asked once more when it is answered.
    pub(crate) fn take_asks(&mut self) -> Vec<(i32, Occasion)> {
        let mut new = Vec::new();
        for (year, occasion) in std::mem::take(&mut self.news.asks) {
            let Some(asked) = self.reassess.get_mut(&year) else {
                new.push((year, occasion));
                continue;
            };
            if asked.is_sent {
                asked.again = Some(asked.again.map_or(occasion, |again| again.and(occasion)));
            } else {
                asked.occasion = asked.occasion.and(occasion);
            }
            self.news.reassess.insert(year);
        }
        new
    }

    /// Records what settlement answered to a question: what was to be done is done, unless more was found meanwhile. Nothing
    /// where it was answered before.
    pub(crate) fn answered(&mut self, id: &str, answer: Answer, now: DateTime<Utc>) {
        let found = self.reassess.values().find(|asked| asked.id == id).map(|asked| asked.year);
        let Some((year, mut asked)) = found.and_then(|year| self.reassess.remove_entry(&year)) else { return };
        let is_refused = matches!(answer, Answer::Refused(_));
        asked.answer(answer, now);
        if let Some(again) = asked.again {
            self.ask(year, again);
        } else if !is_refused {
            let whole = |mend: &&Mend| mend.year == year && mend.payer.is_none();
            let closed: Vec<Mend> = self.mends.values().filter(whole).cloned().collect();
            closed.iter().for_each(|mend| self.close(mend));
        }
        self.news.answered = Some(asked);
    }

    fn miss(&mut self, year: i32, claim: Name, why: Why) {
        self.put(Mend { claim, payer: None, year, why, short: Fen::ZERO, is_open: true });
    }

    fn put(&mut self, mend: Mend) {
        let key = (mend.claim, mend.payer);
        self.news.mends.insert(key, mend.clone());
        self.mends.insert(key, mend);
    }

    fn close(&mut self, mend: &Mend) {
        let key = (mend.claim, mend.payer);
        self.mends.remove(&key);
        self.news.mends.insert(key, Mend { is_open: false, ..mend.clone() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raised_limit_asks_once_for_what_it_had_no_room_for() {
        let name = |text: &str| Name::new(text).unwrap();
        let (claim, payer, year) = (name("C1"), name("assistance"), 2022);
        let mut desk = Desk::new(name("P1"), 0);
        let limit = desk.limits.entry((year, payer)).or_default();
        limit.posted = Fen::new(100);
        limit.learn(Some(Fen::new(100)));
        desk.put(Mend { claim, payer: Some(payer), year, why: Why::Short, short: Fen::new(50), is_open: true });
        desk.look_for_room();
        assert_eq!(desk.take_asks(), [], "it is used up, as it was");
        desk.limits.get_mut(&(year, payer)).unwrap().learn(Some(Fen::new(130)));
        desk.look_for_room();
        let freed = Occasion { cause: Cause::LimitFreed, about: claim, claw_back: false };
        assert_eq!(desk.take_asks(), [(year, freed)]);
        desk.look_for_room();
        assert_eq!(desk.take_asks(), [], "nothing is free that was not");
    }
}
