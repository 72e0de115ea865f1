use unicode_normalization::UnicodeNormalization as _;

/// A payment's reference as it is compared: without case, width and spaces, so that one payment is not two.
pub(crate) fn payment_key(reference: &str) -> String {
    reference.nfkc().filter(|char| !char.is_whitespace()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payment_is_the_same_however_its_reference_is_written() {
        for written in ["REF-2022-01", " ref-2022-01 ", "ＲＥＦ－2022－01", "Ref -2022-\u{3000}01"] {
            assert_eq!(payment_key(written), "ref-2022-01", "{written}");
        }
    }
}
