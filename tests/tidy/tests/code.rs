//! A rough reading of Rust source: its code without comments and literals, and how long its functions are.

use regex::Regex;

use crate::tree::Source;

/// The source with comments, strings and characters blanked; every line stays where it was.
pub(crate) fn code_only(source: &str) -> String {
    let mut code = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let blank = literal_or_comment(rest);
        let (head, tail) = rest.split_at(blank.max(first.len_utf8()));
        if blank == 0 {
            code.push_str(head);
        } else {
            code.extend(head.chars().map(|c| if c == '\n' { c } else { ' ' }));
        }
        rest = tail;
    }
    code
}

/// How many bytes of a literal or comment stand at the start of `rest`; 0 if there is none.
fn literal_or_comment(rest: &str) -> usize {
    if rest.starts_with("//") {
        rest.find('\n').unwrap_or(rest.len())
    } else if rest.starts_with("/*") {
        block_comment(rest)
    } else if rest.starts_with('"') {
        string(rest)
    } else if rest.starts_with('\'') {
        character(rest)
    } else if rest.starts_with('r') {
        raw_string(rest)
    } else {
        0
    }
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(next) = rest[at..].chars().next() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += next.len_utf8();
        }
    }
    at
}

fn string(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// A character literal; a lifetime (`'a` without a closing quote) is not one.
fn character(rest: &str) -> usize {
    let mut inner = rest.char_indices().skip(1);
    let closing = match inner.next() {
        Some((_, '\\')) => inner.skip(1).find(|(_, c)| *c == '\''),
        _ => inner.next().filter(|(_, c)| *c == '\''),
    };
    closing.map_or(0, |(at, _)| at + 1)
}

fn raw_string(rest: &str) -> usize {
    let hashes = rest[1..].chars().take_while(|c| *c == '#').count();
    let Some(body) = rest[1 + hashes..].strip_prefix('"') else {
        return 0;
    };
    let closing = format!("\"{}", "#".repeat(hashes));
    body.find(&closing).map_or(rest.len(), |at| hashes + 2 + at + closing.len())
}

/// A function with a body.
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) line: usize,
    pub(crate) lines: usize,
}

/// The functions of a source, nested ones and tests too; lines are counted from `fn` to the closing brace.
pub(crate) fn functions(source: &str) -> Vec<Function> {
    let code = code_only(source);
    let heads = pattern(r"\bfn\s+[A-Za-z_][A-Za-z0-9_]*");
    let mut functions = Vec::new();
    for head in heads.find_iter(&code) {
        let Some(end) = body_end(&code[head.end()..]) else {
            continue;
        };
        let text = &code[head.start()..head.end() + end];
        functions.push(Function {
            name: head.as_str().split_whitespace().last().unwrap_or_default().to_owned(),
            line: line_at(&code, head.start()),
            lines: text.matches('\n').count() + 1,
        });
    }
    functions
}

/// Where the body ends that follows a function's name; nothing for a declaration without one.
fn body_end(rest: &str) -> Option<usize> {
    let mut brackets = 0_usize;
    let mut braces = 0_usize;
    for (at, c) in rest.char_indices() {
        match c {
            '(' | '[' if braces == 0 => brackets += 1,
            ')' | ']' if braces == 0 => brackets = brackets.checked_sub(1)?,
            ';' if braces == 0 && brackets == 0 => return None,
            '{' if brackets == 0 => braces += 1,
            '}' if brackets == 0 => {
                braces = braces.checked_sub(1)?;
                if braces == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// Where the code of `sources` matches, comments and literals left out: `path:line: the line`.
pub(crate) fn in_code(sources: &[Source], expression: &str) -> Vec<String> {
    found(sources, expression, code_only)
}

/// Where the text of `sources` matches, comments and literals included.
pub(crate) fn in_text(sources: &[Source], expression: &str) -> Vec<String> {
    found(sources, expression, str::to_owned)
}

fn found(sources: &[Source], expression: &str, reading: fn(&str) -> String) -> Vec<String> {
    let expression = pattern(expression);
    let mut hits = Vec::new();
    for source in sources {
        let read = reading(&source.text);
        for hit in expression.find_iter(&read) {
            let line = line_at(&read, hit.start());
            let text = source.text.lines().nth(line - 1).unwrap_or_default().trim();
            hits.push(format!("{}:{line}: {text}", source.path));
        }
    }
    hits
}

pub(crate) fn pattern(expression: &str) -> Regex {
    Regex::new(expression).expect("the expression is well formed")
}

/// The line, counted from 1, on which byte `at` stands.
pub(crate) fn line_at(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

#[test]
fn comments_strings_and_characters_are_not_code() {
    let source = r##"a("x // y", '"', b'\'', r#"f "q" g"#) // c
/* d /* e */ f */ fn h<'a>(b: &'a str) {} /// 类"##;
    let code = code_only(source);
    assert_eq!(code.split_whitespace().collect::<String>(), "a(,,b,)fnh<'a>(b:&'astr){}");
    assert_eq!(code.lines().count(), source.lines().count());
}

#[test]
fn a_function_is_as_long_as_its_lines_from_fn_to_brace() {
    let source = "trait T { fn no_body(x: [u8; 3]); }\n\npub fn two(a: &str)\n{ if a == \"}\" {} }\nfn one() {}\n";
    let found: Vec<_> = functions(source).into_iter().map(|f| (f.name, f.line, f.lines)).collect();
    assert_eq!(found, [("two".to_owned(), 3, 2), ("one".to_owned(), 5, 1)]);
}
