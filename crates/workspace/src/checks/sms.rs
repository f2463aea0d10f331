//! `sms:` of the workspace, and how long texts are.

use super::{Findings, Spot, value};
use crate::problem::quoted;
use crowsnest_model::{
    Segments,
    address::is_private_host,
    contact,
    definition::{AddressError, Organisation, SmsAccount, SmsGateway},
};
use std::collections::BTreeSet;

/// More segments than this are more than gateways take.
const MOST_SEGMENTS: u32 = 10;

pub(super) fn account(
    account: &SmsAccount,
    organisation: &Organisation,
    spot: Spot<'_>,
    findings: &mut Findings,
) {
    match (&account.from, &account.service) {
        (None, None) => findings.problem(
            spot,
            "who texts are from: `from`, a number such as +13125550100, or `service`, a messaging service, is missing",
        ),
        (Some(_), Some(_)) => {
            findings.misplaced(spot, "service", "a `service` chooses the number itself: expected `from` or `service`");
        }
        (Some(from), None) if !is_sender(from) => {
            let message = format!(
                "{} is no sender: expected a number in international form, such as \"+13125550100\", or a short code",
                quoted(from)
            );
            findings.problem(spot.at("from"), message);
        }
        (None, Some(service)) if !is_id(service, "MG") => {
            let message = format!("{} is no messaging service: expected `MG` and letters and digits", quoted(service));
            findings.problem(spot.at("service"), message);
        }
        _ => {}
    }
    if let Some(gateway) = &account.gateway {
        self::gateway(gateway, spot.at("gateway"), findings);
        if organisation.public_url.is_none() {
            findings.warning(
                spot.at("gateway"),
                "without `public_url` the gateway does not know where this installation is: it cannot say what became of texts, \
                 and nobody can answer STOP",
                Some("set `public_url` of the workspace".into()),
            );
        }
    }
    if account.languages.is_empty() {
        findings.problem(
            spot.at("languages"),
            "in which languages people answer: expected at least one, such as [en]",
        );
    }
    let mut seen = BTreeSet::new();
    for (index, language) in account.languages.iter().enumerate() {
        if !seen.insert(language) {
            findings.problem(spot.at("languages").item(index), "this language is named twice");
        }
    }
    let said = [
        (spot.at("stop").at("confirm"), &account.stop.confirm),
        (spot.at("start").at("confirm"), &account.start.confirm),
        (spot.at("help"), &account.help),
    ];
    for (spot, text) in said {
        if let Some(text) = text {
            value::filled(text, spot, findings);
        }
    }
    if !(1..=MOST_SEGMENTS).contains(&account.max_segments) {
        let message = format!("a text has 1 to {MOST_SEGMENTS} segments, found {}", account.max_segments);
        findings.problem(spot.at("max_segments"), message);
    }
}

fn gateway(gateway: &SmsGateway, spot: Spot<'_>, findings: &mut Findings) {
    match gateway.address() {
        Err(AddressError::Credentials) => {
            findings.problem(
                spot.at("url"),
                "this has a user name or password in it, where logs show them: the account goes to `account`, and the name of \
                 the variable with its token to `token_env`",
            );
        }
        Err(_) => findings.problem(
            spot.at("url"),
            "this is no address of a gateway: expected https:// and a host, and neither `?` nor `#`",
        ),
        Ok(url) if !gateway.allow_private && url.host().is_some_and(|host| is_private_host(&host)) => {
            let message = "this is no address of the public internet, and nothing is sent to any other";
            let hint = "for a gateway of your own network say `allow_private: true`";
            findings.problem_hint(spot.at("url"), message, Some(hint.into()));
        }
        Ok(url) if url.scheme() == "http" && !gateway.allow_private => {
            let message =
                "the account's token and all texts could be read on the way to http://: expected https://";
            findings.problem(spot.at("url"), message);
        }
        Ok(_) => {}
    }
    if !is_id(&gateway.account, "AC") {
        let message =
            format!("{} is no account: expected `AC` and letters and digits", quoted(&gateway.account));
        findings.problem(spot.at("account"), message);
    }
    let variable = &gateway.token_env;
    if variable.is_empty()
        || !variable.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    {
        // It is not said again: it may be the token itself.
        let message = "expected the name of an environment variable, such as SMS_TOKEN";
        findings.problem(spot.at("token_env"), message);
    }
}

/// Warns of a text whose fixed part alone is longer than texts may be.
pub(super) fn length(text: &str, account: &SmsAccount, spot: Spot<'_>, findings: &mut Findings) {
    let segments = Segments::of(fixed(text).trim());
    if segments.count > usize::try_from(account.max_segments).unwrap_or(usize::MAX) {
        let message = format!(
            "what stands here alone has {}, and `max_segments` is {}: it will not be sent unless an `if` leaves parts of it out",
            segments.in_words(),
            account.max_segments
        );
        findings.warning(
            spot,
            message,
            Some("shorten it, or raise `sms.max_segments` in the `workspace:` document".into()),
        );
    }
}

/// A text without what Liquid puts into it.
fn fixed(text: &str) -> String {
    let mut fixed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let (before, tag) = rest.split_at(at);
        fixed.push_str(before);
        let end = match tag.get(..2) {
            Some("{{") => tag.find("}}"),
            Some("{%") => tag.find("%}"),
            _ => None,
        };
        let skipped = match end {
            Some(end) => end + 2,
            None => {
                fixed.push('{');
                1
            }
        };
        rest = tag.get(skipped..).unwrap_or_default();
    }
    fixed + rest
}

/// A number in international form, or a short code.
fn is_sender(from: &str) -> bool {
    let short = (5..=6).contains(&from.len()) && from.bytes().all(|byte| byte.is_ascii_digit());
    short || contact::phone(from, None).is_ok_and(|number| number == from)
}

/// An id of the gateway's: its two letters, and letters and digits.
fn is_id(text: &str, begins: &str) -> bool {
    text.len() <= 64
        && text
            .strip_prefix(begins)
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}
