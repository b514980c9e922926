//! A model in both precisions on the driver for tests, against the CPU in `f64`, under twenty random schedules, all of which
//! must agree to the bit.

use pullback::Leaves;
use pullback_tests::fake::numbers;

/// How many schedules.
pub(crate) const SCHEDULES: usize = 20;

/// Under how many of them results are left on the GPU as well.
pub(crate) const QUEUED: usize = 3;

/// The numbers of a value and its gradient.
pub(crate) fn all(value: f64, gradient: &impl Leaves) -> Vec<f64> {
    [vec![value], numbers(gradient)].concat()
}

pub(crate) fn assert_close(name: &str, got: &[f64], want: &[f64], tolerance: f64) {
    let scale = want.iter().fold(0.0f64, |a, b| a.max(b.abs()));
    assert_eq!(got.len(), want.len(), "{name}");
    for (k, (g, w)) in got.iter().zip(want).enumerate() {
        assert!((g - w).abs() <= tolerance * scale, "{name}: number {k} is {g}, not {w}, of at most {scale}");
    }
}

/// Data that depends on nothing.
pub(crate) fn wave(k: usize, i: usize) -> f64 {
    let x = (i as f64 + 0.5) * (0.37 + 0.21 * k as f64);
    // Exact in both precisions.
    f64::from((x.sin() * 0.9) as f32)
}

/// Vectors and matrices of such data, for a module of one precision.
macro_rules! arrays {
    ($t:ident) => {
        pub(super) fn vector(k: usize, n: usize) -> nalgebra::DVector<$t> {
            nalgebra::DVector::from_fn(n, |i, _| $crate::harness::wave(k, i) as $t)
        }

        pub(super) fn matrix(k: usize, rows: usize, columns: usize) -> nalgebra::DMatrix<$t> {
            nalgebra::DMatrix::from_fn(rows, columns, |i, j| $crate::harness::wave(k, i * columns + j) as $t)
        }
    };
}
pub(crate) use arrays;

/// A model in both precisions: its name, then the arguments in terms of the module `m`.
macro_rules! model {
    ($test:ident: $f:ident, |$m:ident| ($($arg:expr),* $(,)?)) => {
        #[test]
        fn $test() {
            let (_one, _gpu) = crate::gpu();
            let device = pullback_tests::fake::device();
            let want = {
                use double as $m;
                let (value, gradient) = double::$f::value_and_grad($($arg),*);
                $crate::harness::all(value, &gradient)
            };
            let (mut first, mut first_single) = (None, None);
            for k in 0..$crate::harness::SCHEDULES {
                let queued = k < $crate::harness::QUEUED;
                let got = {
                    use double as $m;
                    let (value, gradient) = double::$f::on(&device).value_and_grad($($arg),*).unwrap();
                    $crate::harness::all(value, &gradient)
                };
                $crate::harness::assert_close(stringify!($f), &got, &want, 1e-13);
                assert_eq!(first.get_or_insert(got.clone()), &got, "the order changes the result");
                if queued {
                    use double as $m;
                    let (value, gradient) = double::$f::on(&device).queued().value_and_grad($($arg),*).unwrap();
                    assert!(!value.device().is_cpu());
                    let left = $crate::harness::all(value.item().unwrap(), &gradient);
                    assert_eq!(left, got, "what stays on the GPU is something else");
                }
                let got = {
                    use single as $m;
                    let (value, gradient) = single::$f::on(&device).value_and_grad($($arg),*).unwrap();
                    $crate::harness::all(f64::from(value), &gradient)
                };
                $crate::harness::assert_close(stringify!($f), &got, &want, 1e-6);
                assert_eq!(first_single.get_or_insert(got.clone()), &got, "the order changes the result");
                if queued {
                    use single as $m;
                    let (value, gradient) = single::$f::on(&device).queued().value_and_grad($($arg),*).unwrap();
                    let left = $crate::harness::all(f64::from(value.item().unwrap()), &gradient);
                    assert_eq!(left, got, "what stays on the GPU is something else");
                }
            }
            use double as $m;
            let value = double::$f::on(&device).value($($arg),*).unwrap();
            let left = double::$f::on(&device).queued().value($($arg),*).unwrap();
            assert_eq!(left.item(), Ok(value));
            assert!((value - want[0]).abs() <= 1e-13 * want[0].abs().max(1.0));
        }
    };
}
pub(crate) use model;
