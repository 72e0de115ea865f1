use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

/// Everything that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct BadConfiguration(Vec<String>);

impl BadConfiguration {
    /// The errors, one line each, in the order of their variables.
    #[must_use]
    pub fn errors(&self) -> &[String] {
        &self.0
    }
}

/// Reads the variables of one prefix and keeps every error until the end.
#[derive(Debug)]
pub struct Reader {
    prefix: String,
    given: BTreeMap<String, Secret<String>>,
    known: BTreeSet<String>,
    errors: BTreeMap<String, String>,
    /// Whether what only serving needs may be left out.
    migrates: bool,
    /// Whether the process does work of its own that needs no database.
    works: bool,
}

impl Reader {
    /// A reader of the variables that begin with `prefix` (`YIBAO_SETTLEMENT_`).
    pub fn new(prefix: &str, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let ours = variables.into_iter().filter(|(name, _)| name.starts_with(prefix));
        Self {
            prefix: prefix.to_owned(),
            given: ours.map(|(name, value)| (name, Secret(value))).collect(),
            known: BTreeSet::new(),
            errors: BTreeMap::new(),
            migrates: false,
            works: false,
        }
    }

    /// The same, for a process that migrates: what only serving needs may be left out.
    #[must_use]
    pub fn to_migrate(mut self) -> Self {
        self.migrates = true;
        self
    }

    /// The same, for a process that does work of its own: what only serving needs may be left out, the database too.
    #[must_use]
    pub fn to_work(mut self) -> Self {
        (self.migrates, self.works) = (true, true);
        self
    }

    /// A reader of this process's environment. A variable that is not UTF-8 counts as not given.
    #[must_use]
    pub fn of_process(prefix: &str) -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
        let variables = std::env::vars_os();
        Self::new(
            prefix,
            variables.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        )
    }

    /// A value that must be given; `expected` says what it looks like.
    pub fn required<T: FromStr>(&mut self, name: &str, expected: &str) -> Option<T> {
        let read = self.read(name, expected)?;
        if read.is_none() {
            self.add(name, format!("is not set; expected {expected}"));
        }
        read
    }

    /// The address of a service that serving needs: scheme `http`, a host and nothing behind the port. Where the process
    /// migrates it may be left out and is empty then. `example` is such an address.
    pub fn address(&mut self, name: &str, example: &str) -> Option<String> {
        match self.optional_address(name, example)? {
            None if !self.migrates => {
                self.add(name, format!("is not set; expected an address such as {example}"));
                None
            }
            address => Some(address.unwrap_or_default()),
        }
    }

    /// The address of a service that may be left out; the outer `None` is an error that was kept.
    pub fn optional_address(&mut self, name: &str, example: &str) -> Option<Option<String>> {
        let address: Option<String> = self.optional(name, example)?;
        if address.as_ref().is_some_and(|address| !is_http(address)) {
            self.add(
                name,
                format!("has no scheme http or no host, or names a user; expected an address such as {example}"),
            );
            return None;
        }
        Some(address)
    }

    /// A value that may be left out; the outer `None` is an error that was kept.
    pub fn optional<T: FromStr>(&mut self, name: &str, expected: &str) -> Option<Option<T>> {
        self.read(name, expected)
    }

    /// A value with a default.
    pub fn or<T: FromStr>(&mut self, name: &str, default: T, expected: &str) -> Option<T> {
        Some(self.read(name, expected)?.unwrap_or(default))
    }

    /// A secret that must be given; it is never printed.
    pub fn secret(&mut self, name: &str, expected: &str) -> Option<Secret<String>> {
        self.required(name, expected).map(Secret)
    }

    /// The URL of the database, which work of the process's own does without: it may be left out and is empty then.
    pub fn database(&mut self, name: &str, expected: &str) -> Option<Secret<String>> {
        if self.works {
            self.optional(name, expected).map(|url| Secret(url.unwrap_or_default()))
        } else {
            self.secret(name, expected)
        }
    }

    /// A secret that may be left out; the outer `None` is an error that was kept.
    pub fn optional_secret(&mut self, name: &str, expected: &str) -> Option<Option<Secret<String>>> {
        self.optional(name, expected).map(|secret| secret.map(Secret))
    }

    /// A value that must be given to serve. Where the process migrates it may be left out and the inner value is none.
    pub fn to_serve<T: FromStr>(&mut self, name: &str, expected: &str) -> Option<Option<T>> {
        match self.read(name, expected)? {
            None if !self.migrates => {
                self.add(name, format!("is not set; expected {expected}"));
                None
            }
            value => Some(value),
        }
    }

    /// Whether the process migrates, or does other work that needs less than serving.
    #[must_use]
    pub const fn is_to_migrate(&self) -> bool {
        self.migrates
    }

    /// The text of a file that serving needs, by its path. Where the process migrates it may be left out and is empty then.
    pub fn file(&mut self, name: &str, expected: &str) -> Option<Secret<String>> {
        let path: Option<String> = self.optional(name, expected)?;
        let Some(path) = path else {
            if self.migrates {
                return Some(Secret(String::new()));
            }
            self.add(name, format!("is not set; expected {expected}"));
            return None;
        };
        match std::fs::read_to_string(path) {
            Ok(text) => Some(Secret(text)),
            Err(error) => {
                self.add(name, format!("names a file that cannot be read ({}); expected {expected}", error.kind()));
                None
            }
        }
    }

    /// Keeps an error of a variable: for rules over what was read.
    pub fn add(&mut self, name: &str, error: impl fmt::Display) {
        let name = format!("{}{name}", self.prefix);
        self.errors.insert(name.clone(), format!("{name} {error}"));
    }

    /// The configuration, if nothing was wrong.
    ///
    /// # Errors
    /// Everything that is wrong, variables of this prefix that nothing reads included.
    pub fn finish<C>(mut self, configuration: Option<C>) -> Result<C, BadConfiguration> {
        for name in self.given.keys().filter(|name| !self.known.contains(*name)) {
            self.errors.insert(name.clone(), format!("{name} is not known"));
        }
        match configuration {
            Some(configuration) if self.errors.is_empty() => Ok(configuration),
            _ => Err(BadConfiguration(self.errors.into_values().collect())),
        }
    }

    #[expect(clippy::option_option, reason = "not given and given wrongly are two answers, and `?` ends on the second")]
    fn read<T: FromStr>(&mut self, name: &str, expected: &str) -> Option<Option<T>> {
        let full = format!("{}{name}", self.prefix);
        let given = self.given.get(&full).map(|value| value.expose().trim().to_owned());
        self.known.insert(full);
        match given.filter(|value| !value.is_empty()) {
            None => Some(None),
            Some(value) => {
                let read = value.parse().ok();
                if read.is_none() {
                    // The value is not repeated: it may be a secret in the wrong place.
                    self.add(name, format!("cannot be read; expected {expected}"));
                }
                read.map(Some)
            }
        }
    }
}

/// Whether an address can be called: scheme `http`, a host, perhaps a port, and nothing before or behind them: an address is printed.
fn is_http(address: &str) -> bool {
    let Ok(address) = address.parse::<http::Uri>() else { return false };
    let host = address.authority().is_some_and(|authority| {
        let port = authority.as_str().rsplit_once(':').filter(|(_, port)| !port.ends_with(']'));
        !authority.host().is_empty()
            && !authority.as_str().contains('@')
            && (port.is_none() || authority.port_u16().is_some_and(|port| port > 0))
    });
    host && address.scheme_str() == Some("http") && matches!(address.path(), "" | "/") && address.query().is_none()
}

/// A value that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// The value itself, for the one place that needs it.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
