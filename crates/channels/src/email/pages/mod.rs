//! The pages that people see: the built-in mailbox, unsubscribing, and preferences. Pure functions from data to HTML.
//!
//! Nothing here runs script. The pages take their one style sheet from [`STYLE_PATH`] and are to be served with
//! [`CONTENT_SECURITY_POLICY`]; the HTML of a mail goes out alone, at [`MAIL_HTML_SUFFIX`], with
//! [`MAIL_CONTENT_SECURITY_POLICY`].

mod mailbox;
mod preferences;

use std::fmt::{self, Display};

pub use mailbox::{MAIL_HTML_SUFFIX, MAIL_RAW_SUFFIX, MAILBOX_PATH, Paging, list, mail, or_none};
pub use preferences::{Done, TopicChoice, done, link_unknown, preferences, unsubscribe};

/// Where the pages expect their style sheet.
pub const STYLE_PATH: &str = "/assets/page.css";

/// The policy of every page here.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; \
     frame-ancestors 'none'; base-uri 'none'";

/// The policy of a mail's own HTML: no script, no forms, no access to this site, as in a mail program.
pub const MAIL_CONTENT_SECURITY_POLICY: &str = "sandbox allow-popups; default-src 'none'; img-src https: data:; \
     style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'self'; base-uri 'none'";

/// The style sheet of all pages.
pub fn style() -> &'static str {
    include_str!("page.css")
}

/// A text where HTML is expected.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(at) = rest.find(['<', '>', '&', '"', '\'']) {
            let (before, special) = rest.split_at(at);
            f.write_str(before)?;
            f.write_str(match special.as_bytes().first() {
                Some(b'<') => "&lt;",
                Some(b'>') => "&gt;",
                Some(b'&') => "&amp;",
                Some(b'"') => "&quot;",
                _ => "&#39;",
            })?;
            rest = special.get(1..).unwrap_or_default();
        }
        f.write_str(rest)
    }
}

/// A text as it has to stand in HTML, also in an attribute's quotes.
pub fn escape(text: &str) -> impl Display {
    Escaped(text)
}

/// A whole page. `body` is HTML; a `wide` one is for lists.
pub fn page(title: &str, wide: bool, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"robots\" content=\"noindex\">\n<title>{}</title>\n\
         <link rel=\"stylesheet\" href=\"{STYLE_PATH}\">\n</head>\n<body>\n<main{}>\n{body}</main>\n</body>\n</html>\n",
        escape(title),
        if wide { " class=\"wide\"" } else { "" },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        for (text, html) in [
            ("plain", "plain"),
            ("<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"),
            ("\"&\"", "&quot;&amp;&quot;"),
            ("ü<ß", "ü&lt;ß"),
            ("", ""),
        ] {
            assert_eq!(escape(text).to_string(), html);
        }
    }
}
