//! `workspace:`

use super::{Findings, Scene, Spot, policy, sms, value};
use crate::{
    Kind,
    problem::{listed, quoted},
};
use crowsnest_model::{
    Amount, Duration, contact,
    definition::{
        DIMENSIONS, Dimension, DkimKey, EmailAccount, LetterAccount, OUTCOMES, Organisation, SendingLimits,
        SmtpAccount, Team, Throttle, Tracking,
    },
    delivery::{EMAIL, LETTER, SMS},
    money::Currency,
};
use std::collections::BTreeSet;

pub(super) fn check(organisation: &Organisation, spot: Spot<'_>, scene: &Scene<'_>, findings: &mut Findings) {
    value::filled(&organisation.title, spot.at("title"), findings);
    findings.value(spot.at("country"), contact::country(&organisation.country));
    findings.value(spot.at("time_zone"), value::time_zone(&organisation.time_zone));
    findings.value(spot.at("currency"), Currency::parse(&organisation.currency));
    if let Some(url) = &organisation.public_url {
        let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        if host
            .is_none_or(|host| host.is_empty() || host.starts_with('/') || url.contains(char::is_whitespace))
        {
            findings.problem(
                spot.at("public_url"),
                format!("{} is not an address: expected https:// or http:// and a host", quoted(url)),
            );
        } else if url.contains(['?', '#']) {
            findings.problem(
                spot.at("public_url"),
                format!("{} cannot begin a link: it must have no `?` and no `#`", quoted(url)),
            );
        }
    }
    if let Some(account) = &organisation.email {
        email(account, spot.at("email"), findings);
    }
    if let Some(account) = &organisation.sms {
        sms::account(account, organisation, spot.at("sms"), findings);
    }
    budgets(organisation, spot.at("budgets"), scene, findings);
    if let Some(account) = &organisation.letters {
        letters(account, spot.at("letters"), findings);
    }
    for (name, brand) in &organisation.brands {
        let spot = spot.at("brands");
        findings.value(spot.at(name), value::name(name));
        value::filled(&brand.title, spot.at(name).at("title"), findings);
    }
    for (name, described) in &organisation.teams {
        let spot = spot.at("teams");
        findings.value(spot.at(name), value::name(name));
        team(described, spot.at(name), findings);
    }
    for (name, dimension) in &organisation.dimensions {
        let spot = spot.at("dimensions");
        findings.value(spot.at(name), value::name(name));
        // Segments that are named in a request are a dimension by that name.
        let taken: Vec<&str> = DIMENSIONS.into_iter().chain(["segments"]).collect();
        if taken.contains(&name.as_str()) {
            let message = format!("there are dimensions {} already: expected another name", listed(taken));
            findings.misplaced(spot, name, message);
        }
        declared(dimension, spot.at(name), scene, findings);
    }
}

fn budgets(organisation: &Organisation, spot: Spot<'_>, scene: &Scene<'_>, findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    for (index, budget) in organisation.budgets.iter().enumerate() {
        let spot = spot.item(index);
        findings.value(spot.at("name"), value::name(&budget.name));
        if !seen.insert(&budget.name) {
            let message = format!("there are two budgets {}: expected another name", quoted(&budget.name));
            findings.problem(spot.at("name"), message);
        }
        if let Some(channel) = &budget.channel {
            policy::channel(channel, spot.at("channel"), findings);
        }
        if let Some(program) = &budget.program {
            policy::program(program, spot.at("program"), scene, findings);
        }
        if let Some(topic) = &budget.topic {
            scene.must_exist(Kind::Topic, topic, spot.at("topic"), findings);
        }
        if let Some(webhook) = &budget.webhook {
            scene.must_exist(Kind::Webhook, webhook, spot.at("webhook"), findings);
            if budget.warn.is_none() {
                let message =
                    "nothing is said about when it is told: expected `warn`, such as 80%, beside it";
                findings.problem(spot.at("webhook"), message);
            }
        }
        // Those whose messages it is to pay; a price that is not said costs nothing.
        let channels = match &budget.channel {
            Some(channel) => vec![channel.as_str()],
            None => vec![EMAIL, SMS, LETTER],
        };
        let prices: Vec<Amount> = channels.iter().filter_map(|channel| organisation.cost(channel)).collect();
        if let Some(price) = prices.iter().find(|price| price.currency != budget.max.currency) {
            let message = format!(
                "messages cost {price}, which cannot be counted against {}: expected an amount in {}",
                budget.max, price.currency
            );
            findings.problem(spot.at("max"), message);
        }
        if prices.is_empty() && budget.max.micros > 0 {
            let message =
                format!("nothing is counted: it is not said what messages by {} cost", listed(channels));
            findings.warning(
                spot,
                message,
                Some("set `cost`, such as `email: { cost: 0.0008 USD }`".to_owned()),
            );
        }
    }
}

/// Checks a team: it works on some day, for some hours, and its words for outcomes are new ones.
fn team(team: &Team, spot: Spot<'_>, findings: &mut Findings) {
    value::filled(&team.title, spot.at("title"), findings);
    if team.capacity == 0 {
        findings.problem(spot.at("capacity"), "nothing would ever be on its list: expected at least 1");
    }
    if team.days.is_empty() {
        findings.problem(spot.at("days"), "it works on some day: expected at least one, such as [monday]");
    }
    if team.from >= team.to {
        let message = format!("a working day ends after it begins: it is from {} to {}", team.from, team.to);
        findings.problem(spot, message);
    }
    if let Some(zone) = &team.time_zone {
        findings.value(spot.at("time_zone"), value::time_zone(zone));
    }
    for (index, outcome) in team.outcomes.iter().enumerate() {
        let spot = spot.at("outcomes").item(index);
        findings.value(spot, value::name(outcome));
        if OUTCOMES.contains(&outcome.as_str()) || team.outcomes[..index].contains(outcome) {
            findings.problem(
                spot,
                format!("every team has the outcomes {}: expected another word, once", listed(OUTCOMES)),
            );
        }
    }
}

fn declared(dimension: &Dimension, spot: Spot<'_>, scene: &Scene<'_>, findings: &mut Findings) {
    value::filled(&dimension.title, spot.at("title"), findings);
    if dimension.segments.is_empty() {
        findings
            .problem(spot.at("segments"), "the values of a dimension are segments: expected at least one");
    }
    let mut seen = BTreeSet::new();
    for (index, segment) in dimension.segments.iter().enumerate() {
        let spot = spot.at("segments").item(index);
        scene.segment_must_exist(segment, spot, findings);
        if !seen.insert(segment) {
            findings.problem(spot, format!("the segment {} is named twice", quoted(segment)));
        }
    }
}

fn email(account: &EmailAccount, spot: Spot<'_>, findings: &mut Findings) {
    findings.value(spot.at("from"), mailbox(&account.from));
    if let Some(reply_to) = &account.reply_to {
        findings.value(spot.at("reply_to"), mailbox(reply_to));
    }
    if let Some(address) = &account.postal_address {
        value::filled(address, spot.at("postal_address"), findings);
    }
    for (index, key) in account.dkim.iter().enumerate() {
        dkim(key, account, spot.at("dkim").item(index), findings);
    }
    if let Some(tracking) = &account.track {
        track(tracking, spot.at("track"), findings);
    }
    if let Some(returns) = &account.returns {
        returned(&returns.domain, account, spot.at("returns").at("domain"), findings);
    }
    limits(&account.limits, spot.at("limits"), findings);
    throttles(&account.throttle, spot.at("throttle"), findings);
    let mut called = BTreeSet::new();
    for (index, server) in account.smtp.iter().enumerate() {
        let spot = spot.at("smtp").item(index);
        smtp(server, spot, findings);
        if !called.insert(server.called()) {
            let message =
                format!("two SMTP accounts are called {}: give each a `name`", quoted(server.called()));
            findings.problem(spot, message);
        }
    }
}

fn throttles(throttles: &[Throttle], spot: Spot<'_>, findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    for (index, throttle) in throttles.iter().enumerate() {
        let spot = spot.item(index);
        if throttle.per_minute == 0 {
            findings.problem(spot.at("per_minute"), "0 messages in a minute are none: expected at least 1");
        }
        if throttle.domains.is_empty() {
            findings.problem(spot.at("domains"), "mail to no domain is paced: name one, or `*` for all");
        }
        for (place, domain) in throttle.domains.iter().enumerate() {
            let spot = spot.at("domains").item(place);
            if domain != Throttle::ALL && !whole_domain(domain, spot, findings) {
                continue;
            }
            if !seen.insert(domain.to_ascii_lowercase()) {
                findings.problem(spot, format!("the domain {} is named twice", quoted(domain)));
            } else if seen.contains(Throttle::ALL) && domain != Throttle::ALL {
                let message = format!("{} stands behind `*`, which paces it already", quoted(domain));
                findings.problem(spot, message);
            }
        }
    }
}

fn smtp(smtp: &SmtpAccount, spot: Spot<'_>, findings: &mut Findings) {
    if let Some(name) = &smtp.name {
        value::filled(name, spot.at("name"), findings);
    }
    value::filled(&smtp.host, spot.at("host"), findings);
    if smtp.port == Some(0) {
        findings.problem(spot.at("port"), "a port is a number from 1 to 65535");
    }
    if let Some(username) = &smtp.username {
        value::filled(username, spot.at("username"), findings);
    }
    if let Some(variable) = &smtp.password_env {
        value::variable(variable, "SMTP_PASSWORD", spot.at("password_env"), findings);
    }
    if smtp.username.is_some() && smtp.password_env.is_none() {
        let message = "a `username` needs `password_env`, the environment variable that holds its password";
        findings.misplaced(spot, "username", message);
    }
    if smtp.password_env.is_some() && smtp.username.is_none() {
        findings.misplaced(spot, "password_env", "`password_env` needs a `username`");
    }
}

fn limits(limits: &SendingLimits, spot: Spot<'_>, findings: &mut Findings) {
    for (name, limit) in [("complaints", limits.complaints), ("bounces", limits.bounces)] {
        if limit.warn > limit.stop {
            findings.problem(
                spot.at(name).at("warn"),
                format!("{} is more than {}, which stops: nobody would be warned", limit.warn, limit.stop),
            );
        }
    }
    if !(Duration::hours(1)..=Duration::days(90)).contains(&limits.over) {
        findings.problem(spot.at("over"), format!("`{}`: expected from 1h to 90d", limits.over));
    }
    if limits.at_least == 0 {
        findings.problem(spot.at("at_least"), "expected 1 or more, such as 1000");
    }
}

fn letters(account: &LetterAccount, spot: Spot<'_>, findings: &mut Findings) {
    value::filled(&account.from, spot.at("from"), findings);
    let address = &account.address;
    let at = spot.at("address");
    if address.name.is_empty() {
        findings.problem(at.at("name"), "a letter goes to somebody by name: expected at least one trait");
    }
    for (index, name) in address.name.iter().enumerate() {
        value::filled(name, at.at("name").item(index), findings);
    }
    for (key, name) in [
        ("street", &address.street),
        ("street2", &address.street2),
        ("postal_code", &address.postal_code),
        ("city", &address.city),
        ("state", &address.state),
        ("country", &address.country),
    ] {
        value::filled(name, at.at(key), findings);
    }
    let Some(print) = &account.print else { return };
    let spot = spot.at("print");
    if print.at.minutes() == 24 * 60 {
        findings.problem(spot.at("at"), "nothing begins at 24:00: the next day begins at 00:00");
    }
    let mut seen = BTreeSet::new();
    for (index, day) in print.days.iter().enumerate() {
        if !seen.insert(*day as u8) {
            findings.problem(spot.at("days").item(index), format!("{day} is named twice"));
        }
    }
}

fn dkim(key: &DkimKey, account: &EmailAccount, spot: Spot<'_>, findings: &mut Findings) {
    if !is_domain(&key.selector) {
        findings.problem(
            spot.at("selector"),
            format!(
                "{} is no selector: expected letters, digits, `-` and `.`, such as crowsnest-2026",
                quoted(&key.selector)
            ),
        );
    }
    match (&key.key_file, &key.key_env) {
        (Some(file), None) => value::filled(file, spot.at("key_file"), findings),
        (None, Some(variable)) => value::variable(variable, "DKIM_KEY", spot.at("key_env"), findings),
        (Some(_), Some(_)) => findings.misplaced(spot, "key_env", "one of `key_file` and `key_env`"),
        (None, None) => {
            findings.problem(spot, "where the private key is: `key_file` or `key_env` is missing")
        }
    }
    let Some(domain) = &key.domain else { return };
    if !whole_domain(domain, spot.at("domain"), findings) {
        return;
    }
    let sender = sender_domain(account);
    let domain = domain.to_ascii_lowercase();
    if sender != domain && !sender.ends_with(&format!(".{domain}")) {
        findings.warning(
            spot.at("domain"),
            format!("mail is from {sender}, for which a signature of {domain} does not count (DMARC)"),
            Some(format!("leave `domain` out: {sender} signs")),
        );
    }
}

fn track(tracking: &Tracking, spot: Spot<'_>, findings: &mut Findings) {
    if !tracking.opens && !tracking.clicks {
        let message = "nothing is tracked: expected `opens: true`, `clicks: true` or both";
        findings.warning(spot, message, Some("leave `track` out".to_owned()));
    }
    for (index, domain) in tracking.domains.iter().enumerate() {
        let spot = spot.at("domains").item(index);
        if !is_domain(domain) || !domain.contains('.') {
            let message = format!(
                "{} is no domain: expected such as acme.example; one with other letters is written as `xn--…`",
                quoted(domain)
            );
            findings.problem(spot, message);
        } else if !tracking.clicks {
            findings.problem(spot, "`domains` says which links are tracked: it needs `clicks: true`");
        }
    }
}

fn returned(domain: &str, account: &EmailAccount, spot: Spot<'_>, findings: &mut Findings) {
    if !whole_domain(domain, spot, findings) {
        return;
    }
    if domain.eq_ignore_ascii_case(&sender_domain(account)) {
        findings.warning(
            spot,
            "all mail to this domain has to come to Crowsnest, which takes nothing but what comes back; answers of people \
             to the sender are mail to this domain, too",
            Some(format!("give it a domain of its own, such as returns.{domain}")),
        );
    }
}

fn whole_domain(domain: &str, spot: Spot<'_>, findings: &mut Findings) -> bool {
    let fits = is_domain(domain) && domain.contains('.');
    if !fits {
        let message =
            format!("{} is no domain; one with other letters is written as `xn--…`", quoted(domain));
        findings.problem(spot, message);
    }
    fits
}

/// The domain that mail is from, as people see it.
fn sender_domain(account: &EmailAccount) -> String {
    account.from.trim_end_matches('>').rsplit('@').next().unwrap_or_default().to_ascii_lowercase()
}

/// Names between dots, as the DNS takes them.
fn is_domain(text: &str) -> bool {
    let fits = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 190 && text.split('.').all(fits)
}

/// Checks `Name <address>` or a bare address.
fn mailbox(text: &str) -> Result<(), String> {
    let address = match text.trim().strip_suffix('>') {
        Some(rest) => rest.rsplit_once('<').map_or("", |(_, address)| address),
        None => text,
    };
    let one_line = !text.contains(char::is_control);
    match contact::email(address) {
        Ok(_) if one_line => Ok(()),
        Ok(_) => Err(format!("{} must be one line", quoted(text))),
        Err(error) => Err(format!(
            "{} {error}; expected such as Harbor Motors <hello@harbor-motors.example>",
            quoted(text)
        )),
    }
}
