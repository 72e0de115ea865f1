//! `yibao up` and `yibao verify` as an operator meets them.

use std::net::TcpListener;
use std::process::Command;

use serde_json::Value;

use crate::serving::Serving;
use crate::{code, stderr, stdout, yibao};

#[test]
fn all_services_serve_from_a_new_folder_drain_when_told_and_go_on_where_they_were() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let serving = Serving::start(folder.path(), &[]);
        let address = format!("http://{}", serving.settlement);
        let output = yibao(&["verify", "--address", &address]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert!(stdout(&output).contains("the journal adds up to 0.00"), "{}", stdout(&output));
        let enrolment = format!("http://{}", serving.enrolment);
        let said = stderr(&yibao(&["verify", "--address", &enrolment]));
        assert!(said.contains("the service there has no such call (Unimplemented)"), "{said}");
        assert!(said.contains("help: give the address of settlement"), "{said}");
        let (ended, log) = serving.stop();
        assert!(ended.success(), "{log}");
        assert!(log.contains("drained"), "{log}");
    }
    let url = format!("sqlite:{}", folder.path().join("data/settlement.sqlite").display());
    let output = yibao(&["verify", "--database", &url, "--format", "json"]);
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!((code(&output), report["journal"].as_str()), (0, Some("0.00")), "{}", stderr(&output));
    let url = format!("sqlite:{}", folder.path().join("data/enrolment.sqlite").display());
    let output = yibao(&["verify", "--database", &url, "--format", "json"]);
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!((code(&output), report["journal"].as_str()), (0, Some("0.00")), "{}", stderr(&output));
    assert_eq!(report["found"].as_u64(), Some(0));
    let one = stderr(&yibao(&["verify", "--database", &url, "--year", "2035"]));
    assert!(one.contains("leave --person and --year out"), "{one}");
    let helped = format!("sqlite:{}", folder.path().join("data/assistance.sqlite").display());
    let output = yibao(&["verify", "--database", &url, "--assistance-database", &helped]);
    let said = "premium assistance: 0 enrolment(s), enrolment's books 0.00, assistance's 0.00, 0 difference(s)";
    assert!(code(&output) == 0 && stdout(&output).contains(said), "{}{}", stdout(&output), stderr(&output));
    let output = yibao(&["verify", "--database", &url, "--assistance-database", &url]);
    assert!(code(&output) == 2 && stderr(&output).contains("is no database of assistance"), "{}", stderr(&output));
    let accounts = format!("sqlite:{}", folder.path().join("data/settlement.sqlite").display());
    let output = yibao(&["verify", "--database", &accounts, "--assistance-database", &helped]);
    assert!(
        code(&output) == 2 && stderr(&output).contains("goes with the --database of enrolment"),
        "{}",
        stderr(&output)
    );
    let url = helped;
    let output = yibao(&["verify", "--database", &url]);
    let said = stderr(&output);
    assert!(code(&output) == 2 && said.contains("that of assistance"), "{said}");
    assert!(said.contains("help: give settlement's or enrolment's"), "{said}");
}

#[test]
fn a_folder_or_port_in_use_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path(), &[]);
    let data = folder.path().join("data").display().to_string();
    let output =
        yibao(&["up", "--folder", &data, "--settlement-port", "0", "--enrolment-port", "0", "--assistance-port", "0"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("give this one another folder with --folder"), "{}", stderr(&output));
    drop(serving);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = yibao(&[
        "up",
        "--folder",
        &data,
        "--settlement-port",
        &port,
        "--enrolment-port",
        "0",
        "--assistance-port",
        "0",
    ]);
    assert_eq!(code(&output), 2);
    let said = stderr(&output);
    assert!(said.contains(&port) && said.contains("help: choose another port"), "{said}");
}

#[test]
fn a_mistake_in_the_environment_is_named_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_yibao"))
        .arg("up")
        .current_dir(folder.path())
        .envs([("YIBAO_UP_DRAIN_SECONDS", "soon"), ("YIBAO_UP_COLOUR", "red"), ("YIBAO_UP_LISTEN", "0.0.0.0:1")])
        .output()
        .unwrap();
    let said = stderr(&output);
    assert_eq!(code(&output), 2, "{said}");
    for name in ["YIBAO_UP_DRAIN_SECONDS", "YIBAO_UP_COLOUR", "YIBAO_UP_LISTEN"] {
        assert!(said.contains(name), "{name} is missing in {said}");
    }
    assert!(!folder.path().join("yibao-data").exists());
}

#[test]
fn what_cannot_be_verified_ends_with_2_and_what_to_do() {
    for (arguments, said) in [
        (&["verify"][..], "--database <URL>"),
        (&["verify"][..], "--address <ADDRESS>"),
        (&["verify", "--address", "http://127.0.0.1:1"][..], "help: is the service running there?"),
        (&["verify", "--database", "sqlite:no-such-folder/settlement.sqlite"][..], "no file"),
        (&["verify", "--database", "postgres://nobody@127.0.0.1:1/none"][..], "help: is it running"),
        (
            &["verify", "--address", "127.0.0.1:7001"][..],
            "`127.0.0.1:7001` is no address of one\nhelp: write http://HOST:PORT",
        ),
        (&["verify", "--address", "https://127.0.0.1:7001"][..], "help: write http://HOST:PORT"),
        (&["verify", "--database", "mysql://x"][..], "write sqlite:FILE or postgres://"),
        (&["verify", "--address", "http://127.0.0.1:1", "--person", ""][..], "write the person's id"),
    ] {
        let output = yibao(arguments);
        assert_eq!(code(&output), 2, "{arguments:?}");
        assert!(stderr(&output).contains(said), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn a_person_or_year_that_is_not_there_is_said_and_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path(), &[]);
    let address = format!("http://{}", serving.settlement);
    let url = format!("sqlite:{}", folder.path().join("data/settlement.sqlite").display());
    for place in [["--address", &address], ["--database", &url]] {
        let all = yibao(&["verify", place[0], place[1]]);
        assert_eq!((code(&all), stdout(&all).contains("0 person-year(s)")), (0, true), "{}", stderr(&all));
        for (asked, said) in [
            (&["--person", "nobody"][..], "no person-year of nobody is stored there"),
            (&["--year", "2031"][..], "no person-year in 2031 is stored there"),
            (&["--person", "nobody", "--year", "2031"][..], "no person-year of nobody in 2031 is stored there"),
        ] {
            let output = yibao(&[&["verify", place[0], place[1]][..], asked].concat());
            assert_eq!((code(&output), stdout(&output).as_str()), (2, ""), "{asked:?}");
            assert!(stderr(&output).contains(said), "{asked:?}: {}", stderr(&output));
        }
    }
    serving.stop();
}

#[test]
fn a_folder_that_cannot_be_used_is_one_sentence_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "not a folder").unwrap();
    let below = file.join("data").display().to_string();
    let broken = folder.path().join("broken");
    std::fs::create_dir(&broken).unwrap();
    std::fs::write(broken.join("settlement.sqlite"), "this is no database, but a text that is long enough").unwrap();
    let (file, broken) = (file.display().to_string(), broken.display().to_string());
    for (place, said) in
        [(&file, "help: is it a folder"), (&below, "help: is it a folder"), (&broken, "not a database")]
    {
        let output = yibao(&[
            "up",
            "--folder",
            place,
            "--settlement-port",
            "0",
            "--enrolment-port",
            "0",
            "--assistance-port",
            "0",
        ]);
        let told = stderr(&output);
        assert_eq!((code(&output), stdout(&output).as_str()), (2, ""), "{told}");
        assert!(told.starts_with("error: failed to ") && told.contains(said), "{told}");
        assert!(told.lines().count() <= 2 && !told.contains("os error") && !told.contains("Error("), "{told}");
    }
}
