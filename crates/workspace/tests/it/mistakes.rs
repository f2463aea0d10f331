//! What an engineer reads who has mistyped something.

use crate::harbor_motors;
use crowsnest_workspace::{SourceFile, check};

const BASE: &str = "workspace: acme\ntitle: Acme\ncountry: US\ntime_zone: America/Chicago\ncurrency: USD\nemail: { from: a@acme.example, postal_address: 1 Quay }\n---\ntopic: offers\ntitle: Offers\n---\ntopic: receipts\ntitle: Receipts\nservice: true\n---\nsource: calls\n---\ntemplate: hello\nchannel: email\nsubject: Hi\nmjml: <mjml/>\ntext: Hi\n";

fn files(base: &str, text: &str) -> Vec<SourceFile> {
    let file = |path: &str, text: &str| SourceFile { path: path.into(), text: text.into() };
    vec![file("base.yaml", base), file("x.yaml", text)]
}

/// The problems and warnings of `text` beside the base, one a line.
pub fn said(base: &str, text: &str) -> String {
    let found = match check(&files(base, text)) {
        Ok(checked) => {
            checked.warnings.iter().map(|warning| format!("warning: {warning}")).collect::<Vec<_>>()
        }
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    };
    found.join("\n")
}

#[track_caller]
pub fn expect(text: &str, expected: &str) {
    assert_eq!(said(BASE, text), expected, "for\n{text}");
}

#[test]
fn the_base_is_clean() {
    expect("", "");
}

#[test]
fn a_mistyped_word_is_named_with_its_place_and_the_nearest() {
    for (text, expected) in [
        (
            "progam: x\n",
            "x.yaml:1:1: unknown word `progam`; a document begins with what it defines, one of workspace, identity, topic, source, contract, catalogue, template, seeds, metric, segment, segmentation, program, broadcast, webhook, policy; did you mean `program`?",
        ),
        (
            "title: X\ntopic: x\n",
            "x.yaml:1:1: unknown word `title`; a document begins with what it defines, one of workspace, identity, topic, source, contract, catalogue, template, seeds, metric, segment, segmentation, program, broadcast, webhook, policy; move `topic` to the first line of the document",
        ),
        (
            "topic: x\ntitle: X\nservise: true\n",
            "x.yaml:3:1: unknown word `servise`; expected one of topic, title, description, service; did you mean `service`?",
        ),
        (
            "program: x\ntrigerr: { event: A }\nsteps:\n  - wiat: 5m\n  - send: { chanel: email, template: hello, topic: offers }\n",
            "x.yaml:2:1: unknown word `trigerr`; expected one of program, title, state, trigger, occasion, reentry, audience, holdout, lateness, cancel_on, requires_fresh, goal, steps; did you mean `trigger`?\n\
             x.yaml:4:5: unknown word `wiat`; expected one of wait, wait_until, branch, split, send, set, task, webhook, enter, exit; did you mean `wait`?\n\
             x.yaml:5:13: unknown word `chanel`; expected one of channel, template, topic, seeds; did you mean `channel`?",
        ),
        (
            "program: x\nsteps: [{ wait: 1h }]\ngoal: { event: A }\n",
            "x.yaml:1:1: `trigger` is missing\nx.yaml:3:7: `within` is missing",
        ),
        (
            "source: x\nsync: hourley\ntrust: 3\nfeeds:\n  f:\n    format: csv\n    identifiers: { email: { field: E, typ: email, format: 1 } }\n",
            "x.yaml:2:7: unknown word `hourley`; expected one of real-time, hourly, nightly; did you mean `hourly`?\n\
             x.yaml:3:8: expected one of first-party, third-party, found the number 3\n\
             x.yaml:7:39: unknown word `typ`; expected one of field, type, format, time_zone, currency, decimal_comma, country, values, required; did you mean `type`?\n\
             x.yaml:7:59: expected text, found the number 1; put it in quotes",
        ),
    ] {
        expect(text, expected);
    }
}

#[test]
fn a_value_of_the_wrong_shape_says_what_was_expected() {
    for (text, expected) in [
        ("topic: 7\ntitle: X\n", "x.yaml:1:8: expected the name of the topic, found the number 7"),
        (
            "- topic: x\n",
            "x.yaml:1:1: a document begins with what it defines, one of workspace, identity, topic, source, contract, catalogue, template, seeds, metric, segment, segmentation, program, broadcast, webhook, policy; this is a list",
        ),
        (
            "topic: a b\ntitle: X\n",
            "x.yaml:1:8: `a b` is not a name: expected at most 100 letters a-z, digits, `-`, `_` or `.`, the first a letter or digit",
        ),
        ("topic: x\ntitle:\n", "x.yaml:2:6: expected text, found nothing"),
        ("topic: x\ntitle: ' '\n", "x.yaml:2:8: expected text, found an empty one"),
        ("topic: x\ntitle: X\nservice: yes\n", "x.yaml:3:10: expected true or false, found the text `yes`"),
        ("topic: x\ntitle: [X]\n", "x.yaml:2:8: expected text, found a list"),
        ("topic: x\ntitle: X\ntitle: Y\n", "x.yaml:3:1: `title` is given twice"),
        ("topic: x\ntitle: {\n", "x.yaml:2:8: this is not YAML that can be read: unclosed bracket '{'"),
        (
            "broadcast: x\naudience: 'true'\nsend: { channel: email, template: hello, topic: offers }\nttl: 6 hours\n",
            "x.yaml:4:6: `6 hours` is not a duration: expected a number with a unit (ms, s, m, h, d, w), such as 45m, 6h or 1h 30m",
        ),
        (
            "identity: x\nnamespaces: { email: { priority: 1.5, limit: -1 } }\n",
            "x.yaml:2:34: expected a whole number, found the number 1.5\nx.yaml:2:46: expected a whole number that is not negative, found the number -1",
        ),
        (
            "identity: x\nmatching: { merge_above: 0.99, review_above: 20 %, automatic: 99% }\n",
            "x.yaml:2:26: expected a percentage such as 10% or 2.5%, found the number 0.99\nx.yaml:2:63: expected true or false, found the text `99%`",
        ),
        (
            "identity: x\nmatching: { merge_above: '0.99', review_above: 101% }\n",
            "x.yaml:2:26: `0.99` is not a percentage: expected a number from 0 to 100, at most two decimals and a %, such as 10% or 2.5%\nx.yaml:2:48: `101%` is not a percentage: expected a number from 0 to 100, at most two decimals and a %, such as 10% or 2.5%",
        ),
        (
            "identity: x\nmatching:\n  blocking: [{ phone: phonetic, surname: exact }, { full_name: exact }, { ignore: exact }, { house_number: exact }]\n",
            "x.yaml:3:16: of `phone` nobody has `phonetic` in common with anybody: expected `exact`, `digits7`\nx.yaml:3:53: a full name is taken apart: expected `forename`, `surname`, or both of them\nx.yaml:3:75: `ignore` is no field that two can have in common\nx.yaml:3:94: the number of a house says little without its street: expected `street: door`, which is both",
        ),
        (
            "program: x\ntrigger: { event: A }\nsteps: [{ wait: 1h, send: {} }]\n",
            "x.yaml:3:9: expected one of wait, wait_until, branch, split, send, set, task, webhook, enter, exit, found a mapping",
        ),
    ] {
        expect(text, expected);
    }
}

#[test]
fn a_template_says_what_its_channel_needs() {
    for (text, expected) in [
        (
            "template: x\nchannel: email\ntext: Hi\n",
            "x.yaml:1:1: `mjml` is missing: an e-mail has one\nx.yaml:1:1: `subject` is missing: an e-mail has one",
        ),
        (
            "template: x\nchannel: email\nsubject: ' '\nmjml: ''\ntext: Hi\n",
            "x.yaml:3:10: expected text, found an empty one\nx.yaml:4:7: expected text, found an empty one",
        ),
        ("template: x\nchannel: sms\ntext: Hi\n", ""),
        (
            "template: x\nchannel: sms\nsubject: Hi\npreheader: Hi\nmjml: <mjml/>\ntext: ''\n",
            "x.yaml:3:1: an SMS has no `subject`: all that it says is `text`\n\
             x.yaml:4:1: an SMS has no `preheader`: all that it says is `text`\n\
             x.yaml:5:1: an SMS has no `mjml`: all that it says is `text`\n\
             x.yaml:6:7: expected text, found an empty one",
        ),
        ("template: x\nchannel: sms\n", "x.yaml:1:1: `text` is missing"),
        (
            "template: x\nchannel: letter\nsubject: Hi\ntext: Hi\n",
            "x.yaml:3:1: a letter has no `subject`: all that it says is `text`",
        ),
    ] {
        expect(text, expected);
    }
}

#[test]
fn what_is_named_must_exist() {
    for (text, expected) in [
        (
            "broadcast: x\naudience: has(profile.a)\nsend: { channel: emial, template: helo, topic: ofers }\nrequires_fresh: [{ source: call, max_lag: 0s }]\n",
            "x.yaml:3:18: there is no channel `emial`; known: email, sms, letter; did you mean `email`?\n\
             x.yaml:3:35: there is no template `helo`; defined: hello; did you mean `hello`?\n\
             x.yaml:3:48: there is no topic `ofers`; defined: offers, receipts; did you mean `offers`?\n\
             x.yaml:4:28: there is no source `call`; defined: calls; did you mean `calls`?\n\
             x.yaml:4:43: `0ms` is too short: expected more than nothing, such as 15m",
        ),
        (
            "source: x\ncontract: web\nbrand: b\n",
            "x.yaml:2:11: there is no contract `web`; none is defined\nx.yaml:3:8: there is no brand `b`; the `workspace:` document has none",
        ),
        ("topic: offers\ntitle: Again\n", "x.yaml:1:8: there is already a topic `offers` at base.yaml:8"),
        (
            "workspace: y\ntitle: Y\ncountry: US\ntime_zone: UTC\ncurrency: USD\nemail: { from: a@b.example, postal_address: 1 }\n",
            "x.yaml:1:12: a workspace has only one `workspace:`, and it is at base.yaml:1\nx.yaml:6:45: expected text, found the number 1; put it in quotes",
        ),
        (
            "broadcast: p\naudience: has(profile.a)\nsend: { channel: email, template: hello, topic: receipts }\n---\nprogram: p\ntrigger: { event: A }\nsteps: [{ wait: 1h }]\n",
            "x.yaml:1:12: there is already a program `p` at x.yaml:5; a broadcast needs another name",
        ),
    ] {
        expect(text, expected);
    }
    assert_eq!(
        said("", "topic: offers\ntitle: Offers\n"),
        "crowsnest.yaml:1:1: there is no `workspace:` document: a folder has exactly one, by custom in this file"
    );
}

#[test]
fn the_organisation_is_somewhere() {
    let base = "workspace: acme\ntitle: Acme\ncountry: Atlantis\ntime_zone: Chicago\ncurrency: Dollar\npublic_url: acme.example\nemail: { from: Acme, smtp: { host: mail, port: 0, username: acme } }\n";
    assert_eq!(
        said(base, ""),
        "base.yaml:3:10: `Atlantis` is not a country: expected an ISO 3166 code of two letters, such as US\n\
         base.yaml:4:12: `Chicago` is not a time zone: expected an IANA name, such as America/Chicago\n\
         base.yaml:5:11: `Dollar` is not a currency: expected an ISO 4217 code of three letters, such as USD\n\
         base.yaml:6:13: `acme.example` is not an address: expected https:// or http:// and a host\n\
         base.yaml:7:16: `Acme` is not an e-mail address: there is no @; expected such as Harbor Motors <hello@harbor-motors.example>\n\
         base.yaml:7:48: a port is a number from 1 to 65535\n\
         base.yaml:7:51: a `username` needs `password_env`, the environment variable that holds its password"
    );
}

#[test]
fn two_smtp_accounts_are_told_apart() {
    let base = "workspace: acme\ntitle: Acme\ncountry: US\ntime_zone: America/Chicago\ncurrency: USD\nemail:\n  from: Acme <a@acme.example>\n  smtp:\n    - { host: mail }\n    - { host: mail, username: acme, password_env: SMTP }\n";
    assert_eq!(said(base, ""), "base.yaml:10:7: two SMTP accounts are called `mail`: give each a `name`");
}

#[test]
fn a_blank_is_no_user_and_a_password_no_name_of_a_variable() {
    let base = "workspace: acme\ntitle: Acme\ncountry: US\ntime_zone: America/Chicago\ncurrency: USD\nemail:\n  from: Acme <a@acme.example>\n  smtp:\n    - { host: mail, username: ' ', password_env: 's3cret!' }\n";
    assert_eq!(
        said(base, ""),
        "base.yaml:9:31: expected text, found an empty one\n\
         base.yaml:9:50: expected the name of an environment variable, such as SMTP_PASSWORD"
    );
}

#[test]
fn a_throttle_paces_something() {
    let base = "workspace: acme\ntitle: Acme\ncountry: US\ntime_zone: America/Chicago\ncurrency: USD\nemail:\n  from: Acme <a@acme.example>\n  throttle:\n    - { domains: [gmail.com, '*'], per_minute: 0 }\n    - { domains: [GMAIL.com, yahoo.com, mail], per_minute: 9 }\n    - { domains: [], per_minute: 9 }\n";
    assert_eq!(
        said(base, ""),
        "base.yaml:9:48: 0 messages in a minute are none: expected at least 1\n\
         base.yaml:10:19: the domain `GMAIL.com` is named twice\n\
         base.yaml:10:30: `yahoo.com` stands behind `*`, which paces it already\n\
         base.yaml:10:41: `mail` is no domain; one with other letters is written as `xn--…`\n\
         base.yaml:11:18: mail to no domain is paced: name one, or `*` for all"
    );
}

#[test]
fn a_condition_points_at_its_mistake() {
    for (text, at) in [
        (
            "broadcast: x\naudience: consent(\"email\", \"ofers\")\nsend: { channel: email, template: hello, topic: offers }\n",
            "x.yaml:2:28: ",
        ),
        (
            "broadcast: x\naudience: inProgram(\"win-bakc\")\nsend: { channel: email, template: hello, topic: offers }\n",
            "x.yaml:2:21: ",
        ),
        (
            "broadcast: x\naudience: |\n  has(profile.a)\n  && event.name == \"A\"\nsend: { channel: email, template: hello, topic: offers }\n",
            "x.yaml:4:6: ",
        ),
        (
            "program: x\ntrigger: { event: A, when: 'event.properties.value >= ' }\nsteps: [{ wait: 1h }]\n",
            "x.yaml:2:55: ",
        ),
        (
            "program: x\ntrigger: { event: A }\noccasion: event.properties.\nsteps: [{ wait: 1h }]\n",
            "x.yaml:3:28: ",
        ),
    ] {
        let said = said(BASE, text);
        assert!(said.starts_with(at) && !said.contains('\n'), "expected {at} in\n{said}");
    }
}

const SHOP: &str = "contract: shop\nevents:\n  Order Completed:\n    properties: { revenue: { type: number }, status: { type: text, enum: [paid, open] } }\ntraits: { tier: { type: text, enum: [silver, gold] } }\n---\n";

/// A segment with this condition at line 8, column 7.
#[track_caller]
fn segment(when: &str, expected: &str) {
    expect(&format!("{SHOP}segment: x\nwhen: {when}\n"), expected);
}

#[test]
fn a_name_in_a_condition_that_is_nearly_known_is_probably_that_one() {
    for (when, expected) in [
        (
            "count(\"Order Completd\") > 1",
            "warning: x.yaml:8:13: no contract and no feed knows the event `Order Completd`; did you mean `Order Completed`?",
        ),
        (
            "sequence(\"Cart Updated\", event(\"Order Complted\"), within(\"2h\"))",
            "warning: x.yaml:8:38: no contract and no feed knows the event `Order Complted`; did you mean `Order Completed`?",
        ),
        (
            "unanswered(\"Order completed\", \"Parcel Sent\", within(\"3d\"))",
            "warning: x.yaml:8:18: no contract and no feed knows the event `Order completed`; did you mean `Order Completed`?",
        ),
        (
            "sum(\"Order Completed\", \"revenu\") > 5",
            "warning: x.yaml:8:30: no contract and no feed knows the property `revenu` of `Order Completed`; did you mean `revenue`?",
        ),
        (
            "never(\"Order Completed\", where(event.properties.statsu == \"paid\"))",
            "warning: x.yaml:8:55: no contract and no feed knows the property `statsu` of `Order Completed`; did you mean `status`?",
        ),
        (
            "profile.teir == \"gold\"",
            "warning: x.yaml:8:15: no contract, no feed and no program knows the trait `teir`; did you mean `tier`?",
        ),
        (
            "last(\"Newsletter Read\") > ago(\"3d\") && sum(\"Order Completed\", \"margin\") > 5 && has(profile.shoe)",
            "",
        ),
    ] {
        segment(when, expected);
    }
    expect(
        &format!("{SHOP}metric: m\nvalue: sum(\"Order Completd\", \"revenue\")\n"),
        "warning: x.yaml:8:12: no contract and no feed knows the event `Order Completd`; did you mean `Order Completed`?",
    );
    expect(
        &format!(
            "{SHOP}program: p\ntrigger: {{ event: Order Completed, when: event.properties.revenu > 5 }}\nsteps: [{{ wait: 1h }}]\n"
        ),
        "warning: x.yaml:8:59: no contract and no feed knows the property `revenu` of `Order Completed`; did you mean `revenue`?",
    );
}

#[test]
fn a_granularity_is_one_of_five_and_no_longer_than_what_is_asked() {
    for (keys, expected) in [
        ("value: count(\"A\", within(\"365d\"))\ngranularity: 1d", ""),
        ("value: count(\"A\")\ngranularity: 1m", ""),
        (
            "value: count(\"A\", within(\"12h\"))\ngranularity: 1d",
            "x.yaml:2:8: a stretch of 12h cannot be told at a granularity of 1d: make the stretch longer or the granularity finer",
        ),
        (
            "value: count(\"A\", within(\"12h\"))\ngranularity: 2h",
            "x.yaml:3:14: unknown word `2h`; expected one of 1ms, 1s, 1m, 1h, 1d; did you mean `1h`?",
        ),
        (
            "value: profile.visits\ngranularity: 1d",
            "x.yaml:3:14: `value` asks about no stretch of time, so there is nothing to be told by `granularity`; remove it",
        ),
    ] {
        expect(&format!("metric: m\n{keys}\n"), expected);
    }
}

#[test]
fn what_a_condition_names_exists() {
    for (when, expected) in [
        ("segment(\"y\")", "x.yaml:8:15: `y` is not a segment that is known here; did you mean `x`?"),
        ("metric(\"spend\") > 1", "x.yaml:8:14: `spend` is not a metric that is known here"),
        ("inProgram(\"p\")", "x.yaml:8:17: `p` is not a program that is known here"),
        (
            "consent(\"emial\", \"offers\")",
            "x.yaml:8:15: `emial` is not a channel that is known here; did you mean `email`?",
        ),
        (
            "consent(\"email\", \"ofers\")",
            "x.yaml:8:24: `ofers` is not a topic that is known here; did you mean `offers`?",
        ),
    ] {
        segment(when, expected);
    }
    // What is defined with a mistake is there all the same.
    expect(
        "program: p\ntriger: { event: A }\n---\nsegment: x\nwhen: inProgram(\"p\")\n",
        "x.yaml:2:1: unknown word `triger`; expected one of program, title, state, trigger, occasion, reentry, audience, holdout, lateness, cancel_on, requires_fresh, goal, steps; did you mean `trigger`?",
    );
}

#[test]
fn what_can_never_hold_is_a_warning() {
    for (when, expected) in [
        (
            "count(\"Order Completed\") < 0",
            "warning: x.yaml:8:7: this never holds: a number of events is 0 or more",
        ),
        (
            "profile.points > 5 && profile.points < 3",
            "warning: x.yaml:8:29: this never holds together with what stands before it: points is more than 5",
        ),
        (
            "profile.tier == \"glod\"",
            "warning: x.yaml:8:7: `tier` is never glod by its contract: it is one of silver, gold; did you mean `gold`?",
        ),
        (
            "count(\"Order Completed\", where(event.properties.status == \"payed\")) > 1",
            "warning: x.yaml:8:38: `status` is never payed by its contract: it is one of paid, open; did you mean `paid`?",
        ),
        ("count(\"A\", within(\"0d\")) > 1", "x.yaml:8:25: this needs to be longer than nothing"),
        (
            "count(\"A\", within(\"-3d\")) > 1",
            "x.yaml:8:25: `-3d` is not a duration: expected a number with a unit (ms, s, m, h, d, w), such as 45m, 6h or 1h 30m",
        ),
        (
            "count(\"A\", between(\"30d\", \"60d\")) > 1",
            "x.yaml:8:26: the first of the two must be longer ago, as in between(\"60d\", \"30d\")",
        ),
    ] {
        segment(when, expected);
    }
    // A program, and a feed without a contract, can make something else of it.
    let set = "---\nprogram: p\ntrigger: { event: A }\nsteps: [{ set: { tier: bronze } }]\n";
    expect(&format!("{SHOP}segment: x\nwhen: profile.tier == \"bronze\"\n{set}"), "");
    let feed =
        "---\nsource: till\nfeeds: { f: { format: csv, identifiers: { email: e }, traits: { tier: t } } }\n";
    expect(&format!("{SHOP}segment: x\nwhen: profile.tier == \"bronze\"\n{feed}"), "");
}

#[test]
fn every_segment_of_a_segmentation_can_have_somebody() {
    let set = |first: &str, second: &str| {
        format!(
            "segmentation: wealth\nsegments:\n  - {{ segment: a, when: '{first}' }}\n  - {{ segment: b, when: '{second}' }}\n  - segment: c\n"
        )
    };
    let nobody = "warning: x.yaml:4:25: nobody is in this segment: of whom this holds, is in `a` before it; put the narrower of the two first, or remove one";
    expect(&set("profile.points > 5", "profile.points > 10"), nobody);
    expect(&set("has(profile.x)", "has( profile.x )"), nobody);
    expect(&set("true", "has(profile.x)"), nobody);
    expect(&set("profile.points > 10", "profile.points > 5"), "");
    expect(
        "segmentation: wealth\nsegments:\n  - segment: a\n  - segment: b\n",
        "x.yaml:3:5: everybody is in this segment, so that nobody is in those after it: give it a `when`, or put it last",
    );
}

#[test]
fn a_feed_says_what_its_format_has() {
    let feed = |rest: &str| format!("source: x\nfeeds:\n  f:\n{rest}");
    for (text, expected) in [
        (
            "    format: csv\n    record: /a/b\n    delimiter: é\n    encoding: latin-99\n    files: a/*.csv\n    columns: [a, b, a]\n    row_id: [a, d]\n    identical_rows: separate\n    identifiers: {}\n",
            "x.yaml:5:5: `record` is for `format: xml` only\n\
             x.yaml:6:16: a delimiter is one ASCII character other than a quote or a line end, such as `;` or \"\\t\"\n\
             x.yaml:7:15: `latin-99` is not a character encoding: expected such as utf-8 or windows-1252\n\
             x.yaml:8:12: `a/*.csv` is not a pattern of file names: expected such as orders-*.csv\n\
             x.yaml:9:21: the column `a` is given twice\n\
             x.yaml:10:17: there is no column `d`; the feed has a, b, a; did you mean `a`?\n\
             x.yaml:11:5: `identical_rows` is for rows without an id, and there is a `row_id`\n\
             x.yaml:12:18: a row without an identifier is nobody's: expected at least one",
        ),
        (
            "    format: xml\n    columns: [a]\n    identifiers: { email: e }\n",
            "x.yaml:4:5: `record` is missing: XML needs the path of the element that is one record, such as /orders/order\n\
             x.yaml:5:5: `columns` is for `format: csv` only\n\
             x.yaml:6:27: there is no column `e`; the feed has a; did you mean `a`?",
        ),
        (
            "    format: xml\n    record: orders\n    identifiers: { email: e }\n    properties: { a: b }\n",
            "x.yaml:5:13: `orders` is not the path of an element: expected such as /orders/order\n\
             x.yaml:7:5: `properties` say what happened, and there is no `event`",
        ),
        (
            "    format: jsonl\n    time: { field: t, format: '%H:%M', time_zone: Mars }\n    identifiers:\n      phone: { field: p, type: phone, country: Nowhere }\n    event: Bought\n    properties:\n      a: { field: a, currency: USD, decimal_comma: true }\n      b: { field: b, type: money, currency: Euros }\n      c: { field: c, type: date, format: '%Q' }\n",
            "x.yaml:5:31: `%H:%M` does not say year, month and day: expected strftime's letters, such as %m/%d/%Y %H:%M\n\
             x.yaml:5:51: `Mars` is not a time zone: expected an IANA name, such as America/Chicago\n\
             x.yaml:7:48: `Nowhere` is not a country: expected an ISO 3166 code of two letters, such as US\n\
             x.yaml:10:22: `currency` is for fields of the type `money` only\n\
             x.yaml:10:37: `decimal_comma` is for fields of the type `money` and `number` only\n\
             x.yaml:11:45: `Euros` is not a currency: expected an ISO 4217 code of three letters, such as USD\n\
             x.yaml:12:42: ",
        ),
        (
            "    format: jsonl\n    identifiers: { email: e }\n    consents:\n      - { channel: fax, topic: ofers }\n      - { channel: email, topic: '*', status: granted, granted: [Y] }\n      - { channel: sms, topic: offers, field: s, status: granted, granted: [Y], withdrawn: [N, Y] }\n",
            "x.yaml:7:9: one of `field` and `status` is missing: what did they agree to?\n\
             x.yaml:7:20: there is no channel `fax`; known: email, letter, phone, sms\n\
             x.yaml:7:32: there is no topic `ofers`; defined: offers, receipts; did you mean `offers`?\n\
             x.yaml:8:56: `granted` says what a `field` means, and there is none\n\
             x.yaml:9:50: one of `field` and `status`: every row says it, or a field does\n\
             x.yaml:9:96: `Y` cannot mean both yes and no",
        ),
    ] {
        let said = said(BASE, &feed(text));
        // The words about a wrong letter are the date library's own.
        let same = if expected.ends_with(": ") { said.starts_with(expected) } else { said == expected };
        assert!(same, "for\n{text}\nexpected\n{expected}\nfound\n{said}");
    }
}

#[test]
fn keys_and_names_are_safe() {
    for (text, expected) in [
        (
            "source: x\nwrite_key: short\nsecret: ''\n",
            "x.yaml:2:12: a write key has at least 16 characters, so that nobody guesses it\nx.yaml:3:9: an empty secret keeps nobody out: leave it out, or give one",
        ),
        (
            "source: x\nwrite_key: 'a key with spaces: no'\n",
            "x.yaml:2:12: a write key is of letters, digits and signs of ASCII other than `:`",
        ),
        (
            "source: x\nwrite_key: 0123456789abcdef\n---\nsource: y\nwrite_key: 0123456789abcdef\n",
            "x.yaml:5:12: the source `x` has the same write key",
        ),
        (
            "source: ../x\n",
            "x.yaml:1:9: `../x` is not a name: expected at most 100 letters a-z, digits, `-`, `_` or `.`, the first a letter or digit",
        ),
    ] {
        expect(text, expected);
    }
}

#[test]
fn identity_and_contracts_make_sense() {
    for (text, expected) in [
        (
            "identity: x\nnamespaces:\n  email: { priority: 1, limit: 0, blocked: ['**'] }\n  phone: { priority: 1, window: 3d }\n  card: { priority: 1, unique: true, household: true, limit: 2 }\n",
            "x.yaml:3:32: a limit of 0 would leave nobody an identifier: expected 1 or more\n\
             x.yaml:3:45: `**` would block every identifier\n\
             x.yaml:4:25: `window` says what a `limit` counts, and there is no `limit`\n\
             x.yaml:5:24: `unique` is a limit of 1, for ever: leave out `limit` and `window`\n\
             x.yaml:5:38: one of `unique` and `household`: what is shared by a household cannot tell people apart",
        ),
        (
            "contract: x\ntraits:\n  a: { type: text, minimum: 1 }\n  b: { type: number, minimum: 3, maximum: 2 }\n  c: { type: integer, enum: [1, two], class: persnal }\n",
            "x.yaml:3:20: `minimum` is for `integer` and `number` only\n\
             x.yaml:4:43: the maximum 2 is less than the minimum 3\n\
             x.yaml:5:33: \"two\" is not of the type that the field has\n\
             x.yaml:5:46: unknown word `persnal`; expected one of personal, sensitive, internal; did you mean `personal`?",
        ),
        (
            "contract: c\nunknown_events: quarantine\nevents: { Bought: {} }\n---\nsource: x\ncontract: c\nfeeds:\n  f: { format: csv, identifiers: { email: e }, event: Bougth }\n",
            "x.yaml:8:55: the contract `c` does not know the event `Bougth`, so every row would go to the quarantine; did you mean `Bought`?",
        ),
    ] {
        expect(text, expected);
    }
}

#[test]
fn a_key_that_signs_mail_says_where_it_is_and_for_whom() {
    let keys = "dkim: [{ selector: a b, key_file: k, key_env: K }, { selector: a }, { selector: a, key_env: K, domain: example }, \
                { selector: a, key_env: K, domain: other.example }]";
    let base = BASE.replace("postal_address: 1 Quay }", &format!("postal_address: 1 Quay,\n  {keys} }}"));
    assert_eq!(
        said(&base, ""),
        "base.yaml:7:22: `a b` is no selector: expected letters, digits, `-` and `.`, such as crowsnest-2026\n\
         base.yaml:7:40: one of `key_file` and `key_env`\n\
         base.yaml:7:54: where the private key is: `key_file` or `key_env` is missing\n\
         base.yaml:7:106: `example` is no domain; one with other letters is written as `xn--…`"
    );
    let base = BASE.replace("1 Quay }", "1 Quay, dkim: { selector: a, key_env: K, domain: other.example } }");
    assert_eq!(
        said(&base, ""),
        "warning: base.yaml:6:97: mail is from acme.example, for which a signature of other.example does not count (DMARC); \
         leave `domain` out: acme.example signs"
    );
    let base = BASE.replace("a@acme.example", "a@mail.acme.example");
    let base = base.replace("1 Quay }", "1 Quay, dkim: { selector: a, key_env: K, domain: Acme.example } }");
    assert_eq!(said(&base, ""), "");
}

#[test]
fn tracking_says_what_and_where_to() {
    let with = |track: &str| said(&BASE.replace("1 Quay }", &format!("1 Quay, track: {track} }}")), "");
    assert_eq!(with("{ opens: true, clicks: true, domains: [acme.example] }"), "");
    assert_eq!(
        with("{}"),
        "warning: base.yaml:6:63: nothing is tracked: expected `opens: true`, `clicks: true` or both; leave `track` out"
    );
    assert_eq!(
        with("{ clicks: true, domains: ['https://acme.example', localhost] }"),
        "base.yaml:6:89: `https://acme.example` is no domain: expected such as acme.example; one with other letters is written as `xn--…`\n\
         base.yaml:6:113: `localhost` is no domain: expected such as acme.example; one with other letters is written as `xn--…`"
    );
    assert_eq!(
        with("{ opens: true, domains: [acme.example] }"),
        "base.yaml:6:88: `domains` says which links are tracked: it needs `clicks: true`"
    );
}

#[test]
fn limits_of_sending() {
    let base = |limits: &str| BASE.replace("1 Quay }", &format!("1 Quay, limits: {{ {limits} }} }}"));
    assert_eq!(said(&base("complaints: { warn: 0.05%, stop: 0.1% }, over: 1d, at_least: 100"), ""), "");
    let wrong = said(&base("bounces: { warn: 5%, stop: 2% }, over: 100d, at_least: 0"), "");
    for expected in [
        "5% is more than 2%, which stops: nobody would be warned",
        "`14w 2d`: expected from 1h to 90d",
        "expected 1 or more, such as 1000",
    ] {
        assert!(wrong.contains(expected), "{wrong}");
    }
}

#[test]
fn where_mail_comes_back_is_a_domain_of_its_own() {
    let base =
        |domain: &str| BASE.replace("1 Quay }", &format!("1 Quay, returns: {{ domain: {domain} }} }}"));
    assert_eq!(said(&base("returns.acme.example"), ""), "");
    let wrong = said(&base("returns"), "");
    assert!(
        wrong.ends_with("`returns` is no domain; one with other letters is written as `xn--…`"),
        "{wrong}"
    );
    let taken = said(&base("Acme.example"), "");
    assert!(
        taken.starts_with("warning: ")
            && taken.ends_with("give it a domain of its own, such as returns.Acme.example"),
        "{taken}"
    );
}

#[test]
fn what_is_probably_not_meant_is_a_warning() {
    for (text, expected) in [
        (
            "program: x\ntrigger: { event: A, ttl: 1h }\nsteps:\n  - wait: 30m\n  - wait: 45m\n  - send: { channel: email, template: hello, topic: offers }\n",
            "warning: x.yaml:5:11: the trigger's `ttl` of 1h is over after this wait, so nothing more is done; give the trigger a longer `ttl`",
        ),
        (
            "contract: c\nevents: { Cart Updated: {} }\n---\nprogram: x\ntrigger: { event: Cart Updatd }\nsteps: [{ wait: 30m }]\n",
            "warning: x.yaml:5:19: no contract and no feed knows the event `Cart Updatd`; did you mean `Cart Updated`?",
        ),
        (
            "identity: x\nnamespaces: { account: { priority: 1 } }\n---\nbroadcast: x\naudience: has(profile.a)\none_per: household\nsend: { channel: email, template: hello, topic: offers }\n",
            "warning: x.yaml:6:10: one per household, but no namespace of identifiers is shared by a household, so everybody gets one; set `household: true` in the `identity:` document, or `one_per: person` here",
        ),
    ] {
        expect(text, expected);
    }
    // Households are found, too, by what people say.
    let found = "identity: x\nnamespaces: { account: { priority: 1 } }\nmatching: {}\n---\nbroadcast: x\naudience: has(profile.a)\none_per: household\nsend: { channel: email, template: hello, topic: offers }\n";
    expect(found, "");
    let no_address = BASE.replace(", postal_address: 1 Quay", "");
    let send = |topic: &str| {
        format!(
            "broadcast: x\naudience: has(profile.a)\nsend: {{ channel: email, template: hello, topic: {topic} }}\n"
        )
    };
    assert!(said(&no_address, &send("offers")).contains("needs a postal address"));
    assert_eq!(said(&no_address, &send("receipts")), "");
}

#[test]
fn a_contact_policy_is_checked_with_places_and_cures() {
    let program = "program: cart\ntrigger: { event: A }\nsteps: [{ wait: 1h }]\n---\n";
    for (text, expected) in [
        (
            "policy: contact\ncaps: [{ per: 7d }, { max: -1, per: 7d }, { max: 1, per: week }]\n",
            "x.yaml:2:8: `max` is missing\n\
             x.yaml:2:28: expected a whole number that is not negative, found the number -1\n\
             x.yaml:2:58: `week` is not a duration: expected a number with a unit (ms, s, m, h, d, w), such as 45m, 6h or 1h 30m",
        ),
        (
            "policy: contact\ncaps: [{ max: 0, per: 0d, channel: emial, topic: receipts, when_capped: postpone }]\n",
            "x.yaml:2:23: `0ms` is too short: expected more than nothing, such as 15m\n\
             x.yaml:2:36: there is no channel `emial`; known: email, letter, phone, sms; did you mean `email`?\n\
             x.yaml:2:50: `receipts` is a service topic, and service messages are exempt from the contact policy\n\
             x.yaml:2:60: a cap of 0 never has room, so nothing can wait for it: leave out `when_capped`",
        ),
        (
            "identity: x\nnamespaces: { account: { priority: 1 } }\n---\npolicy: contact\ncaps: [{ max: 1, per: 1d, of: household }]\n",
            "warning: x.yaml:5:31: a cap for households, but no namespace of identifiers is shared by a household, so everybody is counted alone; set `household: true` in the `identity:` document, or `of: person` here",
        ),
        (
            "policy: contact\nquiet_hours: [{ from: \"21:00\", to: \"25:00\" }, { from: \"08:00\", to: \"08:00\" }, { from: \"20:00\", to: \"00:00\", days: [sun] }]\n",
            "x.yaml:2:36: `25:00` is not a time of the day: expected hours and minutes from 00:00 to 24:00 in quotes, such as \"21:00\"\n\
             x.yaml:2:116: unknown word `sun`; expected one of monday, tuesday, wednesday, thursday, friday, saturday, sunday",
        ),
        (
            "policy: contact\nquiet_hours: [{ from: \"08:00\", to: \"08:00\" }, { from: \"20:00\", to: \"00:00\" }, { from: \"24:00\", to: \"08:00\", channels: [sms, sms] }]\n",
            "x.yaml:2:36: `from` and `to` are the same: for a whole day, say from 00:00 to 24:00\n\
             x.yaml:2:68: nothing is over at 00:00: the day before is over at 24:00\n\
             x.yaml:2:87: nothing begins at 24:00: the next day begins at 00:00\n\
             x.yaml:2:125: `sms` is named twice",
        ),
        (
            &format!(
                "{program}policy: contact\napart: [{{ programs: [cart], within: 7d }}]\npriorities: [crat, cart, cart]\n"
            ),
            "x.yaml:6:21: to be kept apart takes two: expected at least two programs or broadcasts\n\
             x.yaml:7:14: there is no program or broadcast `crat`; defined: cart; did you mean `cart`?\n\
             x.yaml:7:26: `cart` is named twice",
        ),
        (
            "policy: contact\none_offer_at_a_time: { topics: [], within: 3d }\n",
            "x.yaml:2:32: without a topic nothing is an offer: expected at least one",
        ),
        (
            "policy: contact\n---\npolicy: more\n",
            "x.yaml:3:9: a workspace has only one `policy:`, and it is at x.yaml:1",
        ),
        ("policy: contact\ncaps: [{ max: 0, per: 1d, channel: sms }]\n", ""),
    ] {
        expect(text, expected);
    }
}

#[test]
fn hostile_files_are_problems_and_not_crashes() {
    let nested = format!("topic: {}", "{a: ".repeat(10_000));
    let lists =
        format!("topic: x\ntitle:\n{}", (1..5_000).map(|n| " ".repeat(n) + "-\n").collect::<String>());
    let mut bomb = String::from("topic: x\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for n in 1..12 {
        bomb += &format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(", "));
    }
    let many =
        format!("topic: x\ntitle: X\n{}", (0..5_000).map(|n| format!("k{n}: 1\n")).collect::<String>());
    for text in [
        &nested,
        &lists,
        &bomb,
        &many,
        "\u{0}",
        "topic: \u{7}\n",
        "%YAML 9.9\n---\na",
        "topic: x\n...\ntopic: y\n",
        "? [a]\n: b\n",
    ] {
        let problems = check(&files(BASE, text)).expect_err(&text.chars().take(40).collect::<String>());
        assert!(problems.len() <= 101, "{}", problems.len());
        assert!(problems.iter().all(|problem| problem.message.len() < 1_000 && problem.path == "x.yaml"));
    }
    let last = said(BASE, &many);
    assert!(last.starts_with("x.yaml:1:1: more than 100 mistakes in this document; correct the first ones"));
}

#[test]
fn one_letter_left_out_anywhere_in_the_example_is_never_a_crash() {
    let files = harbor_motors();
    for (index, file) in files.iter().enumerate() {
        for at in file.text.char_indices().map(|(at, _)| at).step_by(71) {
            let mut changed = files.clone();
            changed[index].text.remove(at);
            if let Err(problems) = check(&changed) {
                assert!(problems.iter().all(|p| p.line > 0 && p.column > 0 && !p.message.is_empty()));
            }
        }
    }
}

/// A source whose feed begins with these lines, on the fifth line.
fn items(text: &str) -> String {
    const CARS: &str = "---\ncatalogue: cars\nfields:\n  title: { type: text }\n  price: { type: number, required: true }\n  key2: { type: text }\n";
    format!("source: x\nfeeds:\n  f:\n    format: csv\n{text}{CARS}")
}

#[test]
fn rows_are_events_or_items() {
    for (text, expected) in [
        (
            "    catalogue: cars\n    item: No\n    complete: true\n    fields: { price: { field: p, type: money } }\n",
            "",
        ),
        (
            "    catalogue: card\n    item: No\n    event: Sold\n    fields: { prise: p }\n",
            "x.yaml:5:16: there is no catalogue `card`; defined: cars; did you mean `cars`?\n\
             x.yaml:7:5: `event` is about events, and the rows of this feed are items of a catalogue",
        ),
        (
            "    catalogue: cars\n    fields: { prise: p, title: { field: t, type: boolean } }\n",
            "x.yaml:4:5: `item` is missing: which field is the key of an item?\n\
             x.yaml:6:13: the catalogue `cars` requires `price`, so every row would go to the quarantine: say which field it is\n\
             x.yaml:6:15: the catalogue `cars` has no field `prise`; it has key2, price, title; did you mean `price`?\n\
             x.yaml:6:32: `title` is not of the type that it has in the catalogue `cars`",
        ),
        (
            "    identifiers: { user_id: u }\n    complete: true\n    item: No\n",
            "x.yaml:6:5: `complete` belongs to a feed of a `catalogue`\n\
             x.yaml:7:5: `item` belongs to a feed of a `catalogue`",
        ),
        ("    event: Sold\n", "x.yaml:4:5: a row without an identifier is nobody's: expected at least one"),
        (
            "    columns: [No, p]\n    catalogue: cars\n    item: Nr\n    fields: { price: { field: p, type: number } }\n",
            "x.yaml:7:11: there is no column `Nr`; the feed has No, p; did you mean `No`?",
        ),
    ] {
        expect(&items(text), expected);
    }
    let list = "  NAME:\n    format: csv\n    catalogue: cars\n    item: No\n    complete: true\n    fields: { price: { field: p, type: money } }\n";
    let two = format!(
        "source: x\nfeeds:\n{}{}---\ncatalogue: cars\nfields: {{ price: {{ type: number }} }}\n",
        list.replace("NAME", "f"),
        list.replace("NAME", "g")
    );
    let gone = |other: &str| {
        format!(
            "the feed `{other}` of the source `x` lists all items of `cars` too: what one does not have would be gone with it"
        )
    };
    expect(&two, &format!("x.yaml:7:15: {}\nx.yaml:13:15: {}", gone("g"), gone("f")));
}

#[test]
fn what_is_known_of_items() {
    expect(
        "catalogue: cars\nfields:\n  key: { type: text }\n  price: { type: text, minimum: 3 }\n",
        "x.yaml:3:3: every item has `key` of itself: give the field another name\n\
         x.yaml:4:24: `minimum` is for `integer` and `number` only",
    );
    expect(
        "catalogue: cars\nfields: {}\n",
        "x.yaml:2:9: nothing is known of an item: expected at least one field",
    );
}

#[test]
fn the_values_of_a_dimension_are_segments() {
    let workspace = |dimensions: &str| {
        let base = BASE.replace("currency: USD\n", &format!("currency: USD\ndimensions:\n{dimensions}"));
        said(&base, "segment: vip\nwhen: profile.tier == 'gold'\n")
    };
    for (dimensions, expected) in [
        ("  tier: { title: Tier, segments: [vip] }\n", ""),
        (
            "  tier: { title: Tier, segments: [vpi, vip, vip] }\n",
            "base.yaml:7:35: there is no segment `vpi`; defined: vip; did you mean `vip`?\n\
             base.yaml:7:45: the segment `vip` is named twice",
        ),
        (
            "  tier: { title: '', segments: [] }\n",
            "base.yaml:7:18: expected text, found an empty one\n\
             base.yaml:7:32: the values of a dimension are segments: expected at least one",
        ),
        (
            "  source: { title: Source, segments: [vip] }\n",
            "base.yaml:7:3: there are dimensions source, brand, channel, reach, segments already: expected another name",
        ),
        (
            "  tier: { titel: Tier, segments: [vip] }\n",
            "base.yaml:7:11: unknown word `titel`; expected one of title, segments; did you mean `title`?",
        ),
    ] {
        assert_eq!(workspace(dimensions), expected, "for\n{dimensions}");
    }
}

#[test]
fn budgets_are_in_the_currency_of_what_they_pay() {
    let base = "workspace: y\ntitle: Y\ncountry: US\ntime_zone: UTC\ncurrency: USD\nemail: { from: a@b.example, postal_address: 1 Quay, cost: 0.001 USD }\nbudgets:\n";
    let problems = |budget: &str| {
        let text = format!("{base}  - {{ name: mail, per: day, {budget} }}\n");
        let files = [crowsnest_workspace::SourceFile { path: "x.yaml".into(), text }];
        match crowsnest_workspace::check(&files) {
            Ok(checked) => checked.warnings,
            Err(problems) => problems,
        }
        .into_iter()
        .map(|problem| problem.to_string())
        .collect::<String>()
    };
    assert_eq!(problems("max: 5 USD"), "");
    for (budget, expected) in [
        (
            "max: 5 EUR",
            "messages cost 0.001 USD, which cannot be counted against 5.00 EUR: expected an amount in USD",
        ),
        ("max: 5", "expected an amount such as 500 USD or 0.0008 USD"),
        ("max: -5 USD", "`-5 USD` is not an amount"),
        ("max: 5 USD, channel: sms", "nothing is counted: it is not said what messages by sms cost"),
        ("max: 5 USD, channel: pigeon", "there is no channel `pigeon`"),
        ("max: 5 USD, program: spring", "there is no program or broadcast `spring`; none is defined"),
        ("max: 5 USD, topic: offers", "there is no topic `offers`"),
        ("max: 5 USD, warn: 80%, webhook: ops", "there is no webhook `ops`"),
        ("max: 5 USD, webhook: ops", "nothing is said about when it is told: expected `warn`, such as 80%"),
    ] {
        assert!(problems(budget).contains(expected), "{budget}: {}", problems(budget));
    }
}

#[test]
fn letters_say_what_they_need() {
    let letters = |about: &str| BASE.replace("---\ntopic: offers", &format!("{about}---\ntopic: offers"));
    let send = "broadcast: x\naudience: has(profile.a)\nsend: { channel: letter, template: t, topic: offers }\n---\ntemplate: t\nchannel: letter\ntext: Hi\n";
    assert_eq!(said(&letters("letters: { from: Acme }\n"), send), "");
    expect(
        send,
        "x.yaml:3:18: letters need a sender: the `workspace:` document has no `letters: { from: … }`",
    );
    let wrong = "letters:\n  from: ' '\n  consent: maybe\n";
    assert_eq!(
        said(&letters(wrong), ""),
        "base.yaml:9:12: unknown word `maybe`; expected one of asked, unless_withdrawn"
    );
    let wrong = "letters:\n  from: ' '\n  address: { city: '', name: [] }\n  print: { at: \"24:00\", days: [monday, monday] }\n";
    assert_eq!(
        said(&letters(wrong), ""),
        "base.yaml:8:9: expected text, found an empty one\n\
         base.yaml:9:20: expected text, found an empty one\n\
         base.yaml:9:30: a letter goes to somebody by name: expected at least one trait\n\
         base.yaml:10:16: nothing begins at 24:00: the next day begins at 00:00\n\
         base.yaml:10:40: Monday is named twice"
    );
}

#[test]
fn a_feed_of_what_came_back_names_its_words() {
    let feed =
        |about: &str| format!("source: post\nfeeds:\n  f:\n    format: csv\n    columns: [a, b]\n{about}");
    expect(&feed("    feedback: { delivery: a, what: { field: b, replied: [y] } }\n"), "");
    expect(
        &feed("    event: Back\n    feedback: { delivery: a, what: { field: b, replied: [y, Y] } }\n"),
        "x.yaml:6:5: `event` is about events, and the rows of this feed say what came back on messages (`feedback`)\n\
         x.yaml:7:36: `Y` is listed twice",
    );
    expect(
        &feed("    feedback: { delivery: a, what: { field: b } }\n"),
        "x.yaml:6:36: which words say what came back: expected `bounced_for_good`, `bounced_for_now`, `complained` or `replied`, each with its words",
    );
}

#[test]
fn who_is_asked_to_call_is_a_team_that_has_room() {
    let base = |teams: &str| BASE.replacen("currency: USD\n", &format!("currency: USD\n{teams}"), 1);
    let program = |task: &str| format!("program: x\ntrigger: {{ event: A }}\nsteps:\n  - task: {task}\n");
    let sales = "teams: { sales: { title: Sales, capacity: 40 } }\n";
    for (teams, task, expected) in [
        ("", "{ title: Wash it, team: anybody }", ""),
        (sales, "{ title: Call, team: sales, call: { topic: offers }, priority: 1, ttl: 3d }", ""),
        (
            "",
            "{ title: Call, team: sales, call: { topic: offers } }",
            "x.yaml:4:32: a call needs a team with its capacity, and the `workspace:` document has no `teams:`; write `teams: { sales: { title: …, capacity: 40 } }` there",
        ),
        (
            sales,
            "{ title: Wash it, team: sale }",
            "x.yaml:4:35: there is no team `sale`; known: sales; did you mean `sales`?",
        ),
        (
            sales,
            "{ title: Call, team: sales, call: { topic: ofers, tries: 0 }, priority: 10 }",
            "x.yaml:4:54: there is no topic `ofers`; defined: offers, receipts; did you mean `offers`?\n\
             x.yaml:4:68: a call is tried once at least, and at most 20 times\n\
             x.yaml:4:83: 10 is no priority: expected 1, which comes first, to 9",
        ),
    ] {
        assert_eq!(said(&base(teams), &program(task)), expected, "for {task}");
    }
    let teams = "teams: { a: { title: A, capacity: 0, days: [], from: \"17:00\", to: \"09:00\", time_zone: Here, outcomes: [reached] } }\n";
    assert_eq!(
        said(&base(teams), ""),
        "base.yaml:6:13: a working day ends after it begins: it is from 17:00 to 09:00\n\
         base.yaml:6:35: nothing would ever be on its list: expected at least 1\n\
         base.yaml:6:44: it works on some day: expected at least one, such as [monday]\n\
         base.yaml:6:87: `Here` is not a time zone: expected an IANA name, such as America/Chicago\n\
         base.yaml:6:104: every team has the outcomes reached, no-answer, wrong-number, do-not-call: expected another word, once"
    );
}
