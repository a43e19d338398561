//! The colours of the app's pages, and no others.

use plotters::style::RGBColor;
use serde::{Deserialize, Serialize};

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// Dark letters on light ground.
    #[default]
    Light,
    /// Light letters on dark ground.
    Dark,
}

/// What a chart is drawn with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Palette {
    pub(super) surface: RGBColor,
    pub(super) line: RGBColor,
    pub(super) edge: RGBColor,
    pub(super) ink: RGBColor,
    pub(super) muted: RGBColor,
    pub(super) bar: RGBColor,
    pub(super) loss: RGBColor,
}

impl Palette {
    pub(super) const fn of(theme: Theme) -> Self {
        match theme {
            Theme::Light => Palette {
                surface: colour(0xff_ffff),
                line: colour(0xdd_e3e9),
                edge: colour(0x7f_8b99),
                ink: colour(0x16_202b),
                muted: colour(0x55_616f),
                bar: colour(0x0b_6a70),
                loss: colour(0xb3_261e),
            },
            Theme::Dark => Palette {
                surface: colour(0x15_1d26),
                line: colour(0x2a_3541),
                edge: colour(0x6d_7c8d),
                ink: colour(0xe6_ebf1),
                muted: colour(0xa0_adbb),
                bar: colour(0x58_bfbf),
                loss: colour(0xf2_918a),
            },
        }
    }
}

const fn colour(code: u32) -> RGBColor {
    let [_, red, green, blue] = code.to_be_bytes();
    RGBColor(red, green, blue)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_colours_are_those_of_the_pages() {
        let styles = include_str!("../../../../ui/src/styles.css");
        let (light, dark) = styles.split_once(".dark {").unwrap();
        for (theme, block) in [(Theme::Light, light), (Theme::Dark, dark.split_once('}').unwrap().0)] {
            let palette = Palette::of(theme);
            for (name, RGBColor(red, green, blue)) in [
                ("surface", palette.surface),
                ("line", palette.line),
                ("edge", palette.edge),
                ("ink", palette.ink),
                ("muted", palette.muted),
                ("chart-1", palette.bar),
                ("danger", palette.loss),
            ] {
                let written = format!("--ws-{name}: #{red:02x}{green:02x}{blue:02x};");
                assert!(block.contains(&written), "{theme:?}: {written}");
            }
        }
    }
}
