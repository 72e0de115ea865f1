//! What is not left in code: ignored tests, sleeps, and things to do.

use crate::code::in_code;
use crate::tree::rust_files;

fn nowhere(expression: &str, instead: &str) {
    let hits = in_code(&rust_files(""), expression);
    assert!(hits.is_empty(), "{instead}:\n{}", hits.join("\n"));
}

#[test]
fn no_test_is_ignored() {
    nowhere(r"#\[\s*(ignore\b|cfg_attr\([^\]]*\bignore\b)", "a test that is not run proves nothing; mend or delete it");
}

#[test]
fn nothing_sleeps() {
    nowhere(r"\bsleep\s*\(", "wait for a condition with a deadline");
}

#[test]
fn nothing_is_left_to_do_or_to_debug() {
    nowhere(r"\b(todo|unimplemented|dbg)!", "finish it, or say in the issue that it is not done");
}
