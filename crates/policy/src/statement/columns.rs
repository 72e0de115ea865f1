//! Columns of a terminal: Chinese letters take two, and lines break at 100.

/// How many columns a statement has.
pub(super) const COLUMNS: usize = 100;

/// Columns of a letter.
const fn of_letter(letter: char) -> usize {
    match letter {
        '\u{0300}'..='\u{036f}' | '\u{200b}'..='\u{200d}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

/// Columns of a text.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(of_letter).sum()
}

/// The text and spaces up to `columns`.
pub(super) fn left(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// Spaces up to `columns` and the text.
pub(super) fn right(text: &str, columns: usize) -> String {
    format!("{}{text}", " ".repeat(columns.saturating_sub(width(text))))
}

/// The text in lines of at most `columns`, the first after `first` columns already used.
pub(super) fn wrap(text: &str, columns: usize, first: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut line, mut used) = (String::new(), first);
    for piece in pieces(text) {
        let bare = piece.trim_end();
        if used + width(bare) > columns && !line.is_empty() {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
            used = 0;
        }
        used += width(&piece);
        line.push_str(&piece);
    }
    lines.push(line.trim_end().to_owned());
    lines
}

/// Where a text may break: after a space, and on both sides of a Chinese letter; never before closing marks, after
/// opening ones, or around the signs of a calculation.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let (mut before, mut earlier): (Option<char>, char) = (None, ' ');
    for letter in text.chars() {
        let breaks = before.is_none_or(|before| may_break(earlier, before, letter));
        match pieces.last_mut().filter(|_| !breaks) {
            Some(piece) => piece.push(letter),
            None => pieces.push(letter.to_string()),
        }
        earlier = before.unwrap_or(' ');
        before = Some(letter);
    }
    pieces
}

fn may_break(earlier: char, before: char, letter: char) -> bool {
    const CLOSING: &str = "，。；：、）》”％";
    const OPENING: &str = "（《“";
    const SIGNS: &str = "×→−÷=";
    if CLOSING.contains(letter) || OPENING.contains(before) || letter == ' ' {
        return false;
    }
    if before == ' ' && (SIGNS.contains(letter) || SIGNS.contains(earlier) || earlier == '+') {
        return false;
    }
    before == ' ' || of_letter(before) == 2 || of_letter(letter) == 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chinese_letter_takes_two_columns() {
        assert_eq!(width("起付标准 800.00"), 15);
        assert_eq!(right("元", 4), "  元");
        assert_eq!(left("元", 4), "元  ");
    }

    #[test]
    fn lines_break_between_words_and_never_before_a_comma() {
        assert_eq!(wrap("one two three", 8, 0), ["one two", "three"]);
        assert_eq!(wrap("起付标准，比例", 9, 0), ["起付标", "准，比例"]);
        assert_eq!(wrap("比例 2.00 × 0.60 = 1.20", 12, 0), ["比例", "2.00 × 0.60 = 1.20"]);
        assert_eq!(wrap("abc", 2, 0), ["abc"]);
        assert_eq!(wrap("", 10, 0), [""]);
    }
}
