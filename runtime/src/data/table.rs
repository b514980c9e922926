//! Named columns.

use nalgebra::{DMatrix, DVector};

use super::DataError;

/// Columns with names, all equally long, of numbers or of text.
///
/// Read by `Table::read_csv` and `Table::parse_csv` with the feature `csv`, or put together by hand.
///
/// ```
/// use pullback::data::Table;
///
/// let table = Table::new().with_numbers("length", vec![1.4, 4.7]).with_text("species", vec!["setosa", "virginica"]);
/// assert_eq!(table.rows(), 2);
/// assert_eq!(table.vector("length")?[1], 4.7);
/// let (classes, names) = table.classes("species")?;
/// assert_eq!((classes, names), (vec![0, 1], vec!["setosa".to_string(), "virginica".to_string()]));
/// let error = table.vector("width").unwrap_err();
/// assert_eq!(error.to_string(), "there is no column `width`; the columns are `length`, `species`");
/// # Ok::<(), pullback::data::DataError>(())
/// ```
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Table {
    columns: Vec<(String, Column)>,
}

#[derive(Clone, PartialEq, Debug)]
enum Column {
    Numbers(Vec<f64>),
    Text(Vec<String>),
}

impl Column {
    fn len(&self) -> usize {
        match self {
            Column::Numbers(numbers) => numbers.len(),
            Column::Text(text) => text.len(),
        }
    }
}

impl Table {
    /// No columns.
    #[must_use]
    pub fn new() -> Table {
        Table::default()
    }

    /// The table with one more column.
    ///
    /// # Panics
    /// If the name is taken, or the column is longer or shorter than the others.
    #[must_use]
    pub fn with_numbers(self, name: &str, numbers: Vec<f64>) -> Table {
        self.with(name, Column::Numbers(numbers))
    }

    /// The table with one more column.
    ///
    /// # Panics
    /// If the name is taken, or the column is longer or shorter than the others.
    #[must_use]
    pub fn with_text(self, name: &str, text: Vec<impl Into<String>>) -> Table {
        self.with(name, Column::Text(text.into_iter().map(Into::into).collect()))
    }

    fn with(mut self, name: &str, column: Column) -> Table {
        assert!(!self.names().any(|other| other == name), "there is a column `{name}` already");
        let (rows, len) = (self.rows(), column.len());
        assert!(self.columns.is_empty() || len == rows, "`{name}` has {len} rows but the table {rows}");
        self.columns.push((name.into(), column));
        self
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |(_, column)| column.len())
    }

    /// The columns' names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| name.as_str())
    }

    /// A column of numbers.
    ///
    /// # Errors
    /// If there is none of that name.
    pub fn numbers(&self, name: &str) -> Result<&[f64], DataError> {
        match self.columns.iter().find(|(other, _)| other == name) {
            Some((_, Column::Numbers(numbers))) => Ok(numbers),
            found => Err(self.no_column(name, found.is_some())),
        }
    }

    /// A column of text.
    ///
    /// # Errors
    /// If there is none of that name.
    pub fn text(&self, name: &str) -> Result<&[String], DataError> {
        match self.columns.iter().find(|(other, _)| other == name) {
            Some((_, Column::Text(text))) => Ok(text),
            found => Err(self.no_column(name, found.is_some())),
        }
    }

    fn no_column(&self, name: &str, other_kind: bool) -> DataError {
        DataError::Column { name: name.into(), other_kind, names: self.names().map(String::from).collect() }
    }

    /// A column of numbers as a vector.
    ///
    /// # Errors
    /// If there is none of that name.
    pub fn vector(&self, name: &str) -> Result<DVector<f64>, DataError> {
        self.numbers(name).map(DVector::from_column_slice)
    }

    /// Columns of numbers as the columns of a matrix.
    ///
    /// # Errors
    /// If one is missing.
    pub fn matrix(&self, names: &[&str]) -> Result<DMatrix<f64>, DataError> {
        let columns = names.iter().map(|name| self.numbers(name)).collect::<Result<Vec<_>, _>>()?;
        Ok(DMatrix::from_fn(self.rows(), names.len(), |r, c| columns[c][r]))
    }

    /// A column of text as numbers of classes: the different texts, sorted, and for each row the place of its text.
    ///
    /// # Errors
    /// If there is none of that name.
    pub fn classes(&self, name: &str) -> Result<(Vec<usize>, Vec<String>), DataError> {
        let text = self.text(name)?;
        let mut classes = text.to_vec();
        classes.sort();
        classes.dedup();
        let place = |t: &String| classes.partition_point(|class| class < t);
        Ok((text.iter().map(place).collect(), classes))
    }
}
