//! Plots of data and curves, as PNG, SVG or animated GIF.
//!
//! ```
//! use pullback::plot::Plot;
//!
//! let x: Vec<f64> = (0..100).map(|i| f64::from(i) / 10.0).collect();
//! let y: Vec<f64> = x.iter().map(|x| x.sin()).collect();
//! let path = std::env::temp_dir().join(format!("sine-{}.svg", std::process::id()));
//! Plot::new("A sine").axes("x", "sin x").line("sine", &x, &y).points("every tenth", &x[..10], &y[..10]).save(&path)?;
//! assert!(std::fs::read_to_string(&path).expect("it is there").contains("A sine"));
//! # std::fs::remove_file(&path).expect("it is there");
//! # Ok::<(), pullback::plot::PlotError>(())
//! ```

mod axis;
mod clip;
mod draw;
mod text;

use std::fmt;
use std::ops::Range;
use std::path::Path;

use axis::Axis;
use plotters::prelude::{BitMapBackend, IntoDrawingArea, SVGBackend};

/// Curves and points in one frame.
#[derive(Clone, Debug)]
pub struct Plot {
    title: String,
    axes: [String; 2],
    series: Vec<Series>,
    ranges: [Option<Range<f64>>; 2],
    log_y: bool,
    size: (u32, u32),
}

#[derive(Clone, Debug)]
struct Series {
    label: String,
    kind: Kind,
    points: Vec<(f64, f64)>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    Line,
    Points,
}

/// Why a picture could not be written. Prints as a sentence that begins with the file.
#[derive(Debug)]
pub struct PlotError {
    file: String,
    problem: String,
}

impl fmt::Display for PlotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.problem)
    }
}

impl std::error::Error for PlotError {}

impl Plot {
    /// An empty plot of 960 by 600 pixels.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Plot {
        Plot {
            title: title.into(),
            axes: [String::new(), String::new()],
            series: Vec::new(),
            ranges: [None, None],
            log_y: false,
            size: (960, 600),
        }
    }

    /// What the axes show.
    #[must_use]
    pub fn axes(mut self, x: impl Into<String>, y: impl Into<String>) -> Plot {
        self.axes = [x.into(), y.into()];
        self
    }

    /// A curve through points. What is not finite is a gap.
    ///
    /// # Panics
    /// If `x` and `y` differ in length.
    #[must_use]
    pub fn line<T: Copy + Into<f64>>(self, label: impl Into<String>, x: &[T], y: &[T]) -> Plot {
        self.with(Kind::Line, label.into(), x, y)
    }

    /// Points.
    ///
    /// # Panics
    /// If `x` and `y` differ in length.
    #[must_use]
    pub fn points<T: Copy + Into<f64>>(self, label: impl Into<String>, x: &[T], y: &[T]) -> Plot {
        self.with(Kind::Points, label.into(), x, y)
    }

    fn with<T: Copy + Into<f64>>(mut self, kind: Kind, label: String, x: &[T], y: &[T]) -> Plot {
        let (n, m) = (x.len(), y.len());
        assert_eq!(n, m, "Plot: `{label}` has {n} x but {m} y");
        let points = x.iter().zip(y).map(|(&x, &y)| (x.into(), y.into())).collect();
        self.series.push(Series { label, kind, points });
        self
    }

    /// What part of the x axis to show; all of the data by default.
    #[must_use]
    pub fn x_range(mut self, range: Range<f64>) -> Plot {
        self.ranges[0] = Some(range);
        self
    }

    /// What part of the y axis to show; all of the data by default.
    #[must_use]
    pub fn y_range(mut self, range: Range<f64>) -> Plot {
        self.ranges[1] = Some(range);
        self
    }

    /// A logarithmic y axis; what is not positive is a gap.
    #[must_use]
    pub fn log_y(mut self) -> Plot {
        self.log_y = true;
        self
    }

    /// Width and height in pixels.
    #[must_use]
    pub fn size(mut self, width: u32, height: u32) -> Plot {
        self.size = (width, height);
        self
    }

    /// Writes a picture in the format that the name ends with: `.png` or `.svg`. Folders are made as needed.
    ///
    /// # Errors
    /// If the name ends otherwise, or the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), PlotError> {
        let path = path.as_ref();
        let problem = match path.extension().and_then(|e| e.to_str()) {
            Some("png") => folder(path).and_then(|()| {
                let area = BitMapBackend::new(path, self.size).into_drawing_area();
                draw::plot(self, &area, text::Font::Pixels)
                    .and_then(|()| area.present().map_err(draw::problem))
            }),
            Some("svg") => folder(path).and_then(|()| {
                let area = SVGBackend::new(path, self.size).into_drawing_area();
                draw::plot(self, &area, text::Font::Native)
                    .and_then(|()| area.present().map_err(draw::problem))
            }),
            _ => Err("plots are saved as .png or .svg".into()),
        };
        problem.map_err(|problem| PlotError { file: path.display().to_string(), problem })
    }

    /// The axes, and how the points lie on them.
    fn scales(&self) -> [Axis; 2] {
        let all = || self.series.iter().flat_map(|s| &s.points);
        let log = |y: f64| if self.log_y { y.log10() } else { y };
        let logs = self.ranges[1].clone().map(|r| log(r.start)..log(r.end));
        [
            Axis::new(all().map(|p| p.0), self.ranges[0].clone(), false),
            Axis::new(all().map(|p| log(p.1)), logs, self.log_y),
        ]
    }
}

/// Writes frames as an animated GIF that repeats, `milliseconds` between them. All have the size of the first.
///
/// # Errors
/// If there is no frame, or the file cannot be written.
pub fn save_gif(
    path: impl AsRef<Path>,
    frames: impl IntoIterator<Item = Plot>,
    milliseconds: u32,
) -> Result<(), PlotError> {
    let path = path.as_ref();
    let write = || {
        let mut frames = frames.into_iter().peekable();
        let size = frames.peek().ok_or("there is no frame")?.size;
        folder(path)?;
        let backend = BitMapBackend::gif(path, size, milliseconds).map_err(|e| e.to_string())?;
        let area = backend.into_drawing_area();
        for frame in frames {
            draw::plot(&frame, &area, text::Font::Pixels)?;
            area.present().map_err(draw::problem)?;
        }
        Ok(())
    };
    write().map_err(|problem: String| PlotError { file: path.display().to_string(), problem })
}

/// Makes the folder of a file.
fn folder(path: &Path) -> Result<(), String> {
    match path.parent() {
        Some(folder) => std::fs::create_dir_all(folder).map_err(|e| e.to_string()),
        None => Ok(()),
    }
}
