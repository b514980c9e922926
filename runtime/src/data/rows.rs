//! Picking rows out of arrays.

use std::ops::Range;

use nalgebra::{DMatrix, DVector, Scalar};

/// Something with rows, of which some can be picked: `Vec`, `DVector`, `DMatrix`, and pairs of these.
///
/// A row of a `Vec<[f64; 5]>` lies in one place in memory, a row of a matrix in one place for each column.
pub trait Rows: Sized {
    /// How many rows there are.
    fn row_count(&self) -> usize;

    /// These rows, in this order; copies into `to`, whose memory is used again if it is large enough.
    ///
    /// # Panics
    /// If there is no such row.
    fn take_rows_into(&self, rows: &[usize], to: &mut Self);

    /// These rows, in this order.
    ///
    /// ```
    /// use pullback::data::Rows;
    ///
    /// assert_eq!(vec!["a", "b", "c"].take_rows(&[2, 0]), ["c", "a"]);
    /// ```
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    fn take_rows(&self, rows: &[usize]) -> Self;
}

impl<T: Clone> Rows for Vec<T> {
    fn row_count(&self) -> usize {
        self.len()
    }

    fn take_rows_into(&self, rows: &[usize], to: &mut Self) {
        to.clear();
        match run(rows) {
            Some(run) => to.extend_from_slice(&self[run]),
            None => to.extend(rows.iter().map(|&r| self[r].clone())),
        }
    }

    fn take_rows(&self, rows: &[usize]) -> Self {
        rows.iter().map(|&r| self[r].clone()).collect()
    }
}

impl<T: Scalar> Rows for DVector<T> {
    fn row_count(&self) -> usize {
        self.len()
    }

    fn take_rows_into(&self, rows: &[usize], to: &mut Self) {
        if to.len() != rows.len() {
            *to = self.take_rows(rows);
            return;
        }
        pick(self.as_slice(), rows, to.as_mut_slice());
    }

    fn take_rows(&self, rows: &[usize]) -> Self {
        DVector::from_iterator(rows.len(), rows.iter().map(|&r| self[r].clone()))
    }
}

impl<T: Scalar> Rows for DMatrix<T> {
    fn row_count(&self) -> usize {
        self.nrows()
    }

    fn take_rows_into(&self, rows: &[usize], to: &mut Self) {
        if to.shape() != (rows.len(), self.ncols()) {
            *to = self.take_rows(rows);
            return;
        }
        for c in 0..self.ncols() {
            let n = rows.len();
            pick(
                &self.as_slice()[c * self.nrows()..][..self.nrows()],
                rows,
                &mut to.as_mut_slice()[c * n..][..n],
            );
        }
    }

    fn take_rows(&self, rows: &[usize]) -> Self {
        let columns = (0..self.ncols()).flat_map(|c| rows.iter().map(move |&r| self[(r, c)].clone()));
        DMatrix::from_iterator(rows.len(), self.ncols(), columns)
    }
}

/// Rows that lie one after the other, as those of cyclic batches: they are copied in one piece.
fn run(rows: &[usize]) -> Option<Range<usize>> {
    let (&first, last) = (rows.first()?, rows.last()?);
    rows.iter().zip(first..).all(|(&row, expected)| row == expected).then_some(first..last + 1)
}

fn pick<T: Clone>(from: &[T], rows: &[usize], to: &mut [T]) {
    if let Some(run) = run(rows) {
        return to.clone_from_slice(&from[run]);
    }
    for (to, &row) in to.iter_mut().zip(rows) {
        *to = from[row].clone();
    }
}

macro_rules! tuple {
    ($($t:ident $i:tt),*) => {
        impl<$($t: Rows),*> Rows for ($($t,)*) {
            fn row_count(&self) -> usize {
                self.0.row_count()
            }

            fn take_rows_into(&self, rows: &[usize], to: &mut Self) {
                $(self.$i.take_rows_into(rows, &mut to.$i);)*
            }

            fn take_rows(&self, rows: &[usize]) -> Self {
                ($(self.$i.take_rows(rows),)*)
            }
        }
    };
}

tuple! { A 0, B 1 }
tuple! { A 0, B 1, C 2 }
