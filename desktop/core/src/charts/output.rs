//! A chart as SVG and as PNG.

use plotters::backend::{BitMapBackend, SVGBackend};
use plotters::drawing::IntoDrawingArea;

use crate::charts::drawing::Pen;
use crate::charts::fonts::name_fonts;
use crate::charts::palette::Palette;
use crate::charts::{ChartError, Figure, Theme};

const WIDTHS: std::ops::RangeInclusive<u32> = 240..=4096;
const HEIGHTS: std::ops::RangeInclusive<u32> = 160..=4096;
/// Pictures are for screens with small points too.
const PNG_SCALE: u32 = 2;

/// Draws a chart as SVG, which any width shows sharply.
pub fn draw_svg(figure: &Figure, theme: Theme, size: (u32, u32)) -> Result<String, ChartError> {
    let points = check_size(size)?;
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        Pen::new(&area, Palette::of(theme), 1, points).draw(figure)?;
        area.present().map_err(|error| ChartError::Drawing(error.to_string()))?;
    }
    Ok(name_fonts(&svg))
}

/// Draws a chart as PNG, twice as large.
pub fn draw_png(figure: &Figure, theme: Theme, size: (u32, u32)) -> Result<Vec<u8>, ChartError> {
    let points = check_size(size)?;
    let (width, height) = (size.0 * PNG_SCALE, size.1 * PNG_SCALE);
    let mut pixels = vec![0; width as usize * height as usize * 3];
    {
        let area = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
        Pen::new(&area, Palette::of(theme), PNG_SCALE as i32, points).draw(figure)?;
        area.present().map_err(|error| ChartError::Drawing(error.to_string()))?;
    }
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(out)
}

fn check_size((width, height): (u32, u32)) -> Result<(i32, i32), ChartError> {
    let fits = WIDTHS.contains(&width) && HEIGHTS.contains(&height);
    match (i32::try_from(width), i32::try_from(height)) {
        (Ok(width), Ok(height)) if fits => Ok((width, height)),
        _ => Err(ChartError::Size),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::figure::tests::{model, report};
    use crate::charts::{margin_figure, revenue_figure, usage_figure};
    use crate::language::Language;

    const SIZE: (u32, u32) = (960, 360);

    fn figures(language: Language) -> Vec<Figure> {
        let days: Vec<_> =
            (1..=30).map(|day| (format!("2026-11-{day:02}"), format!("{}.5", day * 7 % 23))).collect();
        let days: Vec<_> = days
            .iter()
            .map(|(day, charged)| {
                (day.as_str(), charged.as_str(), Some(if day.ends_with('7') { "-3" } else { "4.2" }))
            })
            .collect();
        let months =
            [("2026-09", "310.20", None), ("2026-10", "1204", Some("200")), ("2026-11", "877.7", None)];
        let models = [
            model("gpt-5", "120.5", 4_210),
            model("通义千问-旗舰", "60", 900),
            model("a-very-long-name-of-a-model-that-does-not-fit-anywhere", "3.2", 12),
        ];
        vec![
            revenue_figure(language, &report("day", &days)),
            revenue_figure(language, &report("month", &months)),
            margin_figure(language, &report("day", &days)),
            usage_figure(language, &models),
            usage_figure(language, &[]),
        ]
    }

    #[test]
    fn every_chart_is_drawn_in_both_languages_and_both_themes() {
        for language in [Language::English, Language::Chinese] {
            for theme in [Theme::Light, Theme::Dark] {
                for figure in figures(language) {
                    let svg = draw_svg(&figure, theme, SIZE).unwrap();
                    assert!(svg.starts_with("<svg") && svg.contains(&figure.title), "{svg}");
                    let png = draw_png(&figure, theme, SIZE).unwrap();
                    let decoder = png::Decoder::new(std::io::Cursor::new(&png));
                    let info = decoder.read_info().unwrap();
                    assert_eq!((info.info().width, info.info().height), (1920, 720));
                }
            }
        }
    }

    #[test]
    fn what_a_site_names_is_text_in_an_svg() {
        let figure = usage_figure(Language::English, &[model("<script>alert(1)</script>\"&", "1", 1)]);
        let svg = draw_svg(&figure, Theme::Light, SIZE).unwrap();
        assert!(!svg.contains("<script") && svg.contains("&lt;script&gt;"), "{svg}");
    }

    #[test]
    fn chinese_letters_are_drawn_and_no_boxes() {
        // Two different letters that are both missing would be drawn alike.
        let named = |name: &str| {
            draw_png(&usage_figure(Language::Chinese, &[model(name, "1", 1)]), Theme::Light, SIZE).unwrap()
        };
        assert_ne!(named("每日"), named("收入"));
        assert_ne!(named("每日"), named("日每"));
    }

    #[test]
    fn a_chart_of_a_senseless_size_is_not_drawn() {
        let figure = usage_figure(Language::English, &[]);
        for size in [(0, 0), (100, 100), (5_000, 200), (240, u32::MAX)] {
            assert!(matches!(draw_svg(&figure, Theme::Light, size), Err(ChartError::Size)), "{size:?}");
            assert!(matches!(draw_png(&figure, Theme::Light, size), Err(ChartError::Size)), "{size:?}");
        }
    }

    #[test]
    fn the_largest_and_the_smallest_amounts_are_drawn() {
        let amounts = [
            ("2026-01", "9223372036.854775807", Some("-9223372036.854775807")),
            ("2026-02", "0.000000001", None),
        ];
        for figure in [
            revenue_figure(Language::English, &report("month", &amounts)),
            margin_figure(Language::English, &report("month", &amounts)),
        ] {
            assert!(draw_svg(&figure, Theme::Dark, SIZE).is_ok());
        }
        let many: Vec<_> = (0..366).map(|day| format!("day {day}")).collect();
        let many: Vec<_> = many.iter().map(|day| (day.as_str(), "1", None)).collect();
        let figure = revenue_figure(Language::English, &report("day", &many));
        assert!(draw_svg(&figure, Theme::Light, (240, 160)).is_ok());
    }
}
