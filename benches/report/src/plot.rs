//! A plot, drawn without fonts of the system: the text is the viewer's.

use std::path::Path;

use plotters::prelude::*;
use serde::{Deserialize, Serialize};

const SIZE: (u32, u32) = (720, 420);
const COLORS: [RGBColor; 5] =
    [RGBColor(31, 119, 180), RGBColor(214, 39, 40), RGBColor(44, 160, 44), RGBColor(148, 103, 189), BLACK];

/// Lines over a logarithmic axis.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Plot {
    /// The name of its file.
    pub file: String,
    /// What stands above it.
    pub title: String,
    /// What grows, with its unit.
    pub x: String,
    /// What is measured, with its unit.
    pub y: String,
    /// The measured points.
    pub lines: Vec<Line>,
}

/// The points of one thing, from left to right.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Line {
    /// What it is.
    pub name: String,
    /// What grew, and what was measured.
    pub points: Vec<(f64, f64)>,
}

type Error = Box<dyn std::error::Error + Send + Sync>;

impl Plot {
    /// Draws it into this file.
    ///
    /// # Errors
    /// When the file cannot be written, or there is no point.
    pub fn draw(&self, file: &Path) -> Result<(), Error> {
        let area = SVGBackend::new(file, SIZE).into_drawing_area();
        let failed = |error: &dyn std::fmt::Display| Error::from(error.to_string());
        area.fill(&WHITE).map_err(|error| failed(&error))?;
        self.on(&area)?;
        area.present().map_err(|error| failed(&error))
    }

    fn on(&self, area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>) -> Result<(), Error> {
        let failed = |error: DrawingAreaErrorKind<_>| Error::from(error.to_string());
        let all = || self.lines.iter().flat_map(|line| &line.points);
        let (left, right) = bounds(all().map(|point| point.0)).ok_or("a plot without points")?;
        let top = all().map(|point| point.1).fold(0.0, f64::max);
        let mut chart = ChartBuilder::on(area)
            .caption(&self.title, ("sans-serif", 24))
            .margin(12)
            .x_label_area_size(42)
            .y_label_area_size(76)
            .build_cartesian_2d((left..right).log_scale(), 0.0..top.max(1e-9) * 1.1)
            .map_err(failed)?;
        let mut mesh = chart.configure_mesh();
        mesh.x_desc(&self.x)
            .y_desc(&self.y)
            .light_line_style(WHITE)
            .x_label_formatter(&label)
            .y_label_formatter(&label);
        mesh.label_style(("sans-serif", 18)).axis_desc_style(("sans-serif", 20));
        mesh.draw().map_err(failed)?;
        for (line, color) in self.lines.iter().zip(COLORS.into_iter().cycle()) {
            let points = || line.points.iter().copied();
            let drawn =
                chart.draw_series(LineSeries::new(points(), color.stroke_width(2))).map_err(failed)?;
            drawn.label(&line.name).legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color));
            let dots = points().map(|point| Circle::new(point, 3, color.filled()));
            chart.draw_series(dots).map_err(failed)?;
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .label_font(("sans-serif", 18))
            .border_style(BLACK.mix(0.3))
            .background_style(WHITE.mix(0.8))
            .draw()
            .map_err(failed)
    }
}

fn bounds(numbers: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let numbers = numbers.filter(|number| *number > 0.0);
    let bounds = numbers.fold(None, |bounds: Option<(f64, f64)>, number| {
        let (least, most) = bounds.unwrap_or((number, number));
        Some((least.min(number), most.max(number)))
    })?;
    Some((bounds.0 * 0.8, bounds.1 * 1.25))
}

fn label(number: &f64) -> String {
    match number.abs() {
        size if size >= 1e6 => format!("{} M", number / 1e6),
        size if size >= 1e3 => format!("{} k", number / 1e3),
        _ => number.to_string(),
    }
}
