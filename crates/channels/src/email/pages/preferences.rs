//! The pages behind the links in messages. They show nobody's address, and look the same whoever opens them.

use super::{escape, page};
use std::fmt::Write;

/// A topic on the preference page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicChoice {
    /// Its name: the value that the form posts.
    pub name: String,
    /// What people read.
    pub title: String,
    /// One sentence more.
    pub description: Option<String>,
    /// Whether messages about it are wanted now.
    pub wanted: bool,
}

/// What a posted form has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// Messages like this one have been stopped.
    Unsubscribed,
    /// The choices have been saved.
    Saved,
}

/// Asks whether to unsubscribe. Opening it does nothing, since link scanners open every link; the form posts
/// `List-Unsubscribe=One-Click` to `action`, as a mailbox provider does by itself (RFC 8058).
pub fn unsubscribe(organisation: &str, action: &str, preferences: Option<&str>) -> String {
    let mut body = format!(
        "<h1>Unsubscribe from {organisation}?</h1>\n<p>You will get no more messages like the one that you came from.</p>\n\
         <form method=\"post\" action=\"{action}\">\n<input type=\"hidden\" name=\"List-Unsubscribe\" value=\"One-Click\">\n\
         <div class=\"buttons\"><button type=\"submit\">Unsubscribe</button></div>\n</form>\n",
        organisation = escape(organisation),
        action = escape(action),
    );
    if let Some(preferences) = preferences {
        let _ =
            writeln!(body, "<nav><a href=\"{}\">Choose what you get instead</a></nav>", escape(preferences));
    }
    page(&format!("Unsubscribe from {organisation}"), false, &body)
}

/// Shows the topics, each with a box. The form posts to `action`: one `topic` for each box that is ticked, or
/// `everything=stop` from the second button.
pub fn preferences(organisation: &str, action: &str, topics: &[TopicChoice]) -> String {
    let mut body = format!(
        "<h1>What may {} send you?</h1>\n<form method=\"post\" action=\"{}\">\n<fieldset>\n\
         <legend class=\"quiet\">Tick what you want to get.</legend>\n",
        escape(organisation),
        escape(action),
    );
    for topic in topics {
        let _ = write!(
            body,
            "<label class=\"choice\"><input type=\"checkbox\" name=\"topic\" value=\"{}\"{}><span>{}",
            escape(&topic.name),
            if topic.wanted { " checked" } else { "" },
            escape(&topic.title),
        );
        if let Some(description) = &topic.description {
            let _ = write!(body, "<small>{}</small>", escape(description));
        }
        body.push_str("</span></label>\n");
    }
    body.push_str(
        "</fieldset>\n<div class=\"buttons\"><button type=\"submit\">Save</button>\n\
         <button type=\"submit\" class=\"second\" name=\"everything\" value=\"stop\">Unsubscribe from everything</button></div>\n\
         </form>\n<p class=\"quiet\">Messages about your own orders and account still reach you.</p>\n",
    );
    page(&format!("Your preferences at {organisation}"), false, &body)
}

/// Says that it is done.
pub fn done(organisation: &str, what: Done, preferences: Option<&str>) -> String {
    let (title, sentence) = match what {
        Done::Unsubscribed => ("You are unsubscribed", "You will get no more messages like that one from"),
        Done::Saved => ("Your choices are saved", "They hold for every message from now on from"),
    };
    let mut body = format!("<h1>{title}</h1>\n<p role=\"status\">{sentence} {}.</p>\n", escape(organisation));
    if let Some(preferences) = preferences {
        let _ = writeln!(body, "<nav><a href=\"{}\">Change your preferences</a></nav>", escape(preferences));
    }
    page(title, false, &body)
}

/// Says that a link is not one of ours, or not any more.
pub fn link_unknown(organisation: &str) -> String {
    let body = format!(
        "<h1>This link does not work</h1>\n<p>It may have been cut short on its way. Open it again from the message, \
         or answer the message and {} will see to it.</p>\n",
        escape(organisation)
    );
    page("This link does not work", false, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_act_only_by_a_posted_form() {
        let html = unsubscribe("Harbor Motors", "/u/1abc", Some("/p/1abc"));
        assert!(html.contains("<form method=\"post\" action=\"/u/1abc\">"));
        assert!(html.contains("name=\"List-Unsubscribe\" value=\"One-Click\""));
        assert!(!html.contains("<script") && !html.contains("http-equiv"));
    }

    #[test]
    fn preferences_show_what_is_wanted_now_and_escape_everything() {
        let topic = |name: &str, wanted| TopicChoice {
            name: name.into(),
            title: "<b>Offers</b>".into(),
            description: Some("\"1 & 2\"".into()),
            wanted,
        };
        insta::assert_snapshot!(preferences(
            "Ann's & Co",
            "/p/\"x",
            &[topic("offers", true), topic("a\"b", false)]
        ));
    }

    #[test]
    fn every_ending_is_a_page() {
        for html in [
            done("A<b>", Done::Unsubscribed, None),
            done("A<b>", Done::Saved, Some("/p/1")),
            link_unknown("A<b>"),
        ] {
            assert!(html.contains("A&lt;b&gt;") && !html.contains("A<b>"), "{html}");
        }
    }
}
