use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::net::TcpListener;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A Redis server of the test's own, from the binary that is installed; gone when this is dropped. It keeps nothing on disk.
#[derive(Debug)]
pub struct Redis {
    port: u16,
    keeper: Option<Keeper>,
}

/// A shell that hands on signals and ends with its input, which ends when this process does in any way.
#[derive(Debug)]
struct Keeper {
    shell: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

/// Starts a server, says so once it listens, sends it the signals that come in, and removes everything at the end.
const KEEP: &str = r#"
port=$1
folder=$(mktemp -d) || exit
trap '' INT TERM HUP PIPE
mkfifo "$folder/log"
redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no --dir "$folder" --logfile '' \
  </dev/null >"$folder/log" 2>&1 &
server=$!
exec 3<"$folder/log"
while read -r line <&3; do
  case $line in *'Ready to accept'*) echo ready; break ;; esac
done
cat <&3 >/dev/null &
while read -r signal; do
  kill "-$signal" "$server"
  echo "$signal"
done
kill -KILL "$server"
wait "$server"
rm -rf "$folder"
"#;

impl Keeper {
    fn start(port: u16) -> Self {
        let mut shell = Command::new("sh")
            .args(["-c", KEEP, "keeper", &port.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell can be started");
        let input = shell.stdin.take().expect("the shell has an input");
        let output = BufReader::new(shell.stdout.take().expect("the shell has an output")).lines();
        let mut keeper = Self { shell, input, output };
        keeper.hear("ready");
        keeper
    }

    fn hear(&mut self, expected: &str) {
        let said = self.output.next().and_then(Result::ok);
        assert_eq!(
            said.as_deref(),
            Some(expected),
            "Redis did not start or is gone (Debian: apt-get install redis-server)"
        );
    }

    fn signal(&mut self, name: &str) {
        writeln!(self.input, "{name}").expect("the shell listens");
        self.hear(name);
    }

    fn end(self) {
        let Self { mut shell, input, .. } = self;
        drop(input);
        let _ = shell.wait();
    }
}

impl Redis {
    /// Starts one on a free port.
    ///
    /// # Panics
    /// Where Redis is not installed or does not start.
    #[must_use]
    pub fn start() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port is free");
        Self { port: free.port(), keeper: Some(Keeper::start(free.port())) }
    }

    /// Its URL, the same after a restart.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Ends it at once, with all that it holds; nothing listens on its port then.
    pub fn kill(&mut self) {
        if let Some(keeper) = self.keeper.take() {
            keeper.end();
        }
    }

    /// Starts it again on its port, empty.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn restart(&mut self) {
        self.kill();
        self.keeper = Some(Keeper::start(self.port));
    }

    /// Makes it hang: connections stay open, and nothing is answered until [`Redis::resume`].
    ///
    /// # Panics
    /// Where it does not run.
    pub fn pause(&mut self) {
        self.keeper.as_mut().expect("it runs").signal("STOP");
    }

    /// Lets it go on.
    ///
    /// # Panics
    /// Where it does not run.
    pub fn resume(&mut self) {
        self.keeper.as_mut().expect("it runs").signal("CONT");
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}
