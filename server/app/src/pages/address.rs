//! What an address of the site's pages means.

/// Of the API, the relay and the probes: nothing below them is ever a page, in whatever letters they are written.
const NO_PAGES: [&str; 7] = ["api", "v1", "v1beta", "dashboard/billing", "healthz", "readyz", "metrics"];

/// What an address means. Which page is shown is decided in the browser; the server knows the two programs only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meant<'a> {
    /// A page of the portal.
    Portal,
    /// The page of the portal that answers before there is an owner.
    Setup,
    /// A page of the console.
    Console,
    /// A file that may be embedded, by its name.
    File(&'a str),
    /// Nothing that could be.
    Nothing,
}

/// Reads the path of a request. No page has an address with escapes, so none are undone: what they could hide (a
/// slash, a dot, NUL) is never found.
pub(super) fn read_address(path: &str) -> Meant<'_> {
    let Some(name) = path.strip_prefix('/') else { return Meant::Nothing };
    if name.is_empty() {
        return Meant::Portal;
    }
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let page = name.strip_suffix('/').unwrap_or(name);
    let has_hidden_part = page.split('/').any(|part| part.is_empty() || part.starts_with('.'));
    if has_hidden_part || !name.bytes().all(is_plain) || NO_PAGES.iter().any(|base| is_below(page, base)) {
        return Meant::Nothing;
    }
    if name.contains('.') || is_below(page, "assets") {
        Meant::File(name)
    } else if is_below(page, "console") {
        Meant::Console
    } else if page == "setup" {
        Meant::Setup
    } else {
        Meant::Portal
    }
}

fn is_below(path: &str, base: &str) -> bool {
    let (start, rest) = path.split_at_checked(base.len()).unwrap_or((path, ""));
    start.eq_ignore_ascii_case(base) && (rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_the_consoles_below_its_address_and_the_portals_elsewhere() {
        for path in ["/console", "/console/", "/console/people", "/console/people/usr_0190"] {
            assert_eq!(read_address(path), Meant::Console, "{path}");
        }
        for path in [
            "/",
            "/app",
            "/app/",
            "/app/keys",
            "/sign-in",
            "/consoles",
            "/apis",
            "/v10",
            "/dashboard",
            "/CON",
        ] {
            assert_eq!(read_address(path), Meant::Portal, "{path}");
        }
        assert_eq!(read_address("/setup"), Meant::Setup);
        assert_eq!(read_address("/setup/"), Meant::Setup);
        assert_eq!(read_address("/setup/page"), Meant::Portal);
    }

    #[test]
    fn what_has_an_ending_is_a_file_or_nothing() {
        assert_eq!(read_address("/assets/a-b_C.js"), Meant::File("assets/a-b_C.js"));
        assert_eq!(read_address("/mark.svg"), Meant::File("mark.svg"));
        assert_eq!(read_address("/assets"), Meant::File("assets"));
        assert_eq!(read_address("/assets/plain"), Meant::File("assets/plain"));
        assert_eq!(read_address("/app/con.html"), Meant::File("app/con.html"));
        assert_eq!(read_address("/mark.svg/"), Meant::File("mark.svg/"));
    }

    #[test]
    fn below_the_api_the_relay_and_the_probes_there_is_no_page() {
        for path in [
            "/api",
            "/api/",
            "/api/x",
            "/v1",
            "/v1/x",
            "/v1beta/models",
            "/dashboard/billing/usage",
            "/healthz",
            "/healthz/x",
            "/readyz/",
            "/metrics",
            "/API/admin/users",
            "/V1/models",
            "/Dashboard/Billing",
        ] {
            assert_eq!(read_address(path), Meant::Nothing, "{path}");
        }
    }

    #[test]
    fn an_address_that_hides_something_means_nothing() {
        for path in [
            "",
            "app",
            "*",
            "//",
            "//app",
            "/app//",
            "/app//x",
            "/.",
            "/..",
            "/../mark.svg",
            "/app/..",
            "/app/../mark.svg",
            "/app/./x",
            "/...",
            "/.git/config",
            "/.env",
            "/assets/.vite/manifest.json",
            "/assets/../index.html",
            "/%2e%2e/mark.svg",
            "/..%2fmark.svg",
            "/assets%2fx.js",
            "/assets%5cx.js",
            "/mark.svg%00",
            "/%00",
            "/app%00.js",
            "/mark%2esvg",
            "/%6dark.svg",
            "/%252e%252e/x",
            "/a\\b",
            "/..\\mark.svg",
            "/C:",
            "/C:/windows/win.ini",
            "/mark.svg::$DATA",
            "/mark.svg:",
            "/a b",
            "/é",
            "/a;b",
            "/a?b",
            "/a#b",
            "/a|b",
            "/a*",
        ] {
            assert_eq!(read_address(path), Meant::Nothing, "{path:?}");
        }
    }
}
