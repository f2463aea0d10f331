//! `webhook:`

use super::{Findings, Spot, value};
use crate::problem::quoted;
use crowsnest_model::{address::is_private_host, definition::Webhook};

pub(super) fn check(webhook: &Webhook, spot: Spot<'_>, findings: &mut Findings) {
    match webhook.address() {
        // The address itself is not said: it may hold a secret.
        Err(error) => findings.problem(spot.at("url"), format!("this {error}")),
        Ok(url) if !webhook.allow_private && url.host().is_some_and(|host| is_private_host(&host)) => {
            let message = "this is no address of the public internet, and nothing is posted to any other";
            let hint = "for a system of your own network say `allow_private: true`";
            findings.problem_hint(spot.at("url"), message, Some(hint.into()));
        }
        Ok(url) if url.scheme() == "http" => {
            let message = "everybody on the way can read what is posted to http://";
            findings.warning(spot.at("url"), message, Some("use https://".into()));
        }
        Ok(_) => {}
    }
    match &webhook.secret_env {
        None => {
            let message = "posts are not signed, so that its receiver cannot tell who sends them";
            let hint = "name the environment variable that holds a secret: `secret_env`";
            findings.warning(spot.at("webhook"), message, Some(hint.into()));
        }
        Some(variable) => secret_env(variable, spot.at("secret_env"), findings),
    }
    for (name, text) in &webhook.headers {
        let spot = spot.at("headers");
        if let Err(error) = Webhook::check_header(name, text) {
            findings.problem(spot.at(name), format!("the header {} {error}", quoted(name)));
        } else if matches!(&*name.to_ascii_lowercase(), "authorization" | "cookie") {
            let message = format!("{} stands here for everybody who reads the definition", quoted(name));
            findings.warning(spot.at(name), message, Some("sign with `secret_env` instead".into()));
        }
    }
    if let Some(timeout) = webhook.timeout {
        value::positive(timeout, spot.at("timeout"), findings);
        if timeout > Webhook::LONGEST_TIMEOUT {
            let message = format!("`{timeout}` is too long: expected {} at most", Webhook::LONGEST_TIMEOUT);
            findings.problem(spot.at("timeout"), message);
        }
    }
    if let Some(path) = &webhook.ca_file {
        value::filled(path, spot.at("ca_file"), findings);
    }
}

/// A name, and not the secret itself; which is not said again.
fn secret_env(variable: &str, spot: Spot<'_>, findings: &mut Findings) {
    if variable.starts_with("whsec_") {
        let message = "this is a secret: expected the name of the environment variable that holds it";
        findings.problem_hint(spot, message, Some("make a new one, since files are read by many".into()));
    } else {
        value::variable(variable, "CRM_HOOK_SECRET", spot, findings);
    }
}
