//! What somebody reads whose program cannot be what they meant.

use crate::mistakes::expect;

/// A program that begins with `A`, with these steps on the lines from the fourth on.
#[track_caller]
fn steps(text: &str, expected: &str) {
    expect(&format!("program: x\ntrigger: {{ event: A, ttl: 5d }}\nsteps:\n{text}"), expected);
}

#[test]
fn a_trigger_is_one_thing() {
    for (trigger, expected) in [
        ("{}", "x.yaml:2:10: expected exactly one of `event`, `segment`, `catalogue` and `request: true`"),
        (
            "{ event: A, request: true }",
            "x.yaml:2:10: expected exactly one of `event`, `segment`, `catalogue` and `request: true`",
        ),
        (
            "{ segment: s, when: 'true' }",
            "x.yaml:2:24: `when` belongs to a trigger by `event` or `catalogue`; who may enter otherwise says `audience`",
        ),
        ("{ event: A, on: leave }", "x.yaml:2:22: `on` belongs to a trigger by `segment`"),
        ("{ segment: s, on: exit }", "x.yaml:2:28: unknown word `exit`; expected one of enter, leave"),
        ("{ segment: s, on: leave }", ""),
        ("{ request: true, ttl: 1h }", ""),
    ] {
        expect(&format!("program: x\ntrigger: {trigger}\nsteps: [{{ exit: done }}]\n"), expected);
    }
}

#[test]
fn who_enters_again_and_who_is_held_out() {
    for (key, expected) in [
        ("reentry: twice", "x.yaml:2:10: unknown word `twice`; expected one of always, once, every"),
        (
            "reentry: { every: 0d }",
            "x.yaml:2:19: `0ms` is too short: expected more than nothing, such as 15m",
        ),
        ("reentry: { every: 30d }", ""),
        ("holdout: 10", "x.yaml:2:10: expected text, found the number 10; put it in quotes"),
        (
            "holdout: 101%",
            "x.yaml:2:10: `101%` is not a percentage: expected a number from 0 to 100, at most two decimals and a %, such as 10% or 2.5%",
        ),
        (
            "holdout: 10%",
            "warning: x.yaml:2:10: a hold-out without a goal measures nothing; say what the program is for: `goal`",
        ),
        ("goal: { event: B, within: 3d }\nholdout: 10%", ""),
    ] {
        let text = format!("program: x\n{key}\ntrigger: {{ event: A }}\nsteps: [{{ exit: done }}]\n");
        expect(&text, expected);
    }
}

#[test]
fn a_wait_ends() {
    steps("  - wait_until: { event: B }\n", "x.yaml:4:17: `limit` is missing");
    steps(
        "  - wait_until: { limit: 3d }\n",
        "x.yaml:4:17: nothing ends this wait but its limit: expected `event`, `when`, or both; to wait for a time alone, write `wait`",
    );
    steps(
        "  - wait_until: { event: B, limit: 5d }\n  - exit: done\n",
        "warning: x.yaml:4:36: the trigger's `ttl` of 5d is over after this wait, so nothing more is done; give the trigger a longer `ttl`",
    );
    steps("  - wait_until: { event: B, limit: 5d, on_limit: exit }\n  - exit: done\n", "");
}

#[test]
fn every_way_of_a_branch_can_be_taken() {
    let way = |when: &str| format!("      - {{ when: '{when}', steps: [{{ wait: 1h }}] }}\n");
    let rest = "      - otherwise: []\n";
    steps(&format!("  - branch:\n{}{rest}", way("has(profile.a)")), "");
    steps(
        &format!("  - branch:\n{rest}{}", way("has(profile.a)")),
        "x.yaml:6:9: this way is never taken: `otherwise` before it takes everybody; `otherwise` comes last",
    );
    for (first, second, expected) in [
        (
            "has(profile.a)",
            "has(profile.a)",
            "x.yaml:6:17: this way is never taken: a way before it has the same condition; remove this way, or change its condition",
        ),
        (
            "true",
            "has(profile.a)",
            "x.yaml:6:17: this way is never taken: a way before it takes everybody; remove this way, or change its condition",
        ),
        (
            "has(profile.a)",
            "false",
            "x.yaml:6:17: this way is never taken: its condition is `false`; remove this way, or change its condition",
        ),
    ] {
        steps(&format!("  - branch:\n{}{}", way(first), way(second)), expected);
    }
    steps(
        "  - branch:\n      - { when: 'true' }\n",
        "x.yaml:5:9: expected `when` with `steps`, or `otherwise` alone",
    );
    steps("  - branch: []\n", "x.yaml:4:13: a branch without ways: expected at least one `{ when, steps }`");
}

#[test]
fn a_split_has_ways_with_weights() {
    steps(
        "  - split: { a: { weight: 1 } }\n",
        "x.yaml:4:12: a split has at least two ways, such as `a` and `b`",
    );
    steps(
        "  - split: { a: { weight: 0 }, b: { weight: 0 } }\n",
        "x.yaml:4:12: no way of this split has a weight, so nobody could go on",
    );
    steps(
        "  - split: { a: { weight: 1 }, b: { weight: 0 } }\n",
        "warning: x.yaml:4:45: the way `b` is never taken: its weight is 0; give it a weight, or remove it",
    );
}

#[test]
fn a_step_that_nobody_comes_to_is_named() {
    steps(
        "  - exit: done\n  - wait: 1h\n",
        "warning: x.yaml:5:5: this is never done: everybody has left the program before; remove it, or the `exit` before it",
    );
    steps(
        "  - split: { a: { weight: 1, steps: [{ exit: a }] }, b: { weight: 1, steps: [{ exit: b }] } }\n  - wait: 1h\n",
        "warning: x.yaml:5:5: this is never done: everybody has left the program before; remove it, or the `exit` before it",
    );
}

#[test]
fn programs_that_are_entered_exist_and_do_not_go_in_circles() {
    steps("  - enter: y\n", "x.yaml:4:12: there is no program `y`; defined: x; did you mean `x`?");
    steps(
        "  - enter: x\n",
        "x.yaml:4:12: a program cannot enter itself: the person is in it already; name another program",
    );
    let program = |name: &str, next: &str| {
        format!(
            "program: {name}\ntrigger: {{ request: true }}\nsteps:\n  - split: {{ a: {{ weight: 1, steps: [{{ enter: {next} }}] }}, b: {{ weight: 1 }} }}\n"
        )
    };
    let circle = [program("x", "y"), program("y", "z"), program("z", "x")].join("---\n");
    let hint = "remove one `enter`: nobody comes back into a program that they are in";
    expect(
        &circle,
        &format!(
            "x.yaml:4:3: programs enter each other in a circle: x → y → z → x; {hint}\n\
             x.yaml:9:3: programs enter each other in a circle: y → z → x → y; {hint}\n\
             x.yaml:14:3: programs enter each other in a circle: z → x → y → z; {hint}"
        ),
    );
}

#[test]
fn what_is_set_has_a_value() {
    steps("  - set: { stage: lead, score: 3, order: { from: event.properties.id } }\n", "");
    steps(
        "  - set: {}\n",
        "x.yaml:4:10: nothing is set: expected a trait and its value, such as `stage: lead`",
    );
    steps(
        "  - set: { order: { form: event.properties.id } }\n",
        "x.yaml:4:21: unknown word `form`; expected one of from; did you mean `from`?",
    );
}

#[test]
fn a_change_of_an_item_is_for_those_who_watch_it() {
    const CARS: &str = "---\ncatalogue: cars\nfields: { price: { type: number }, title: { type: text } }\n";
    let watched = "watched: { event: A, item: event.properties.car, within: 9d }";
    for (trigger, more, expected) in [
        ("catalogue: cars, when: item.price < before.price, WATCHED, ttl: 2d", "occasion: item.key", ""),
        (
            "catalogue: card, when: item.prise < 1, WATCHED",
            "",
            "x.yaml:2:23: there is no catalogue `card`; defined: cars; did you mean `cars`?",
        ),
        (
            "catalogue: cars, when: item.prise < before.price, WATCHED",
            "occasion: item.titel",
            "x.yaml:2:40: `prise` is not a field of the catalogue's items; did you mean `price`?\n\
             x.yaml:3:16: `titel` is not a field of the catalogue's items; did you mean `title`?",
        ),
        (
            "catalogue: cars, when: item.title < 3, WATCHED",
            "audience: item.price > 3",
            "x.yaml:2:46: a text and a whole number cannot be compared\n\
             x.yaml:3:11: there is no `item` here: only what begins with a `catalogue` is about an item",
        ),
        (
            "catalogue: cars",
            "",
            "x.yaml:2:10: `watched` is missing: who cares about an item, such as `{ event: Car Watched, item: \
             event.properties.car_id, within: 90d }`",
        ),
        (
            "catalogue: cars, watched: { event: A, item: profile.car, when: 'metric(\"x\") > 1', within: 0d }",
            "",
            "x.yaml:2:56: this is about the event alone, so that a recorded event always answers the same: `profile` is not part of it\n\
             x.yaml:2:76: this is about the event alone, so that a recorded event always answers the same: `metric` is not part of it\n\
             x.yaml:2:102: `0ms` is too short: expected more than nothing, such as 15m",
        ),
        (
            "event: A, WATCHED",
            "goal: { event: B, within: 1d, value: item.price }",
            "x.yaml:2:22: `watched` belongs to a trigger by `catalogue`\n\
             x.yaml:3:38: there is no `item` here: only what begins with a `catalogue` is about an item",
        ),
        (
            "catalogue: cars, on: enter, WATCHED",
            "goal: { event: B, when: item.price > 1, within: 1d }",
            "x.yaml:2:29: `on` belongs to a trigger by `segment`\n\
             x.yaml:3:25: there is no `item` here: only what begins with a `catalogue` is about an item",
        ),
    ] {
        let trigger = trigger.replace("WATCHED", watched);
        let more = if more.is_empty() { "title: X" } else { more };
        expect(
            &format!("program: x\ntrigger: {{ {trigger} }}\n{more}\nsteps: [{{ exit: done }}]\n{CARS}"),
            expected,
        );
    }
    let steps = |when: &str| {
        format!(
            "program: x\ntrigger: {{ catalogue: cars, {watched} }}\nsteps:\n  - set: {{ seen: {{ from: item.title }} }}\n  - {when}\n{CARS}"
        )
    };
    expect(&steps("branch: [{ when: item.gone, steps: [{ exit: gone }] }]"), "");
    expect(
        &steps("wait_until: { event: B, when: item.gone, limit: 1d }"),
        "x.yaml:5:35: there is no `item` here: only what begins with a `catalogue` is about an item",
    );
}
