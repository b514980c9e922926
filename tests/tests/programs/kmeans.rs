//! The cost of a clustering, its gradient and the diagonal of its Hessian.

use pullback::differentiable;

use crate::common::{assert_close, random};

/// Points and centres in the plane, one after the other.
#[differentiable(wrt(centres), modes(hessian, hvp))]
pub(crate) fn cost(points: &[[f64; 2]], centres: &[[f64; 2]]) -> f64 {
    let mut total = 0.0;
    for p in points {
        let mut best = f64::INFINITY;
        for c in centres {
            let (dx, dy) = (p[0] - c[0], p[1] - c[1]);
            best = best.min(dx * dx + dy * dy);
        }
        total += best;
    }
    total
}

#[test]
fn gradient_and_curvature() {
    let coordinates = random(9, 60);
    let points: Vec<[f64; 2]> = coordinates.chunks(2).map(|p| [p[0], p[1]]).collect();
    let centres = [[0.2, 0.3], [0.7, 0.8], [0.8, 0.1]];
    // By hand: the gradient is twice the sum of (centre - point) over the points that are nearest to it.
    let (mut gradient, mut count) = ([[0.0; 2]; 3], [0.0; 3]);
    for p in &points {
        let square = |c: &[f64; 2]| (p[0] - c[0]).powi(2) + (p[1] - c[1]).powi(2);
        let nearest = (0..3).min_by(|&a, &b| square(&centres[a]).total_cmp(&square(&centres[b]))).unwrap();
        for k in 0..2 {
            gradient[nearest][k] += 2.0 * (centres[nearest][k] - p[k]);
        }
        count[nearest] += 2.0;
    }
    let grad = cost::grad(&points, &centres);
    assert_close(grad.as_flattened(), gradient.as_flattened(), 1e-13);
    let h = cost::hessian(&points, &centres);
    for i in 0..6 {
        for j in 0..6 {
            let expected = if i == j { count[i / 2] } else { 0.0 };
            assert_close(&[h[i / 2][i % 2][j / 2][j % 2] + 1.0], &[expected + 1.0], 1e-13);
        }
    }
    // The diagonal in one sweep, since the Hessian is diagonal.
    let (_, diagonal) = cost::hvp(&points, &centres, &[[1.0; 2]; 3]);
    assert_close(
        diagonal.as_flattened(),
        &[count[0], count[0], count[1], count[1], count[2], count[2]],
        1e-13,
    );
}
