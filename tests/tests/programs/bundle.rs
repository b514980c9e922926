//! Bundle adjustment: the reprojection error of one observation, with its branch at zero rotation.

use pullback::differentiable;

use crate::common::{assert_close, numbers, reference};

#[differentiable]
fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

#[differentiable]
fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// Rotates by the axis and angle `r` (Rodrigues' formula).
#[differentiable]
fn rotate(r: [f64; 3], v: [f64; 3]) -> [f64; 3] {
    let square = dot(r, r);
    if square != 0.0 {
        let theta = square.sqrt();
        let (sin, cos) = theta.sin_cos();
        let axis = [r[0] / theta, r[1] / theta, r[2] / theta];
        let turned = cross(axis, v);
        let along = dot(axis, v) * (1.0 - cos);
        let mut out = [0.0; 3];
        for k in 0..3 {
            out[k] = v[k] * cos + turned[k] * sin + axis[k] * along;
        }
        out
    } else {
        let turned = cross(r, v);
        [v[0] + turned[0], v[1] + turned[1], v[2] + turned[2]]
    }
}

/// `camera`: rotation, centre, focal length, principal point, two radial distortions.
#[differentiable(wrt(camera, point, weight), modes(jacobian))]
pub(crate) fn residual(camera: [f64; 11], point: [f64; 3], weight: f64, feature: [f64; 2]) -> [f64; 2] {
    let centre = [point[0] - camera[3], point[1] - camera[4], point[2] - camera[5]];
    let p = rotate([camera[0], camera[1], camera[2]], centre);
    let (x, y) = (p[0] / p[2], p[1] / p[2]);
    let q = x * x + y * y;
    let distortion = 1.0 + camera[9] * q + camera[10] * q * q;
    let f = camera[6] * distortion;
    [weight * (f * x + camera[7] - feature[0]), weight * (f * y + camera[8] - feature[1])]
}

#[test]
fn adbench_blocks() {
    let cases = reference("ba_blocks");
    let mut seen = 0;
    for case in cases["observations"].as_array().unwrap() {
        let camera: [f64; 11] = numbers(&case["cam"]).try_into().unwrap();
        let point: [f64; 3] = numbers(&case["X"]).try_into().unwrap();
        let feature: [f64; 2] = numbers(&case["feat"]).try_into().unwrap();
        let weight = case["w"].as_f64().unwrap();
        let value = residual(camera, point, weight, feature);
        assert_close(&value, &numbers(&case["expected_err"]), 1e-11);
        let j = residual::jacobian(camera, point, weight, feature);
        let expected = numbers(&case["expected_J_2x15"]);
        for row in 0..2 {
            let got = [&j.camera[row][..], &j.point[row][..], &[j.weight[row]]].concat();
            assert_close(&got, &expected[15 * row..15 * (row + 1)], 1e-11);
        }
        let (_, pull) = residual::vjp(camera, point, weight, feature);
        let grad = pull([1.0, 0.0]);
        assert_close(&grad.camera, &expected[..11], 1e-11);
        seen += 1;
    }
    assert_eq!(seen, cases["observations"].as_array().unwrap().len());
    assert!(seen >= 2);
}
