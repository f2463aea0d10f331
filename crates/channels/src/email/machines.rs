//! Who looks at messages and follows links without being a person: proxies that fetch pictures, scanners that look where
//! links lead, previews in chats, scripts.
//!
//! What a request says of itself is all that is asked here. Many scanners call themselves a browser; those are told by when
//! they come, which is asked where deliveries are.

/// How a machine calls itself, in small letters.
enum Sign {
    /// This and nothing else.
    Whole(&'static str),
    /// It begins so.
    Begins(&'static str),
    /// This is in it.
    Has(&'static str),
}
use Sign::{Begins, Has, Whole};

/// Those that say who they are. The first that fits names it.
///
/// Proxies that fetch when a person opens the message are none of them, though they hide who it is: those of Gmail
/// (scientiamobile.com/what-is-google-image-proxy) and Yahoo (crawlerdex.tn3w.dev/YahooMailProxy).
const MACHINES: [(Sign, &str); 28] = [
    // Fetches pictures on arrival, read or not: help.socketlabs.com/docs/identifying-apple-mpp-opens-in-notification-api-events.
    (Whole("mozilla/5.0"), "Apple Mail Privacy Protection"),
    // Fetches while the mailbox is open and the message is not: bird.com/blog/gmail-prefetching-images.
    (Has("chrome/42.0.2311.135 safari/537.36 edge/12.246 mozilla/5.0"), "Gmail prefetch"),
    // Gateways that follow links: check.live-direct-marketing.online/blog/bot-clicks-security-scanners-detect. Of Mimecast it is
    // not known that it always says so.
    (Has("barracuda"), "Barracuda"),
    (Has("proofpoint"), "Proofpoint"),
    (Has("mimecast"), "Mimecast"),
    (Has("ciscosecureemail"), "Cisco Secure Email"),
    // Office asks whether a link is there before it opens it in a browser.
    (Has("microsoft office existence discovery"), "Microsoft Office"),
    // Previews: crawlerdex.tn3w.dev/BingPreview and /SkypeUriPreview, webmasterid.com/user-agents/social-preview-bot-user-agents.
    (Has("bingpreview/"), "Bing preview"),
    (Has("skypeuripreview"), "Skype preview"),
    (Has("facebookexternalhit"), "Facebook preview"),
    (Begins("whatsapp/"), "WhatsApp preview"),
    // Scripts, and previews that call themselves so, by what their libraries send when nobody says otherwise:
    // suped.com/learn/email-deliverability/how-can-i-identify-bot-user-agents-in-my-email-click-data.
    (Has("snap url preview"), "Snapchat preview"),
    (Begins("curl/"), "curl"),
    (Begins("wget/"), "Wget"),
    (Begins("python-requests/"), "Python"),
    (Begins("python-urllib/"), "Python"),
    (Begins("python-httpx/"), "Python"),
    (Has("aiohttp/"), "Python"),
    (Begins("go-http-client/"), "Go"),
    (Begins("java/"), "Java"),
    (Begins("jetty/"), "Java"),
    (Begins("apache-httpclient/"), "Java"),
    (Begins("libwww-perl/"), "Perl"),
    (Begins("lua-resty-http/"), "Lua"),
    (Begins("axios/"), "Node"),
    (Begins("node-fetch"), "Node"),
    (Begins("guzzlehttp/"), "PHP"),
    (Has("headlesschrome/"), "headless Chrome"),
];

/// Headers with which a browser or proxy says that nobody has asked yet: `Sec-Purpose` of the Fetch standard, and what came
/// before it in Chrome and Safari (`Purpose`, `X-Purpose`) and in Firefox (`X-Moz`).
const AHEAD: [&str; 4] = ["sec-purpose", "purpose", "x-purpose", "x-moz"];

/// Which machine makes a request; nothing when it looks like a person's. `header` answers with the value of a header.
pub fn machine<'r>(method: &str, header: impl Fn(&str) -> Option<&'r str>) -> Option<&'static str> {
    if method == "HEAD" {
        return Some("HEAD");
    }
    let says = |name: &&str| {
        header(name).is_some_and(|value| {
            let value = value.to_ascii_lowercase();
            value.contains("prefetch") || value.contains("preview") || value.contains("prerender")
        })
    };
    if AHEAD.iter().any(says) {
        return Some("prefetch");
    }
    let agent = header("user-agent").unwrap_or_default().trim().to_ascii_lowercase();
    if agent.is_empty() {
        return Some("nameless");
    }
    let named = MACHINES.iter().find(|(sign, _)| match sign {
        Whole(name) => agent == *name,
        Begins(name) => agent.starts_with(name),
        Has(name) => agent.contains(name),
    });
    named.map(|(_, name)| *name).or_else(|| calls_itself_a_robot(&agent).then_some("robot"))
}

/// Well-behaved robots have it in their name. Cubot makes telephones.
fn calls_itself_a_robot(agent: &str) -> bool {
    agent.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
        (word.ends_with("bot") && word != "cubot") || word.ends_with("crawler") || word.ends_with("spider")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIREFOX: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0";

    fn of(agent: &str) -> Option<&'static str> {
        machine("GET", |name| (name == "user-agent").then_some(agent))
    }

    #[test]
    fn machines_are_known_by_what_they_call_themselves() {
        for (agent, expected) in [
            ("Mozilla/5.0", "Apple Mail Privacy Protection"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0",
                "Gmail prefetch",
            ),
            ("Barracuda Sentinel (EE)", "Barracuda"),
            ("Mozilla/5.0 (compatible; proofpoint-urldefense)", "Proofpoint"),
            (
                "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/534+ (KHTML, like Gecko) BingPreview/1.0b",
                "Bing preview",
            ),
            ("curl/8.5.0", "curl"),
            ("Wget/1.21.4", "Wget"),
            ("python-requests/2.32.3", "Python"),
            ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "robot"),
            ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "robot"),
            ("Mozilla/5.0 (compatible; Baiduspider/2.0)", "robot"),
            ("", "nameless"),
            ("  ", "nameless"),
        ] {
            assert_eq!(of(agent), Some(expected), "{agent}");
        }
    }

    #[test]
    fn people_are_people() {
        for agent in [
            FIREFOX,
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)",
            "Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0",
            "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; ms-office; MSOffice 16)",
            // They fetch for a person who has opened the message.
            "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
            "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
        ] {
            assert_eq!(of(agent), None, "{agent}");
        }
    }

    #[test]
    fn who_looks_ahead_of_a_person_is_a_machine() {
        assert_eq!(machine("HEAD", |name| (name == "user-agent").then_some(FIREFOX)), Some("HEAD"));
        for (header, value, expected) in [
            ("sec-purpose", "prefetch", Some("prefetch")),
            ("sec-purpose", "prefetch;prerender", Some("prefetch")),
            ("purpose", "Prefetch", Some("prefetch")),
            ("x-purpose", "preview", Some("prefetch")),
            ("x-moz", "prefetch", Some("prefetch")),
            ("sec-fetch-mode", "navigate", None),
            ("purpose", "reading", None),
        ] {
            let found = machine("GET", |name| match name {
                "user-agent" => Some(FIREFOX),
                _ => (name == header).then_some(value),
            });
            assert_eq!(found, expected, "{header}: {value}");
        }
    }
}
