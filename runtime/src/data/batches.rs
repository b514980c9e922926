//! Mini-batches.

use crate::Random;

/// An endless sequence of mini-batches, as lists of row numbers. It depends on the numbers it is made from alone.
///
/// ```
/// use pullback::data::Batches;
///
/// let mut batches = Batches::shuffled(10, 4, 42);
/// assert_eq!(batches.per_epoch(), 3);
/// let mut seen: Vec<usize> = Vec::new();
/// for _ in 0..batches.per_epoch() {
///     seen.extend(batches.next_batch());
/// }
/// seen.sort();
/// assert_eq!(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
/// ```
#[derive(Clone, Debug)]
pub struct Batches {
    rule: Rule,
    size: usize,
    /// How many rows an epoch uses: all, or as many as fill whole batches.
    used: usize,
    order: Vec<usize>,
    /// How many rows stay together when the order is shuffled.
    block: usize,
    at: usize,
    batch: Vec<usize>,
    random: Random,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Rule {
    Shuffled,
    Random,
    Cyclic,
}

impl Batches {
    fn new(rule: Rule, rows: usize, size: usize, seed: u64) -> Batches {
        assert!(rows > 0 && size > 0, "batches of {size} out of {rows} rows");
        let order = if rule == Rule::Shuffled { (0..rows).collect() } else { Vec::new() };
        Batches {
            rule,
            size,
            used: rows,
            order,
            block: 1,
            at: 0,
            batch: Vec::with_capacity(size),
            random: Random::new(seed),
        }
    }

    /// Each epoch takes all rows in a new random order. The last batch of an epoch may be short.
    ///
    /// # Panics
    /// If there are no rows, or the batches have none.
    #[must_use]
    pub fn shuffled(rows: usize, size: usize, seed: u64) -> Batches {
        Batches::new(Rule::Shuffled, rows, size, seed)
    }

    /// Each batch is drawn from all rows with replacement.
    ///
    /// # Panics
    /// If there are no rows, or the batches have none.
    #[must_use]
    pub fn random(rows: usize, size: usize, seed: u64) -> Batches {
        Batches::new(Rule::Random, rows, size, seed)
    }

    /// The rows in their order, again and again: a batch that reaches the last row goes on with the first.
    ///
    /// ```
    /// let mut batches = pullback::data::Batches::cyclic(5, 3);
    /// assert_eq!(batches.next_batch(), [0, 1, 2]);
    /// assert_eq!(batches.next_batch(), [3, 4, 0]);
    /// assert_eq!(batches.next_batch(), [1, 2, 3]);
    /// ```
    ///
    /// # Panics
    /// If there are no rows, or the batches have none.
    #[must_use]
    pub fn cyclic(rows: usize, size: usize) -> Batches {
        Batches::new(Rule::Cyclic, rows, size, 0)
    }

    /// Leaves out the last batch of an epoch if it is short. Makes a difference for [`shuffled`](Batches::shuffled) batches;
    /// others are never short.
    ///
    /// # Panics
    /// If shuffled batches are larger than all rows together: there would be none.
    #[must_use]
    pub fn drop_last(mut self) -> Batches {
        if self.rule == Rule::Shuffled {
            let rows = self.order.len();
            assert!(self.size <= rows, "batches of {} out of {rows} rows, short ones left out", self.size);
            self.used = rows / self.size * self.size;
        }
        self
    }

    /// Shuffles blocks of consecutive rows instead of single ones. With a million rows the time goes into reading rows from all
    /// over the memory; blocks of 64 read it in stretches. Makes a difference for [`shuffled`](Batches::shuffled) batches.
    ///
    /// # Panics
    /// If a block has no rows.
    #[must_use]
    pub fn in_blocks(mut self, rows: usize) -> Batches {
        assert!(rows > 0, "blocks of 0 rows");
        self.block = rows;
        self
    }

    /// How many batches an epoch has: as many as it takes to see each row once.
    #[must_use]
    pub fn per_epoch(&self) -> usize {
        self.used.div_ceil(self.size)
    }

    /// The next batch's rows.
    pub fn next_batch(&mut self) -> &[usize] {
        let (rows, size) = (self.used, self.size);
        match self.rule {
            Rule::Shuffled => return self.next_shuffled(),
            Rule::Random => {
                let Batches { batch, random, .. } = self;
                batch.clear();
                batch.extend((0..size).map(|_| random.below(rows)));
            }
            Rule::Cyclic => {
                self.batch.clear();
                while self.batch.len() < size {
                    let end = rows.min(self.at + size - self.batch.len());
                    self.batch.extend(self.at..end);
                    self.at = if end == rows { 0 } else { end };
                }
            }
        }
        &self.batch
    }

    /// Another order for an epoch.
    fn shuffle(&mut self) {
        let (n, block) = (self.order.len(), self.block);
        if block == 1 {
            return self.random.shuffle(&mut self.order);
        }
        let mut blocks: Vec<usize> = (0..n.div_ceil(block)).collect();
        self.random.shuffle(&mut blocks);
        self.order.clear();
        self.order.extend(blocks.into_iter().flat_map(|b| b * block..n.min((b + 1) * block)));
    }

    fn next_shuffled(&mut self) -> &[usize] {
        if self.at == 0 {
            self.shuffle();
        }
        let (start, end) = (self.at, self.used.min(self.at + self.size));
        self.at = if end == self.used { 0 } else { end };
        &self.order[start..end]
    }
}
