//! The tape: what the forward sweep of a sequential loop stores for its reverse sweep.

/// A stack of numbers, arrays and tapes. Popping keeps the memory for the next call.
#[derive(Clone, Default, Debug)]
pub struct Tape {
    bools: Vec<bool>,
    i32s: Vec<i32>,
    i64s: Vec<i64>,
    f32s: Vec<f32>,
    f64s: Vec<f64>,
    tapes: Vec<Tape>,
    live: usize,
}

/// A number that a tape stores.
pub trait Taped: Copy {
    /// The stack of this type.
    fn stack(tape: &mut Tape) -> &mut Vec<Self>;
}

macro_rules! taped {
    ($($t:ty, $field:ident;)*) => {
        $(impl Taped for $t {
            #[inline(always)]
            fn stack(tape: &mut Tape) -> &mut Vec<$t> {
                &mut tape.$field
            }
        })*
    };
}

taped! { bool, bools; i32, i32s; i64, i64s; f32, f32s; f64, f64s; }

/// The first room of a stack, in numbers: growing it in small steps would cost more than a short loop does.
const FIRST: usize = 64;

#[cold]
fn grow<T>(stack: &mut Vec<T>) {
    stack.reserve(stack.len().max(FIRST));
}

impl Tape {
    /// Empties the tape; its memory stays.
    pub fn clear(&mut self) {
        self.bools.clear();
        self.i32s.clear();
        self.i64s.clear();
        self.f32s.clear();
        self.f64s.clear();
        self.live = 0;
    }

    /// Puts a number on top.
    #[inline]
    pub fn push<T: Taped>(&mut self, value: T) {
        let stack = T::stack(self);
        if stack.len() == stack.capacity() {
            grow(stack);
        }
        stack.push(value);
    }

    /// Takes the number on top.
    ///
    /// # Panics
    /// If there is none of that type.
    #[inline]
    pub fn pop<T: Taped>(&mut self) -> T {
        T::stack(self).pop().expect("the tape holds what the forward sweep pushed")
    }

    /// Puts `len` numbers on top, zeros for now, and returns them.
    #[inline]
    pub fn grow<T: Taped + Default>(&mut self, len: usize) -> &mut [T] {
        let stack = T::stack(self);
        let start = stack.len();
        stack.resize(start + len, T::default());
        &mut stack[start..][..len]
    }

    /// The `len` numbers on top.
    ///
    /// # Panics
    /// If fewer numbers of that type are left.
    #[inline]
    pub fn top<T: Taped>(&mut self, len: usize) -> &[T] {
        let stack = T::stack(self);
        let rest = stack.len().checked_sub(len).expect("the tape holds what the forward sweep pushed");
        &stack[rest..][..len]
    }

    /// Takes `len` numbers away.
    #[inline]
    pub fn shrink<T: Taped>(&mut self, len: usize) {
        let stack = T::stack(self);
        stack.truncate(stack.len().saturating_sub(len));
    }

    /// Puts an array on top.
    #[inline]
    pub fn push_slice<T: Taped>(&mut self, values: &[T]) {
        T::stack(self).extend_from_slice(values);
    }

    /// Takes the array on top.
    ///
    /// # Panics
    /// If fewer numbers of that type are left.
    #[inline]
    pub fn pop_slice<T: Taped>(&mut self, values: &mut [T]) {
        let stack = T::stack(self);
        let rest =
            stack.len().checked_sub(values.len()).expect("the tape holds what the forward sweep pushed");
        values.copy_from_slice(&stack[rest..]);
        stack.truncate(rest);
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
        self.live = self.live.checked_sub(1).expect("the tape holds what the forward sweep pushed");
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
