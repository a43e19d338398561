//! The files of the web interface, inside of the program.

use std::collections::HashMap;

use axum::http::{HeaderMap, HeaderValue};
use sha2::{Digest, Sha256};

use crate::hex::write_hex;
use crate::pages::packing::{Packing, choose_packing};

include!(concat!(env!("OUT_DIR"), "/web_files.rs"));

/// A file as the build left it.
struct Embedded {
    name: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

/// Everything that is embedded.
pub(crate) struct WebFiles {
    files: HashMap<&'static str, WebFile>,
}

/// One file, in each packing there is.
pub(super) struct WebFile {
    name: &'static str,
    plain: Form,
    brotli: Option<Form>,
    gzip: Option<Form>,
}

/// A file in one packing.
pub(super) struct Form {
    pub(super) bytes: &'static [u8],
    /// Another one for each packing: it stands for these very bytes.
    pub(super) tag: HeaderValue,
    pub(super) packing: Packing,
}

impl WebFiles {
    /// Takes what the build embedded.
    pub(crate) fn load() -> WebFiles {
        let files = EMBEDDED.iter().map(|embedded| (embedded.name, WebFile::new(embedded))).collect();
        WebFiles { files }
    }

    /// The file of this name.
    pub(super) fn get(&self, name: &str) -> Option<&WebFile> {
        self.files.get(name)
    }
}

impl WebFile {
    fn new(embedded: &Embedded) -> WebFile {
        let form = |bytes, packing| Form { bytes, tag: tag_of(bytes), packing };
        WebFile {
            name: embedded.name,
            plain: form(embedded.plain, Packing::None),
            brotli: embedded.brotli.map(|bytes| form(bytes, Packing::Brotli)),
            gzip: embedded.gzip.map(|bytes| form(bytes, Packing::Gzip)),
        }
    }

    /// The form that fits whoever sent these headers best.
    pub(super) fn form_for(&self, headers: &HeaderMap) -> &Form {
        let form = match choose_packing(headers, self.brotli.is_some(), self.gzip.is_some()) {
            Packing::Brotli => self.brotli.as_ref(),
            Packing::Gzip => self.gzip.as_ref(),
            Packing::None => None,
        };
        form.unwrap_or(&self.plain)
    }

    /// Whether its name says what is in it, so that it is never another.
    pub(super) fn is_hashed(&self) -> bool {
        self.name.starts_with("assets/")
    }

    /// Whether it is a page and not a part of one.
    pub(super) fn is_page(&self) -> bool {
        self.name.ends_with(".html")
    }

    /// Its media type.
    pub(super) fn media_type(&self) -> &'static str {
        let ending = self.name.rsplit('.').next().unwrap_or_default();
        match ending {
            "html" => "text/html; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            "png" => "image/png",
            "woff2" => "font/woff2",
            _ => "application/octet-stream",
        }
    }
}

fn tag_of(bytes: &[u8]) -> HeaderValue {
    let hash = Sha256::digest(bytes);
    let tag = format!("\"{}\"", write_hex(&hash[..16]));
    // Hexadecimal digits are always a header's.
    HeaderValue::try_from(tag).unwrap_or(HeaderValue::from_static("\"\""))
}

#[cfg(test)]
mod tests {
    use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder};
    use tokio::io::AsyncReadExt;

    use super::*;

    async fn unpack(form: &Form) -> Vec<u8> {
        let mut unpacked = Vec::new();
        match form.packing {
            Packing::Brotli => BrotliDecoder::new(form.bytes).read_to_end(&mut unpacked).await.unwrap(),
            Packing::Gzip => GzipDecoder::new(form.bytes).read_to_end(&mut unpacked).await.unwrap(),
            Packing::None => panic!("not packed"),
        };
        unpacked
    }

    #[tokio::test]
    async fn both_programs_are_embedded_and_every_file_has_a_type_and_unpacks_to_itself() {
        let files = WebFiles::load();
        assert!(files.get("index.html").is_some() && files.get("console.html").is_some());
        assert!(files.get("desktop.html").is_none());
        for file in files.files.values() {
            assert_ne!(file.media_type(), "application/octet-stream", "{}", file.name);
            for form in [file.brotli.as_ref(), file.gzip.as_ref()].into_iter().flatten() {
                assert!(form.bytes.len() < file.plain.bytes.len(), "{}", file.name);
                assert_ne!(form.tag, file.plain.tag, "{}", file.name);
                assert_eq!(unpack(form).await, file.plain.bytes, "{}", file.name);
            }
        }
    }
}
