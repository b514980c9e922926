//! The tape: what the forward sweep of a sequential loop stores for its reverse sweep.

/// A stack of numbers, arrays and tapes. Popping keeps the memory for the next call.
#[derive(Clone, Default, Debug)]
pub struct Tape {
    bools: Stack<bool>,
    i32s: Stack<i32>,
    i64s: Stack<i64>,
    f32s: Stack<f32>,
    f64s: Stack<f64>,
    tapes: Vec<Tape>,
    live: usize,
}

/// Numbers of one type. What lies above the top is left over, so that room taken again need not be cleared.
#[derive(Clone, Default, Debug)]
pub struct Stack<T> {
    items: Vec<T>,
    top: usize,
}

/// The first room of a stack, in numbers: growing it in small steps would cost more than a short loop does.
const FIRST: usize = 64;

/// What is said if the generated code pops more than it pushed.
const EMPTY: &str = "the tape holds what the forward sweep pushed";

impl<T: Copy + Default> Stack<T> {
    /// Makes room for numbers up to `end`.
    #[cold]
    fn enlarge(&mut self, end: usize) {
        let len = end.max(2 * self.items.len()).max(FIRST);
        self.items.resize(len, T::default());
    }

    #[inline]
    fn take(&mut self, len: usize) -> &mut [T] {
        let end = self.top + len;
        if end > self.items.len() {
            self.enlarge(end);
        }
        let taken = &mut self.items[self.top..][..len];
        self.top = end;
        taken
    }

    #[inline]
    fn highest(&self, len: usize) -> &[T] {
        let rest = self.top.checked_sub(len).expect(EMPTY);
        &self.items[rest..][..len]
    }
}

/// A number that a tape stores.
pub trait Taped: Copy + Default {
    /// The stack of this type.
    fn stack(tape: &mut Tape) -> &mut Stack<Self>;
}

macro_rules! taped {
    ($($t:ty, $field:ident;)*) => {
        $(impl Taped for $t {
            #[inline(always)]
            fn stack(tape: &mut Tape) -> &mut Stack<$t> {
                &mut tape.$field
            }
        })*
    };
}

taped! { bool, bools; i32, i32s; i64, i64s; f32, f32s; f64, f64s; }

impl Tape {
    /// Empties the tape; its memory stays.
    pub fn clear(&mut self) {
        self.bools.top = 0;
        self.i32s.top = 0;
        self.i64s.top = 0;
        self.f32s.top = 0;
        self.f64s.top = 0;
        self.live = 0;
    }

    /// Puts a number on top.
    #[inline]
    pub fn push<T: Taped>(&mut self, value: T) {
        let stack = T::stack(self);
        if stack.top == stack.items.len() {
            stack.enlarge(stack.top + 1);
        }
        stack.items[stack.top] = value;
        stack.top += 1;
    }

    /// Takes the number on top.
    ///
    /// # Panics
    /// If there is none of that type.
    #[inline]
    pub fn pop<T: Taped>(&mut self) -> T {
        let stack = T::stack(self);
        let top = stack.top.wrapping_sub(1);
        let value = *stack.items.get(top).expect(EMPTY);
        stack.top = top;
        value
    }

    /// Puts `len` numbers on top, whatever they are for now, and returns them.
    #[inline]
    pub fn grow<T: Taped>(&mut self, len: usize) -> &mut [T] {
        T::stack(self).take(len)
    }

    /// The `len` numbers on top.
    ///
    /// # Panics
    /// If fewer numbers of that type are left.
    #[inline]
    pub fn top<T: Taped>(&mut self, len: usize) -> &[T] {
        T::stack(self).highest(len)
    }

    /// Takes `len` numbers away.
    ///
    /// # Panics
    /// If fewer numbers of that type are left.
    #[inline]
    pub fn shrink<T: Taped>(&mut self, len: usize) {
        let stack = T::stack(self);
        stack.top = stack.top.checked_sub(len).expect(EMPTY);
    }

    /// Puts an array on top.
    #[inline]
    pub fn push_slice<T: Taped>(&mut self, values: &[T]) {
        T::stack(self).take(values.len()).copy_from_slice(values);
    }

    /// Takes the array on top.
    ///
    /// # Panics
    /// If fewer numbers of that type are left.
    #[inline]
    pub fn pop_slice<T: Taped>(&mut self, values: &mut [T]) {
        let stack = T::stack(self);
        values.copy_from_slice(stack.highest(values.len()));
        stack.top -= values.len();
    }

    /// Puts a tape on top, and leaves an empty one in its place.
    pub fn push_tape(&mut self, tape: &mut Tape) {
        if self.live == self.tapes.len() {
            self.tapes.push(Tape::default());
        }
        std::mem::swap(&mut self.tapes[self.live], tape);
        tape.clear();
        self.live += 1;
    }

    /// Takes the tape on top.
    ///
    /// # Panics
    /// If there is none.
    pub fn pop_tape(&mut self, tape: &mut Tape) {
        self.live = self.live.checked_sub(1).expect(EMPTY);
        std::mem::swap(&mut self.tapes[self.live], tape);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_in_first_out() {
        let mut tape = Tape::default();
        tape.push(1.0_f64);
        tape.push_slice(&[2.0_f64, 3.0]);
        tape.push(7_i64);
        let mut inner = Tape::default();
        inner.push(true);
        tape.push_tape(&mut inner);
        inner.push(false);
        let mut popped = Tape::default();
        tape.pop_tape(&mut popped);
        assert!(popped.pop::<bool>());
        assert_eq!(tape.pop::<i64>(), 7);
        let mut pair = [0.0_f64; 2];
        tape.pop_slice(&mut pair);
        assert_eq!(pair, [2.0, 3.0]);
        tape.grow::<f64>(2).copy_from_slice(&[4.0, 5.0]);
        assert_eq!(tape.top::<f64>(3), [1.0, 4.0, 5.0]);
        tape.shrink::<f64>(2);
        assert_eq!(tape.pop::<f64>(), 1.0);
    }

    #[test]
    #[should_panic(expected = "the forward sweep pushed")]
    fn popping_nothing_panics() {
        Tape::default().pop::<f32>();
    }
}
