//! What a mail says, as text and as HTML from one source.

use std::fmt::Write;

use waystation_api::locale::Locale;

use crate::html::escape_html;

/// A mail before it is packed: all of it is plain text, which is escaped where it becomes HTML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Letter {
    /// One line.
    pub(super) subject: &'static str,
    /// What comes before the link.
    pub(super) opening: Vec<String>,
    /// The words of the link, and where it leads.
    pub(super) link: Option<(&'static str, String)>,
    /// What comes after the link.
    pub(super) closing: Vec<String>,
}

impl Letter {
    /// The mail as text.
    pub(super) fn text(&self) -> String {
        let mut paragraphs = self.opening.clone();
        paragraphs.extend(self.link.iter().map(|(words, address)| format!("{words}\n{address}")));
        paragraphs.extend(self.closing.iter().cloned());
        paragraphs.join("\n\n") + "\n"
    }

    /// The mail as a page without anything that is loaded from elsewhere.
    pub(super) fn html(&self, locale: Locale) -> String {
        let mut body = String::new();
        // Writing to a String cannot fail.
        for paragraph in &self.opening {
            let _ = write!(body, "<p>{}</p>", escape_html(paragraph));
        }
        if let Some((words, address)) = &self.link {
            let (words, address) = (escape_html(words), escape_html(address));
            let _ = write!(
                body,
                "<p><a href=\"{address}\" style=\"display:inline-block;padding:10px 18px;border-radius:6px;\
                 background:#1f4fd8;color:#ffffff;text-decoration:none\">{words}</a></p>\
                 <p style=\"font-size:13px;color:#555555;word-break:break-all\">{address}</p>"
            );
        }
        for paragraph in &self.closing {
            let _ = write!(body, "<p style=\"color:#555555\">{}</p>", escape_html(paragraph));
        }
        format!(
            "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\"><title>{}</title></head>\
             <body style=\"font-family:sans-serif;font-size:15px;line-height:1.5;color:#1a1a1a;max-width:36em;\
             margin:24px auto;padding:0 16px\">{body}</body></html>",
            locale.tag(),
            escape_html(self.subject),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_put_into_a_letter_is_text_in_its_page() {
        let letter = Letter {
            subject: "A subject",
            opening: vec!["<script>alert(1)</script> & \"more\"".to_owned()],
            link: Some(("Open", "https://a.example/\"><b>x</b>#token=1".to_owned())),
            closing: vec!["<img src=x>".to_owned()],
        };
        let html = letter.html(Locale::En);
        for raw in ["<script", "<b>", "<img"] {
            assert!(!html.contains(raw), "{raw} in {html}");
        }
        assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;more&quot;"), "{html}");
        assert!(html.contains("href=\"https://a.example/&quot;&gt;&lt;b&gt;x&lt;/b&gt;#token=1\""), "{html}");
        assert!(letter.text().contains("Open\nhttps://a.example/"), "{}", letter.text());
    }
}
