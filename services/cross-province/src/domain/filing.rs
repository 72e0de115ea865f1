//! Filings of care elsewhere, and which of them counts for a bill.

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use terms::{Division, Filing, Name, Scheme};

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($variant:ident $word:literal),+ $(,)? })+) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $name { $($variant),+ }

        impl $name {
            /// The spelling in the database.
            pub(crate) const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = ();
            fn from_str(text: &str) -> Result<Self, ()> {
                match text { $($word => Ok(Self::$variant),)+ _ => Err(()) }
            }
        }
    )+ };
}

words! {
    /// How a filing came.
    Channel { Counter "counter", App "app", MiniProgram "mini_program", Phone "phone" }
    /// What was done with a filing.
    Act { Filed "filed", Changed "changed", Cancelled "cancelled", Supplied "supplied" }
}

/// A document that proves something: kept elsewhere, named here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Evidence {
    pub(crate) kind: Name,
    pub(crate) reference: String,
    pub(crate) sha256: String,
}

/// A filing with all its versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filed {
    pub(crate) id: String,
    pub(crate) person: Name,
    /// The place of insurance when it was filed.
    pub(crate) division: Division,
    pub(crate) scheme: Scheme,
    pub(crate) kind: Filing,
    pub(crate) channel: Channel,
    /// First to last, at least one.
    pub(crate) versions: Vec<Version>,
}

/// A filing as it was from one moment on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) number: i64,
    pub(crate) act: Act,
    pub(crate) destination: Division,
    /// The first day for this destination.
    pub(crate) from: NaiveDate,
    /// The last day; none where it has no end.
    pub(crate) to: Option<NaiveDate>,
    /// Kinds of documents still to come.
    pub(crate) due: Vec<Name>,
    /// What was handed in with this version.
    pub(crate) documents: Vec<Evidence>,
    pub(crate) operator: String,
    pub(crate) reason: String,
    /// By whose rules; empty where no rule was asked.
    pub(crate) policy_version: String,
    pub(crate) recorded_at: DateTime<Utc>,
}

/// Days on which a filing holds for one destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) destination: Division,
    pub(crate) from: NaiveDate,
    pub(crate) to: Option<NaiveDate>,
}

/// Where the care of a bill was, and the days on which a filing may have been valid for it: those of the care, and further up to
/// the settlement, for who files before it is settled directly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stay {
    pub(crate) care: Division,
    pub(crate) from: NaiveDate,
    /// The day of settlement.
    pub(crate) settled: NaiveDate,
}

impl Span {
    /// Whether it shares a day with others, from a first to a last one.
    pub(crate) fn meets(&self, from: NaiveDate, to: Option<NaiveDate>) -> bool {
        self.to.is_none_or(|end| end >= self.from && end >= from) && to.is_none_or(|to| self.from <= to)
    }

    /// Whether a place lies in what it is filed to: a city with its districts, or a whole province.
    fn holds(&self, place: Division) -> bool {
        self.destination == place.province() || self.destination == place.prefecture()
    }
}

impl Filed {
    /// What it is now.
    pub(crate) fn last(&self) -> Option<&Version> {
        self.versions.last()
    }

    /// Whether it was cancelled.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.versions.iter().any(|version| version.act == Act::Cancelled)
    }

    /// All that was handed in.
    pub(crate) fn documents(&self) -> impl Iterator<Item = &Evidence> {
        self.versions.iter().flat_map(|version| &version.documents)
    }

    /// The days on which it holds, by destination, latest first: a version replaces what the one before said from its first day on.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let (mut spans, mut next): (Vec<Span>, Option<NaiveDate>) = (Vec::new(), None);
        for version in self.versions.iter().rev() {
            if next.is_some_and(|next| version.from >= next) {
                continue;
            }
            let before = next.and_then(|next| next.checked_sub_days(Days::new(1)));
            let to = match (version.to, before) {
                (Some(to), Some(before)) => Some(to.min(before)),
                (to, before) => to.or(before),
            };
            spans.push(Span { destination: version.destination, from: version.from, to });
            next = Some(version.from);
        }
        spans
    }

    /// Whether it is valid for a bill.
    fn covers(&self, stay: &Stay) -> bool {
        self.spans().iter().any(|span| span.holds(stay.care) && span.meets(stay.from, Some(stay.settled)))
    }
}

/// As what a bill is filed: the first by the order given that covers it. An emergency covers every bill it is flagged on, and is
/// on no record.
pub(crate) fn counts<'f>(
    filings: &'f [Filed],
    stay: &Stay,
    is_emergency: bool,
    precedence: &[Filing],
) -> (Filing, Option<&'f Filed>) {
    for kind in precedence {
        if *kind == Filing::Emergency && is_emergency {
            return (Filing::Emergency, None);
        }
        if let Some(found) = filings.iter().find(|filing| filing.kind == *kind && filing.covers(stay)) {
            return (*kind, Some(found));
        }
    }
    (Filing::Unfiled, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: [Filing; 4] = [Filing::LongTerm, Filing::Referred, Filing::Emergency, Filing::Temporary];

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn version(number: i64, act: Act, destination: &str, (from, to): (&str, &str)) -> Version {
        Version {
            number,
            act,
            destination: destination.parse().unwrap(),
            from: day(from),
            to: Some(to).filter(|to| !to.is_empty()).map(day),
            due: Vec::new(),
            documents: Vec::new(),
            operator: "o".to_owned(),
            reason: String::new(),
            policy_version: String::new(),
            recorded_at: DateTime::UNIX_EPOCH,
        }
    }

    fn filed(id: &str, kind: Filing, versions: Vec<Version>) -> Filed {
        Filed {
            id: id.to_owned(),
            person: Name::new("p").unwrap(),
            division: "980100".parse().unwrap(),
            scheme: Scheme::Resident,
            kind,
            channel: Channel::App,
            versions,
        }
    }

    fn once(id: &str, kind: Filing, destination: &str, days: (&str, &str)) -> Filed {
        filed(id, kind, vec![version(1, Act::Filed, destination, days)])
    }

    /// Care in a district of 990100 from a day, settled on another.
    fn stay(from: &str, settled: &str) -> Stay {
        Stay { care: "990102".parse().unwrap(), from: day(from), settled: day(settled) }
    }

    fn said(filings: &[Filed], stay: &Stay, is_emergency: bool) -> (Filing, String) {
        let (kind, found) = counts(filings, stay, is_emergency, &ORDER);
        (kind, found.map(|filing| filing.id.clone()).unwrap_or_default())
    }

    #[test]
    fn a_filing_counts_for_its_city_or_province_and_for_no_other() {
        let of = |destination: &str| [once("f", Filing::Temporary, destination, ("2026-01-01", "2026-06-30"))];
        let stay = stay("2026-03-01", "2026-03-10");
        for destination in ["990100", "990000"] {
            assert_eq!(said(&of(destination), &stay, false), (Filing::Temporary, "f".to_owned()), "{destination}");
        }
        for destination in ["990200", "970000", "990102"] {
            assert_eq!(said(&of(destination), &stay, false), (Filing::Unfiled, String::new()), "{destination}");
        }
        // a bill that names the province alone is in none of its cities
        let vague = Stay { care: "990000".parse().unwrap(), ..stay };
        assert_eq!(said(&of("990100"), &vague, false).0, Filing::Unfiled);
        assert_eq!(said(&of("990000"), &vague, false).0, Filing::Temporary);
    }

    #[test]
    fn it_counts_where_it_is_valid_on_a_day_from_admission_to_settlement() {
        let of = |days: (&str, &str)| [once("f", Filing::Temporary, "990100", days)];
        let stay = stay("2026-03-01", "2026-03-10");
        let kind = |days| said(&of(days), &stay, false).0;
        // ended on the day of admission, filed on that of settlement: valid on one day
        assert_eq!(kind(("2026-01-01", "2026-03-01")), Filing::Temporary);
        assert_eq!(kind(("2026-03-10", "2026-09-09")), Filing::Temporary);
        assert_eq!(kind(("2026-03-10", "")), Filing::Temporary);
        assert_eq!(kind(("2026-01-01", "2026-02-28")), Filing::Unfiled);
        assert_eq!(kind(("2026-03-11", "2026-09-10")), Filing::Unfiled);
        // one that ends before it begins never held
        assert_eq!(kind(("2026-03-05", "2026-03-04")), Filing::Unfiled);
    }

    #[test]
    fn the_first_by_precedence_counts_and_an_emergency_counts_as_filed() {
        let days = ("2026-01-01", "2026-06-30");
        let [temporary, referred, long] = [Filing::Temporary, Filing::Referred, Filing::LongTerm]
            .map(|kind| once(&format!("f-{kind}"), kind, "990000", days));
        let stay = stay("2026-03-01", "2026-03-10");
        assert_eq!(said(&[], &stay, false), (Filing::Unfiled, String::new()));
        assert_eq!(said(&[], &stay, true), (Filing::Emergency, String::new()));
        let some = [temporary.clone()];
        assert_eq!(said(&some, &stay, true), (Filing::Emergency, String::new()));
        let some = [temporary.clone(), referred.clone()];
        assert_eq!(said(&some, &stay, true), (Filing::Referred, "f-referred".to_owned()));
        let all = [temporary, referred, long];
        assert_eq!(said(&all, &stay, true), (Filing::LongTerm, "f-long_term".to_owned()));
        let turned = [Filing::Temporary, Filing::LongTerm];
        assert_eq!(counts(&all, &stay, true, &turned).0, Filing::Temporary);
    }

    #[test]
    fn a_change_holds_from_its_day_on_and_what_was_before_stays_as_it_was() {
        // filed to 990100 from January, sent to 970000 on 2026-03-05, cancelled on 2026-05-31
        let moved = filed(
            "f",
            Filing::LongTerm,
            vec![
                version(1, Act::Filed, "990100", ("2026-01-01", "")),
                version(2, Act::Changed, "970000", ("2026-03-05", "")),
                version(3, Act::Cancelled, "970000", ("2026-03-05", "2026-05-31")),
            ],
        );
        let spans: Vec<(String, NaiveDate, Option<NaiveDate>)> =
            moved.spans().iter().map(|span| (span.destination.to_string(), span.from, span.to)).collect();
        let wanted = [
            ("970000".to_owned(), day("2026-03-05"), Some(day("2026-05-31"))),
            ("990100".to_owned(), day("2026-01-01"), Some(day("2026-03-04"))),
        ];
        assert_eq!(spans, wanted);
        let all = [moved];
        assert_eq!(said(&all, &stay("2026-03-04", "2026-03-10"), false).0, Filing::LongTerm);
        assert_eq!(said(&all, &stay("2026-03-05", "2026-03-10"), false).0, Filing::Unfiled);
        let there = |from: &str, settled: &str| Stay { care: "970300".parse().unwrap(), ..stay(from, settled) };
        assert_eq!(said(&all, &there("2026-02-01", "2026-03-04"), false).0, Filing::Unfiled);
        assert_eq!(said(&all, &there("2026-05-31", "2026-06-02"), false).0, Filing::LongTerm);
        assert_eq!(said(&all, &there("2026-06-01", "2026-06-02"), false).0, Filing::Unfiled);
    }

    #[test]
    fn a_new_end_replaces_the_one_before() {
        let shorter = filed(
            "f",
            Filing::Temporary,
            vec![
                version(1, Act::Filed, "990100", ("2026-01-01", "2026-06-30")),
                version(2, Act::Changed, "990100", ("2026-01-01", "2026-02-15")),
            ],
        );
        let all = [shorter];
        assert_eq!(said(&all, &stay("2026-02-15", "2026-03-01"), false).0, Filing::Temporary);
        assert_eq!(said(&all, &stay("2026-02-16", "2026-03-01"), false).0, Filing::Unfiled);
    }
}
