//! The part of a curve that lies in the frame.

/// A curve in units of the frame, cut where it leaves the square from 0 to 1 and where it is not finite.
pub(super) fn inside(points: impl Iterator<Item = (f64, f64)>) -> Vec<Vec<(f64, f64)>> {
    let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut last: Option<(f64, f64)> = None;
    for point in points {
        let finite = point.0.is_finite() && point.1.is_finite();
        if let (Some(from), true) = (last, finite)
            && let Some((a, b)) = segment(from, point)
        {
            match pieces.last_mut() {
                Some(piece) if piece.last() == Some(&a) => piece.push(b),
                _ => pieces.push(vec![a, b]),
            }
        }
        last = finite.then_some(point);
    }
    pieces
}

/// The part of a segment in the unit square: Liang and Barsky's method.
fn segment(a: (f64, f64), b: (f64, f64)) -> Option<((f64, f64), (f64, f64))> {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let (mut enter, mut leave) = (0.0f64, 1.0f64);
    for (slope, room) in [(-dx, a.0), (dx, 1.0 - a.0), (-dy, a.1), (dy, 1.0 - a.1)] {
        if slope == 0.0 && room < 0.0 {
            return None;
        }
        if slope < 0.0 {
            enter = enter.max(room / slope);
        } else if slope > 0.0 {
            leave = leave.min(room / slope);
        }
    }
    let at = |t: f64| (a.0 + t * dx, a.1 + t * dy);
    // the very points where nothing is cut, so that pieces join
    let (start, end) = (if enter == 0.0 { a } else { at(enter) }, if leave == 1.0 { b } else { at(leave) });
    (enter <= leave).then_some((start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_cut_at_the_frame() {
        let curve = [(0.0, 0.5), (0.5, 0.5), (1.0, 1.5), (1.0, 0.5)];
        assert_eq!(
            inside(curve.into_iter()),
            [vec![(0.0, 0.5), (0.5, 0.5), (0.75, 1.0)], vec![(1.0, 1.0), (1.0, 0.5)]]
        );
        assert_eq!(inside([(-1.0, 2.0), (2.0, 2.0)].into_iter()), [[]; 0]);
        let gap = [(0.1, 0.1), (0.2, 0.1), (0.3, f64::NAN), (0.4, 0.1), (0.5, 0.1)];
        assert_eq!(inside(gap.into_iter()).len(), 2);
    }
}
