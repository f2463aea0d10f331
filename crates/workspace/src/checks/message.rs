//! `topic:` and `template:`, and what sends a message.

use super::{Findings, Scene, Spot, seeds, sms, value};
use crate::{
    Kind,
    problem::{did_you_mean, listed, quoted},
};
use crowsnest_model::{
    definition::{self, Template, Topic},
    delivery::{EMAIL, LETTER, SMS},
};

/// The channels on which messages can be sent.
const CHANNELS: [&str; 3] = [EMAIL, SMS, LETTER];

pub(super) fn topic(topic: &Topic, spot: Spot<'_>, findings: &mut Findings) {
    value::filled(&topic.title, spot.at("title"), findings);
}

pub(super) fn template(template: &Template, spot: Spot<'_>, scene: &Scene<'_>, findings: &mut Findings) {
    channel(&template.channel, spot.at("channel"), findings);
    value::filled(&template.text, spot.at("text"), findings);
    let of_email = [
        ("subject", &template.subject, true),
        ("preheader", &template.preheader, false),
        ("mjml", &template.mjml, true),
    ];
    for (key, value, needed) in of_email {
        match (template.channel.as_str(), value) {
            (EMAIL, None) if needed => {
                findings.problem(spot, format!("`{key}` is missing: an e-mail has one"))
            }
            (EMAIL, Some(value)) if needed => value::filled(value, spot.at(key), findings),
            (SMS, Some(_)) => {
                findings.misplaced(spot, key, format!("an SMS has no `{key}`: all that it says is `text`"));
            }
            (LETTER, Some(_)) => {
                findings.misplaced(spot, key, format!("a letter has no `{key}`: all that it says is `text`"));
            }
            _ => {}
        }
    }
    if template.subject.as_ref().is_some_and(|subject| subject.trim().contains('\n')) {
        findings.problem(spot.at("subject"), "a subject is one line");
    }
    if let Some(account) = scene.workspace.organisation.sms.as_ref().filter(|_| template.channel == SMS) {
        sms::length(&template.text, account, spot.at("text"), findings);
    }
}

/// Checks a channel on which messages are sent.
fn channel(name: &str, spot: Spot<'_>, findings: &mut Findings) {
    if !CHANNELS.contains(&name) {
        let message = format!("there is no channel {}; known: {}", quoted(name), listed(CHANNELS));
        findings.problem_hint(spot, message, did_you_mean(name, CHANNELS));
    }
}

/// Checks what a program or broadcast sends.
pub(super) fn send(send: &definition::Send, spot: Spot<'_>, scene: &Scene<'_>, findings: &mut Findings) {
    channel(&send.channel, spot.at("channel"), findings);
    scene.must_exist(Kind::Template, &send.template, spot.at("template"), findings);
    scene.must_exist(Kind::Topic, &send.topic, spot.at("topic"), findings);
    if let Some(template) = scene.workspace.templates.get(&send.template)
        && template.channel != send.channel
    {
        let message = format!("the template {} is for {}", quoted(&send.template), quoted(&template.channel));
        findings.problem(spot.at("template"), message);
    }
    seeds::named_by(send, spot, scene, findings);
    let organisation = &scene.workspace.organisation;
    // A workspace document that could not be read says nothing about its e-mail account.
    if organisation.name.is_empty() {
        return;
    }
    if send.channel == SMS && organisation.sms.is_none() {
        let message = "SMS needs a sender: the `workspace:` document has no `sms: { from: … }`";
        findings.problem(spot.at("channel"), message);
    }
    if send.channel == LETTER && organisation.letters.is_none() {
        let message = "letters need a sender: the `workspace:` document has no `letters: { from: … }`";
        findings.problem(spot.at("channel"), message);
    }
    if send.channel == EMAIL {
        let needs_address = scene.workspace.topics.get(&send.topic).is_some_and(|topic| !topic.service);
        match &organisation.email {
            None => {
                let message = "e-mail needs a sender: the `workspace:` document has no `email: { from: … }`";
                findings.problem(spot.at("channel"), message);
            }
            Some(account) if account.postal_address.is_none() && needs_address => {
                let message = "an offer needs a postal address at its foot by law in many countries, and the \
                               `workspace:` document has none";
                findings.warning(spot, message, Some("set `email.postal_address` there".into()));
            }
            Some(_) => {}
        }
    }
}
