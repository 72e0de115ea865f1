//! `yibao year` and `yibao report`: a generated year through all services, audited from outside, and reported once more by a service
//! that is started on its databases.

use serde_json::Value;

use crate::serving::Serving;
use crate::{code, stderr, stdout, yibao};

/// The lines of a report in JSON.
fn parts(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The sum over everything.
fn all(parts: &[Value]) -> &Value {
    let is_all = |part: &&Value| {
        part["part"] == "row" && ["division", "month", "category"].iter().all(|field| part[*field].is_null())
    };
    &parts.iter().find(is_all).unwrap()["sum"]
}

#[test]
fn a_generated_year_is_reported_as_its_callers_were_answered_and_the_same_by_a_service_started_later() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data").display().to_string();
    let output = yibao(&["year", "--seed", "11", "--scale", "200", "--folder", &data, "--format", "json"]);
    assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
    let told = parts(&stdout(&output));
    let audit = told.last().unwrap();
    // a two-hundredth of 10,930, 28,552 and 23,869, each rounded up; assisted of 523 and 2,845
    let (bills, assisted) = (55 + 143 + 120, 3 + 15);
    assert_eq!((audit["part"].as_str(), audit["differences"].as_array().map(Vec::len)), (Some("audit"), Some(0)));
    assert_eq!((audit["bills"].as_u64(), audit["bills_assisted"].as_u64()), (Some(bills), Some(assisted)));
    assert!(audit["cells"].as_u64() > Some(60), "{audit}");
    let sum = all(&told);
    assert_eq!((sum["bills"].as_u64(), sum["bills_assisted"].as_u64()), (Some(bills), Some(assisted)));
    let months = told.iter().filter(|part| part["division"].is_null() && part["month"].is_string()).count();
    assert_eq!(months, 10);
    let again = stderr(&yibao(&["year", "--folder", &data]));
    assert!(again.contains("it is not empty"), "{again}");

    let serving = Serving::start(folder.path(), &[]);
    let address = format!("http://{}", serving.assistance);
    let place = told.iter().find_map(|part| part["division"].as_str()).unwrap();
    let asking = |more: &[&str]| {
        let question = ["report", "--address", &address, "--from", "2022-01", "--to", "2022-10", "--division", place];
        yibao(&[&question[..], more].concat())
    };
    let output = asking(&["--format", "json"]);
    assert_eq!((code(&output), all(&parts(&stdout(&output)))), (0, sum), "{}", stderr(&output));
    let csv = stdout(&asking(&["--format", "csv"]));
    let last = csv.lines().rfind(|line| line.starts_with("sum,,,,,")).unwrap();
    assert_eq!(last.split(',').nth(6).unwrap(), bills.to_string(), "{last}");
    assert!(stdout(&asking(&["--lang", "zh"])).contains("总计"));
    assert!(stdout(&asking(&["--scheme", "employee"])).contains("0 people, 0 bills"));

    let output = yibao(&["report", "--address", &address, "--from", "2022-13", "--to", "soon", "--division", place]);
    let said = stderr(&output);
    assert_eq!(code(&output), 2, "{said}");
    assert!(said.contains("terms.from_month: ") && said.contains("terms.to_month: "), "{said}");
    drop(serving);
    let away = yibao(&["report", "--address", &address, "--from", "2022-01", "--division", place]);
    assert!(code(&away) == 2 && stderr(&away).contains("help: is the service running there?"), "{}", stderr(&away));
}

#[test]
fn only_reports_are_written_as_csv() {
    let output = yibao(&["demo", "--format", "csv"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("only `yibao report` writes CSV"), "{}", stderr(&output));
}
