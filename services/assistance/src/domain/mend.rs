//! What claims that are settled lack, and what settlement is asked so that it is put right.

use chrono::{DateTime, Utc};
use money::Fen;
use terms::Name;
use wire::change::Cause;

use super::words::words;

words! {
    /// What a claim lacks: what a limit had no room for, the whole third system, or a category.
    Why { Short "short", Follows "follows", Category "category" }
    /// Where a question to settlement stands.
    AskState {
        Asked "asked", Done "done", NothingChanged "nothing_changed", Refused "refused", AskedAgain "asked_again",
    }
}

/// What a claim lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mend {
    pub(crate) claim: Name,
    /// Whose share was cut short; none where it is not about one payer.
    pub(crate) payer: Option<Name>,
    pub(crate) year: i32,
    pub(crate) why: Why,
    pub(crate) short: Fen,
    pub(crate) is_open: bool,
}

/// Why a person's year is to be decided anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Occasion {
    pub(crate) cause: Cause,
    /// The grant or claim it is about.
    pub(crate) about: Name,
    /// Whether what was paid for categories that were taken back is taken back.
    pub(crate) claw_back: bool,
}

impl Occasion {
    /// This one, with what another adds: the first is the one that is told.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self { claw_back: self.claw_back || other.claw_back, ..self }
    }
}

/// A person's year that settlement is asked to decide anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reassess {
    /// The id of the event, and settlement's idempotency key.
    pub(crate) id: String,
    pub(crate) person: Name,
    pub(crate) year: i32,
    pub(crate) occasion: Occasion,
    pub(crate) state: AskState,
    /// Whether settlement may have begun: its answer may not know what is found from then on.
    pub(crate) is_sent: bool,
    /// What was found since.
    pub(crate) again: Option<Occasion>,
    pub(crate) refused: Option<Refused>,
    pub(crate) asked_at: DateTime<Utc>,
    pub(crate) answered_at: Option<DateTime<Utc>>,
}

/// Why a year cannot be decided, as settlement said it, and under which policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Refused {
    /// `yibao.policy.v1.Refusal`, encoded.
    pub(crate) refusal: Vec<u8>,
    /// The claim that cannot be decided.
    pub(crate) claim: Option<String>,
    /// Where the year is insured, and the policy in use there then.
    pub(crate) under: Option<(String, String)>,
}

/// What settlement answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Done,
    NothingChanged,
    Refused(Refused),
}

impl Reassess {
    /// A question of now.
    pub(crate) const fn new(id: String, person: Name, year: i32, occasion: Occasion, now: DateTime<Utc>) -> Self {
        Self {
            id,
            person,
            year,
            occasion,
            state: AskState::Asked,
            is_sent: false,
            again: None,
            refused: None,
            asked_at: now,
            answered_at: None,
        }
    }

    /// Records what settlement answered.
    pub(super) fn answer(&mut self, answer: Answer, now: DateTime<Utc>) {
        self.answered_at = Some(now);
        self.state = match answer {
            Answer::Done => AskState::Done,
            Answer::NothingChanged => AskState::NothingChanged,
            Answer::Refused(refused) => {
                self.refused = Some(refused);
                AskState::Refused
            }
        };
    }
}
