//! What programs do with structs: carried by loops, chosen by branches, changed in place, kept in lists, captured.

use nalgebra::{DVector, Vector2};
use pullback::{Differentiable, differentiable};
use pullback_tests::agrees;

#[derive(Differentiable, Clone, Copy, Debug, PartialEq)]
struct Body {
    at: [f64; 2],
    speed: Vector2<f64>,
    mass: f64,
}

#[derive(Differentiable, Clone, Debug)]
struct World {
    bodies: Vec<Body>,
    fixed: [Body; 2],
    drag: (f64, f64),
    field: DVector<f64>,
    #[no_diff]
    dt: f64,
    steps: usize,
}

fn body(k: f64) -> Body {
    Body { at: [k.sin(), 0.5 + k.cos()], speed: Vector2::new(0.3 * k, 0.1 - k), mass: 1.0 + 0.2 * k }
}

fn world() -> World {
    World {
        bodies: vec![body(0.1), body(0.7), body(1.3)],
        fixed: [body(2.0), body(3.1)],
        drag: (0.3, 0.2),
        field: DVector::from_vec(vec![0.4, -0.8, 0.5]),
        dt: 0.25,
        steps: 3,
    }
}

#[differentiable]
impl Body {
    const G: f64 = 0.5;

    fn energy(&self) -> f64 {
        0.5 * self.mass * self.speed.norm_squared() + Self::G * self.mass * self.at[1]
    }

    fn step(&mut self, dt: f64) {
        self.speed.y -= dt * Body::G;
        self.at[0] += dt * self.speed.x;
        self.at[1] += dt * self.speed[1];
        if self.at[1] < 0.0 {
            self.at[1] = -self.at[1];
            self.speed.y *= -0.75;
        }
    }

    fn merged(a: Body, b: &Body) -> Self {
        let mass = a.mass + b.mass;
        let speed = (a.speed * a.mass + b.speed * b.mass) / mass;
        Self { mass, speed, ..a }
    }
}

#[differentiable]
fn carried_by_a_loop(start: Body, dt: f64, n: usize) -> f64 {
    let mut b = start;
    for k in 0..n {
        b.step(dt);
        if k % 2 == 0 {
            b.mass *= 1.0 + 0.1 * dt;
        }
    }
    b.energy() + b.at[0]
}

#[differentiable]
fn carried_by_a_while(start: &Body, limit: f64) -> f64 {
    let mut b = *start;
    let mut n = 0;
    while b.energy() < limit && n < 50 {
        b = Body { speed: b.speed * 1.25, ..b };
        n += 1;
    }
    b.speed.x * b.mass + b.energy()
}

#[differentiable]
fn chosen_by_a_branch(a: &Body, b: &Body, x: f64) -> f64 {
    let c = if x > 0.0 { *a } else { Body { mass: x * x, ..*b } };
    let d = match x > 1.0 {
        true => c,
        false => Body::merged(c, a),
    };
    d.energy() * x + c.mass
}

#[differentiable]
fn left_early(bodies: &[Body], limit: f64) -> f64 {
    let mut last = bodies[0];
    for b in bodies {
        if b.at[0] > limit {
            return b.energy() * last.mass;
        }
        last = *b;
        last.mass += limit;
    }
    last.energy()
}

#[differentiable]
fn changed_in_a_list(world: &World) -> f64 {
    let mut bodies = world.bodies.clone();
    for _ in 0..world.steps {
        for b in &mut bodies {
            b.step(world.dt);
            b.speed *= 1.0 - world.drag.0 * world.dt;
        }
        bodies[1].at[0] += world.field[0] * world.drag.1;
    }
    bodies.iter().map(Body::energy).sum::<f64>() + bodies[1].at[0].powi(2)
}

#[differentiable]
fn collected(world: &World, x: f64) -> f64 {
    let moved: Vec<Body> = world.bodies.iter().map(|b| Body { mass: b.mass * x, ..*b }).collect();
    let heavy = moved.iter().filter(|b| b.mass > 1.0).map(|b| b.mass).sum::<f64>();
    let total = moved.iter().fold(world.fixed[0], Body::merged);
    heavy + total.energy()
}

#[differentiable]
fn pushed(start: Body, x: &[f64]) -> f64 {
    let mut path = Vec::new();
    let mut b = start;
    for dt in x {
        b.step(*dt);
        path.push(b);
    }
    let mut sum = 0.0;
    for (k, p) in path.iter().enumerate().rev() {
        sum += p.energy() / (1.0 + k as f64);
    }
    sum + path[path.len() - 1].at[0]
}

#[differentiable]
fn repeated(b: Body, x: f64) -> f64 {
    let mut all = [b; 3];
    all[1].mass = x;
    all[2].at = [x, b.at[0]];
    all[0].speed = all[2].speed * x;
    all.swap(0, 2);
    all[0].energy() - 2.0 * all[1].energy() + all[2].energy() * all[0].at[0]
}

#[differentiable]
fn captured(world: &World, x: f64) -> f64 {
    let pull = |b: &Body| world.field[1] * b.mass + world.drag.0 * x;
    let shift = |mut b: Body, by: f64| {
        b.at[0] += by;
        b
    };
    world.fixed.iter().map(|b| pull(b) * shift(*b, x).at[0]).sum::<f64>() + pull(&world.bodies[2])
}

#[differentiable]
fn swapped(a: Body, b: Body) -> f64 {
    let (mut p, mut q) = (a, b);
    std::mem::swap(&mut p.speed, &mut q.speed);
    (p.mass, q.mass) = (q.mass * 2.0, p.mass);
    p.energy() * 3.0 + q.energy()
}

#[differentiable]
fn mutated_through_a_reference(mut world: World, x: f64) -> f64 {
    fn_like(&mut world.bodies[0], x);
    let first = &mut world.fixed[1];
    first.mass += x;
    first.at[1] *= first.mass;
    world.field *= x;
    world.drag.1 = world.field.sum();
    world.bodies[0].energy() + world.fixed[1].energy() * world.drag.1
}

#[differentiable]
fn fn_like(b: &mut Body, x: f64) {
    b.mass *= x;
    b.speed.x = b.mass.sin();
}

#[differentiable]
fn looked_up(world: &World, limit: f64) -> f64 {
    let found = world.bodies.iter().find(|b| b.mass > limit);
    let heaviest = world.bodies.iter().max_by(|a, b| a.mass.total_cmp(&b.mass)).unwrap();
    match found {
        Some(b) => b.energy() + heaviest.speed.x,
        None => heaviest.energy(),
    }
}

#[differentiable]
fn taken_apart(pair: (Body, f64), all: &[Body]) -> f64 {
    let (Body { at: [x, _], mass, .. }, scale) = pair;
    let mut sum = x * mass;
    for Body { mass: m, speed, .. } in all {
        sum += m * scale * speed.y;
    }
    sum
}

#[test]
fn programs() {
    let (w, bodies) = (world(), [body(0.2), body(0.9), body(2.4)]);
    agrees!(carried_by_a_loop(body(0.4), 0.3, 5));
    agrees!(carried_by_a_while(&body(0.4), 30.0));
    agrees!(chosen_by_a_branch(&bodies[0], &bodies[1], 0.5));
    agrees!(chosen_by_a_branch(&bodies[0], &bodies[1], -0.5));
    agrees!(chosen_by_a_branch(&bodies[0], &bodies[1], 1.5));
    agrees!(left_early(&bodies, 0.5));
    agrees!(left_early(&bodies, 5.0));
    agrees!(changed_in_a_list(&w));
    agrees!(collected(&w, 1.1));
    agrees!(pushed(body(0.4), &[0.2, 0.5, 0.1]));
    agrees!(repeated(body(0.4), 1.3));
    agrees!(captured(&w, 0.7));
    agrees!(swapped(body(0.4), body(1.4)));
    agrees!(mutated_through_a_reference(w.clone(), 0.7));
    agrees!(looked_up(&w, 1.1));
    agrees!(looked_up(&w, 9.0));
    agrees!(taken_apart((body(0.4), 1.5), &bodies));
}
