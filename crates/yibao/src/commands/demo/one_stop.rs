//! One-stop settlement shown: nobody hands the person's category in, the assistance service grants it, before the bill or after it.

use std::time::Duration;

use chrono::Datelike as _;
use pb::settlement::v1::ThirdSystem;
use policy::Adjustment;
use policy::case::{Answer, Bills, Case, Question};
use policy::statement::{Lang, adjustment_json, adjustment_text};
use serde_json::{Value, json};
use tokio::time::{Instant, interval};

use super::Demo;
use super::door::{Settled, difference};
use crate::error::Error;

/// When the person's category is granted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Before the bill is settled.
    Granted,
    /// After it: the difference is then paid to the person.
    Late,
}

impl Way {
    pub(super) fn of(role: &str) -> Option<Self> {
        match role {
            "granted" => Some(Self::Granted),
            "late" => Some(Self::Late),
            _ => None,
        }
    }
}

/// What one-stop settlement did with a case's bill.
pub(super) struct Assisted {
    /// The bill.
    pub(super) settled: Settled,
    third: ThirdSystem,
    adjustment: Option<Adjustment>,
    /// Payer, and fen used of the year's limit.
    used: Vec<(String, i64)>,
}

/// How long the difference of a category granted late may take to come.
const SOON: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(20);

impl Demo<'_> {
    /// Settles the first bill of a case whose person is assisted, without handing the category in.
    pub(super) async fn one_stop(
        &mut self,
        way: Way,
        number: usize,
        case: &Case,
        answer: &Answer,
    ) -> Result<Option<Assisted>, Error> {
        let (Question::Bills(bills), Answer::Bills { bills: told, .. }) = (&case.question, answer) else {
            return Ok(None);
        };
        let Some(told) = told.first() else { return Ok(None) };
        let mut unknown = case.clone();
        let Question::Bills(alone) = &mut unknown.question else { return Ok(None) };
        alone.person.categories.clear();
        let person = self.window.register(number).await?;
        let before = match unknown.answer(self.policy) {
            Answer::Bills { bills, .. } => bills.into_iter().next(),
            _ => None,
        };
        if way == Way::Granted {
            self.grant(bills, &person).await?;
        }
        let expected = if way == Way::Granted { Some(told) } else { before.as_ref() };
        let Some(expected) = expected else { return Ok(None) };
        let Question::Bills(alone) = &unknown.question else { return Ok(None) };
        let (mut settled, mut third) = self.door.settle(number, &person, alone, &told.bill, &expected.decision).await?;
        let mut adjustment = None;
        if way == Way::Late {
            self.grant(bills, &person).await?;
            third = self.follows(&mut settled, &told.decision).await?;
            adjustment = self.policy.adjustment(told.bill.id, expected.decision.clone(), told.decision.clone());
        }
        let year = u32::try_from(told.bill.to.year()).unwrap_or_default();
        let limits = self.window.limits(&person, year).await?;
        let used = limits.into_iter().map(|limit| (limit.payer, limit.posted_fen + limit.pending_fen)).collect();
        Ok(Some(Assisted { settled, third, adjustment, used }))
    }

    async fn grant(&mut self, bills: &Bills, person: &str) -> Result<(), Error> {
        let Some(bill) = bills.bills.first() else { return Ok(()) };
        for category in &bills.person.categories {
            self.window.grant(person, *category, bills.person.division, bill.from).await?;
        }
        Ok(())
    }

    /// Waits until a claim is decided as told: nobody asks for it.
    async fn follows(&mut self, settled: &mut Settled, told: &policy::Decision) -> Result<ThirdSystem, Error> {
        let (until, mut looks) = (Instant::now() + SOON, interval(LOOK));
        loop {
            looks.tick().await;
            let (is_told, third) = self.door.stands(&settled.claim, told).await?;
            if is_told {
                return Ok(third);
            }
            if Instant::now() > until {
                let found = "the decision of before";
                settled.differences.push(difference(&settled.claim, "the difference of the category", found));
                return Ok(third);
            }
        }
    }

    /// Says what the third system did.
    pub(super) fn show_assisted(&mut self, case: &Case, assisted: &Assisted) -> Result<(), Error> {
        let Assisted { settled, third, adjustment, used } = assisted;
        let Settled { claim, differences, .. } = settled;
        let is_whole = *third == ThirdSystem::Whole;
        if !is_whole {
            let found = third.as_str_name();
            self.show_differences(&[difference(claim, ThirdSystem::Whole.as_str_name(), found)])?;
            self.failures += 1;
        }
        if self.out.is_json() {
            let adjustment = adjustment.as_ref().map(|one| adjustment_json(self.policy, one));
            let used: Vec<Value> = used.iter().map(|(payer, fen)| json!({ "payer": payer, "used_fen": fen })).collect();
            self.assisted.push(json!({ "file": case.file, "claim": claim, "third_system": third.as_str_name(),
                "adjustment": adjustment, "limits": used, "differences": differences }));
            return Ok(());
        }
        if let Some(adjustment) = adjustment {
            let out = &mut *self.out;
            out.line(out.say(
                "救助身份在结算之后才认定，差额自动补付给本人：",
                "The category was granted after the bill was settled. The difference is paid to the person by itself:",
            ))?;
            out.line(adjustment_text(self.policy, adjustment, out.lang))?;
        }
        for (payer, fen) in used {
            let used = money::Fen::new(*fen).grouped();
            let known = (0..u16::MAX).map_while(|number| self.policy.payer(number));
            let known = known.into_iter().find(|known| known.name.as_str() == payer);
            self.out.line(match self.out.lang {
                Lang::Zh => format!("救助服务：{}，本年已用 {used}", known.map_or(payer, |payer| &payer.zh)),
                Lang::En => {
                    format!("assistance service: {}, {used} used this year", known.map_or(payer, |payer| &payer.en))
                }
            })?;
        }
        self.out.line("")
    }
}
