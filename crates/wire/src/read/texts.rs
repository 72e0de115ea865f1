use rpc::Violations;
use terms::Name;

use super::plain::shown;

const ID_BYTES_MAX: usize = 47;
const KEY_BYTES_MAX: usize = 64;

/// A text that must be there: not blank, no control characters, at most `max_chars` characters.
pub fn text(v: &mut Violations, field: &str, text: &str, max_chars: usize) -> Option<String> {
    if text.trim().is_empty() {
        v.add(field, "nothing", format!("a text of 1 to {max_chars} characters"));
        return None;
    }
    optional_text(v, field, text, max_chars)
}

/// A text that may be empty: no control characters, at most `max_chars` characters.
pub fn optional_text(v: &mut Violations, field: &str, text: &str, max_chars: usize) -> Option<String> {
    // What a line of a log, a terminal or a database would stumble over is no text of ours.
    if has_control(text) || text.chars().nth(max_chars).is_some() {
        v.add(
            field,
            policy::printable(text),
            format!("at most {max_chars} characters, none of them a control character"),
        );
        return None;
    }
    Some(text.to_owned())
}

/// A name that must be there: 1 to 47 bytes of UTF-8, no control characters.
pub fn name(v: &mut Violations, field: &str, text: &str) -> Option<Name> {
    if text.is_empty() {
        v.add(field, "nothing", "a name of 1 to 47 bytes");
        return None;
    }
    optional_name(v, field, text)
}

/// A name that may be empty: at most 47 bytes of UTF-8, no control characters.
pub fn optional_name(v: &mut Violations, field: &str, text: &str) -> Option<Name> {
    let name = Name::new(text).ok().filter(|_| !has_control(text));
    if name.is_none() {
        v.add(field, policy::printable(text), "a name of at most 47 bytes without control characters");
    }
    name
}

/// The id of a stored thing: 1 to 47 bytes of visible ASCII.
pub fn id(v: &mut Violations, field: &str, text: &str) -> Option<Name> {
    let id = Name::new(text).ok().filter(|_| is_visible(text, ID_BYTES_MAX));
    if id.is_none() {
        v.add(field, shown(&policy::printable(text)), "an id of 1 to 47 visible ASCII characters");
    }
    id
}

/// An idempotency key: 1 to 64 characters of visible ASCII.
pub fn key(v: &mut Violations, field: &str, text: &str) -> Option<String> {
    if is_visible(text, KEY_BYTES_MAX) {
        return Some(text.to_owned());
    }
    v.add(field, shown(&policy::printable(text)), "a key of 1 to 64 visible ASCII characters");
    None
}

fn is_visible(text: &str, bytes_max: usize) -> bool {
    !text.is_empty() && text.len() <= bytes_max && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn has_control(text: &str) -> bool {
    text.chars().any(char::is_control)
}
