//! What a post says. The shape is documented in `docs/guide/webhooks.md`, and only ever added to.

use crowsnest_model::{Object, ProfileId, RunId, Time};
use serde_json::{Value, json};

/// What a program tells a system of ours at one of its steps.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// The program.
    pub program: &'a str,
    /// Its version.
    pub version: u32,
    /// The path of the step in the definition.
    pub step: &'a str,
    /// The run.
    pub run: Option<RunId>,
    /// The person.
    pub profile: ProfileId,
    /// What the step's mapping gives.
    pub body: &'a Object,
    /// When the step was reached.
    pub time: Time,
}

/// The message of a step: the same at each try. Of the person it has the id, and what the mapping asks for.
pub fn told(told: &Told<'_>) -> Value {
    let Told { program, version, step, run, profile, body, time } = told;
    json!({
        "type": "crowsnest.program.step",
        "timestamp": time.to_string(),
        "data": {
            "program": program,
            "version": version,
            "step": step,
            "run": run,
            "profile": { "id": profile },
            "body": body,
        },
    })
}

/// The message that a budget comes to its end: the same at each try. It is about nobody.
pub fn budget_alarm(about: &Object, time: Time) -> Value {
    json!({
        "type": "crowsnest.budget.alarm",
        "timestamp": time.to_string(),
        "data": about,
    })
}

/// A message with which somebody tries whether a webhook works. It is about nobody.
pub fn test(webhook: &str, time: Time) -> Value {
    json!({
        "type": "crowsnest.webhook.test",
        "timestamp": time.to_string(),
        "data": { "webhook": webhook },
    })
}
