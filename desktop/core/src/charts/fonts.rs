//! The letters of charts. Those that the app itself writes are in a small font that comes with it, a part of Noto Sans
//! CJK SC; for others, as in a model's name, a font of the system's is read when it is first needed.

use std::sync::OnceLock;

use plotters::style::{FontStyle, register_font};

use crate::charts::ChartError;

/// The font that comes with the app.
const OWN: &str = "Waystation Sans";
/// A font of the system's with Chinese letters.
const SYSTEM: &str = "Waystation System Sans";
/// What the font's letters are, in the order of their numbers.
const LETTERS: &str = include_str!("../../fonts/letters.txt");
const OWN_BYTES: &[u8] = include_bytes!("../../fonts/waystation-sans.otf");

/// Where systems keep one.
const PLACES: [&str; 9] = [
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-sans-cjk-fonts/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/System/Library/Fonts/PingFang.ttc",
    "/System/Library/Fonts/Hiragino Sans GB.ttc",
    "C:\\Windows\\Fonts\\msyh.ttc",
    "C:\\Windows\\Fonts\\simsun.ttc",
];
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// What stands in an SVG in the place of our names, for whatever shows it.
const STACK: &str =
    "system-ui, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans SC', sans-serif";

/// The name of a font that has every letter of a text, as far as there is one.
pub(super) fn font_for(text: &str) -> Result<&'static str, ChartError> {
    static OWN_READ: OnceLock<bool> = OnceLock::new();
    if !OWN_READ.get_or_init(|| register_font(OWN, FontStyle::Normal, OWN_BYTES).is_ok()) {
        return Err(ChartError::Font);
    }
    if text.chars().all(|letter| LETTERS.contains(letter)) || !has_system_font() {
        return Ok(OWN);
    }
    Ok(SYSTEM)
}

/// The same SVG with the names of fonts that others have.
pub(super) fn name_fonts(svg: &str) -> String {
    let ours = |name: &str| format!("font-family=\"{name}\"");
    let theirs = format!("font-family=\"{STACK}\"");
    svg.replace(&ours(OWN), &theirs).replace(&ours(SYSTEM), &theirs)
}

/// Reads the first font there is, once. It stays in memory, as whatever draws with it expects.
fn has_system_font() -> bool {
    static READ: OnceLock<bool> = OnceLock::new();
    *READ.get_or_init(|| {
        let mut found = PLACES
            .iter()
            .filter_map(|place| crate::files::read_file(place.as_ref(), FILE_BYTES_MAX).ok().flatten());
        found.any(|bytes| register_font(SYSTEM, FontStyle::Normal, Vec::leak(bytes)).is_ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_that_charts_write_is_in_the_font_of_the_app() {
        for source in [include_str!("figure.rs"), include_str!("amounts.rs"), include_str!("drawing.rs")] {
            let missing: String =
                source.chars().filter(|letter| !letter.is_control() && !LETTERS.contains(*letter)).collect();
            assert_eq!(missing, "");
        }
        assert_eq!(font_for("每日收入 $1,234.50").unwrap(), OWN);
    }

    #[test]
    fn an_svg_names_fonts_that_others_have() {
        let named = name_fonts(&format!("<text font-family=\"{OWN}\"/><text font-family=\"{SYSTEM}\"/>"));
        assert!(!named.contains("Waystation") && named.matches("Noto Sans CJK SC").count() == 2);
    }
}
