//! The manifests set the variables the services read, and no others; ports, probes and times fit together.

use std::collections::{BTreeMap, BTreeSet};

use crate::code::pattern;
use crate::tree::{Source, files, read, root};

/// What every service's own variables stand beside: those the host reads for it.
const HOST: &str = "crates/host/src/settings.rs";

/// The health service itself, which every process has.
const HEALTH: &str = "grpc.health.v1.Health";

/// Ports of what is not ours: names, PostgreSQL, Redis, the collector.
const ELSEWHERE: [u16; 4] = [53, 5432, 6379, 4317];

/// The services and their ports, as the table in k8s/README.md says them.
fn documented() -> BTreeMap<String, u16> {
    rows(r"(?m)^\| `([a-z-]+)` \| (\d+) \|")
}

/// The ports on which services are called by those like them elsewhere, as the same table says them.
fn for_peers() -> BTreeMap<String, u16> {
    rows(r"(?m)^\| `([a-z-]+)`, peers \| (\d+) \|")
}

fn rows(of: &str) -> BTreeMap<String, u16> {
    let (text, rows) = (read("k8s/README.md").text, pattern(of));
    let ports = rows.captures_iter(&text).map(|row| {
        let (_, [name, port]) = row.extract();
        (name.to_owned(), port.parse().expect("it is a port"))
    });
    ports.collect()
}

fn prefix(service: &str) -> String {
    format!("YIBAO_{}_", service.to_uppercase().replace('-', "_"))
}

fn manifests() -> Vec<Source> {
    let manifests = files("k8s", |path| path.extension().is_some_and(|ending| ending == "yaml"));
    assert!(!manifests.is_empty(), "no manifest was found below k8s");
    manifests
}

/// The objects of all manifests: where each stands, its kind, its name, its text.
fn objects() -> Vec<Object> {
    let (kinds, names) = (pattern(r"(?m)^kind: (\w+)"), pattern(r"(?m)^  name: ([a-z-]+)"));
    let first = |expression: &regex::Regex, text: &str| {
        expression.captures(text).map(|found| found.extract::<1>().1[0].to_owned()).unwrap_or_default()
    };
    let mut objects = Vec::new();
    for manifest in manifests() {
        for text in manifest.text.split("\n---\n") {
            let (kind, name) = (first(&kinds, text), first(&names, text));
            let text = text.lines().filter(|line| !line.trim_start().starts_with('#')).collect::<Vec<_>>().join("\n");
            objects.push(Object { path: manifest.path.clone(), kind, name, text });
        }
    }
    objects
}

struct Object {
    path: String,
    kind: String,
    name: String,
    text: String,
}

impl Object {
    /// Whether it stands whole where it is, and is no overlay's patch of one.
    fn is_whole(&self) -> bool {
        ["k8s/base/", "k8s/components/"].iter().any(|folder| self.path.starts_with(folder))
    }
}

/// The names a configuration reads: what stands first, in capitals, in a call of the reader.
fn names_read(source: &str) -> BTreeSet<String> {
    let calls = pattern(r#"\.\s*\w+\s*(?:::\s*<[^()]*?>)?\s*\(\s*"([A-Z][A-Z0-9_]*)"\s*,"#);
    calls.captures_iter(source).map(|call| call.extract::<1>().1[0].to_owned()).collect()
}

/// The names of a prefix in the manifests, without it.
fn names_set(manifests: &[Source], prefix: &str) -> BTreeSet<String> {
    let names = pattern(&format!(r"\b{prefix}([A-Z0-9_]+)"));
    let found = manifests.iter().flat_map(|manifest| names.captures_iter(&manifest.text));
    found.map(|name| name.extract::<1>().1[0].to_owned()).collect()
}

/// The numbers a pattern's group finds in a text.
fn numbers(expression: &str, text: &str) -> Vec<u16> {
    let found = pattern(expression);
    found.captures_iter(text).map(|found| found.extract::<1>().1[0].parse().expect("it is a number")).collect()
}

#[test]
fn the_manifests_set_every_variable_a_service_reads_and_no_other() {
    let manifests = manifests();
    let shared = names_read(&read(HOST).text);
    assert!(shared.contains("LISTEN"), "{HOST} is not read as it is written");
    let mut wrong = Vec::new();
    for service in documented().keys() {
        let path = format!("services/{service}/src/config.rs");
        if !root().join(&path).is_file() {
            continue; // not written yet
        }
        let mut reads = names_read(&read(&path).text);
        reads.extend(shared.iter().cloned());
        let sets = names_set(&manifests, &prefix(service));
        wrong.extend(reads.difference(&sets).map(|name| format!("{path} reads {name}: no manifest below k8s sets it")));
        wrong.extend(
            sets.difference(&reads)
                .map(|name| format!("{}{name} is set, and {path} does not read it", prefix(service))),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_variable_of_the_manifests_is_a_documented_one_of_a_documented_service() {
    let (services, readme) = (documented(), read("k8s/README.md").text);
    let mut unknown = Vec::new();
    for manifest in manifests() {
        for name in pattern(r"\bYIBAO_[A-Z0-9_]+").find_iter(&manifest.text).map(|found| found.as_str()) {
            let rest = services.keys().find_map(|service| name.strip_prefix(&prefix(service)));
            if !rest.is_some_and(|rest| readme.contains(&format!("| `{rest}` |"))) {
                unknown.push(format!("{}: {name}", manifest.path));
            }
        }
    }
    assert!(unknown.is_empty(), "not in the tables of k8s/README.md:\n{}", unknown.join("\n"));
}

#[test]
fn every_service_that_can_be_run_has_a_deployment_and_the_other_way_round() {
    let runs = |path: &Source| path.path.strip_prefix("services/")?.strip_suffix("/src/main.rs").map(str::to_owned);
    let services: BTreeSet<String> =
        files("services", |path| path.ends_with("main.rs")).iter().filter_map(runs).collect();
    let objects = objects();
    let deployed: BTreeSet<String> =
        objects.iter().filter(|object| object.kind == "Deployment").map(|object| object.name.clone()).collect();
    let ports: BTreeSet<String> = documented().into_keys().collect();
    assert_eq!(deployed, ports, "k8s/README.md has a row for each deployment");
    let homeless: Vec<&String> = services.difference(&deployed).collect();
    assert!(homeless.is_empty(), "no deployment below k8s: {homeless:?}");
    let strange: Vec<&String> = deployed.iter().filter(|name| !root().join("services").join(name).is_dir()).collect();
    assert!(strange.is_empty(), "no service of that name: {strange:?}");
}

#[test]
fn ports_are_the_documented_ones_everywhere() {
    let (services, peers) = (documented(), for_peers());
    let mut wrong = Vec::new();
    for object in objects() {
        let (place, ports) =
            (format!("{}: {} {}", object.path, object.kind, object.name), numbers(r"(?i)port: (\d+)", &object.text));
        let is_ours =
            |port: &u16| services.values().chain(peers.values()).any(|ours| ours == port) || ELSEWHERE.contains(port);
        let fits = match services.get(&object.name) {
            Some(port) => ports.iter().all(|found| found == port || Some(found) == peers.get(&object.name)),
            None => ports.iter().all(is_ours),
        };
        let wanted = matches!((object.kind.as_str(), object.is_whole()), ("Deployment" | "Service", true));
        if !fits || (wanted && ports.is_empty()) {
            wrong.push(format!("{place}: {ports:?}"));
        }
    }
    for manifest in manifests() {
        let called = services.iter().map(|(service, port)| {
            (service, port, format!(r"(?:http://{service}|{}LISTEN=[\d.]+):(\d+)", prefix(service)))
        });
        let by_peers = peers
            .iter()
            .map(|(service, port)| (service, port, format!(r"{}PEER_LISTEN=[\d.]+:(\d+)", prefix(service))));
        for (service, port, address) in called.chain(by_peers) {
            let others = numbers(&address, &manifest.text).into_iter().filter(|found| found != port);
            wrong.extend(others.map(|found| format!("{}: {service} at {found}", manifest.path)));
        }
    }
    assert!(wrong.is_empty(), "not as the table of k8s/README.md says:\n{}", wrong.join("\n"));
}

/// The full names of the services of all messages.
fn contracts() -> BTreeSet<String> {
    let (packages, services) = (pattern(r"(?m)^package ([a-z0-9.]+);"), pattern(r"(?m)^service (\w+) \{"));
    let mut names = BTreeSet::from([String::new(), HEALTH.to_owned()]);
    for file in files("proto", |path| path.extension().is_some_and(|ending| ending == "proto")) {
        let package =
            packages.captures(&file.text).map(|found| found.extract::<1>().1[0].to_owned()).unwrap_or_default();
        let found = services.captures_iter(&file.text);
        names.extend(found.map(|service| format!("{package}.{}", service.extract::<1>().1[0])));
    }
    assert!(names.len() > 2, "no service of proto/ was found");
    names
}

#[test]
fn probes_ask_for_services_that_exist_and_only_readiness_for_what_may_be_away() {
    let (contracts, objects) = (contracts(), objects());
    let probes = pattern(r#"(?m)^ +(\w+)Probe:\n +grpc:\n +port: \d+\n +service: "?([\w.]*)"?$"#);
    for object in objects.iter().filter(|object| object.kind == "Deployment" && object.is_whole()) {
        let asked: BTreeMap<&str, &str> = probes
            .captures_iter(&object.text)
            .map(|probe| {
                let (_, [kind, service]) = probe.extract();
                (kind, service)
            })
            .collect();
        assert_eq!(asked.keys().copied().collect::<Vec<_>>(), ["liveness", "readiness", "startup"], "{}", object.name);
        assert!(asked.values().all(|service| contracts.contains(*service)), "{}: {asked:?}", object.name);
        assert_eq!((asked["liveness"], asked["startup"]), (HEALTH, HEALTH), "a database that is away kills no process");
    }
}

#[test]
fn a_pod_is_given_more_time_than_it_needs_to_drain() {
    let drains: Vec<u16> =
        manifests().iter().flat_map(|manifest| numbers(r"_DRAIN_SECONDS=(\d+)", &manifest.text)).collect();
    let longest = drains.iter().max().expect("the manifests say how long a service drains");
    for object in objects().iter().filter(|object| object.kind == "Deployment" && object.is_whole()) {
        let given = numbers(r"terminationGracePeriodSeconds: (\d+)", &object.text);
        let before = numbers(r"sleep:\n\s+seconds: (\d+)", &object.text);
        assert!(given.iter().sum::<u16>() > longest + before.iter().sum::<u16>(), "{}: {given:?}", object.name);
    }
}

#[test]
fn a_call_of_the_reader_is_read_however_it_is_broken_into_lines() {
    let source = r#"
        let a = reader.required::<Uri>("ADDRESS", "an address");
        let b = reader
            .or(
                "POLL_SECONDS",
                5, "whole seconds");
        let c = reader.optional::<Option<u8>>("REDIS_2", "x"); reader.add("REDIS_2", "is both"); wants("OTHER", 1);
        let d = reader.secret("DATABASE", "a URL").expect("NEVER");
    "#;
    let names: Vec<String> = names_read(source).into_iter().collect();
    assert_eq!(names, ["ADDRESS", "DATABASE", "POLL_SECONDS", "REDIS_2"]);
    let manifest =
        Source { path: "a.yaml".to_owned(), text: "- YIBAO_A_LISTEN=1\n name: YIBAO_A_B_C\n YIBAO_AB_X".to_owned() };
    assert_eq!(names_set(&[manifest], "YIBAO_A_").into_iter().collect::<Vec<_>>(), ["B_C", "LISTEN"]);
}
