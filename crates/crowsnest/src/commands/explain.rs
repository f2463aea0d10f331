//! `crowsnest program explain`: why a customer got something from a program, or did not.

use crate::output::{self, count, text};
use serde_json::Value;

/// Prints an explanation for people.
pub fn show(found: &Value) {
    let (program, at) = (text(found, "program"), text(found, "at"));
    say!("{} in {program}, as of {at}", text(found, "profile"));
    match found["version"].as_u64() {
        Some(version) => say!("Version {version} was in force ({}).", text(found, "state")),
        None => say!("The program was not there yet."),
    }
    say!("It begins with: {}", text(found, "trigger"));
    if let Some(reason) = found["held_out"].as_str() {
        say!("✗ The person {reason}.");
    }
    let list = |name: &str| found[name].as_array().cloned().unwrap_or_default();
    let (runs, events) = (list("runs"), list("events"));
    for one in &runs {
        run(one);
    }
    more(&found["more_runs"], "run", "runs");
    for one in &events {
        event(one);
    }
    more(&found["more_events"], "event that began nothing", "events that began nothing");
    segment(&found["segment"]);
    who(&list("identity"));
    date(&found["date"]);
    let watches = list("watches");
    if !watches.is_empty() {
        say!("\nThe person watches:");
    }
    for one in &watches {
        let counts = if one["counts"] == true { "" } else { ", which is too long ago" };
        say!("  {}  {}{counts}", text(one, "time"), text(one, "item"));
    }
    if runs.is_empty() {
        let never_begins = ["catalogue", "segment", "date"].iter().all(|kind| found[*kind].is_null());
        if let (Some(catalogue), true) = (found["catalogue"].as_str(), watches.is_empty()) {
            say!("\n✗ They watch nothing of {catalogue}, so they never entered.");
        } else if events.is_empty() && never_begins {
            say!("\n✗ Nothing that begins it came from this person, so they never entered.");
        } else {
            say!("\n✗ They never entered.");
        }
        if list("audience").is_empty() {
            say!("  The audience: everybody.");
        } else {
            say!("  The audience, with what is known of the person now:");
            output::clauses(&found["audience"], "    ");
        }
    }
}

fn run(run: &Value) {
    let state = text(run, "state");
    let mark = match state.as_str() {
        "skipped" | "held_out" | "expired" => "✗",
        _ => "✓",
    };
    let reason = run["reason"].as_str().map(|reason| format!(": {reason}")).unwrap_or_default();
    say!("\n{mark} {} {state}{reason}", text(run, "run"));
    let by = run["event_name"].as_str().map(|name| format!("{name}, ")).unwrap_or_default();
    say!("  begun by {by}{}; occasion {}", text(run, "triggered"), text(run, "occasion"));
    came_from(run);
    let ended = run["ended"].as_str().map(|ended| format!(", ended {ended}")).unwrap_or_default();
    say!("  version {}, recorded {}{ended}", run["version"], text(run, "started"));
    for step in run["steps"].as_array().into_iter().flatten() {
        say!("  {}  step {}: {}", text(step, "time"), text(step, "step"), text(step, "outcome"));
    }
    for message in run["messages"].as_array().into_iter().flatten() {
        let (template, channel) = (text(message, "template"), text(message, "channel"));
        say!("  message {}: {template} by {channel}", text(message, "delivery"));
        for entry in message["log"].as_array().into_iter().flatten() {
            let reason = entry["reason"].as_str().map(|reason| format!(": {reason}")).unwrap_or_default();
            say!("    {}  {}{reason}", text(entry, "time"), text(entry, "state"));
        }
    }
    if let Some(goal) = run["goal"].as_str() {
        say!("  {goal}  what it is for has happened");
    }
}

/// Says how many there are of which nothing was said.
fn more(number: &Value, one: &str, many: &str) {
    match number.as_u64() {
        None | Some(0) => {}
        Some(1) => say!("\n… and 1 earlier {one}: --limit shows more"),
        Some(_) => say!("\n… and {} earlier {many}: --limit shows more", count(number)),
    }
}

fn event(event: &Value) {
    say!(
        "\n✗ {} from {}, {}, began nothing:",
        text(event, "name"),
        text(event, "source"),
        text(event, "time")
    );
    came_from(event);
    say!("  {}", text(event, "reason"));
    output::clauses(&event["trigger"], "    ");
}

/// Whose something was, if that was somebody else then.
fn came_from(what: &Value) {
    if let Some(other) = what["came_from"].as_str() {
        say!("  came from {other}, who was not known to be this person then");
    }
}

/// Who turned out to be the person, and who did not.
fn who(changes: &[Value]) {
    if !changes.is_empty() {
        say!("\nWho they were:");
    }
    for change in changes {
        let (time, other) = (text(change, "time"), text(change, "other"));
        let what = match (change["what"] == "merged", change["later"] == true) {
            (true, true) => format!("{other} turned out to be this person; before, they were two people"),
            (true, false) => format!("{other} turned out to be this person"),
            (false, true) => format!("was told apart from {other}; before, they were taken for one person"),
            (false, false) => format!("was told apart from {other}"),
        };
        say!("  {time}  {what}: {}", text(change, "reason"));
    }
}

fn date(date: &Value) {
    if date.is_null() {
        return;
    }
    match date["clock"].as_str() {
        Some(clock) => say!("\nNext on {clock}."),
        None => say!("\nIt does not come due for this person:"),
    }
    output::clauses(&date["clauses"], "    ");
}

fn segment(segment: &Value) {
    if segment.is_null() {
        return;
    }
    let name = text(segment, "segment");
    let changes = segment["changes"].as_array().cloned().unwrap_or_default();
    if changes.is_empty() {
        say!("\nThe person never entered or left the segment {name}:");
    } else {
        say!("\nThe segment {name}:");
    }
    for change in &changes {
        let what = if change["entered"] == true { "entered" } else { "left" };
        say!("  {}  {what}: {}", text(change, "time"), text(change, "why"));
    }
    more(&segment["more_changes"], "change", "changes");
    output::clauses(&segment["clauses"], "    ");
}
