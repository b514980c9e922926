//! Which accesses are ordered. An access is ordered before another one by the same thread, across a block's barrier,
//! across a warp's barrier, and between blocks by a fence before an atomic and a fence after another on the same word.

use std::collections::HashMap;

/// Stands for "several" in [`Access::thread`] and [`Access::warp`].
const MANY: u32 = u32::MAX;

/// What an access does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Read,
    Write,
    Atomic,
}

/// One access, or the latest reads of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access {
    pub(crate) block: u32,
    pub(crate) warp: u32,
    pub(crate) thread: u32,
    /// How many barriers the block, and the warp, had passed.
    pub(crate) epoch: u64,
    pub(crate) warp_epoch: u64,
    pub(crate) time: u64,
    pub(crate) kind: Kind,
}

/// What is known of other blocks: which of their accesses are in the past.
#[derive(Clone, Default, Debug)]
pub(crate) struct Clock(HashMap<u32, Seen>);

#[derive(Clone, Default, Debug)]
struct Seen {
    /// All accesses before this barrier.
    epoch: u64,
    /// And those of these threads up to these times.
    threads: HashMap<u32, u64>,
}

impl Clock {
    /// Adds what a thread of a block had behind it when it fenced.
    pub(crate) fn add(&mut self, block: u32, epoch: u64, thread: u32, time: u64) {
        let seen = self.0.entry(block).or_default();
        seen.epoch = seen.epoch.max(epoch);
        let t = seen.threads.entry(thread).or_default();
        *t = (*t).max(time);
    }

    pub(crate) fn merge(&mut self, other: &Clock) {
        for (&block, theirs) in &other.0 {
            let mine = self.0.entry(block).or_default();
            mine.epoch = mine.epoch.max(theirs.epoch);
            for (&thread, &time) in &theirs.threads {
                let t = mine.threads.entry(thread).or_default();
                *t = (*t).max(time);
            }
        }
    }

    fn covers(&self, a: &Access) -> bool {
        let Some(seen) = self.0.get(&a.block) else { return false };
        a.epoch < seen.epoch || seen.threads.get(&a.thread).is_some_and(|&t| a.time <= t)
    }
}

/// What the accessing thread knows.
pub(crate) struct View<'a> {
    pub(crate) block: &'a Clock,
    pub(crate) thread: Option<&'a Clock>,
}

impl View<'_> {
    fn ordered(&self, before: &Access, now: &Access) -> bool {
        if before.block != now.block {
            return self.block.covers(before) || self.thread.is_some_and(|c| c.covers(before));
        }
        before.thread == now.thread
            || before.epoch < now.epoch
            || (before.warp == now.warp && before.warp_epoch < now.warp_epoch)
    }
}

/// The accesses of one launch to a piece of memory, by 4-byte word; each with the bytes of the word it touched.
#[derive(Default, Debug)]
pub(crate) struct Shadow(Vec<Vec<(u8, Access)>>);

impl Shadow {
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Records an access to `bytes` bytes, and returns an earlier one that conflicts.
    pub(crate) fn access(
        &mut self,
        at: usize,
        bytes: usize,
        now: &Access,
        view: &View<'_>,
    ) -> Option<Access> {
        let last = (at + bytes - 1) / 4;
        if self.0.len() <= last {
            self.0.resize(last + 1, Vec::new());
        }
        let (mut conflict, mut word) = (None, at / 4);
        while word <= last {
            let from = at.max(word * 4) - word * 4;
            let to = (at + bytes).min(word * 4 + 4) - word * 4;
            let mask = ((1u8 << to) - 1) & !((1u8 << from) - 1);
            let all = &mut self.0[word];
            conflict = conflict.or_else(|| find_conflict(all, mask, now, view));
            record(all, mask, now);
            word += 1;
        }
        conflict
    }

    /// Whether this launch wrote one of the bytes' words.
    pub(crate) fn was_written(&self, at: usize, bytes: usize) -> bool {
        let words = at / 4..=(at + bytes - 1) / 4;
        words.filter_map(|w| self.0.get(w)).flatten().any(|(_, a)| a.kind != Kind::Read)
    }
}

fn find_conflict(all: &[(u8, Access)], mask: u8, now: &Access, view: &View<'_>) -> Option<Access> {
    let harmless =
        |a: &Access| matches!((a.kind, now.kind), (Kind::Read, Kind::Read) | (Kind::Atomic, Kind::Atomic));
    let conflicts = |&&(m, ref a): &&(u8, Access)| m & mask != 0 && !harmless(a) && !view.ordered(a, now);
    all.iter().find(conflicts).map(|&(_, a)| a)
}

/// A write takes the place of what it overwrites; reads are kept as the latest of each block.
fn record(all: &mut Vec<(u8, Access)>, mask: u8, now: &Access) {
    if now.kind != Kind::Read {
        all.retain(|&(m, _)| m & !mask != 0);
        all.push((mask, *now));
        return;
    }
    let same =
        |&&mut (m, ref a): &&mut (u8, Access)| m == mask && a.kind == Kind::Read && a.block == now.block;
    match all.iter_mut().find(same) {
        None => all.push((mask, *now)),
        Some((_, a)) => *a = joined(a, now),
    }
}

/// Two reads of a block as one: the later, or "several threads" where neither is ordered before the other.
fn joined(a: &Access, now: &Access) -> Access {
    let earlier = a.thread == now.thread
        || a.epoch < now.epoch
        || (a.warp == now.warp && a.warp_epoch < now.warp_epoch);
    if earlier {
        return *now;
    }
    Access { thread: MANY, warp: if a.warp == now.warp { a.warp } else { MANY }, ..*now }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(block: u32, thread: u32, epoch: u64, time: u64, kind: Kind) -> Access {
        Access { block, warp: thread / 32, thread, epoch, warp_epoch: 0, time, kind }
    }

    #[test]
    fn a_barrier_orders_a_block() {
        let (clock, mut shadow) = (Clock::default(), Shadow::default());
        let view = View { block: &clock, thread: None };
        let mut go = |t, e, kind| shadow.access(0, 4, &access(0, t, e, 0, kind), &view).is_some();
        assert!(!go(0, 0, Kind::Write));
        assert!(go(1, 0, Kind::Read));
        assert!(!go(1, 1, Kind::Read));
        assert!(!go(2, 1, Kind::Read));
        assert!(go(2, 1, Kind::Write), "thread 1 read in the same epoch");
        assert!(!go(3, 2, Kind::Write));
    }

    #[test]
    fn bytes_of_a_word_are_separate() {
        let (clock, mut shadow) = (Clock::default(), Shadow::default());
        let view = View { block: &clock, thread: None };
        for t in 0..4 {
            let a = access(0, t, 0, 0, Kind::Write);
            assert!(shadow.access(t as usize, 1, &a, &view).is_none());
        }
        assert!(shadow.access(2, 2, &access(0, 2, 0, 0, Kind::Read), &view).is_some());
    }

    #[test]
    fn blocks_are_ordered_by_what_was_released() {
        let mut shadow = Shadow::default();
        let nothing = Clock::default();
        let mut clock = Clock::default();
        clock.add(0, 1, 5, 10);
        let before = View { block: &nothing, thread: None };
        let after = View { block: &clock, thread: None };
        assert!(shadow.access(0, 4, &access(0, 3, 0, 7, Kind::Write), &before).is_none());
        assert!(shadow.access(4, 4, &access(0, 3, 1, 8, Kind::Write), &before).is_none());
        assert!(shadow.access(8, 4, &access(0, 5, 1, 9, Kind::Write), &before).is_none());
        assert!(shadow.access(0, 4, &access(1, 0, 0, 11, Kind::Read), &before).is_some());
        assert!(shadow.access(0, 4, &access(1, 0, 0, 11, Kind::Read), &after).is_none());
        assert!(shadow.access(4, 4, &access(1, 0, 0, 11, Kind::Read), &after).is_some());
        assert!(shadow.access(8, 4, &access(1, 0, 0, 11, Kind::Read), &after).is_none());
    }
}
