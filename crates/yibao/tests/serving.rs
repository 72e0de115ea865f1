//! A `yibao up` of the test's own: a real process, on free ports, in a folder that goes with it.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use serde_json::Value;

pub(crate) struct Serving {
    child: Child,
    pub(crate) settlement: String,
    pub(crate) enrolment: String,
    pub(crate) assistance: String,
    log: std::path::PathBuf,
    // open as long as the process lives: it may still want to say something
    output: BufReader<ChildStdout>,
}

impl Serving {
    /// Starts it in the folder and waits until it says where it serves.
    pub(crate) fn start(folder: &Path, environment: &[(&str, &str)]) -> Self {
        let log = folder.join("log");
        let mut child = Command::new(env!("CARGO_BIN_EXE_yibao"))
            .args([
                "up",
                "--settlement-port",
                "0",
                "--enrolment-port",
                "0",
                "--assistance-port",
                "0",
                "--format",
                "json",
                "--folder",
            ])
            .arg(folder.join("data"))
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let told: Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}{}", fs::read_to_string(&log).unwrap()));
        let [settlement, enrolment, assistance] =
            ["settlement", "enrolment", "assistance"].map(|service| told[service].as_str().unwrap().to_owned());
        Self { child, settlement, enrolment, assistance, log, output }
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Asks it to stop, as an operator does, and waits for the end; what it printed meanwhile, and its log.
    pub(crate) fn stop(mut self) -> (ExitStatus, String) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let ended = self.child.wait().unwrap();
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "");
        (ended, self.log())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // one that has ended already is not there to be killed
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
