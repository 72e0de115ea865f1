use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use money::Fen;
use policy::case::{Case, read};
use policy::{Bill, Costs, PackFile, Parts, Person, Policy};
use proptest::test_runner::Config as ProptestConfig;
use terms::{Care, Filing, Institution, Name, PersonGroup, Place, Referral};

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every TOML file below a folder, by its path below that folder.
pub(crate) fn toml_files(folder: &Path) -> Vec<PackFile> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap_or_else(|error| panic!("{}: {error}", next.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "toml") {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                files.push(PackFile { path: name, text: fs::read_to_string(&path).unwrap() });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

pub(crate) fn compile(files: &[PackFile]) -> Policy {
    Policy::compile(files).unwrap_or_else(|problems| panic!("the packs are refused:\n{problems}"))
}

/// The packs that ship, compiled once.
pub(crate) static SHIPPED: LazyLock<Policy> = LazyLock::new(|| compile(&Policy::shipped_files()));

/// The rules that have no case, and why.
pub(crate) const NOT_COMPUTABLE: &str = "tests/not-computable.toml";

pub(crate) fn cases(folder: &str) -> Vec<Case> {
    let files = toml_files(&root().join(folder));
    assert!(!files.is_empty(), "no cases in {folder}");
    files.iter().map(|file| read(&file.path, &file.text).unwrap_or_else(|problems| panic!("{problems}"))).collect()
}

/// One case, by its path from the root.
pub(crate) fn case(path: &str) -> Case {
    let text = fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    read(path, &text).unwrap_or_else(|problems| panic!("{problems}"))
}

/// Every difference between the cases' expectations and the policy's answers, one line each.
pub(crate) fn differences(policy: &Policy, cases: &[Case]) -> Vec<String> {
    let of_case = |case: &Case| {
        let answer = case.answer(policy);
        let differences = case.differences(policy, &answer);
        differences
            .into_iter()
            .map(|d| format!("{}:{}: {}: expected {}, found {}", case.file, d.line, d.about, d.expected, d.found))
            .collect::<Vec<_>>()
    };
    cases.iter().flat_map(of_case).collect()
}

/// A number of cases that fits a test run; `PROPTEST_CASES` asks for another.
pub(crate) fn config(cases: u32) -> ProptestConfig {
    let default = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if default.cases == 256 { ProptestConfig { cases, ..default } } else { default }
}

/// A policy written in a test: one division 990000 with a pooled fund, a serious illness fund, an assistance fund and
/// the two accounts, and the files given. Every value cites `EX-1`.
pub(crate) fn inline(files: &[(&str, &str)]) -> Policy {
    compile(&inline_files(files))
}

pub(crate) fn inline_files(files: &[(&str, &str)]) -> Vec<PackFile> {
    let clause = "[EX-1]\ndocument = \"a test\"\nplace = \"in the test\"\nzh = \"测试\"\nen = \"a test\"\n";
    let payer = |name: &str, rest: &str| format!("[{name}]\nzh = \"付\"\nen = \"payer\"\ncite = \"EX-1\"\n{rest}\n");
    let payers = [
        payer("pooled_fund", "kind = \"fund\"\nfield = \"hifp_pay\""),
        payer("large_amount", "kind = \"fund\"\nfield = \"hifob_pay\""),
        payer("serious_illness", "kind = \"fund\"\nfield = \"hifmi_pay\""),
        payer("assistance", "kind = \"fund\"\nfield = \"maf_pay\""),
        payer("account", "kind = \"account\""),
        payer("family_account", "kind = \"family_account\""),
    ];
    let mut all = vec![
        ("clauses.toml".to_owned(), clause.to_owned()),
        ("990000/division.toml".to_owned(), "code = \"990000\"\nzh = \"地\"\nen = \"Place\"\n".to_owned()),
        ("990000/payers.toml".to_owned(), payers.concat()),
    ];
    all.extend(files.iter().map(|(path, text)| (format!("990000/{path}"), (*text).to_owned())));
    all.into_iter().map(|(path, text)| PackFile { path, text }).collect()
}

/// Somebody insured at 990000.
pub(crate) fn person(group: PersonGroup) -> Person {
    Person {
        division: "990000".parse().unwrap(),
        schemes: vec![group.scheme()],
        group,
        age: Some(40),
        categories: Vec::new(),
        plans: Vec::new(),
        diseases: Vec::new(),
        use_account: true,
        covered: None,
    }
}

/// A stay of one day in a primary hospital at home, all of it within scope.
pub(crate) fn stay(id: &str, day: &str, within_scope: i64) -> Bill {
    let day = day.parse().unwrap();
    let within_scope = Fen::new(within_scope);
    Bill {
        id: Name::new(id).unwrap(),
        care: Care::Inpatient,
        institution: Institution::Primary,
        place: Place::Local,
        filing: Filing::AtHome,
        referral: Referral::Followed,
        from: day,
        to: day,
        settled: day,
        disease: Name::EMPTY,
        total: within_scope,
        costs: Costs::Parts(Parts { within_scope, ..Parts::default() }),
    }
}
