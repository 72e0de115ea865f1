use unicode_normalization::UnicodeNormalization as _;

/// A certificate's number as it is compared: without case, width, spaces, dashes and other signs; one of signs alone as it is.
pub(crate) fn certificate_key(number: &str) -> String {
    let key: String = number.nfkc().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if key.is_empty() { number.to_owned() } else { key }
}

/// A receipt's number as it is compared: without case, width and spaces.
pub(crate) fn receipt_key(number: &str) -> String {
    number.nfkc().filter(|char| !char.is_whitespace()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_same_however_it_is_written() {
        for written in ["GX-2022 0001", "gx20220001", "ＧＸ－２０２２－０００１", " GX2022/0001 "] {
            assert_eq!(certificate_key(written), "gx20220001", "{written}");
        }
        assert_eq!(certificate_key("--"), "--");
        assert_eq!(receipt_key(" R 1\u{3000}ａ-2"), "r1a-2");
    }
}
