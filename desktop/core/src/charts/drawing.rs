//! Drawing a figure, on whatever there is to draw on.

use plotters::backend::DrawingBackend;
use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::element::{PathElement, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, IntoFont, RGBColor, TextStyle};

use crate::charts::ChartError;
use crate::charts::amounts::write_mark;
use crate::charts::figure::{Bar, Figure, Layout};
use crate::charts::fonts::font_for;
use crate::charts::palette::Palette;
use crate::charts::scale::Scale;

const PADDING: i32 = 20;
const HEAD: i32 = 64;
const TITLE_SIZE: i32 = 16;
const TEXT_SIZE: i32 = 12;
/// Wider bars look like blocks.
const COLUMN_WIDTH_MAX: i32 = 40;
const ROW_HEIGHT_MAX: i32 = 22;
/// A label of a column is so wide, and has room beside it.
const PERIOD_WIDTH: i32 = 72;
const LABEL_LETTERS_MAX: usize = 28;

/// A pen: where it draws, by which colours and how large.
pub(super) struct Pen<'a, DB: DrawingBackend> {
    area: &'a DrawingArea<DB, Shift>,
    palette: Palette,
    /// Points of the picture for each of the chart's.
    scale: i32,
    width: i32,
    height: i32,
}

impl<'a, DB: DrawingBackend> Pen<'a, DB> {
    /// A pen for a chart of so many points, drawn `scale` times as large.
    pub(super) fn new(
        area: &'a DrawingArea<DB, Shift>,
        palette: Palette,
        scale: i32,
        (width, height): (i32, i32),
    ) -> Self {
        Pen { area, palette, scale, width, height }
    }

    /// Draws a figure.
    pub(super) fn draw(&self, figure: &Figure) -> Result<(), ChartError> {
        self.area.fill(&self.palette.surface).map_err(failed)?;
        let start = (HPos::Left, VPos::Top);
        self.text(&figure.title, (PADDING, 16), TITLE_SIZE, self.palette.ink, start)?;
        self.text(&figure.summary, (PADDING, 38), TEXT_SIZE, self.palette.muted, start)?;
        if figure.bars.iter().all(|bar| bar.nanos.is_none_or(|nanos| nanos == 0)) {
            let middle = (self.width / 2, (self.height + HEAD) / 2);
            let centred = (HPos::Center, VPos::Center);
            return self.text(&figure.nothing, middle, TEXT_SIZE, self.palette.muted, centred);
        }
        match figure.layout {
            Layout::Columns => self.draw_columns(&figure.bars),
            Layout::Rows => self.draw_rows(&figure.bars),
        }
    }

    fn draw_columns(&self, bars: &[Bar]) -> Result<(), ChartError> {
        let scale = Scale::fit(bars.iter().filter_map(|bar| bar.nanos));
        let marks: Vec<(i64, String)> =
            scale.marks().map(|mark| (mark, write_mark(mark, scale.step))).collect();
        let widest = marks.iter().map(|(_, text)| text.chars().count()).max().unwrap_or(0);
        let left = PADDING + to_points(widest) * 7 + 8;
        let (right, top, bottom) = (self.width - PADDING, HEAD + 8, self.height - 36);
        let height = bottom - top;
        let at = |value: i64| bottom - scale.place(value, height);
        for (mark, text) in &marks {
            let colour = if *mark == 0 { self.palette.edge } else { self.palette.line };
            self.line((left, at(*mark)), (right, at(*mark)), colour)?;
            let end = (HPos::Right, VPos::Center);
            self.text(text, (left - 8, at(*mark)), TEXT_SIZE, self.palette.muted, end)?;
        }
        let count = to_points(bars.len()).max(1);
        let room = right - left;
        // As many labels as have room, and the same distance between them.
        let every = (count * PERIOD_WIDTH / room.max(1) + 1).max(1);
        for (place, bar) in bars.iter().enumerate() {
            let place = to_points(place);
            let middle = left + room * (2 * place + 1) / (2 * count);
            let half = (room * 7 / (20 * count)).clamp(1, COLUMN_WIDTH_MAX / 2);
            if let Some(nanos) = bar.nanos {
                let colour = if nanos < 0 { self.palette.loss } else { self.palette.bar };
                self.block((middle - half, at(nanos.max(0))), (middle + half, at(nanos.min(0))), colour)?;
            }
            if place % every == 0 {
                let below = (HPos::Center, VPos::Top);
                self.text(&bar.label, (middle, bottom + 10), TEXT_SIZE, self.palette.muted, below)?;
            }
        }
        Ok(())
    }

    fn draw_rows(&self, bars: &[Bar]) -> Result<(), ChartError> {
        let labels: Vec<String> = bars.iter().map(|bar| shorten(&bar.label)).collect();
        let widest = labels.iter().map(|label| width_of(label)).max().unwrap_or(0);
        let notes = bars.iter().map(|bar| width_of(&bar.note)).max().unwrap_or(0);
        let left = PADDING + widest.min(self.width / 3) + 10;
        let room = (self.width - PADDING - left - notes - 10).max(20);
        let scale = Scale::fit(bars.iter().filter_map(|bar| bar.nanos));
        let (top, bottom) = (HEAD + 8, self.height - PADDING);
        let count = to_points(bars.len()).max(1);
        for (place, (bar, label)) in bars.iter().zip(&labels).enumerate() {
            let middle = top + (bottom - top) * (2 * to_points(place) + 1) / (2 * count);
            let half = ((bottom - top) * 3 / (10 * count)).clamp(1, ROW_HEIGHT_MAX / 2);
            let nanos = bar.nanos.unwrap_or(0).max(0);
            // The longest bar takes all the room: rows have no axis, their amounts are written.
            let most = bars.iter().filter_map(|bar| bar.nanos).max().unwrap_or(scale.high);
            let full = Scale { low: 0, high: most.max(1), step: 1 };
            let end = left + full.place(nanos, room);
            self.text(label, (left - 10, middle), TEXT_SIZE, self.palette.ink, (HPos::Right, VPos::Center))?;
            self.block((left, middle - half), (end.max(left + 1), middle + half), self.palette.bar)?;
            let after = (HPos::Left, VPos::Center);
            self.text(&bar.note, (end + 8, middle), TEXT_SIZE, self.palette.muted, after)?;
        }
        Ok(())
    }

    fn text(
        &self,
        text: &str,
        place: (i32, i32),
        size: i32,
        colour: RGBColor,
        (horizontal, vertical): (HPos, VPos),
    ) -> Result<(), ChartError> {
        // The library divides sizes by this, so that letters come out as large as they are called.
        let size = f64::from(size * self.scale) * 1.24;
        let font = (font_for(text)?, size).into_font();
        let style = TextStyle::from(font).color(&colour).pos(Pos::new(horizontal, vertical));
        self.area.draw(&Text::new(text.to_owned(), self.scaled(place), style)).map_err(failed)
    }

    fn line(&self, from: (i32, i32), to: (i32, i32), colour: RGBColor) -> Result<(), ChartError> {
        let style = colour.stroke_width(u32::try_from(self.scale).unwrap_or(1));
        self.area.draw(&PathElement::new([self.scaled(from), self.scaled(to)], style)).map_err(failed)
    }

    fn block(&self, from: (i32, i32), to: (i32, i32), colour: RGBColor) -> Result<(), ChartError> {
        self.area.draw(&Rectangle::new([self.scaled(from), self.scaled(to)], colour.filled())).map_err(failed)
    }

    fn scaled(&self, (x, y): (i32, i32)) -> (i32, i32) {
        (x * self.scale, y * self.scale)
    }
}

/// About how wide a text is: Chinese letters are as wide as they are high.
fn width_of(text: &str) -> i32 {
    text.chars().map(|letter| if letter.is_ascii() { 7 } else { TEXT_SIZE }).sum()
}

/// The beginning of a long label.
fn shorten(label: &str) -> String {
    let plain: String = label.chars().filter(|letter| !letter.is_control()).collect();
    if plain.chars().count() <= LABEL_LETTERS_MAX {
        return plain;
    }
    plain.chars().take(LABEL_LETTERS_MAX - 1).chain(['…']).collect()
}

fn to_points(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX / 1_000)
}

fn failed(error: impl std::fmt::Display) -> ChartError {
    ChartError::Drawing(error.to_string())
}
