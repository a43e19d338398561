//! Which packing of a file a browser takes.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_ENCODING;

/// How a file is packed, from the one that is sent first among equals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Brotli,
    Gzip,
    None,
}

impl Packing {
    /// Its name in headers.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Packing::Brotli => "br",
            Packing::Gzip => "gzip",
            Packing::None => "identity",
        }
    }
}

/// The best of what is there for whoever sent these headers (RFC 9110, section 12.5.3). What is not packed is there in
/// any case, and sent when nothing else is wanted.
pub(super) fn choose_packing(headers: &HeaderMap, has_brotli: bool, has_gzip: bool) -> Packing {
    let wishes = read_wishes(headers);
    let there = [(Packing::Brotli, has_brotli), (Packing::Gzip, has_gzip)];
    let mut best = (Packing::None, wishes.weight_of(Packing::None));
    for (packing, is_there) in there.into_iter().rev() {
        let weight = wishes.weight_of(packing);
        if is_there && weight > 0 && weight >= best.1 {
            best = (packing, weight);
        }
    }
    best.0
}

/// The weights that were named, in thousandths.
#[derive(Default)]
struct Wishes {
    named: Vec<(String, u16)>,
}

impl Wishes {
    fn weight_of(&self, packing: Packing) -> u16 {
        let named =
            |name: &str| self.named.iter().find(|(coding, _)| coding == name).map(|(_, weight)| *weight);
        match packing {
            // Always there, and wanted least by who does not name it.
            Packing::None => named(packing.name()).unwrap_or(0),
            _ => named(packing.name()).or_else(|| named("*")).unwrap_or(0),
        }
    }
}

fn read_wishes(headers: &HeaderMap) -> Wishes {
    let lines = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    let named = lines.flat_map(|line| line.split(',')).filter_map(|wish| {
        let mut parts = wish.split(';');
        let coding = parts.next()?.trim().to_ascii_lowercase();
        let weight = parts.find_map(|part| {
            let (name, value) = part.split_once('=')?;
            name.trim().eq_ignore_ascii_case("q").then(|| read_weight(value.trim()))
        });
        Some((coding, weight.unwrap_or(1_000)))
    });
    Wishes { named: named.collect() }
}

/// A weight between 0 and 1 with at most three decimals, in thousandths; what is none counts nothing.
fn read_weight(text: &str) -> u16 {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let is_short = decimals.len() <= 3 && decimals.bytes().all(|digit| digit.is_ascii_digit());
    match (whole, format!("{decimals:0<3}").parse::<u16>()) {
        ("0", Ok(thousandths)) if is_short => thousandths,
        ("1", Ok(0)) if is_short => 1_000,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn chosen(lines: &[&str], has_brotli: bool, has_gzip: bool) -> &'static str {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(ACCEPT_ENCODING, HeaderValue::from_str(line).unwrap());
        }
        choose_packing(&headers, has_brotli, has_gzip).name()
    }

    #[test]
    fn the_packing_that_is_wanted_most_is_chosen() {
        for (line, name) in [
            ("gzip, deflate, br, zstd", "br"),
            ("gzip, deflate", "gzip"),
            ("br;q=0.5, gzip;q=0.8", "gzip"),
            ("br;q=0.8, gzip;q=0.8", "br"),
            ("br;q=0, gzip;q=0.001", "gzip"),
            ("br; Q=0.000, gzip;q=0", "identity"),
            ("*", "br"),
            ("*;q=0.1, br;q=0", "gzip"),
            ("*;q=0", "identity"),
            ("identity", "identity"),
            ("identity;q=1, gzip;q=0.5", "identity"),
            ("identity;q=0.5, gzip;q=0.5", "gzip"),
            ("identity;q=0", "identity"),
            ("BR", "br"),
            ("", "identity"),
            ("brotli, xgzip", "identity"),
            ("br;q=2, gzip;q=-1", "identity"),
            ("br;q=1.001, gzip;q=0.1234", "identity"),
            ("br;q=, gzip;q=x", "identity"),
            (";;;,,=", "identity"),
        ] {
            assert_eq!(chosen(&[line], true, true), name, "{line:?}");
        }
        assert_eq!(chosen(&["gzip", "br"], true, true), "br");
        assert_eq!(chosen(&[], true, true), "identity");
    }

    #[test]
    fn only_what_is_there_is_chosen() {
        assert_eq!(chosen(&["br, gzip"], false, true), "gzip");
        assert_eq!(chosen(&["br, gzip"], true, false), "br");
        assert_eq!(chosen(&["br, gzip"], false, false), "identity");
    }
}
