use std::fs;
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

/// A PostgreSQL server of the test's own, from the binaries that are installed; gone when this is dropped.
#[derive(Debug)]
pub struct Postgres {
    port: u16,
    /// A shell that waits for its input to end, which it does when this process ends in any way, and then cleans up.
    keeper: Child,
    output: Lines<BufReader<ChildStdout>>,
}

/// Copies a cluster nobody has used into a folder of its own, or makes the first one, starts it, says so, stops and starts it as
/// asked until its input ends, and removes everything. PostgreSQL refuses to run as root.
const KEEP: &str = r#"
set -e
bin=$1 port=$2 unused=$3
# in memory where there is plenty: a cluster is a thousand files, and lives for seconds
free=$(df --output=avail /dev/shm 2>/dev/null | tail -n 1)
if [ -w /dev/shm ] && [ "${free:-0}" -gt 4000000 ]; then
  folder=$(mktemp -d -p /dev/shm)
else
  folder=$(mktemp -d)
fi
as() { "$@"; }
if [ "$(id -u)" = 0 ]; then
  as() { runuser -u postgres -- "$@"; }
  chown postgres: "$folder"
fi
cd "$folder"
all() {
  master=$(head -n 1 "$folder/data/postmaster.pid")
  echo "$master"
  grep -ls "^PPid:[[:space:]]*$master\$" /proc/[0-9]*/status | cut -d / -f 3
}
cleanup() { kill -CONT $(all) || true; as "$bin/pg_ctl" -D "$folder/data" -m immediate -w -s stop || true; cd /; rm -rf "$folder"; }
trap cleanup EXIT
trap '' INT TERM HUP PIPE
if [ -r "$unused/PG_VERSION" ]; then
  cp -a "$unused" "$folder/data"
else
  as "$bin/initdb" -D "$folder/data" -A trust -U postgres -E UTF8 --locale=C.UTF-8 --no-sync >&2
  # whole or not at all, and of several that made one the first; the others are not kept
  cp -a "$folder/data" "$unused.$$"
  mv -T "$unused.$$" "$unused" || rm -rf "$unused.$$"
fi
start() {
  as "$bin/pg_ctl" -D "$folder/data" -w -s -l "$folder/log" \
    -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$folder -c fsync=off" start </dev/null >&2
}
start
echo ready
while read -r asked; do
  case $asked in
    stop) as "$bin/pg_ctl" -D "$folder/data" -m immediate -w -s stop </dev/null >&2 ;;
    start) start ;;
    hang) kill -STOP $(all) ;;
    go) kill -CONT $(all) ;;
  esac
  echo "$asked"
done
"#;

/// How many ports are tried.
const TRIES: u8 = 3;

impl Postgres {
    /// Starts one on a free port. A port that was free may be taken before the server takes it: then another one is tried.
    ///
    /// # Panics
    /// Where PostgreSQL is not installed or does not start.
    #[must_use]
    pub fn start() -> Self {
        let bin = binaries();
        let mut started = (0..TRIES).map(|_| Self::begin(&bin)).filter_map(Self::ready);
        started.next().expect("PostgreSQL starts")
    }

    fn begin(bin: &Path) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port is free");
        let port = free.port();
        let mut keeper = Command::new("sh")
            .args(["-c", KEEP, "keeper", &bin.display().to_string(), &port.to_string()])
            .arg(unused(bin))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell can be started");
        let output = BufReader::new(keeper.stdout.take().expect("the shell has an output")).lines();
        Self { port, keeper, output }
    }

    fn ready(mut self) -> Option<Self> {
        let said = self.output.next().and_then(Result::ok);
        (said.as_deref() == Some("ready")).then_some(self)
    }

    fn hear(&mut self, expected: &str) {
        let said = self.output.next().and_then(Result::ok);
        assert_eq!(said.as_deref(), Some(expected), "PostgreSQL did not start or is gone");
    }

    fn ask(&mut self, what: &str) {
        let input = self.keeper.stdin.as_mut().expect("the shell has an input");
        writeln!(input, "{what}").expect("the shell listens");
        self.hear(what);
    }

    /// Stops it at once, as if its machine had failed; nothing listens on its port then.
    ///
    /// # Panics
    /// Where it does not run.
    pub fn stop(&mut self) {
        self.ask("stop");
    }

    /// Starts it again on its port, with all that was committed.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn restart(&mut self) {
        self.ask("start");
    }

    /// Makes it hang: connections stay open and new ones are accepted, and nothing is answered until [`Postgres::resume`].
    ///
    /// # Panics
    /// Where it does not run.
    pub fn pause(&mut self) {
        self.ask("hang");
    }

    /// Lets it go on.
    ///
    /// # Panics
    /// Where it does not run.
    pub fn resume(&mut self) {
        self.ask("go");
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// Where the newest installed server's binaries are.
fn binaries() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path());
    let mut servers: Vec<PathBuf> = versions.map(|path| path.join("bin")).filter(|bin| is_server(bin)).collect();
    servers.sort_by_key(|bin| {
        let version = bin.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        version.and_then(|version| version.parse::<u32>().ok())
    });
    servers.pop().expect("PostgreSQL's server is installed (Debian: apt-get install postgresql)")
}

/// Where a cluster nobody has used is kept for the tests after the first, below the target folder: making one costs more than a second.
fn unused(bin: &Path) -> PathBuf {
    let version = bin.parent().and_then(Path::file_name).unwrap_or_default();
    let program = std::env::current_exe().expect("a test knows its program");
    // target/<profile>/deps/<test>
    let folder = program.parent().expect("a program is in a folder");
    folder.join(format!("unused-postgres-{}", version.display()))
}

fn is_server(bin: &Path) -> bool {
    bin.join("initdb").is_file() && bin.join("pg_ctl").is_file()
}
