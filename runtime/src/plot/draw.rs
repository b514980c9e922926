//! Frame, grid, legend, curves.

use std::fmt::Display;

use plotters::coord::Shift;
use plotters::prelude::{Circle, Color, DrawingArea, DrawingBackend, PathElement, RGBColor, Rectangle};
use plotters::style::{BLACK, WHITE};

use super::axis::Axis;
use super::text::{Align, Font, SIZE, write};
use super::{Kind, Plot, Series, clip};

const COLORS: [RGBColor; 6] = [
    RGBColor(31, 119, 180),
    RGBColor(230, 97, 1),
    RGBColor(44, 160, 44),
    RGBColor(202, 0, 32),
    RGBColor(118, 42, 131),
    RGBColor(90, 90, 90),
];

const GRID: RGBColor = RGBColor(225, 225, 225);

/// An error of the library's as what goes into ours.
pub(super) fn problem(error: impl Display) -> String {
    error.to_string()
}

/// The frame's edges in pixels.
#[derive(Clone, Copy)]
struct Frame {
    left: i32,
    right: i32,
    top: i32,
    bottom: i32,
}

impl Frame {
    /// The pixel of a point in units of the frame.
    fn pixel(&self, (x, y): (f64, f64)) -> (i32, i32) {
        let along = |from: i32, to: i32, t: f64| from + (f64::from(to - from) * t).round() as i32;
        (along(self.left, self.right, x), along(self.bottom, self.top, y))
    }
}

/// Draws a plot on an area of its size.
pub(super) fn plot<B: DrawingBackend>(
    plot: &Plot,
    area: &DrawingArea<B, Shift>,
    font: Font,
) -> Result<(), String> {
    let (width, height) = (plot.size.0 as i32, plot.size.1 as i32);
    let [x, y] = plot.scales();
    let widest = y.ticks().iter().map(|t| t.1.chars().count() as i32).max().unwrap_or(0);
    let frame = Frame {
        left: SIZE * (widest + 2),
        right: width - 2 * SIZE,
        top: 5 * SIZE,
        bottom: height - 4 * SIZE,
    };
    area.fill(&WHITE).map_err(problem)?;
    write(area, font, &plot.title, (frame.left, SIZE / 2), Align::Left)?;
    write(area, font, &plot.axes[1], (SIZE / 2, 3 * SIZE), Align::Left)?;
    write(area, font, &plot.axes[0], (frame.right, height - SIZE * 3 / 2), Align::Right)?;
    grid(area, font, frame, [&x, &y])?;
    legend(area, font, frame, &plot.series)?;
    for (series, color) in plot.series.iter().zip(COLORS.iter().cycle()) {
        let log = |v: f64| if y.log { v.log10() } else { v };
        let placed = series.points.iter().map(|p| (x.place(p.0), y.place(log(p.1))));
        curve(area, frame, series.kind, placed, color)?;
    }
    Ok(())
}

fn grid<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    font: Font,
    frame: Frame,
    [x, y]: [&Axis; 2],
) -> Result<(), String> {
    let line = |from, to, color: &RGBColor| {
        area.draw(&PathElement::new(vec![from, to], color.stroke_width(1))).map_err(problem)
    };
    for (value, text) in x.ticks() {
        let (at, _) = frame.pixel((x.place(value), 0.0));
        line((at, frame.top), (at, frame.bottom), &GRID)?;
        write(area, font, &text, (at, frame.bottom + SIZE / 2), Align::Middle)?;
    }
    for (value, text) in y.ticks() {
        let (_, at) = frame.pixel((0.0, y.place(value)));
        line((frame.left, at), (frame.right, at), &GRID)?;
        write(area, font, &text, (frame.left - SIZE / 2, at - SIZE / 2), Align::Right)?;
    }
    let corners = [(frame.left, frame.top), (frame.right, frame.bottom)];
    area.draw(&Rectangle::new(corners, BLACK.stroke_width(1))).map_err(problem)
}

/// The labels above the frame, from right to left.
fn legend<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    font: Font,
    frame: Frame,
    series: &[Series],
) -> Result<(), String> {
    let mut right = frame.right;
    let labelled = series.iter().zip(COLORS.iter().cycle()).filter(|(s, _)| !s.label.is_empty());
    for (series, color) in labelled.collect::<Vec<_>>().into_iter().rev() {
        write(area, font, &series.label, (right, 3 * SIZE), Align::Right)?;
        right -= SIZE * (series.label.chars().count() as i32 + 2);
        let (top, bottom) = (3 * SIZE, 4 * SIZE - 2);
        let mark = match series.kind {
            Kind::Line => [(right, (top + bottom) / 2 - 1), (right + SIZE, (top + bottom) / 2 + 1)],
            Kind::Points => [(right + SIZE / 2 - 3, bottom - 10), (right + SIZE / 2 + 3, bottom - 4)],
        };
        area.draw(&Rectangle::new(mark, color.filled())).map_err(problem)?;
        right -= SIZE;
    }
    Ok(())
}

fn curve<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    frame: Frame,
    kind: Kind,
    points: impl Iterator<Item = (f64, f64)>,
    color: &RGBColor,
) -> Result<(), String> {
    if kind == Kind::Line {
        for piece in clip::inside(points) {
            let mut pixels: Vec<_> = piece.into_iter().map(|p| frame.pixel(p)).collect();
            pixels.dedup();
            area.draw(&PathElement::new(pixels, color.stroke_width(2))).map_err(problem)?;
        }
        return Ok(());
    }
    let unit = 0.0..=1.0;
    for point in points.filter(|p| unit.contains(&p.0) && unit.contains(&p.1)) {
        area.draw(&Circle::new(frame.pixel(point), 3, color.filled())).map_err(problem)?;
    }
    Ok(())
}
