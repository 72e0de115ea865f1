use host::{Reader, Secret, Settings};

#[derive(Debug)]
struct Configuration {
    host: Settings,
    database: Secret<String>,
    people_max: u32,
}

fn read(reader: &mut Reader) -> Option<Configuration> {
    let host = Settings::read(reader);
    let database = reader.secret("DATABASE", "the address of a database");
    let people_max = reader.or("PEOPLE_MAX", 10, "a number");
    Some(Configuration { host: host?, database: database?, people_max: people_max? })
}

fn reader(variables: &[(&str, &str)]) -> Reader {
    let owned = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Reader::new("YIBAO_TEST_", owned)
}

#[test]
fn a_broken_configuration_is_refused_with_every_error_at_once() {
    let mut reader = reader(&[
        ("YIBAO_TEST_LISTEN", "nowhere"),
        ("YIBAO_TEST_DRAIN_SECONDS", "0"),
        ("YIBAO_TEST_LOG", "a=b=c"),
        ("YIBAO_TEST_OTLP_ENDPOINT", "4317"),
        ("YIBAO_TEST_PEOPLE_MAX", "hunter2"),
        ("YIBAO_TEST_PEPOLE", "1"),
        ("HOME", "elsewhere"),
    ]);
    let configuration = read(&mut reader);
    let errors = reader.finish(configuration).expect_err("nothing in it is right");
    let wanted = [
        ("YIBAO_TEST_DATABASE", "is not set; expected the address of a database"),
        ("YIBAO_TEST_DRAIN_SECONDS", "cannot be read; expected whole seconds above zero"),
        ("YIBAO_TEST_LISTEN", "cannot be read; expected an address with a port, such as 0.0.0.0:7001"),
        ("YIBAO_TEST_LOG", "is no filter"),
        ("YIBAO_TEST_OTLP_ENDPOINT", "has no scheme http and host"),
        ("YIBAO_TEST_PEOPLE_MAX", "cannot be read; expected a number"),
        ("YIBAO_TEST_PEPOLE", "is not known"),
    ];
    assert_eq!(errors.errors().len(), wanted.len(), "{errors}");
    for (line, (name, error)) in errors.errors().iter().zip(wanted) {
        assert!(line.starts_with(&format!("{name} {error}")), "{line}");
    }
    assert!(!errors.to_string().contains("hunter2"), "a value is never repeated");
}

#[test]
fn a_right_configuration_is_read_with_its_defaults_and_its_secrets_are_not_printed() {
    let mut reader = reader(&[("YIBAO_TEST_DATABASE", "postgres://hunter2@db"), ("YIBAO_TEST_LISTEN", "0.0.0.0:7001")]);
    assert!(!format!("{reader:?}").contains("hunter2"));
    let read = read(&mut reader);
    let configuration = reader.finish(read).expect("it is right");
    assert_eq!((configuration.host.listen.port(), configuration.host.drain.as_secs()), (7001, 25));
    assert_eq!((configuration.people_max, configuration.host.otlp.is_none()), (10, true));
    assert!(configuration.database.expose().contains("hunter2"));
    assert!(!format!("{configuration:?}").contains("hunter2"));
}

#[test]
fn an_address_has_a_scheme_and_a_host_and_only_who_serves_needs_it() {
    let given = |address: &str, migrates: bool| {
        let mut reader = reader(&[("YIBAO_TEST_ADDRESS", address)]);
        reader = if migrates { reader.to_migrate() } else { reader };
        let read = reader.address("ADDRESS", "http://next:7001");
        reader.finish(read)
    };
    for right in ["http://next:7001", "http://127.0.0.1:7001/", "http://[::1]:7001", "http://next"] {
        assert_eq!(given(right, false).as_deref(), Ok(right));
    }
    for wrong in [
        "http://",
        "http://:7001",
        "next:7001",
        "https://next",
        "http:///x",
        "http://next:",
        "http://next:0",
        "http://user:word@next:1",
    ] {
        for migrates in [false, true] {
            let errors = given(wrong, migrates).expect_err(wrong);
            let expected =
                "has no scheme http or no host, or names a user; expected an address such as http://next:7001";
            assert!(errors.to_string().contains(expected) || errors.to_string().contains("cannot be read"), "{errors}");
        }
    }
    assert!(given("", false).expect_err("nothing").to_string().contains("is not set"));
    assert_eq!(given("", true).as_deref(), Ok(""));
}
