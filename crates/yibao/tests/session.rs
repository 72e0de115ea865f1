//! The README's grpcurl session, run as it is printed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::root;
use crate::serving::Serving;

const SECTION: &str = "## Settle a bill with grpcurl";

/// The fenced `sh` blocks of the section.
fn blocks(readme: &str) -> Vec<String> {
    let section = readme.split_once(SECTION).expect("the README has the section").1;
    let section = section.split("\n## ").next().unwrap();
    section.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

/// Where grpcurl is: as tests/run says, beside what it builds, or on this machine.
fn grpcurl() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "tests/run tells where it has installed it")]
    let told = std::env::var_os("YIBAO_GRPCURL").map(PathBuf::from);
    let built = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("grpcurl/bin/grpcurl");
    let all = [told, Some(built), Some("grpcurl".into())];
    let works = |path: &PathBuf| {
        let asked = Command::new(path).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        asked.is_ok_and(|status| status.success())
    };
    let found = all.into_iter().flatten().find(works);
    found.expect("grpcurl is not on this machine: tests/run installs it with pip, or set YIBAO_GRPCURL to where it is")
}

#[test]
fn the_grpcurl_session_of_the_readme_works_as_printed() {
    let blocks = blocks(&fs::read_to_string(root().join("README.md")).unwrap());
    assert!(blocks.len() >= 4, "{blocks:?}");
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path(), &[]);
    let grpcurl = grpcurl();
    let script = blocks.join("echo '=== next'\n").replace("localhost:7001", &serving.settlement);
    let script = format!("set -euo pipefail\ngrpcurl() {{ \"{}\" \"$@\"; }}\n{script}", grpcurl.display());
    let output = Command::new("bash").arg("-c").arg(script).current_dir(folder.path()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let parts: Vec<&str> = text.split("=== next\n").collect();
    // 60 % of what lies over 800.00 of 20,000.00
    let told: [&[&str]; 4] = [
        &["yibao.settlement.v1.SettlementService", "Settles a bill", "yibao.settlement.v1.Submission submission"],
        &["\"claimId\"", "\"fundFen\": \"1152000\"", "\"cashFen\": \"848000\""],
        &["CLAIM_STATE_SETTLED", "TB-5", "11,520.00"],
        &["\"reversed\": true", "CLAIM_STATE_REVERSED", "OUTCOME_REVERSED"],
    ];
    for (part, told) in parts.iter().zip(told) {
        for word in told {
            assert!(part.contains(word), "{word} is missing in {part}");
        }
    }
    // what is wrong with a call is shown field by field
    let settle = "yibao.settlement.v1.SettlementService/Settle";
    let nothing =
        Command::new(&grpcurl).args(["-plaintext", "-d", "{}", &serving.settlement, settle]).output().unwrap();
    let told = String::from_utf8(nothing.stderr).unwrap();
    for word in ["fieldViolations", "idempotency_key", "submission", "INVALID_FIELDS"] {
        assert!(told.contains(word), "{word} is missing in {told}");
    }
    let (ended, log) = serving.stop();
    assert!(ended.success(), "{log}");
}
