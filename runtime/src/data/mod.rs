//! Data: tables, batches, a part for testing, a common scale.
//!
//! ```
//! # #[cfg(feature = "csv")] {
//! use pullback::data::{Batches, Rows, Standardizer, Table, split};
//!
//! let table = Table::parse_csv("x,y\n1,2\n2,4\n3,6\n4,8\n", &[])?;
//! let (x, y) = (table.matrix(&["x"])?, table.vector("y")?);
//! let (train, test) = split(table.rows(), 0.25);
//! let scale = Standardizer::fit(&x.take_rows(&train));
//! let x = scale.apply(&x);
//!
//! let mut batches = Batches::shuffled(train.len(), 2, 1);
//! let rows = batches.next_batch();
//! let (x_batch, y_batch) = (x.take_rows(rows), y.take_rows(rows));
//! assert_eq!((x_batch.shape(), y_batch.len(), test.len()), ((2, 1), 2, 1));
//! # }
//! # Ok::<(), pullback::data::DataError>(())
//! ```
//!
//! Reading files needs the feature `csv`.

mod batches;
#[cfg(feature = "csv")]
mod csv;
mod error;
mod rows;
mod split;
mod standard;
mod table;

pub use batches::Batches;
pub use error::DataError;
pub use rows::Rows;
pub use split::{shuffled_split, split};
pub use standard::Standardizer;
pub use table::Table;
