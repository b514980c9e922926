//! Sines in nests: right for every argument, although the first pass over lanes knows small ones only.

use pullback::differentiable;

#[differentiable(wrt(w))]
fn wave(w: f64, x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for &x in x {
        sum += (w * x).sin() * x.cos();
    }
    sum
}

#[differentiable(wrt(w))]
fn steep(w: f32, x: &[f32]) -> f32 {
    x.iter().map(|&x| (w * x).tan()).sum()
}

fn points(scale: f64, n: usize) -> Vec<f64> {
    (0..n).map(|k| scale * (0.1 + k as f64 / n as f64)).collect()
}

fn wave_slope(w: f64, x: &[f64]) -> (f64, f64) {
    let value = x.iter().map(|x| (w * x).sin() * x.cos()).sum();
    (value, x.iter().map(|x| (w * x).cos() * x * x.cos()).sum())
}

#[test]
fn near_and_far_arguments_in_f64() {
    for scale in [1.0, 1e3, 1e8, 1e200] {
        for n in [5, 100, 1003] {
            let mut x = points(1.0, n);
            // one argument in the middle that may be far
            x[n / 2] *= scale;
            let (value, slope) = wave::value_and_grad(1.5, &x);
            let want = wave_slope(1.5, &x);
            let size = want.1.abs().max(scale);
            assert!(
                (value - want.0).abs() < 1e-12 * n as f64,
                "scale {scale}, n {n}: {value} instead of {}",
                want.0
            );
            assert!(
                (slope - want.1).abs() < 1e-13 * size,
                "scale {scale}, n {n}: {slope} instead of {}",
                want.1
            );
        }
    }
}

#[test]
fn near_and_far_arguments_in_f32() {
    for scale in [1.0, 1e6, 1e30] {
        let mut x: Vec<f32> = points(0.9, 203).into_iter().map(|x| x as f32).collect();
        x[100] = (scale * x[100] as f64) as f32;
        let (value, slope) = steep::value_and_grad(1.0, &x);
        let wide = || x.iter().map(|&x| x as f64);
        let want: f64 = wide().map(f64::tan).sum();
        let want_slope: f64 = wide().map(|x| x * (1.0 + x.tan() * x.tan())).sum();
        assert!((value as f64 - want).abs() < 1e-5 * 203.0, "scale {scale}: {value} instead of {want}");
        let close = (slope as f64 - want_slope).abs() < 1e-5 * want_slope.abs();
        assert!(close, "scale {scale}: {slope} instead of {want_slope}");
    }
}
