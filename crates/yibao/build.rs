//! Builds the cases of `demo.txt` into the binary, so that the demo needs no file and its places stand in data.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs, io};

#[expect(clippy::disallowed_methods, reason = "a build script is told its folders by the environment")]
fn main() -> io::Result<()> {
    let folder = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?);
    println!("cargo:rerun-if-changed=demo.txt");
    let list = fs::read_to_string(folder.join("demo.txt"))?;
    let mut cases = String::from("&[\n");
    for line in list.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (role, name) = line.split_once(' ').ok_or_else(|| io::Error::other(format!("demo.txt: {line:?}")))?;
        let file = folder.join("../../tests/cases").join(name);
        println!("cargo:rerun-if-changed={}", file.display());
        writeln!(cases, "    ({role:?}, {name:?}, include_str!({:?})),", file.display().to_string())
            .map_err(io::Error::other)?;
    }
    cases.push_str("]\n");
    let out = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?);
    fs::write(out.join("demo.rs"), cases)
}
