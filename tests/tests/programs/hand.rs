//! Hand tracking: forward kinematics of a skeleton and linear blend skinning of the vertices that correspond to points.

use pullback::differentiable;

use crate::common::{assert_close, numbers, reference};

type Matrix = [[f64; 4]; 4];

const FINGERS: usize = 5;

#[differentiable]
fn product(a: [[f64; 4]; 4], b: [[f64; 4]; 4]) -> [[f64; 4]; 4] {
    let mut c = [[0.0; 4]; 4];
    for i in 0..4 {
        for j in 0..4 {
            for k in 0..4 {
                c[i][j] += a[i][k] * b[k][j];
            }
        }
    }
    c
}

/// Rz(abduction) Ry(twist = 0) Rx(flexion), as a 4×4 matrix.
#[differentiable]
fn joint(flexion: f64, abduction: f64) -> [[f64; 4]; 4] {
    let (sx, cx) = flexion.sin_cos();
    let (sz, cz) = abduction.sin_cos();
    [[cz, -sz * cx, sz * sx, 0.0], [sz, cz * cx, -cz * sx, 0.0], [0.0, sx, cx, 0.0], [0.0, 0.0, 0.0, 1.0]]
}

/// The rotation by an axis times an angle; none below 1e-4.
#[differentiable]
fn rotation(r: [f64; 3]) -> [[f64; 3]; 3] {
    let square = r[0] * r[0] + r[1] * r[1] + r[2] * r[2];
    if square < 1e-8 {
        return [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    }
    let angle = square.sqrt();
    let (x, y, z) = (r[0] / angle, r[1] / angle, r[2] / angle);
    let (s, c) = angle.sin_cos();
    let t = 1.0 - c;
    [
        [x * x + (1.0 - x * x) * c, x * y * t - z * s, x * z * t + y * s],
        [x * y * t + z * s, y * y + (1.0 - y * y) * c, y * z * t - x * s],
        [x * z * t - y * s, z * y * t + x * s, z * z + (1.0 - z * z) * c],
    ]
}

/// `points - vertices`, three numbers for each of `n` vertices. `weights[v][bone]`.
#[differentiable(wrt(theta), modes(jacobian))]
pub(crate) fn errors(
    theta: [f64; 26],
    parents: &[i64],
    relatives: &[[[f64; 4]; 4]],
    inverses: &[[[f64; 4]; 4]],
    positions: &[[f64; 3]],
    weights: &[[f64; 22]],
    points: &[[f64; 3]],
) -> Vec<f64> {
    let bones = parents.len();
    let mut absolutes = vec![[[0.0; 4]; 4]; bones];
    for bone in 0..bones {
        let mut relative = relatives[bone];
        if bone >= 1 {
            // Four bones a finger, of which three turn; the first of them takes two angles.
            let finger = (bone - 1) / 4;
            let segment = (bone - 1) % 4;
            if finger < FINGERS && segment > 0 {
                let first = 6 + 4 * finger;
                let turn = if segment == 1 {
                    joint(theta[first], theta[first + 1])
                } else {
                    joint(theta[first + segment], 0.0)
                };
                relative = product(relative, turn);
            }
        }
        if parents[bone] < 0 {
            absolutes[bone] = relative;
        } else {
            absolutes[bone] = product(absolutes[parents[bone] as usize], relative);
        }
    }
    let turn = rotation([theta[0], theta[1], theta[2]]);
    let mut out = vec![0.0; 3 * points.len()];
    for v in 0..points.len() {
        let mut p = [0.0; 3];
        for bone in 0..bones {
            if weights[v][bone] != 0.0 {
                let transform = product(absolutes[bone], inverses[bone]);
                for i in 0..3 {
                    let mut moved = transform[i][3];
                    for j in 0..3 {
                        moved += transform[i][j] * positions[v][j];
                    }
                    p[i] += weights[v][bone] * moved;
                }
            }
        }
        for i in 0..3 {
            let mut q = theta[3 + i];
            for j in 0..3 {
                q += turn[i][j] * p[j];
            }
            out[3 * v + i] = points[v][i] - q;
        }
    }
    out
}

fn matrices(v: &serde_json::Value) -> Vec<Matrix> {
    v.as_array()
        .unwrap()
        .iter()
        .map(|m| {
            let m = numbers(m);
            std::array::from_fn(|i| std::array::from_fn(|j| m[4 * i + j]))
        })
        .collect()
}

#[test]
fn adbench_case() {
    let (case, model) = (reference("hand_simple_test"), reference("hand_model_excerpt"));
    let theta: [f64; 26] = numbers(&case["theta"]).try_into().unwrap();
    let parents: Vec<i64> = numbers(&model["parents"]).iter().map(|&p| p as i64).collect();
    let (relatives, inverses) =
        (matrices(&model["base_relatives"]), matrices(&model["inverse_base_absolutes"]));
    let vertices = model["vertices"].as_array().unwrap();
    let triple = |v: &[f64]| [v[0], v[1], v[2]];
    let positions: Vec<[f64; 3]> = vertices.iter().map(|v| triple(&numbers(&v["base_position"]))).collect();
    let weights: Vec<[f64; 22]> = vertices
        .iter()
        .map(|v| {
            let mut row = [0.0; 22];
            for pair in v["weights"].as_array().unwrap() {
                row[pair[0].as_u64().unwrap() as usize] = pair[1].as_f64().unwrap();
            }
            row
        })
        .collect();
    let points: Vec<[f64; 3]> = numbers(&case["points"]).chunks(3).map(triple).collect();
    let value = errors(theta, &parents, &relatives, &inverses, &positions, &weights, &points);
    assert_close(&value, &numbers(&case["expected_err"]), 1e-12);
    let j = errors::jacobian(theta, &parents, &relatives, &inverses, &positions, &weights, &points);
    let rows: Vec<f64> = j.iter().flat_map(|row| row.iter().copied()).collect();
    assert_close(&rows, &numbers(&case["expected_J_theta"]), 1e-12);
    let (_, pull) = errors::vjp(theta, &parents, &relatives, &inverses, &positions, &weights, &points);
    assert_close(&pull(value), &numbers(&case["expected_grad_theta_of_half_sumsq"]), 1e-12);
}
