//! Reading CSV with a header.

use std::path::Path;

use csv::{ErrorKind, Position, ReaderBuilder, StringRecord, Trim};

use super::{DataError, Table};

impl Table {
    /// Reads a CSV file whose first line names the columns. Columns are numbers, but for those in `text`.
    ///
    /// Spaces around fields do not count. A field without a number in it, or with one that is not finite, is an error; so that
    /// nothing is missing without notice.
    ///
    /// # Errors
    /// With file, line and column, if the file cannot be read, two columns have one name, a line has more or fewer fields than
    /// the first, a field is not a finite number, or a column of `text` is missing. There is no partial table.
    pub fn read_csv(path: impl AsRef<Path>, text: &[&str]) -> Result<Table, DataError> {
        let name = path.as_ref().display().to_string();
        match std::fs::read(path) {
            Ok(bytes) => read(&bytes, &name, text),
            Err(error) => Err(DataError::File { file: name, error }),
        }
    }

    /// [`read_csv`](Table::read_csv), from the text of a file.
    ///
    /// ```
    /// use pullback::data::Table;
    ///
    /// let table = Table::parse_csv("length,species\n1.4,setosa\n4.7,virginica\n", &["species"])?;
    /// assert_eq!(table.numbers("length")?, [1.4, 4.7]);
    ///
    /// let error = Table::parse_csv("length,width\n1.4,0.2\n4.7,wide\n", &[]).unwrap_err();
    /// assert_eq!(error.to_string(), "the text:3: column `width`: `wide` is not a number");
    /// # Ok::<(), pullback::data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// As `read_csv`.
    pub fn parse_csv(content: &str, text: &[&str]) -> Result<Table, DataError> {
        read(content.as_bytes(), "the text", text)
    }
}

/// A column while it is read.
enum Column {
    Numbers(Vec<f64>),
    Text(Vec<String>),
}

fn read(source: &[u8], file: &str, text: &[&str]) -> Result<Table, DataError> {
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(source);
    let names = reader.headers().map_err(|e| csv_error(source, file, e))?.clone();
    let mut columns = header(&names, file, text)?;
    for record in reader.records() {
        let record = record.map_err(|e| csv_error(source, file, e))?;
        let line = line(source, record.position());
        for ((field, column), name) in record.iter().zip(&mut columns).zip(&names) {
            match column {
                Column::Text(all) => all.push(field.into()),
                Column::Numbers(all) => {
                    all.push(number(field).map_err(|problem| content(file, line, Some(name), problem))?)
                }
            }
        }
    }
    Ok(names.iter().zip(columns).fold(Table::new(), |table, (name, column)| match column {
        Column::Numbers(all) => table.with_numbers(name, all),
        Column::Text(all) => table.with_text(name, all),
    }))
}

fn header(names: &StringRecord, file: &str, text: &[&str]) -> Result<Vec<Column>, DataError> {
    let problem = |column: Option<&str>, problem: &str| Err(content(file, 1, column, problem.into()));
    if names.is_empty() {
        return problem(None, "there is no line that names the columns");
    }
    for (k, name) in names.iter().enumerate() {
        if name.is_empty() {
            return problem(None, &format!("column {} has no name", k + 1));
        }
        if names.iter().take(k).any(|other| other == name) {
            return problem(Some(name), "there are two of that name");
        }
    }
    if let Some(missing) = text.iter().find(|name| !names.iter().any(|other| other == **name)) {
        return problem(Some(missing), "there is none of that name");
    }
    let kind =
        |name| if text.contains(&name) { Column::Text(Vec::new()) } else { Column::Numbers(Vec::new()) };
    Ok(names.iter().map(kind).collect())
}

fn number(field: &str) -> Result<f64, String> {
    match field.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        Ok(_) => Err(format!("`{field}` is not a finite number")),
        Err(_) if field.is_empty() => Err("there is no number".into()),
        Err(_) => Err(format!("`{field}` is not a number")),
    }
}

fn content(file: &str, line: u64, column: Option<&str>, problem: String) -> DataError {
    DataError::Content { file: file.into(), line, column: column.map(Into::into), problem }
}

/// The line where a record begins: the position that the reader gives is before any empty lines that it skips.
fn line(source: &[u8], position: Option<&Position>) -> u64 {
    let Some(position) = position else { return 1 };
    let rest = source.get(position.byte() as usize..).unwrap_or_default();
    let skipped = rest.iter().take_while(|b| matches!(b, b'\r' | b'\n'));
    position.line() + skipped.filter(|b| **b == b'\n').count() as u64
}

fn csv_error(source: &[u8], file: &str, error: csv::Error) -> DataError {
    let line = line(source, error.position());
    match error.into_kind() {
        ErrorKind::Io(error) => DataError::File { file: file.into(), error },
        ErrorKind::Utf8 { .. } => content(file, line, None, "this is not UTF-8".into()),
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            content(file, line, None, format!("there are {len} fields but {expected_len} columns"))
        }
        other => content(file, line, None, format!("{other:?}")),
    }
}
