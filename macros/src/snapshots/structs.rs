struct Point {
    at: [f64; 2],
    #[no_diff]
    mass: f64,
}

struct Cloud {
    points: Vec<Point>,
    origin: Point,
}

fn potential(cloud: &Cloud) -> f64 {
    let Point { at: [x, y], .. } = cloud.origin;
    cloud.points.iter().map(|p| p.mass / ((p.at[0] - x).powi(2) + (p.at[1] - y).powi(2)).sqrt()).sum()
}

fn moved(p: Point, by: f64) -> Point {
    let mut q = Point { mass: 2.0 * p.mass, ..p };
    if by > 0.0 {
        q.at[1] += by;
    }
    q
}
