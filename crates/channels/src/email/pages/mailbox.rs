//! The pages of the built-in mailbox: what stands in the frame that all pages for people of the house have.

use super::escape;
use crate::email::{Mail, MailSummary};
use crowsnest_model::Time;
use std::fmt::Write;

/// Where the mailbox is: the list; a mail is at `/mailbox/{id}`.
pub const MAILBOX_PATH: &str = "/mailbox";
/// What follows a mail's address where its own HTML is.
pub const MAIL_HTML_SUFFIX: &str = "/html";
/// What follows a mail's address where its file is.
pub const MAIL_RAW_SUFFIX: &str = "/raw";

/// Which part of a mailbox a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paging {
    /// How many mails come before it.
    pub offset: usize,
    /// How many it shows at most.
    pub limit: usize,
    /// How many there are in all.
    pub total: u64,
}

/// One page of the list, newest first as given, with links to the pages before and after: `?offset=…&limit=…`. `moment` writes
/// a moment as HTML.
pub fn list(mails: &[MailSummary], paging: Paging, moment: impl Fn(Time) -> String) -> String {
    let mut body = String::from("<h1>Built-in mailbox</h1>\n");
    if mails.is_empty() {
        body.push_str("<p>There is nothing here yet. Every message that is sent without an SMTP server of your own arrives here.</p>\n");
    } else {
        let first = paging.offset + 1;
        let last = paging.offset + mails.len();
        let _ = writeln!(
            body,
            "<p class=\"quiet\">{first} to {last} of {}</p>\n<ul class=\"mails\">",
            paging.total
        );
        for mail in mails {
            let _ = writeln!(
                body,
                "<li><a href=\"{MAILBOX_PATH}/{id}\"><strong>{subject}</strong>{received}\
                 <span class=\"quiet\">to {to}</span></a></li>",
                id = escape(&mail.id),
                subject = escape(or_none(&mail.subject)),
                received = moment(mail.received),
                to = escape(&mail.to.join(", ")),
            );
        }
        body.push_str("</ul>\n");
    }
    let newer = paging.offset.saturating_sub(paging.limit);
    let older = paging.offset.saturating_add(paging.limit);
    body.push_str("<nav aria-label=\"Pages\">\n");
    if paging.offset > 0 {
        let _ = writeln!(
            body,
            "<a rel=\"prev\" href=\"{MAILBOX_PATH}?offset={newer}&amp;limit={}\">Newer</a>",
            paging.limit
        );
    }
    if (older as u64) < paging.total {
        let _ = writeln!(
            body,
            "<a rel=\"next\" href=\"{MAILBOX_PATH}?offset={older}&amp;limit={}\">Older</a>",
            paging.limit
        );
    }
    body.push_str("</nav>\n");
    body
}

/// One mail. Its HTML is shown in a frame without rights, from its own address. `moment` writes a moment as HTML.
pub fn mail(mail: &Mail, moment: impl Fn(Time) -> String) -> String {
    let summary = &mail.summary;
    let id = escape(&summary.id);
    let mut body = format!("<h1>{}</h1>\n<dl>\n", escape(or_none(&summary.subject)));
    for (name, value) in [
        ("From", escape(&summary.from).to_string()),
        ("To", escape(&summary.to.join(", ")).to_string()),
        ("Received", moment(summary.received)),
        ("Size", format!("{} bytes", summary.size)),
    ] {
        let _ = writeln!(body, "<dt>{name}</dt><dd>{value}</dd>");
    }
    body.push_str("</dl>\n");
    if mail.html.is_some() {
        let _ = writeln!(
            body,
            "<iframe sandbox=\"allow-popups\" referrerpolicy=\"no-referrer\" title=\"The message\" \
             src=\"{MAILBOX_PATH}/{id}{MAIL_HTML_SUFFIX}\"></iframe>"
        );
    }
    if let Some(text) = &mail.text {
        let open = if mail.html.is_none() { " open" } else { "" };
        let _ = writeln!(
            body,
            "<details{open}><summary>Plain text</summary>\n<pre>{}</pre></details>",
            escape(text)
        );
    }
    body.push_str("<details><summary>Headers</summary>\n<dl>\n");
    for (name, value) in &mail.headers {
        let _ = writeln!(body, "<dt>{}</dt><dd>{}</dd>", escape(name), escape(value));
    }
    let _ = write!(
        body,
        "</dl></details>\n<nav><a href=\"{MAILBOX_PATH}\">All mails</a> \
         <a href=\"{MAILBOX_PATH}/{id}{MAIL_RAW_SUFFIX}\">The file (.eml)</a></nav>\n"
    );
    body
}

/// A subject, or words for none.
pub fn or_none(subject: &str) -> &str {
    if subject.trim().is_empty() { "(no subject)" } else { subject }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>";

    fn hostile() -> Mail {
        let summary = MailSummary {
            id: HOSTILE.into(),
            received: Time(1_772_357_400_000),
            from: HOSTILE.into(),
            to: vec![HOSTILE.into()],
            subject: HOSTILE.into(),
            size: 10,
        };
        Mail {
            summary,
            headers: vec![(HOSTILE.into(), HOSTILE.into())],
            text: Some(HOSTILE.into()),
            html: Some(HOSTILE.into()),
            raw: vec![],
        }
    }

    #[test]
    fn a_hostile_mail_stays_text() {
        let paging = Paging { offset: 0, limit: 1, total: 1 };
        let moment = |time: Time| format!("<time>{time}</time>");
        for html in [list(&[hostile().summary], paging, moment), mail(&hostile(), moment)] {
            assert!(!html.contains("<script") && !html.contains("<img"), "{html}");
            assert!(
                html.contains("&lt;script&gt;") && html.contains("<time>2026-03-01T09:30:00Z</time>"),
                "{html}"
            );
        }
    }

    #[test]
    fn a_list_links_to_its_neighbours() {
        let html =
            list(&[hostile().summary], Paging { offset: 50, limit: 50, total: 500 }, |time| time.to_string());
        assert!(html.contains("offset=0&amp;limit=50") && html.contains("offset=100&amp;limit=50"), "{html}");
        let none = list(&[], Paging { offset: 0, limit: 50, total: 0 }, |time| time.to_string());
        assert!(none.contains("nothing here yet"));
    }
}
