use chrono::NaiveDate;

use super::{DocumentType, Sex};

/// What is wrong with a document's number; says nothing of the number itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadDocument {
    Form,
    CheckDigit,
    Birthday,
    Sex,
}

impl BadDocument {
    /// What was expected.
    pub(crate) const fn expected(self) -> &'static str {
        match self {
            Self::Form => "1 to 50 visible ASCII characters; a resident identity card has 17 digits and a digit or X",
            Self::CheckDigit => "the number's own check digit",
            Self::Birthday => "the day of birth that the number holds",
            Self::Sex => "the sex that the document's number holds",
        }
    }
}

/// Weights of the 17 digits of a resident identity card (GB 11643): powers of two modulo eleven.
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS: &str = "10X98765432";

/// Looks at a document's number: its form, and of a resident identity card check digit, day of birth and sex, as far as the
/// two are known.
pub(crate) fn check(
    document_type: DocumentType,
    number: &str,
    (born, sex): (Option<NaiveDate>, Option<Sex>),
) -> Vec<BadDocument> {
    if number.is_empty() || number.len() > 50 || !number.bytes().all(|byte| byte.is_ascii_graphic()) {
        return vec![BadDocument::Form];
    }
    if document_type == DocumentType::ResidentId { card(number, born, sex) } else { Vec::new() }
}

fn card(number: &str, born: Option<NaiveDate>, sex: Option<Sex>) -> Vec<BadDocument> {
    let parts = number.split_at_checked(17).filter(|(digits, _)| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let Some((digits, last)) = parts.filter(|(_, last)| last.len() == 1) else {
        return vec![BadDocument::Form];
    };
    let mut bad = Vec::new();
    let sum: u32 =
        digits.chars().filter_map(|c| c.to_digit(10)).zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    let check = CHECKS.chars().nth(usize::try_from(sum % 11).unwrap_or(0));
    if check != last.chars().next() {
        bad.push(BadDocument::CheckDigit);
    }
    let day = digits.get(6..14).and_then(|day| NaiveDate::parse_from_str(day, "%Y%m%d").ok());
    // a number that holds no day at all is wrong whoever it is
    if day.is_none() || born.is_some_and(|born| day != Some(born)) {
        bad.push(BadDocument::Birthday);
    }
    // the last digit before the check digit: odd for men
    let odd = digits.bytes().last().is_some_and(|digit| digit % 2 == 1);
    if sex.is_some_and(|sex| (sex == Sex::Male) != odd) {
        bad.push(BadDocument::Sex);
    }
    bad
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_has_its_check_digit_its_day_of_birth_and_its_sex() {
        // 1*7+1*9+0*10+1*5+0*8+5*4+1*2+9*1+4*6+9*3+1*7+2*9+3*10+1*5+0*8+0*4+2*2 = 167; 167 mod 11 = 2 gives X
        let born = NaiveDate::from_ymd_opt(1949, 12, 31);
        let of = |number: &str, born, sex| check(DocumentType::ResidentId, number, (born, Some(sex)));
        assert_eq!(of("11010519491231002X", born, Sex::Female), []);
        assert_eq!(of("110105194912310021", born, Sex::Female), [BadDocument::CheckDigit]);
        assert_eq!(of("11010519491231002X", born.and_then(|day| day.succ_opt()), Sex::Female), [BadDocument::Birthday]);
        assert_eq!(of("11010519491231002X", born, Sex::Male), [BadDocument::Sex]);
        assert_eq!(of("1101051949123100", born, Sex::Female), [BadDocument::Form]);
        assert_eq!(of("号", born, Sex::Female), [BadDocument::Form]);
        // what cannot be read elsewhere hides nothing that is wrong here
        assert_eq!(check(DocumentType::ResidentId, "110105194912310021", (None, None)), [BadDocument::CheckDigit]);
    }
}
