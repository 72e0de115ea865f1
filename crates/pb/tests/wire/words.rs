//! The words of the wire are the words of packs and cases.

use std::collections::BTreeSet;

use policy::{NationalField, Reason};
use terms::{
    Care, Category, College, CountyKind, EnrolHow, Epidemic, Filing, HeldWhy, Institution, LineClass, LineKind,
    PersonGroup, Place, Referral, Scheme, Word,
};

use crate::descriptors::{enums, message, upper_snake, words};

/// The order is not compared: a word that is added takes the next number on the wire.
fn same(name: &str, ours: impl Iterator<Item = &'static str>) {
    let ours: BTreeSet<String> = ours.map(str::to_owned).collect();
    assert_eq!(words(name).into_iter().collect::<BTreeSet<_>>(), ours, "{name}");
}

fn same_words<W: Word>(name: &str) {
    same(&format!("yibao.type.v1.{name}"), W::ALL.iter().map(|word| word.word()));
}

#[test]
fn every_word_of_facts_is_on_the_wire_in_the_same_spelling() {
    same_words::<Scheme>("Scheme");
    same_words::<Care>("Care");
    same_words::<Institution>("Institution");
    same_words::<PersonGroup>("PersonGroup");
    same_words::<Category>("Category");
    same_words::<Place>("Place");
    same_words::<Filing>("Filing");
    same_words::<Referral>("Referral");
    same_words::<LineClass>("LineClass");
    same_words::<LineKind>("LineKind");
    same_words::<Epidemic>("Epidemic");
    same_words::<EnrolHow>("EnrolHow");
    same_words::<CountyKind>("CountyKind");
    same_words::<College>("College");
    same("yibao.policy.v1.HeldWhy", HeldWhy::ALL.iter().map(|why| why.word()));
}

#[test]
fn every_reason_of_a_refusal_is_on_the_wire() {
    same("yibao.policy.v1.RefusalReason", Reason::ALL.iter().map(|reason| reason.word()));
}

#[test]
fn every_fund_of_the_national_result_has_its_field() {
    let result = message("yibao.policy.v1.NationalResult");
    for (_, name) in NationalField::ALL {
        let wanted = format!("{name}_fen");
        assert!(result.field.iter().any(|field| field.name() == wanted), "no {wanted}");
    }
}

#[test]
fn every_enum_starts_unspecified() {
    for (name, words) in enums() {
        let short = name.rsplit('.').next().unwrap_or_default();
        let first = words.value.first().expect("an enum has values");
        assert_eq!((first.name(), first.number()), (format!("{}_UNSPECIFIED", upper_snake(short)).as_str(), 0));
    }
}
