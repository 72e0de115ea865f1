//! Every word has its number and every number its word.

use std::collections::BTreeSet;
use std::fmt::Debug;

use wire::{Wired, read, write};

use crate::support::reading;

fn there_and_back<W: Wired + Debug>(name_of: impl Fn(i32) -> Option<&'static str>) {
    let mut numbers = BTreeSet::new();
    for word in W::ALL {
        let number = write::word(*word);
        assert!(numbers.insert(number), "{word:?} shares its number");
        assert_eq!(reading(|v| read::word::<W>(v, "field", number)), Ok(*word));
        assert_eq!(reading(|v| read::optional_word::<W>(v, "field", Some(number))), Ok(Some(*word)));
        let name = name_of(number).unwrap_or_else(|| panic!("{word:?} has the unknown number {number}"));
        assert!(name.ends_with(&word.word().to_uppercase()), "{word:?} is {name}");
    }
    assert_eq!(reading(|v| read::optional_word::<W>(v, "field", None)), Ok(None));
    let beyond = numbers.last().expect("a set has words") + 1;
    assert_eq!(name_of(beyond), None, "the wire knows a word that {} lacks", W::DIMENSION);
    for wrong in [0, -1, beyond, i32::MAX, i32::MIN] {
        let paths = Err(vec!["outer.field".to_owned()]);
        assert_eq!(reading(|v| v.within("outer", |v| read::word::<W>(v, "field", wrong))), paths);
        let one = reading(|v| v.within("outer", |v| read::optional_word::<W>(v, "field", Some(wrong))));
        assert_eq!(one.map(|_| ()), paths.map(|_: W| ()));
    }
}

macro_rules! pairs {
    ($($name:ident),+ $(,)?) => {$(
        there_and_back::<terms::$name>(|number| {
            pb::r#type::v1::$name::try_from(number).ok().map(|known| known.as_str_name())
        });
    )+};
}

#[test]
fn every_word_goes_there_and_back_and_no_other_number_is_a_word() {
    pairs! {
        Scheme, Care, Institution, PersonGroup, Category, Place, Filing, Referral, LineClass, LineKind, Epidemic, EnrolHow,
        CountyKind, College, Side,
    }
}

#[test]
fn a_word_that_is_none_is_named_with_what_it_could_be() {
    let mut violations = rpc::Violations::new();
    assert_eq!(read::word::<terms::Scheme>(&mut violations, "scheme", 9), None);
    let fault = violations.finish(Some(())).expect_err("a number that is no scheme");
    let violation = &fault.violations()[0];
    assert_eq!(
        (violation.found.as_str(), violation.expected.as_str()),
        ("the number 9", "one of SCHEME_RESIDENT, SCHEME_EMPLOYEE")
    );
}
