use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A PostgreSQL server of the test's own, from the binaries that are installed; gone when this is dropped.
#[derive(Debug)]
pub struct Postgres {
    port: u16,
    /// A shell that waits for its input to end, which it does when this process ends in any way, and then cleans up.
    keeper: Child,
}

/// Starts a cluster in a folder of its own, says so, waits for the end of its input, and removes everything.
/// PostgreSQL refuses to run as root.
const KEEP: &str = r#"
set -e
bin=$1 port=$2
folder=$(mktemp -d)
as() { "$@"; }
if [ "$(id -u)" = 0 ]; then
  as() { runuser -u postgres -- "$@"; }
  chown postgres: "$folder"
fi
cd "$folder"
cleanup() { as "$bin/pg_ctl" -D "$folder/data" -m immediate -w -s stop || true; cd /; rm -rf "$folder"; }
trap cleanup EXIT
trap '' INT TERM HUP PIPE
as "$bin/initdb" -D "$folder/data" -A trust -U postgres -E UTF8 --locale=C.UTF-8 --no-sync >&2
as "$bin/pg_ctl" -D "$folder/data" -w -s -l "$folder/log" \
  -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$folder -c fsync=off" start </dev/null >&2
echo ready
exec >&-
cat >/dev/null
"#;

impl Postgres {
    /// Starts one on a free port.
    ///
    /// # Panics
    /// Where PostgreSQL is not installed or does not start.
    #[must_use]
    pub fn start() -> Self {
        let bin = binaries();
        let free = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port is free");
        let port = free.port();
        let mut keeper = Command::new("sh")
            .args(["-c", KEEP, "keeper", &bin.display().to_string(), &port.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell can be started");
        let said = keeper.stdout.take().map(std::io::read_to_string).expect("the shell has an output");
        assert_eq!(said.expect("the shell can be heard").trim(), "ready", "PostgreSQL did not start");
        Self { port, keeper }
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

fn is_server(bin: &Path) -> bool {
    bin.join("initdb").is_file() && bin.join("pg_ctl").is_file()
}
