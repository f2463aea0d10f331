//! `crowsnest program test`: what a program would do with a customer.

use crate::output::{self, text};
use serde_json::Value;

/// Prints a trial for people.
pub fn show(tried: &Value) {
    say!(
        "{} in {}, version {} ({}); nothing is written, nothing is sent",
        text(tried, "profile"),
        text(tried, "program"),
        tried["version"],
        text(tried, "state")
    );
    let of = tried["event"].as_str().map(|event| format!(", as recorded in {event}")).unwrap_or_default();
    say!("It begins with: {}", text(tried, "trigger"));
    if let Some(next) = tried["next"].as_str() {
        say!("Next on {next}");
    }
    say!("Supposed at {}, with {}{of}", text(tried, "at"), tried["properties"]);
    output::clauses(&tried["trigger_clauses"], "  ");
    let audience = tried["audience"].as_array().is_some_and(|clauses| !clauses.is_empty());
    say!("The audience{}", if audience { ":" } else { ": everybody" });
    output::clauses(&tried["audience"], "  ");
    if let Some(reason) = tried["held_out"].as_str() {
        say!("✗ The person {reason}.");
    }
    if let Some(reason) = tried["obstacle"].as_str() {
        say!("✗ On record: {reason}.");
    }
    match tried["enters"] == true {
        true => say!("✓ They would enter.\n"),
        false => say!("✗ They would not enter. If they did:\n"),
    }
    for step in tried["steps"].as_array().into_iter().flatten() {
        say!("{}  step {}: {}", text(step, "time"), text(step, "step"), text(step, "outcome"));
        output::clauses(&step["clauses"], "    ");
        message(&step["message"]);
        post(&step["post"]);
        call(&step["call"]);
    }
    say!("{}  end: {}", text(tried, "ended"), text(tried, "outcome"));
    let ends = tried["ends"].as_array().cloned().unwrap_or_default();
    let ends: Vec<&str> = ends.iter().filter_map(Value::as_str).collect();
    if !ends.is_empty() {
        say!("It ends before if this comes: {}", ends.join(", "));
    }
}

fn post(post: &Value) {
    if post.is_null() {
        return;
    }
    say!("    would be posted: {}", post["body"]);
    for reason in post["reasons"].as_array().into_iter().flatten() {
        say!("      {}", reason.as_str().unwrap_or_default());
    }
}

fn call(call: &Value) {
    if call.is_null() {
        return;
    }
    match call["goes"].as_str() {
        Some(time) => {
            say!(
                "    ✓ comes onto the list of {} {time}, if that has room, about {}",
                text(call, "team"),
                text(call, "topic")
            );
        }
        None => say!("    ✗ nobody is called, about {}", text(call, "topic")),
    }
    for reason in call["reasons"].as_array().into_iter().flatten() {
        say!("      {}", reason.as_str().unwrap_or_default());
    }
}

fn message(message: &Value) {
    if message.is_null() {
        return;
    }
    if let Some(subject) = message["subject"].as_str() {
        say!("    subject: {subject}");
    }
    for line in message["text"].as_str().unwrap_or_default().lines() {
        say!("    | {line}");
    }
    match message["goes"].as_str() {
        Some(time) => say!("    ✓ goes out {time}, about {}", text(message, "topic")),
        None => say!("    ✗ does not go out, about {}", text(message, "topic")),
    }
    for reason in message["reasons"].as_array().into_iter().flatten() {
        say!("      {}", reason.as_str().unwrap_or_default());
    }
}
