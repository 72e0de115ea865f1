//! Compiles `proto/` without a protoc on the machine: protox reads the files, tonic-prost-build writes the Rust.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Messages with personal data: they get a `Debug` that prints none of it (`src/redact.rs`).
const PERSONAL: [&str; 5] = [
    ".yibao.cross_province.v1.FindInsuredRequest",
    ".yibao.enrolment.v1.Identity",
    ".yibao.enrolment.v1.FindPersonRequest",
    ".yibao.enrolment.v1.GetPhoneResponse",
    ".yibao.enrolment.v1.PersonDocument",
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    protos(&root, &mut files)?;
    files.sort();

    let mut compiler = protox::Compiler::new([&root])?;
    compiler.include_source_info(true).include_imports(true).open_files(files)?;
    #[expect(clippy::disallowed_methods, reason = "cargo hands build scripts their folder in the environment")]
    let out = PathBuf::from(env::var("OUT_DIR")?);
    // With its comments, so that a client that describes a message over reflection reads them.
    fs::write(out.join("yibao.binpb"), compiler.encode_file_descriptor_set())?;
    tonic_prost_build::configure().skip_debug(PERSONAL).compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}

fn protos(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            protos(&path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "proto") {
            files.push(path);
        }
    }
    Ok(())
}
