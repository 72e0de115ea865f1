//! The catalogue: what it says on a day, where, what it makes of a bill, and what it answers over the wire.

mod bills;
mod broken;
mod days;
mod service;

use chrono::NaiveDate;
use settlement::catalogue::{Catalogue, File};
use terms::Division;

/// A root, a province below it and a city of that province. The places are invented.
const ROOT: &str = r#"
kind = "drug"
codes = "assumed"
mark = "assumed"
source = "test"
[X000000001]
zh = "甲药"
unit = "盒"
class = { 2020-01-01 = "class_b", 2023-03-01 = "class_a" }
price_limit = { 2020-01-01 = "14.50", 2021-06-01 = "3.84" }
[X000000002]
zh = "乙药"
unit = "支"
class = { 2020-01-01 = "class_b", 2024-01-01 = "end" }
[X000000003]
zh = "丙药"
unit = "瓶"
class = { 2020-01-01 = "class_c" }
"#;

const PROVINCE: &str = r#"
kind = "drug"
source = "test"
[X000000001]
price_limit = { 2022-01-01 = "4.00", 2022-07-01 = "end" }
first_self_paid = { 2020-01-01 = "0.10", 2023-03-01 = "end" }
[X000000002]
price_limit = { 2020-01-01 = "20.00" }
"#;

const CITY: &str = r#"
kind = "service"
source = "test"
[001102000010000-9]
zh = "本市项目"
unit = "次"
class = { 2022-01-01 = "class_a" }
price_limit = { 2022-01-01 = "9.00" }
"#;

const CITY_DRUGS: &str = r#"
kind = "drug"
source = "test"
[X000000002]
price_limit = { 2022-01-01 = "none" }
"#;

fn file(path: &str, text: &str) -> File {
    File { path: path.to_owned(), text: text.to_owned() }
}

fn header(code: &str, root: bool) -> File {
    let text = format!(
        "code = \"{code}\"\nzh = \"某地\"\nused_from = \"2024-01-01\"\nsource = \"list of {code}\"\nroot = {root}\n"
    );
    file(&format!("{code}/division.toml"), &text)
}

fn files() -> Vec<File> {
    vec![
        header("980000", true),
        file("980000/drug.toml", ROOT),
        header("990000", false),
        file("990000/drug.toml", PROVINCE),
        header("990100", false),
        file("990100/service.toml", CITY),
        file("990100/drug.toml", CITY_DRUGS),
    ]
}

fn catalogue() -> Catalogue {
    Catalogue::read(&files()).expect("the catalogue is right")
}

fn at(division: &str) -> Division {
    division.parse().expect("a division")
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}
