//! Charts, drawn alike on the screen and in files: SVG and PNG.

mod amounts;
mod drawing;
mod figure;
mod fonts;
mod output;
mod palette;
mod scale;

use thiserror::Error;

pub use figure::{Bar, Figure, Layout, margin_figure, revenue_figure, site_usage_figure, usage_figure};
pub use output::{draw_png, draw_svg};
pub use palette::Theme;

/// Why a chart was not drawn.
#[derive(Debug, Error)]
pub enum ChartError {
    /// The font could not be read.
    #[error("the charts' font could not be read")]
    Font,
    /// The drawing failed.
    #[error("the chart could not be drawn: {0}")]
    Drawing(String),
    /// The picture could not be written.
    #[error("the chart's picture could not be written")]
    Picture(#[from] png::EncodingError),
    /// It is too large or too small.
    #[error("a chart is between 240 × 160 and 4096 × 4096")]
    Size,
}
