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
        (
            "{}",
            "x.yaml:2:10: expected exactly one of `event`, `segment`, `date`, `schedule`, `catalogue`, `identity` and `request: true`",
        ),
        (
            "{ event: A, request: true }",
            "x.yaml:2:10: expected exactly one of `event`, `segment`, `date`, `schedule`, `catalogue`, `identity` and `request: true`",
        ),
        (
            "{ segment: s, when: 'true' }",
            "x.yaml:2:24: `when` belongs to a trigger by `event`, `catalogue` or `identity`; who may enter otherwise says `audience`",
        ),
        ("{ event: A, on: leave }", "x.yaml:2:22: `on` belongs to a trigger by `segment`"),
        ("{ segment: s, on: exit }", "x.yaml:2:28: unknown word `exit`; expected one of enter, leave"),
        ("{ segment: s, on: leave }", ""),
        ("{ segment: rich, on: leave }", ""),
        ("{ segment: sx }", "x.yaml:2:21: there is no segment `sx`; defined: s, rich; did you mean `s`?"),
        ("{ request: true, ttl: 1h }", ""),
        ("{ identity: split, ttl: 1h }", ""),
        ("{ identity: merged, when: '!event.properties.anonymous' }", ""),
        (
            "{ identity: merged, event: A }",
            "x.yaml:2:10: expected exactly one of `event`, `segment`, `date`, `schedule`, `catalogue`, `identity` and `request: true`",
        ),
        (
            "{ identity: merge }",
            "x.yaml:2:22: unknown word `merge`; expected one of merged, split; did you mean `merged`?",
        ),
        (
            "{ identity: split, when: 'evnt.name == \"A\"' }",
            "x.yaml:2:36: `evnt` is not known here: a value begins with profile. or event.; did you mean `event`?",
        ),
    ] {
        let segments = "---\nsegment: s\nwhen: has(profile.a)\n---\nsegmentation: wealth\nsegments: [{ segment: rich }]\n";
        expect(&format!("program: x\ntrigger: {trigger}\nsteps: [{{ exit: done }}]\n{segments}"), expected);
    }
}

#[test]
fn a_date_gives_a_day_and_a_schedule_has_days() {
    for (trigger, expected) in [
        ("{ date: profile.birthday, yearly: true, before: 7d, at: '09:00', ttl: 2d }", ""),
        ("{ date: profile.lease_end, after: 36h }", ""),
        ("{ date: 'last(\"Order Completed\")', after: 30d }", ""),
        ("{ schedule: { days: [monday, thursday], at: '09:00' } }", ""),
        ("{ schedule: { days_of_month: [1, 31, last] } }", ""),
        ("{ schedule: {} }", ""),
        (
            "{ date: profile.birthday, schedule: {} }",
            "x.yaml:2:10: expected exactly one of `event`, `segment`, `date`, `schedule`, `catalogue`, `identity` and `request: true`",
        ),
        (
            "{ date: profile.birthday, before: 1d, after: 1d }",
            "x.yaml:2:48: expected `before` or `after`, not both: remove one of them",
        ),
        (
            "{ date: profile.birthday, before: 0d }",
            "x.yaml:2:44: `0ms` is too short: expected more than nothing, such as 15m",
        ),
        ("{ event: A, yearly: true }", "x.yaml:2:22: `yearly` belongs to a trigger by `date`"),
        ("{ request: true, after: 1d }", "x.yaml:2:27: `after` belongs to a trigger by `date`"),
        (
            "{ request: true, at: '09:00' }",
            "x.yaml:2:27: `at` belongs to a trigger by `date` or by `schedule`",
        ),
        (
            "{ schedule: {}, at: '09:00' }",
            "x.yaml:2:26: `at` belongs into the schedule: `schedule: { at: \"09:00\" }`",
        ),
        (
            "{ date: profile.birthday, at: 9am }",
            "x.yaml:2:40: `9am` is not a time of the day: expected hours and minutes from 00:00 to 24:00 in quotes, such as \"21:00\"",
        ),
        (
            "{ date: 'count(\"A\")' }",
            "x.yaml:2:18: `count(\"A\")` is a whole number, never a day or a moment; name a trait that holds a day such as 2026-03-01, or a moment, such as `profile.birthday`",
        ),
        (
            "{ date: event.properties.day }",
            "x.yaml:2:18: there is no event here: this condition is on the profile alone",
        ),
        (
            "{ schedule: { days: [monday, monday] } }",
            "x.yaml:2:39: Monday is named twice: remove one of them",
        ),
        (
            "{ schedule: { days: [mon] } }",
            "x.yaml:2:31: unknown word `mon`; expected one of monday, tuesday, wednesday, thursday, friday, saturday, sunday",
        ),
        (
            "{ schedule: { days: [monday], days_of_month: [1] } }",
            "x.yaml:2:40: expected `days` or `days_of_month`, not both: remove one of them, or write a second program",
        ),
        (
            "{ schedule: { days_of_month: [32] } }",
            "x.yaml:2:40: expected a number from 1 to 31, or `last`, found the number 32",
        ),
        (
            "{ schedule: { days_of_month: [first] } }",
            "x.yaml:2:40: `first` is no day of a month: expected a number from 1 to 31, or `last`",
        ),
        (
            "{ schedule: { days_of_month: [15, 30] } }",
            "warning: x.yaml:2:44: months without a day 30 are skipped; write `last` for the last day of every month",
        ),
    ] {
        expect(&format!("program: x\ntrigger: {trigger}\nsteps: [{{ exit: done }}]\n"), expected);
    }
}

#[test]
fn what_a_date_brings_is_seen_as_the_properties_of_an_event() {
    for trigger in ["{ date: profile.birthday, yearly: true }", "{ schedule: {} }"] {
        expect(
            &format!(
                "program: x\ntrigger: {trigger}\noccasion: event.properties.date\nsteps:\n  - set: {{ told: {{ from: event.properties.date }} }}\n"
            ),
            "",
        );
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
        ("holdout: 10", "x.yaml:2:10: expected a percentage such as 10% or 2.5%, found the number 10"),
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
fn a_way_that_a_wider_one_stands_before_is_never_taken() {
    let ways = |first: &str, second: &str| {
        format!(
            "  - branch:\n      - {{ when: '{first}', steps: [] }}\n      - {{ when: '{second}', steps: [] }}\n"
        )
    };
    let warning = "warning: x.yaml:6:17: this way is never taken: of whom its condition holds, goes a way before it; put the narrower of the two first";
    steps(&ways("profile.points > 5", "profile.points > 10"), warning);
    steps(&ways("has(profile.a)", "has( profile.a )"), warning);
    steps(&ways("profile.points > 10", "profile.points > 5"), "");
}

#[test]
fn an_audience_does_not_contradict_the_trigger() {
    let segment = "segment: s\nwhen: has(profile.a)\n---\n";
    for (trigger, audience, expected) in [
        (
            "{ segment: s }",
            "has(profile.b) && !segment(\"s\")",
            "warning: x.yaml:6:11: the trigger lets nobody in: who has just entered the segment `s` is in it, and the audience wants the opposite; change `audience`, or the trigger's `on`",
        ),
        (
            "{ segment: s, on: leave }",
            "segment(\"s\")",
            "warning: x.yaml:6:11: the trigger lets nobody in: who has just left the segment `s` is not in it, and the audience wants the opposite; change `audience`, or the trigger's `on`",
        ),
        ("{ segment: s }", "segment(\"s\") && has(profile.b)", ""),
        ("{ segment: s, on: leave }", "has(profile.b) || segment(\"s\")", ""),
    ] {
        let text = format!(
            "{segment}program: x\ntrigger: {trigger}\naudience: {audience}\nsteps: [{{ exit: done }}]\n"
        );
        expect(&text, expected);
    }
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

/// Segments and programs that begin with them.
fn loops(segments: &[(&str, &str)], programs: &[(&str, &str, &str)], expected: &str) {
    let programs = programs
        .iter()
        .map(|(name, trigger, rest)| format!("program: {name}\ntrigger: {{ segment: {trigger} }}\n{rest}\n"));
    let segments = segments.iter().map(|(name, when)| format!("segment: {name}\nwhen: '{when}'\n"));
    expect(&programs.chain(segments).collect::<Vec<_>>().join("---\n"), expected);
}

#[test]
fn programs_that_keep_each_other_going_are_named_with_the_way() {
    let hint = "say how often somebody may enter: `reentry: once`, or `reentry: { every: 30d }`";
    let free = [("free", "!inProgram(\"p\")")];
    loops(
        &free,
        &[("p", "free", "steps: [{ wait: 1d }]")],
        &format!(
            "x.yaml:2:21: this goes round without end: `p` begins → `p` ends → the segment `free` is entered → `p` begins; {hint}"
        ),
    );
    loops(
        &[("in-p", "inProgram(\"p\")")],
        &[("p", "in-p, on: leave", "steps: [{ wait: 1d }]")],
        &format!(
            "x.yaml:2:21: this goes round without end: `p` begins → `p` ends → the segment `in-p` is left → `p` begins; {hint}"
        ),
    );
    let stages = [("cold", "profile.stage == \"cold\""), ("warm", "profile.stage == \"warm\"")];
    let cool = ("cool", "warm", "steps: [{ wait: 1d }, { set: { stage: cold } }]");
    let heat = ("heat", "cold", "steps: [{ wait: 1d }, { set: { stage: warm } }]");
    loops(
        &stages,
        &[cool, heat],
        &format!(
            "x.yaml:2:21: this goes round without end: `cool` begins → `cool` sets `stage` to \"cold\" → the segment `cold` is entered → `heat` begins → `heat` sets `stage` to \"warm\" → the segment `warm` is entered → `cool` begins; {hint}"
        ),
    );
    // By way of a segment that asks about another.
    loops(
        &[("outside", "!inProgram(\"p\")"), ("far", "segment(\"outside\")")],
        &[("p", "far", "steps: [{ wait: 1d }]")],
        &format!(
            "x.yaml:2:21: this goes round without end: `p` begins → `p` ends → the segment `outside` is entered → the segment `far` is entered → `p` begins; {hint}"
        ),
    );
    // Where it depends on the person, it is a warning.
    loops(
        &[("free", "!inProgram(\"p\") && count(\"A\") > 1")],
        &[("p", "free", "steps: [{ wait: 1d }]")],
        &format!(
            "warning: x.yaml:2:21: for some this may go round without end: `p` begins → `p` ends → the segment `free` is entered → `p` begins; {hint}"
        ),
    );
    loops(
        &free,
        &[("p", "free", "audience: has(profile.a)\nsteps: [{ wait: 1d }]")],
        &format!(
            "warning: x.yaml:2:21: for some this may go round without end: `p` begins → `p` ends → the segment `free` is entered → `p` begins; {hint}"
        ),
    );
    // Rules of re-entry end it.
    for rule in ["reentry: once", "reentry: { every: 30d }", "occasion: profile.year"] {
        loops(&free, &[("p", "free", &format!("{rule}\nsteps: [{{ wait: 1d }}]"))], "");
        loops(&stages, &[(cool.0, cool.1, &format!("{rule}\n{}", cool.2)), heat], "");
    }
}

#[test]
fn what_comes_to_rest_is_no_loop() {
    let wait_then = |set: &str| format!("steps: [{{ wait: 1d }}, {{ set: {{ {set} }} }}]");
    for (segment, steps) in [
        // It leaves the segment, and nothing brings it back.
        ("!has(profile.welcomed)", wait_then("welcomed: true")),
        ("profile.stage != \"done\"", wait_then("stage: done")),
        // The same value again changes nothing.
        ("profile.tier == \"gold\" || count(\"A\") > 5", wait_then("tier: gold")),
        // One value made of another is one change, and who is in the program does not enter it.
        ("days(profile.asked) > 30", wait_then("asked: { from: event.time }")),
        (
            "profile.stage == \"b\"",
            "steps: [{ set: { stage: a } }, { wait: 1d }, { set: { stage: b } }]".into(),
        ),
        // Without any waiting the run is over before anybody asks.
        ("!inProgram(\"p\")", "steps: [{ task: { title: Call, team: sales } }]".into()),
    ] {
        let steps = steps.replace("event.time", "profile.today");
        loops(&[("s", segment)], &[("p", "s", &steps)], "");
    }
    // One of them is still in its step when the other would let it in again.
    let stages = [("cold", "profile.stage == \"cold\""), ("warm", "profile.stage == \"warm\"")];
    loops(
        &stages,
        &[
            ("cool", "warm", "steps: [{ set: { stage: cold } }]"),
            ("heat", "cold", "steps: [{ wait: 1d }, { set: { stage: warm } }]"),
        ],
        "",
    );
    // Each hands on to the next, and the last to nobody.
    loops(
        &[("a", "profile.stage == \"a\""), ("b", "profile.stage == \"b\"")],
        &[("p", "a", &wait_then("stage: b")), ("q", "b", &wait_then("stage: c"))],
        "",
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
