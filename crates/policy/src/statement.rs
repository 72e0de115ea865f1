//! Statements: a decision shown to people (text, one HTML page) and kept for ever (JSON). Presentation only.
//!
//! Invariant: nothing here decides an amount; every figure is the decision's, or a difference of two of them.
//! Invariant: the JSON form of one decision is the same bytes for ever, and holds no floating-point number.

mod adjustment;
mod answer;
mod canonical;
mod columns;
mod escape;
mod explain;
mod figures;
mod heading;
mod html;
mod labels;
mod lang;
mod national;
mod others;
mod record;
mod refusal;
mod source;
mod text;

use money::Fen;
use serde_json::Value;

use crate::decision::Decision;
use crate::facts::{Bill, HeldShare, Person};
use crate::policy::Policy;

pub use crate::Lang;
pub use adjustment::{adjustment_json, adjustment_text};
pub use answer::{Answered, answer_json, answer_json_text, answer_text};
pub use html::html;
pub use lang::Paint;
pub use national::NationalResult;
pub use others::{OtherPayer, Promise};

/// A decision with what it was made from, ready to be shown.
#[derive(Clone, Copy, Debug)]
pub struct Statement<'a> {
    policy: &'a Policy,
    person: &'a Person,
    bill: &'a Bill,
    decision: &'a Decision,
    held: &'a [HeldShare],
    repaid: Fen,
    others: Others<'a>,
}

/// What is known of payers behind the decision.
#[derive(Clone, Copy, Debug, Default)]
pub enum Others<'a> {
    /// Nobody knows of any.
    #[default]
    NotAsked,
    /// Who knows could not be asked.
    Away,
    /// These, which may be none.
    Known(&'a [OtherPayer]),
}

impl<'a> Statement<'a> {
    /// The statement of a decision on a bill. The policy must be the version that decided; under any other the figures
    /// are shown without their sources, and the statement says so.
    #[must_use]
    pub const fn new(policy: &'a Policy, person: &'a Person, bill: &'a Bill, decision: &'a Decision) -> Self {
        Self { policy, person, bill, decision, held: &[], repaid: Fen::ZERO, others: Others::NotAsked }
    }

    /// With what the services that keep funds let the bill take, so that it says why where it was less than due.
    #[must_use]
    pub const fn with_held(self, held: &'a [HeldShare]) -> Self {
        Self { held, ..self }
    }

    /// With what of the money that came back to the own account paid at once what its owner owed, in fen: the balance is less
    /// by as much.
    #[must_use]
    pub const fn with_repaid(self, repaid: Fen) -> Self {
        Self { repaid, ..self }
    }

    /// With what payers behind the decision promise and have paid, so that it shows both, apart from the decision's shares.
    #[must_use]
    pub const fn with_others(self, others: Others<'a>) -> Self {
        Self { others, ..self }
    }

    /// For a terminal or a printer, in 100 columns.
    #[must_use]
    pub fn text(&self, lang: Lang, paint: Paint) -> String {
        text::statement(self, lang, paint)
    }

    /// The canonical form as a value.
    #[must_use]
    pub fn json(&self) -> Value {
        canonical::value(&record::Record::of(self))
    }

    /// The canonical form as bytes to keep: the same for the same decision, for ever.
    #[must_use]
    pub fn json_text(&self) -> String {
        canonical::text(&record::Record::of(self))
    }

    /// The fields of the national settlement result; all nothing where the bill is refused.
    #[must_use]
    pub fn national(&self) -> NationalResult {
        let settled = |settlement| NationalResult::of(self.policy, settlement);
        let result = self.decision.settlement().map_or_else(NationalResult::default, settled);
        NationalResult { balc: result.balc - self.repaid, ..result }
    }

    /// Whether the policy at hand is the version that decided.
    fn knows_its_sources(&self) -> bool {
        self.policy.version() == self.decision.version
    }
}
