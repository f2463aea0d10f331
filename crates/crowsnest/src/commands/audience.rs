//! Who gets a broadcast, what it costs, and what came of it, for people.

use crate::output::{self, text};
use serde_json::Value;

/// So many reasons are told of what came of a launch, and so many of messages that cannot be made.
const REASONS: usize = 20;
const FAULTS: usize = 5;

/// So many choices within households are told.
const CHOICES: usize = 5;

/// What a launch would do.
pub fn show_preview(preview: &Value) {
    let capped: u64 = rows(preview, "capped").filter_map(|row| row[1].as_u64()).sum();
    let not_now = match capped {
        0 => String::new(),
        capped => format!("; {} of them not now: the contact policy", output::count(&capped.into())),
    };
    show_people(preview, &not_now);
    show_capped(preview, "By the contact policy, these of them would not get it now:");
    show_cost(&preview["cost"], capped > 0);
    show_choices(preview);
}

/// Whom a launch looked at.
pub fn show_launched(audience: &Value) {
    show_people(audience, "");
    show_capped(audience, "When they were looked at, the contact policy did not let these of them have it:");
    show_choices(audience);
}

/// Which messages cannot be made.
pub fn show_unmade(unmade: &Value) {
    if unmade["failed"].as_u64().unwrap_or(0) == 0 {
        return;
    }
    let reasons: Vec<&Value> = rows(unmade, "reasons").collect();
    let of = |row: &Value| row[0].as_str().unwrap_or_default().to_owned();
    let said = match reasons.as_slice() {
        [one] => of(one),
        several => {
            let each =
                several.iter().take(FAULTS).map(|row| format!("{}: {}", output::count(&row[1]), of(row)));
            format!("\n  {}{}", each.collect::<Vec<_>>().join("\n  "), more(several.len(), FAULTS))
        }
    };
    let (failed, tried) = (output::count(&unmade["failed"]), output::count(&unmade["tried"]));
    say!("\nwarning: cannot be made for {failed} of the {tried} that were tried: {said}");
    say!("They would fail for good, since a broadcast happens once: mend the template before the launch.");
}

/// What came of a launch's messages so far.
pub fn show_came(came: &Value) {
    let states = came["states"].as_object().into_iter().flatten();
    let states: Vec<String> =
        states.map(|(state, number)| format!("{} {state}", output::count(number))).collect();
    let costs: Vec<String> = rows(came, "cost").map(|cost| output::amount(&cost["amount"])).collect();
    let cost = match costs.is_empty() {
        true => String::new(),
        false => format!("; they cost {} so far", costs.join(" and ")),
    };
    if states.is_empty() {
        return;
    }
    say!("The messages: {}{cost}.", states.join(", "));
    let reasons: Vec<&Value> = rows(came, "reasons").collect();
    if reasons.is_empty() {
        return;
    }
    let cell = |cell: &Value| cell.as_str().unwrap_or_default().to_owned();
    let told = reasons.iter().take(REASONS);
    let told = told.map(|row| [output::count(&row[2]), cell(&row[0]), cell(&row[1])]);
    say!("{}{}", output::table(["messages", "state", "because"], &[0], told), more(reasons.len(), REASONS));
}

fn rows<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value[name].as_array().into_iter().flatten()
}

/// That there are more than were told.
fn more(all: usize, told: usize) -> String {
    match all.saturating_sub(told) {
        0 => String::new(),
        more => format!("\n… and {more} more"),
    }
}

/// Who gets it, and why everybody else does not.
fn show_people(audience: &Value, not_now: &str) {
    say!(
        "{}; {} in the audience; {} of them can and may be written to; {}, one per household and address{not_now}.",
        output::people(&audience["people"]),
        output::count(&audience["in_audience"]),
        output::count(&audience["reachable"]),
        output::count_of(&audience["recipients"], "gets it", "get it"),
    );
    say!("{}", output::table(["left out", "because"], &[0], reasons(audience, "left_out")));
}

fn show_capped(audience: &Value, head: &str) {
    let capped = reasons(audience, "capped");
    if !capped.is_empty() {
        say!("{head}");
        say!("{}", output::table(["capped", "because"], &[0], capped));
    }
}

fn reasons(audience: &Value, key: &str) -> Vec<[String; 2]> {
    let cells = |row: &Value| [output::count(&row[1]), row[0].as_str().unwrap_or_default().to_owned()];
    rows(audience, key).map(cells).collect()
}

fn show_choices(audience: &Value) {
    for chosen in rows(audience, "chosen").take(CHOICES) {
        let others = chosen["instead_of"].as_array().map(Vec::len).unwrap_or(0);
        say!("{} stands for {others} more: {}", text(chosen, "profile"), text(chosen, "why"));
    }
    let households = audience["choices"].as_u64().unwrap_or(0);
    if let Some(more) = households.checked_sub(CHOICES as u64).filter(|more| *more > 0) {
        say!("… and {} more", output::count(&more.into()));
    }
}

/// What it costs, and which budget would not carry it.
fn show_cost(cost: &Value, some_are_capped: bool) {
    if !cost.is_object() {
        return;
    }
    let messages = |number: &Value| output::counted(number.as_u64().unwrap_or(0), "message", "messages");
    let (amount, each) = (output::amount(&cost["amount"]), output::amount(&cost["each"]));
    let all = messages(&cost["messages"]);
    let copies = match cost["copies"]["messages"].as_u64().unwrap_or(0) {
        0 => String::new(),
        number => format!(
            "; and {} for seed lists, {}",
            output::counted(number, "copy", "copies"),
            output::amount(&cost["copies"]["amount"])
        ),
    };
    match cost["sampled"].as_u64().unwrap_or(0) {
        0 => say!("It costs {amount}: {all} at {each}{copies}."),
        sampled => say!(
            "It costs about {amount}: {all} at {each} on average, by the segments of {}{copies}.",
            output::counted(sampled, "text that was made", "texts that were made")
        ),
    }
    if some_are_capped {
        let now = &cost["now"];
        say!("About {} now: {}.", messages(&now["messages"]), output::amount(&now["amount"]));
    }
    for short in rows(cost, "short") {
        let now = match (some_are_capped, short["carries_now"].as_bool().unwrap_or(false)) {
            (true, true) => format!(", which carries the {} of now", messages(&cost["now"]["messages"])),
            (true, false) => {
                format!(", which does not carry the {} of now", messages(&cost["now"]["messages"]))
            }
            (false, _) => String::new(),
        };
        let rest = match short["expires"].as_str() {
            Some(expires) => format!("the rest expires at {expires}, before the budget is renewed"),
            None => format!("the rest waits until {}", text(short, "until")),
        };
        say!(
            "warning: the budget {} does not carry it: {} is left, enough for about {}{now}; {rest}",
            text(short, "budget"),
            output::amount(&short["left"]),
            messages(&short["messages"]),
        );
    }
}
