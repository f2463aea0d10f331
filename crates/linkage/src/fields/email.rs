//! E-mail addresses.

use super::{
    Key, Value,
    distance::within,
    nicknames, phonetic,
    text::{Words, fold, hash, number, says_nothing},
    value::Parts,
};
use std::sync::LazyLock;

pub(crate) const LEVELS: &[&str] =
    &["same", "same mailbox at another domain", "one or two slips", "different"];

/// An address taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Email {
    /// Where the domain begins in the clean text; its length if there is none.
    domain: u16,
    /// The mailbox without dots and the like.
    local: u64,
    /// Its words in the order of the alphabet: anna.schmidt is schmidt.anna.
    sorted: u64,
    /// Does the mailbox say something of one person? `info` and `peter` do not.
    telling: bool,
}

/// Mailboxes that several people read, or that somebody gave for want of a name.
#[rustfmt::skip]
static ROLES: LazyLock<Words> = LazyLock::new(|| Words::from_iter([
    "info", "infos", "office", "mail", "email", "e-mail", "sales", "contact", "kontakt", "contacto", "contatto", "admin", "support",
    "service", "kundenservice", "team", "buero", "buro", "post", "postmaster", "webmaster", "hello", "hallo", "help", "shop", "verkauf",
    "vertrieb", "marketing", "hr", "jobs", "billing", "invoice", "rechnung", "accounts", "accounting", "buchhaltung", "reception",
    "empfang", "zentrale", "verwaltung", "praxis", "kanzlei", "family", "familie", "famille", "home", "me", "privat", "private",
    "enquiries", "orders", "bestellung", "administration", "secretariat", "sekretariat", "accueil", "bonjour", "hola", "ventas",
    "newsletter", "user", "customer", "kunde", "client",
]));

/// Mailboxes that nobody reads.
#[rustfmt::skip]
static NOBODY: LazyLock<Words> = LazyLock::new(|| Words::from_iter([
    "noreply", "no-reply", "no.reply", "no_reply", "donotreply", "do-not-reply", "nobody", "none", "noemail", "no-email", "no.email",
    "nomail", "no-mail", "no", "na", "n/a", "null", "unknown", "unbekannt", "keine", "keineemail", "keine-email", "keinemail",
    "test", "test1", "test123", "tester", "testing", "example", "beispiel", "dummy", "fake", "asdf", "qwerty", "abc", "abc123",
    "anonymous", "mailer-daemon", "invalid", "sinemail", "sincorreo", "geen", "aucun", "x", "xx", "xxx", "a",
]));

/// Domains at which nobody lives.
#[rustfmt::skip]
static NOWHERE: LazyLock<Words> = LazyLock::new(|| Words::from_iter([
    "example.com", "example.org", "example.net", "example.de", "test.com", "test.de", "test.test", "none.com", "none.none", "nomail.com",
    "noemail.com", "invalid", "localhost", "na.na", "null.com", "domain.com", "unknown.com", "none", "test", "n/a",
]));

/// Reads an address: out of `Name <address>`, without what stands behind a `+`, dots at Gmail, or case.
pub(crate) fn read(raw: &str) -> Option<Value> {
    let mut text = fold(raw);
    if text.contains(['(', '[', '%']) {
        text = text.replace("(at)", "@").replace("[at]", "@").replace("%40", "@");
    }
    if says_nothing(&text) {
        return None;
    }
    if let (Some(from), Some(until)) = (text.find('<'), text.rfind('>'))
        && from < until
    {
        text = text[from + 1..until].to_owned();
    }
    let text = text.trim().trim_start_matches("mailto:");
    // Two addresses in one cell: the first.
    let mut pieces = text.split([',', ';']).map(str::trim).filter(|piece| piece.len() > 3);
    let text = pieces.clone().find(|piece| piece.contains('@')).or_else(|| pieces.next())?;
    let text: String =
        text.chars().filter(|c| !matches!(c, ' ' | '"' | '\'' | '(' | ')' | '<' | '>')).collect();
    let (local, domain) = text.rsplit_once('@').unwrap_or((&text, ""));
    let domain = domain.trim_matches(|c: char| !c.is_ascii_alphanumeric()).replace("..", ".");
    let domain = match domain.as_str() {
        "googlemail.com" | "googlemail.de" => "gmail.com",
        other => other,
    };
    let local = match local.split_once('+') {
        Some((before, _)) if !before.is_empty() => before,
        _ => local,
    };
    let local = local.trim_matches(['.', '-', '@']);
    let bare: String = local.chars().filter(char::is_ascii_alphanumeric).collect();
    let mut sorted: Vec<&str> = local.split(['.', '-', '_']).collect();
    sorted.sort_unstable();
    let letters = bare.bytes().filter(u8::is_ascii_alphabetic).count();
    let first = bare.chars().next()?;
    let one_letter = bare.chars().all(|c| c == first);
    // Reserved for tests (RFC 2606), and what people make of that. `.example`, which is for documentation, nobody types to get
    // past a form.
    let nowhere = domain.split('.').next_back().is_some_and(|last| matches!(last, "test" | "invalid"));
    if one_letter || nowhere || NOBODY.contains(local) || NOWHERE.contains(domain) {
        return None;
    }
    // Without an @ it may still be one that was mistyped; but not just any word.
    if domain.is_empty() && (bare.len() < 6 || !local.contains('.') && !local.contains("mail")) {
        return None;
    }
    let local = if domain == "gmail.com" { local.replace('.', "") } else { local.to_owned() };
    let stem = bare.trim_end_matches(|c: char| c.is_ascii_digit());
    let only_forename = !nicknames::groups(&bare).is_empty();
    let telling = !domain.is_empty()
        && bare.len() >= 4
        && letters + 2 >= 4
        && !only_forename
        && !ROLES.contains(local.as_str())
        && !ROLES.contains(stem);
    let clean = if domain.is_empty() { local.clone() } else { format!("{local}@{domain}") };
    let email = Email {
        domain: u16::try_from(if domain.is_empty() { clean.len() } else { local.len() + 1 })
            .unwrap_or(u16::MAX),
        local: hash(&bare, 0),
        sorted: hash(&sorted.concat(), 0),
        telling,
    };
    Some(Value { clean: clean.into(), parts: Parts::Email(email) })
}

fn split<'a>(value: &'a Value, email: &Email) -> (&'a [u8], &'a [u8]) {
    let bytes = value.clean.as_bytes();
    let domain = usize::from(email.domain).min(bytes.len());
    (&bytes[..domain], &bytes[domain..])
}

/// Compares two addresses; an index into [`LEVELS`]. The same domain alone says nothing: half of the country is there.
pub(crate) fn compare(a: &Value, b: &Value, x: &Email, y: &Email) -> u8 {
    if a.clean == b.clean {
        return 0;
    }
    let ((a_local, a_domain), (b_local, b_domain)) = (split(a, x), split(b, y));
    if x.local == y.local || x.sorted == y.sorted {
        return match x.telling && y.telling {
            // anna.schmidt and annaschmidt at one domain.
            _ if a_domain == b_domain => 2,
            true => 1,
            false if within(a_domain, b_domain, 1) => 2,
            false => 3,
        };
    }
    // A slip in a short mailbox makes another person's: tim and tom.
    let slips = match a_local.len().min(b_local.len()) {
        0..=5 => return 3,
        6..=8 => 1,
        _ => 2,
    };
    let near = within(a.clean.as_bytes(), b.clean.as_bytes(), slips);
    if near && !another_number(a_local, b_local) { 2 } else { 3 }
}

/// Whether two mailboxes that are nearly the same are of two people who chose alike: jbailey31 and jbailey96, pprice18 and bprice11.
fn another_number(a: &[u8], b: &[u8]) -> bool {
    let digits = |local: &[u8]| local.iter().copied().filter(u8::is_ascii_digit).collect::<Vec<u8>>();
    let (x, y) = (digits(a), digits(b));
    let allowed = if a.first() == b.first() { 1 } else { 0 };
    !x.is_empty() && !y.is_empty() && !within(&x, &y, allowed)
}

/// The keys of an address.
pub(crate) fn keys(value: &Value, email: &Email, put: &mut dyn FnMut(Key, u64)) {
    put(Key::Exact, hash(&value.clean, 0));
    if email.telling {
        put(Key::LocalPart, email.local);
        if email.sorted != email.local {
            put(Key::LocalPart, email.sorted);
        }
        let (local, _) = split(value, email);
        let letters: String =
            local.iter().filter(|c| c.is_ascii_alphabetic()).map(|c| char::from(*c)).collect();
        put(Key::Phonetic, number(phonetic::code(&letters)));
    }
}
