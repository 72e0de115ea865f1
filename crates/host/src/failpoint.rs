//! Named points at which a test stops a process, so that it can be killed between any two steps.

/// The variable that names the point to stop at.
#[cfg(debug_assertions)]
const VARIABLE: &str = "YIBAO_FAILPOINT";

/// Stops here for good where the process was told to: it says `failpoint <name>` on its output, and waits to be killed. In a
/// program built for release it is nothing, and no variable is read.
#[cfg(debug_assertions)]
pub fn failpoint(name: &str) {
    use std::io::Write as _;
    use std::sync::OnceLock;

    static STOP_AT: OnceLock<Option<String>> = OnceLock::new();
    #[expect(clippy::disallowed_methods, reason = "beside the configuration: only programs built for tests read it")]
    let stop_at = STOP_AT.get_or_init(|| std::env::var(VARIABLE).ok());
    if stop_at.as_deref() != Some(name) {
        return;
    }
    // who reads it may be gone, and then kills it all the same
    let _ = writeln!(std::io::stdout(), "failpoint {name}");
    loop {
        std::thread::park();
    }
}

/// Nothing: the program is built for release.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub const fn failpoint(_name: &str) {}
