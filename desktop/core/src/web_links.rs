//! Pages that the app may open in the browser.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use serde::Deserialize;
use url::Url;

use crate::connections::SiteAddress;

const LENGTH_MAX: usize = 2048;
const PRESETS: &str = include_str!("../../../server/api/presets/channels.json");

/// The address to open, if it is at one of the sites that the app knows, or of a provider that the server has a preset for.
/// Everything else, files and shares among them, is refused.
pub fn find_web_link(text: &str, sites: &[SiteAddress]) -> Option<Url> {
    if text.len() > LENGTH_MAX || text.chars().any(|letter| letter.is_control() || letter.is_whitespace()) {
        return None;
    }
    let url = Url::parse(text).ok()?;
    if !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    let is_known = sites.iter().any(|address| address.join([]).origin() == url.origin());
    let is_preset = url.scheme() == "https"
        && url.port().is_none()
        && url.host_str().is_some_and(|host| preset_hosts().contains(host));
    (is_known || is_preset).then_some(url)
}

/// The page of a site where somebody who is signed in there makes a code to pair this device by. The site need not be
/// known: whoever typed its address sees in the browser whose it is.
pub fn pairing_page(address: &SiteAddress) -> Url {
    address.join(["app", "sessions"])
}

/// Where the providers' own pages are.
fn preset_hosts() -> &'static BTreeSet<String> {
    #[derive(Deserialize)]
    struct Preset {
        docs_url: Option<Url>,
        keys_url: Option<Url>,
    }
    static HOSTS: OnceLock<BTreeSet<String>> = OnceLock::new();
    HOSTS.get_or_init(|| {
        let presets: Vec<Preset> = serde_json::from_str(PRESETS).unwrap_or_default();
        let pages = presets.into_iter().flat_map(|preset| [preset.docs_url, preset.keys_url]).flatten();
        pages.filter_map(|page| page.host_str().map(str::to_owned)).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_known_sites_and_providers_open() {
        let known = ["https://ai.example.com:8443/base", "http://127.0.0.1:8787"]
            .map(|address| address.parse().unwrap());
        let opens = |text: &str| find_web_link(text, &known).is_some();
        assert!(opens("https://ai.example.com:8443/console/users?q=a#b"));
        assert!(opens("http://127.0.0.1:8787/app/usage"));
        assert!(opens("https://api-docs.deepseek.com/"));
        for text in [
            "https://ai.example.com/",
            "http://ai.example.com:8443/",
            "https://evil.example/",
            "https://ai.example.com:8443@evil.example/",
            "http://127.0.0.1:8788/",
            "https://user@ai.example.com:8443/",
            "https://api-docs.deepseek.com.evil.example/",
            "http://api-docs.deepseek.com/",
            "https://api-docs.deepseek.com:8443/",
            "file:///etc/passwd",
            "smb://ai.example.com/share",
            "javascript:alert(1)",
            "data:text/html,x",
            "waystation://open",
            "mailto:a@example.com",
            "\\\\evil.example\\share",
            "https://ai.example.com:8443/\n",
            "",
        ] {
            assert!(!opens(text), "{text}");
        }
    }
    #[test]
    fn a_code_is_made_on_one_page_of_whatever_site() {
        let page = |address: &str| pairing_page(&address.parse().unwrap()).to_string();
        assert_eq!(page("https://ai.example.com"), "https://ai.example.com/app/sessions");
        assert_eq!(page("http://127.0.0.1:8787"), "http://127.0.0.1:8787/app/sessions");
    }
}
