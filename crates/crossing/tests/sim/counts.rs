//! What runs went through.

/// What a run went through, to see that it went through anything.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) messages: u64,
    pub(crate) refused: u64,
    pub(crate) again: u64,
    pub(crate) gaps: u64,
    pub(crate) stale: u64,
    pub(crate) changed: u64,
    pub(crate) crashes: u64,
    pub(crate) settled: u64,
    pub(crate) reversed: u64,
    pub(crate) tombstones: u64,
    pub(crate) limits: u64,
    pub(crate) late: u64,
    pub(crate) rounds: u64,
    pub(crate) asked: u64,
    pub(crate) lost: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, other: &Self) {
        self.messages += other.messages;
        self.refused += other.refused;
        self.again += other.again;
        self.gaps += other.gaps;
        self.stale += other.stale;
        self.changed += other.changed;
        self.crashes += other.crashes;
        self.settled += other.settled;
        self.reversed += other.reversed;
        self.tombstones += other.tombstones;
        self.limits += other.limits;
        self.late += other.late;
        self.rounds += other.rounds;
        self.asked += other.asked;
        self.lost += other.lost;
    }
}
