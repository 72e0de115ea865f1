use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A line that a test can break: it listens on a port of its own and passes on to an address.
pub struct Proxy {
    address: SocketAddr,
    line: watch::Sender<Line>,
    cuts: Arc<AtomicU64>,
}

/// How a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// Everything passes.
    Whole,
    /// Nothing passes: connections end, and new ones end at once.
    Cut,
    /// Connections end after so many bytes, drawn from this seed, in either direction, and new ones do too.
    Breaks(u64),
    /// Nothing passes, and nobody is told: connections stay, and new ones are taken, until the line is another one.
    Stalled,
    /// What is asked passes; with the first byte of an answer the connection ends.
    NoAnswers,
}

impl Proxy {
    /// A whole line to an address. Needs a running tokio.
    ///
    /// # Panics
    /// Where no port is free.
    pub async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let (line, state) = watch::channel(Line::Whole);
        let cuts = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&cuts);
        tokio::spawn(async move {
            let mut number = 0;
            while let Ok((near, _)) = listener.accept().await {
                number += 1;
                tokio::spawn(pass(near, target, state.clone(), number, Arc::clone(&counted)));
            }
        });
        Self { address, line, cuts }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Makes the line so; connections that stand feel it with their next byte.
    pub fn set(&self, line: Line) {
        self.line.send_replace(line);
    }

    /// How many connections it has ended so far.
    #[must_use]
    pub fn cuts(&self) -> u64 {
        self.cuts.load(Ordering::Relaxed)
    }
}

/// One connection, until either side ends it or the line does.
async fn pass(
    near: TcpStream,
    target: SocketAddr,
    mut state: watch::Receiver<Line>,
    number: u64,
    cuts: Arc<AtomicU64>,
) {
    let ended = || cuts.fetch_add(1, Ordering::Relaxed);
    let line = *state.borrow_and_update();
    if line == Line::Cut {
        ended();
        return;
    }
    let Ok(far) = TcpStream::connect(target).await else { return };
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let mut left = match line {
        Line::Breaks(seed) => drawn(seed, number),
        _ => u64::MAX,
    };
    let ((mut near_in, mut near_out), (mut far_in, mut far_out)) = (near.into_split(), far.into_split());
    let (mut asked, mut answered) = ([0; 4_096], [0; 4_096]);
    loop {
        let now = *state.borrow_and_update();
        if now == Line::Cut {
            ended();
            return;
        }
        let is_stalled = now == Line::Stalled;
        let (count, is_answer) = tokio::select! {
            count = near_in.read(&mut asked), if !is_stalled => (count, false),
            count = far_in.read(&mut answered), if !is_stalled => (count, true),
            changed = state.changed() => {
                if changed.is_err() { return }
                continue;
            }
        };
        let Some(count) = count.ok().filter(|count| *count > 0) else { return };
        left = left.saturating_sub(u64::try_from(count).unwrap_or(u64::MAX));
        if left == 0 || (is_answer && *state.borrow() == Line::NoAnswers) {
            ended();
            return;
        }
        let passed = match is_answer {
            true => near_out.write_all(answered.get(..count).unwrap_or_default()).await,
            false => far_out.write_all(asked.get(..count).unwrap_or_default()).await,
        };
        if passed.is_err() {
            return;
        }
    }
}

/// Between 200 and some 25,000 bytes, by lot of the seed: less than a handshake over TLS, or up to two dozen messages.
fn drawn(seed: u64, number: u64) -> u64 {
    let mut lot = seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    lot = (lot ^ (lot >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    lot = (lot ^ (lot >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let lot = lot ^ (lot >> 31);
    // in plaintext a handshake takes a few hundred bytes, over TLS some thousand
    200 + lot % if lot.is_multiple_of(2) { 8_800 } else { 24_800 }
}
