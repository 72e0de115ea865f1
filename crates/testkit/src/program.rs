use std::io::{BufRead as _, BufReader, Lines};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use crate::on_both;

/// A service's program as an operator runs it: told by its own variables alone.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    path: &'static str,
    prefix: &'static str,
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code.
    pub code: i32,
    /// What it printed.
    pub output: String,
    /// What it printed as errors, its log among it.
    pub errors: String,
}

/// A program that serves; killed when this is dropped.
#[derive(Debug)]
pub struct Serving {
    child: Child,
    address: SocketAddr,
    /// What it says after where it listens.
    said: Option<Lines<BufReader<ChildStdout>>>,
}

impl Program {
    /// The program at a path, whose variables begin with a prefix (`YIBAO_SETTLEMENT_`).
    #[must_use]
    pub const fn new(path: &'static str, prefix: &'static str) -> Self {
        Self { path, prefix }
    }

    /// Variables are given without the prefix; those that begin with `YIBAO_` are taken as they are.
    fn command(&self, variables: &[(&str, &str)]) -> Command {
        let mut command = Command::new(self.path);
        command.env_clear().stdin(Stdio::null());
        for (name, value) in variables {
            let name = if name.starts_with("YIBAO_") { (*name).to_owned() } else { format!("{}{name}", self.prefix) };
            command.env(name, value);
        }
        command
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// Where it cannot be started, is killed, or prints no text.
    #[must_use]
    pub fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
        let ended = self.command(variables).args(arguments).output();
        let Output { status, stdout, stderr } = ended.expect("the program starts");
        let text = |bytes| String::from_utf8(bytes).expect("a program prints text");
        Ended { code: status.code().expect("it ends by itself"), output: text(stdout), errors: text(stderr) }
    }

    /// Starts it, on a free port unless `LISTEN` is given, and waits until it says where it listens.
    ///
    /// # Panics
    /// Where it cannot be started, or ends before.
    pub async fn serve(&self, variables: &[(&str, &str)]) -> Serving {
        let mut command = self.command(variables);
        if !variables.iter().any(|(name, _)| *name == "LISTEN") {
            command.env(format!("{}LISTEN", self.prefix), "127.0.0.1:0");
        }
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program starts");
        let said = BufReader::new(child.stdout.take().expect("it has an output"));
        let heard = tokio::task::spawn_blocking(move || {
            let mut lines = said.lines();
            let listens = |line: String| line.split_once(" listens on ").map(|(_, address)| address.to_owned());
            (lines.by_ref().map_while(Result::ok).find_map(listens), lines)
        });
        let (address, said) = heard.await.expect("somebody listens to it");
        let address = address.expect("the program says where it listens").parse().expect("an address");
        Serving { child, address, said: Some(said) }
    }

    /// Says that a broken configuration is refused with all its errors at once, whatever the program is started for, and that no
    /// value (`hidden`) is repeated.
    ///
    /// # Panics
    /// Where that is not so.
    pub fn refuses_all_at_once(&self, wrong: &[(&str, &str)]) {
        for arguments in [&["--check-config"][..], &["migrate"], &[]] {
            let Ended { code, output, errors } = self.run(arguments, wrong);
            assert_eq!((code, output.as_str()), (2, ""), "{errors}");
            let named: Vec<&str> = errors.lines().filter_map(|line| line.split(' ').next()).collect();
            let mut expected: Vec<String> = wrong.iter().map(|(name, _)| format!("{}{name}", self.prefix)).collect();
            expected.sort();
            assert_eq!(named, expected, "{errors}");
            assert!(!errors.contains("hidden"), "{errors}");
        }
        let ended = self.run(&["--check-config"], &[]);
        let missing = format!("{}DATABASE_URL is not set", self.prefix);
        assert!(ended.code == 2 && ended.errors.contains(&missing), "{ended:?}");
    }

    /// Says that a right configuration is printed, with `shown` and without its secrets (`hidden`).
    ///
    /// # Panics
    /// Where that is not so.
    pub fn prints_without_secrets(&self, given: &[(&str, &str)], shown: &str) {
        let Ended { code, output, errors } = self.run(&["--check-config"], given);
        assert_eq!((code, errors.as_str()), (0, ""));
        assert!(output.contains(shown) && !output.contains("hidden"), "{output}");
    }

    /// Says that it serves only a database that was migrated, and until then says nothing of listening; and that migrating twice
    /// does nothing more. `beside` are the variables it needs beside the database.
    ///
    /// # Panics
    /// Where that is not so.
    pub fn serves_only_what_was_migrated(self, beside: &'static [(&'static str, &'static str)]) {
        on_both(|url| async move {
            let at = [beside, &[("DATABASE_URL", url.as_str())][..]].concat();
            let Ended { code, output, errors } = self.run(&[], &at);
            assert!(code == 1 && errors.contains("run the migration command"), "{errors}");
            assert!(!format!("{output}{errors}").contains("listen"), "it listened: {output}{errors}");
            let first = self.run(&["migrate"], &at);
            assert!(first.code == 0 && first.output.contains("the database is up to date"), "{first:?}");
            let again = self.run(&["migrate"], &at);
            assert!(again.code == 0 && again.output.contains("0 steps applied"), "{again:?}");
        });
    }
}

impl Serving {
    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until it prints a line, or its output ends: whether it did.
    ///
    /// # Panics
    /// Where it was asked before.
    pub async fn says(&mut self, expected: &str) -> bool {
        let (mut said, expected) = (self.said.take().expect("asked once"), expected.to_owned());
        let heard = tokio::task::spawn_blocking(move || said.any(|line| line.is_ok_and(|line| line == expected)));
        heard.await.expect("somebody listens to it")
    }

    /// Kills it at once (SIGKILL) and waits until it is gone.
    ///
    /// # Panics
    /// Where it cannot be killed.
    pub fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it is gone");
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // one that was killed already is not there to be killed
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
