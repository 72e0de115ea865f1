use std::io::{self, IsTerminal as _, Write as _};

/// How far a long piece of work is: one line on the terminal's error output that is written over, nothing elsewhere.
pub(crate) struct Progress {
    is_shown: bool,
}

impl Progress {
    /// Shown where somebody looks.
    pub(crate) fn new() -> Self {
        Self { is_shown: io::stderr().is_terminal() }
    }

    /// So much of so much.
    pub(crate) fn at(&self, what: &str, done: u64, total: u64) {
        const WIDTH: u64 = 30;
        if self.is_shown {
            let filled = done.min(total).saturating_mul(WIDTH).checked_div(total).unwrap_or(WIDTH);
            let bar: String = (0..WIDTH).map(|at| if at < filled { '█' } else { '░' }).collect();
            let _ = write!(io::stderr(), "\r{bar} {done}/{total} {what}\x1b[K");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
