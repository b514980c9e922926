//! Tables, batches and splits: what is read, and what is refused.

use std::path::PathBuf;

use nalgebra::{DMatrix, DVector};
use pullback::data::{Batches, DataError, Rows, Standardizer, Table, shuffled_split, split};

/// A file of this test's own.
fn file(name: &str, content: &[u8]) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let path = folder.join(format!("data-{name}.csv"));
    std::fs::write(&path, content).expect("the folder for tests can be written to");
    path
}

#[test]
fn a_table_has_the_columns_of_its_file() {
    let text = "\u{feff}length, species ,\"a, b\"\r\n1.5,setosa,-2e3\r\n 2 ,\"ver\"\"si\"\"color\", 7\r\n";
    let table = Table::read_csv(file("good", text.as_bytes()), &["species"]).unwrap();
    assert_eq!(table.names().collect::<Vec<_>>(), ["length", "species", "a, b"]);
    assert_eq!(table.rows(), 2);
    assert_eq!(table.vector("length").unwrap(), DVector::from_vec(vec![1.5, 2.0]));
    assert_eq!(table.text("species").unwrap(), ["setosa", "ver\"si\"color"]);
    assert_eq!(
        table.matrix(&["a, b", "length"]).unwrap(),
        DMatrix::from_row_slice(2, 2, &[-2000.0, 1.5, 7.0, 2.0])
    );
    assert_eq!(table.classes("species").unwrap().0, [0, 1]);
    let error = table.text("length").unwrap_err().to_string();
    assert_eq!(error, "`length` is a column of the other kind: numbers and text are asked for separately");
}

/// Every error says where: file, line, column.
#[test]
fn bad_files_are_refused() {
    let cases: [(&str, &[u8], &str); 12] = [
        ("word", b"x,y\n1,2\n3,four\n", ":3: column `y`: `four` is not a number"),
        ("nan", b"x,y\n1,NaN\n", ":2: column `y`: `NaN` is not a finite number"),
        ("huge", b"x\n1e999\n", ":2: column `x`: `1e999` is not a finite number"),
        ("missing", b"x,y\n1,2\n3,\n", ":3: column `y`: there is no number"),
        ("short", b"x,y\n1,2\n\n3\n", ":4: there are 1 fields but 2 columns"),
        ("long", b"x,y\n1,2,3\n", ":2: there are 3 fields but 2 columns"),
        ("empty", b"", ":1: there is no line that names the columns"),
        ("twice", b"x,x\n1,2\n", ":1: column `x`: there are two of that name"),
        ("nameless", b"x,\n1,2\n", ":1: column 2 has no name"),
        ("latin", b"x,y\n1,2\n3,\xe9\n", ":3: this is not UTF-8"),
        ("lines", b"x,y\n\"1\n\",2\n3,z\n", ":4: column `y`: `z` is not a number"),
        ("comma", b"x\n\"1,5\"\n", ":2: column `x`: `1,5` is not a number"),
    ];
    for (name, content, expected) in cases {
        let path = file(name, content);
        let error = Table::read_csv(&path, &[]).unwrap_err().to_string();
        assert_eq!(error, format!("{}{expected}", path.display()));
    }
    let error = Table::parse_csv("x\n1\n", &["species"]).unwrap_err().to_string();
    assert_eq!(error, "the text:1: column `species`: there is none of that name");
    let error = Table::read_csv("no/such/file.csv", &[]).unwrap_err();
    assert!(matches!(&error, DataError::File { file, .. } if file == "no/such/file.csv"), "{error}");
}

/// A header alone is a table without rows.
#[test]
fn a_table_may_have_no_rows() {
    assert_eq!(Table::parse_csv("x,y\n", &[]).unwrap().rows(), 0);
}

#[test]
fn splits_are_partitions() {
    for (rows, test) in [(10, 0.3), (10, 0.0), (10, 1.0), (7, 0.5), (10_000, 0.3), (0, 0.3)] {
        for (train, tested) in [split(rows, test), shuffled_split(rows, test, 4)] {
            assert_eq!(tested.len(), (rows as f64 * test).round() as usize);
            let mut all = [train, tested].concat();
            all.sort_unstable();
            assert_eq!(all, (0..rows).collect::<Vec<_>>());
        }
    }
    assert_eq!(shuffled_split(100, 0.3, 4), shuffled_split(100, 0.3, 4));
    assert_ne!(shuffled_split(100, 0.3, 4), shuffled_split(100, 0.3, 5));
    assert_ne!(shuffled_split(100, 0.3, 4), split(100, 0.3));
}

fn epoch(batches: &mut Batches) -> Vec<Vec<usize>> {
    (0..batches.per_epoch()).map(|_| batches.next_batch().to_vec()).collect()
}

#[test]
fn shuffled_batches_see_each_row_once_an_epoch() {
    let mut batches = Batches::shuffled(10, 4, 9);
    let (first, second) = (epoch(&mut batches), epoch(&mut batches));
    for epoch in [&first, &second] {
        assert_eq!(epoch.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 2]);
        let mut all = epoch.concat();
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
    }
    assert_ne!(first, second);
    assert_eq!(first, epoch(&mut Batches::shuffled(10, 4, 9)));
    assert_ne!(first, epoch(&mut Batches::shuffled(10, 4, 10)));
}

/// Blocks of rows stay together; still each row is seen once.
#[test]
fn blocks_are_shuffled_as_a_whole() {
    let mut batches = Batches::shuffled(103, 20, 9).in_blocks(10);
    let (first, second) = (epoch(&mut batches).concat(), epoch(&mut batches).concat());
    assert_ne!(first, second);
    for mut order in [first, second] {
        let breaks = order.windows(2).filter(|w| w[1] != w[0] + 1).count();
        assert!((5..=10).contains(&breaks), "{order:?}");
        order.sort_unstable();
        assert_eq!(order, (0..103).collect::<Vec<_>>());
    }
}

/// A batch may be longer than all rows.
#[test]
fn cyclic_batches_may_go_round_more_than_once() {
    let mut batches = Batches::cyclic(3, 7);
    assert_eq!(batches.next_batch(), [0, 1, 2, 0, 1, 2, 0]);
    assert_eq!(batches.next_batch(), [1, 2, 0, 1, 2, 0, 1]);
}

#[test]
fn short_batches_can_be_left_out() {
    let mut batches = Batches::shuffled(10, 4, 9).drop_last();
    let mut seen = [false; 10];
    for _ in 0..20 {
        let epoch = epoch(&mut batches);
        assert_eq!(epoch.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4]);
        epoch.concat().into_iter().for_each(|row| seen[row] = true);
    }
    assert_eq!(seen, [true; 10], "another two rows are left out each epoch");
    assert_eq!(Batches::shuffled(8, 4, 9).drop_last().per_epoch(), 2);
}

#[test]
fn random_batches_draw_with_replacement() {
    let mut batches = Batches::random(5, 1000, 3);
    assert_eq!(batches.per_epoch(), 1);
    let mut counts = [0; 5];
    batches.next_batch().iter().for_each(|&row| counts[row] += 1);
    assert!(counts.iter().all(|c| (150..250).contains(c)), "{counts:?}");
    let again = Batches::random(5, 1000, 3).next_batch().to_vec();
    assert_eq!(again, Batches::random(5, 1000, 3).next_batch());
}

#[test]
fn cyclic_batches_go_round() {
    let mut batches = Batches::cyclic(1000, 32);
    for step in 0..100 {
        let expected: Vec<usize> = (0..32).map(|j| (32 * step + j) % 1000).collect();
        assert_eq!(batches.next_batch(), expected);
    }
}

#[test]
fn rows_are_taken_from_columns_and_lists() {
    let x = DMatrix::from_fn(5, 3, |r, c| (10 * r + c) as f64);
    let y = vec![[0.0f32, 0.5], [1.0, 1.5], [2.0, 2.5], [3.0, 3.5], [4.0, 4.5]];
    let (mut xs, mut ys) = (x.take_rows(&[]), Vec::new());
    for rows in [&[4, 0, 0][..], &[1, 2, 3], &[2]] {
        let both = (x.clone(), y.clone());
        both.take_rows_into(rows, &mut (xs.clone(), ys.clone()));
        x.take_rows_into(rows, &mut xs);
        y.take_rows_into(rows, &mut ys);
        assert_eq!((xs.clone(), ys.clone()), both.take_rows(rows));
        assert_eq!(xs, DMatrix::from_fn(rows.len(), 3, |r, c| (10 * rows[r] + c) as f64));
        assert_eq!(ys.len(), rows.len());
    }
    assert_eq!((x, y).row_count(), 5);
}

#[test]
#[should_panic(expected = "out of bounds")]
fn rows_that_are_not_there() {
    let _ = DVector::from_vec(vec![1.0, 2.0]).take_rows(&[2]);
}

/// A mean of equal numbers is rounded, and must not become a deviation to divide by.
#[test]
fn a_constant_column_is_only_moved() {
    let x = DMatrix::from_fn(10, 2, |r, c| if c == 0 { 0.1 } else { r as f64 });
    let scale = Standardizer::fit(&x);
    assert_eq!(scale.scales[0], 1.0);
    let moved = scale.apply(&x);
    assert!(moved.column(0).amax() < 1e-15);
    assert!(moved.column(1).sum().abs() < 1e-14 && (moved.column(1).norm_squared() - 10.0).abs() < 1e-13);
    assert!((scale.undo(&moved) - x).amax() < 1e-15);
}
