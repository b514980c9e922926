//! Text, which bitmaps have no font for.

use font8x8::{BASIC_FONTS, GREEK_FONTS, LATIN_FONTS, UnicodeFonts};
use plotters::coord::Shift;
use plotters::prelude::{Color, DrawingArea, DrawingBackend, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{BLACK, IntoFont};

use super::draw::problem;

/// How letters come onto the picture.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Font {
    /// As squares of pixels.
    Pixels,
    /// As text, which the reader of the picture draws.
    Native,
}

/// Where a text stands beside its point.
#[derive(Clone, Copy)]
pub(super) enum Align {
    Left,
    Middle,
    Right,
}

/// Pixels to a dot of a letter.
const DOT: i32 = 2;

/// The size of a letter.
pub(super) const SIZE: i32 = 8 * DOT;

/// Writes a line of text whose top is at `at`.
pub(super) fn write<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    font: Font,
    text: &str,
    at: (i32, i32),
    align: Align,
) -> Result<(), String> {
    if font == Font::Native {
        let side = match align {
            Align::Left => HPos::Left,
            Align::Middle => HPos::Center,
            Align::Right => HPos::Right,
        };
        let style = ("sans-serif", SIZE).into_font().color(&BLACK).pos(Pos::new(side, VPos::Top));
        return area.draw(&Text::new(text, at, style)).map_err(problem);
    }
    let width = SIZE * text.chars().count() as i32;
    let left = match align {
        Align::Left => at.0,
        Align::Middle => at.0 - width / 2,
        Align::Right => at.0 - width,
    };
    for (k, letter) in text.chars().enumerate() {
        draw(area, letter, (left + SIZE * k as i32, at.1))?;
    }
    Ok(())
}

/// Draws a letter as squares.
fn draw<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    letter: char,
    (left, top): (i32, i32),
) -> Result<(), String> {
    let sets = [BASIC_FONTS.get(letter), LATIN_FONTS.get(letter), GREEK_FONTS.get(letter)];
    let rows = sets.into_iter().flatten().next().or(BASIC_FONTS.get('?')).unwrap_or_default();
    for (y, row) in rows.into_iter().enumerate() {
        for x in (0..8).filter(|x| row >> x & 1 == 1) {
            let (x, y) = (left + DOT * x, top + DOT * y as i32);
            // the last row and column of pixels are not filled
            let square = Rectangle::new([(x, y), (x + DOT, y + DOT)], BLACK.filled());
            area.draw(&square).map_err(problem)?;
        }
    }
    Ok(())
}
