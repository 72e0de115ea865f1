use money::{Fen, Rate};
use terms::Name;

use super::document::{Document, Node};
use super::schema::Kind;

/// The most bands a ratio may have.
pub(crate) const BANDS_AT_MOST: usize = 16;

/// A value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Amount(Amount),
    Rate(Rate),
    Bands(Vec<Band>),
    Number(u32),
    Yes(bool),
    List(Vec<Name>),
    Word(String),
    Part(Part),
    Assistance(Assistance),
    Credit(Credit),
    /// The rule asks for a value and no honest one is known.
    Absent,
    /// From here the row is not set.
    Unset,
}

/// An amount, or none, or a share of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Amount {
    None,
    Fen(Fen),
    Share(Rate, String),
}

/// A band of cost up to `to`, paid at `ratio`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Band {
    pub(crate) to: Fen,
    pub(crate) ratio: Rate,
}

/// A level of government's part of the subsidy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Amount(Fen),
    Share(Rate),
    Rest,
}

/// How much of a premium the assistance fund pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Assistance {
    Full,
    Amount(Fen),
    Share(Rate),
}

/// What is credited to a personal account in a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Credit {
    Amount(Fen),
    OfBase(Rate),
}

impl Value {
    /// Reads a value of this kind; problems are kept.
    pub(crate) fn read(document: &mut Document<'_>, node: &Node<'_>, kind: &Kind) -> Option<Self> {
        if let Some(text) = node.get_ref().as_str()
            && (text == "end" || text == "inherit")
        {
            return Some(Self::Unset);
        }
        if matches!(kind, Kind::Bands) && node.get_ref().is_array() {
            return read_bands(document, node);
        }
        if matches!(kind, Kind::List) {
            let names = document.strings(node, "a list of names such as [\"pooled\", \"assistance\"]")?;
            let names: Result<Vec<Name>, _> = names.iter().map(|name| Name::new(name)).collect();
            let names = names.map_err(|error| document.wrong(node, error.to_string())).ok()?;
            if let Some((at, twice)) =
                names.iter().enumerate().find(|(at, name)| names.iter().take(*at).any(|n| n == *name))
            {
                document.problem(
                    &node.span(),
                    "wrong_value",
                    format!("{twice:?} again as number {}", at + 1),
                    "each name once",
                );
            }
            return Some(Self::List(names));
        }
        let text = document.string(node, kind.expected())?.to_owned();
        let value = read_text(&text, kind);
        if value.is_none() {
            document.wrong(node, kind.expected());
        }
        value
    }
}

fn read_text(text: &str, kind: &Kind) -> Option<Value> {
    match kind {
        Kind::Amount => read_amount(text).map(Value::Amount),
        Kind::Rate => proportion(text).map(Value::Rate),
        Kind::Factor => not_negative(text).map(Value::Rate),
        Kind::Points => {
            let signed = text.starts_with(['+', '-']);
            text.parse()
                .ok()
                .filter(|_| signed)
                .filter(|points: &Rate| {
                    points.clamped(Rate::ONE) == *points || *points >= Rate::ZERO - Rate::ONE && *points < Rate::ZERO
                })
                .map(Value::Rate)
        }
        Kind::Bands => proportion(text).map(|ratio| Value::Bands(vec![Band { to: Fen::UNLIMITED, ratio }])),
        Kind::Number => text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit())).map(Value::Number),
        Kind::YesNo => match text {
            "yes" => Some(Value::Yes(true)),
            "no" => Some(Value::Yes(false)),
            _ => None,
        },
        Kind::Word(words) => words.contains(&text).then(|| Value::Word(text.to_owned())),
        Kind::Payer => Some(Value::Word(text.to_owned())),
        Kind::Part => match text {
            "rest" => Some(Value::Part(Part::Rest)),
            _ if text.starts_with("0.") && !is_amount(text) => {
                proportion(text).map(|rate| Value::Part(Part::Share(rate)))
            }
            _ => amount(text)
                .map(|fen| Value::Part(Part::Amount(fen)))
                .or_else(|| proportion(text).map(|rate| Value::Part(Part::Share(rate)))),
        },
        Kind::Assistance => match text {
            "full" => Some(Value::Assistance(Assistance::Full)),
            _ => proportion(text)
                .filter(|_| text.starts_with("0.") && text != "0.00")
                .map(Assistance::Share)
                .or_else(|| amount(text).map(Assistance::Amount))
                .map(Value::Assistance),
        },
        Kind::Credit => match text.strip_suffix(" of premium_base") {
            Some(rate) => proportion(rate).map(|rate| Value::Credit(Credit::OfBase(rate))),
            None => amount(text).map(|fen| Value::Credit(Credit::Amount(fen))),
        },
        Kind::List => None,
    }
}

/// In a part of a subsidy `"0.30"` is a share: nobody shares thirty fen among governments.
fn is_amount(text: &str) -> bool {
    !text.starts_with("0.")
}

fn read_amount(text: &str) -> Option<Amount> {
    if text == "none" {
        return Some(Amount::None);
    }
    if let Some((rate, index)) = text.split_once(" of ") {
        let named = !index.is_empty()
            && index.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit());
        return not_negative(rate).filter(|_| named).map(|rate| Amount::Share(rate, index.to_owned()));
    }
    amount(text).map(Amount::Fen)
}

fn amount(text: &str) -> Option<Fen> {
    text.parse().ok().filter(|fen: &Fen| !fen.is_negative() && *fen <= Fen::LIMIT)
}

fn not_negative(text: &str) -> Option<Rate> {
    text.parse()
        .ok()
        .filter(|rate: &Rate| *rate >= Rate::ZERO && *rate <= Rate::ONE.times(1000) && !text.starts_with('+'))
}

fn proportion(text: &str) -> Option<Rate> {
    not_negative(text).filter(|rate| *rate <= Rate::ONE)
}

/// `["0.60 to 100000.00", "0.65 to 200000.00", "0.75"]`
fn read_bands(document: &mut Document<'_>, node: &Node<'_>) -> Option<Value> {
    let expected = "bands such as [\"0.60 to 100000.00\", \"0.75\"], ends rising, the last without end";
    let texts = document.strings(node, expected)?;
    let mut bands = Vec::new();
    let mut from = Fen::ZERO;
    for (at, text) in texts.iter().enumerate() {
        let last = at + 1 == texts.len();
        let band = match text.split_once(" to ") {
            Some((ratio, to)) if !last => proportion(ratio).zip(amount(to)).filter(|(_, to)| *to > from),
            None if last => proportion(text).map(|ratio| (ratio, Fen::UNLIMITED)),
            _ => None,
        };
        let Some((ratio, to)) = band else {
            document.problem(&node.span(), "wrong_value", format!("the band {text:?}"), expected);
            return None;
        };
        from = to;
        bands.push(Band { to, ratio });
    }
    if bands.is_empty() || bands.len() > BANDS_AT_MOST {
        document.wrong(node, format!("1 to {BANDS_AT_MOST} bands"));
        return None;
    }
    Some(Value::Bands(bands))
}
