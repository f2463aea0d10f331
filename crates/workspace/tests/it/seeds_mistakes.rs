//! What an engineer reads who has mistyped something about seed lists.

use crate::mistakes::said;

const BASE: &str = "workspace: acme\ntitle: Acme\ncountry: US\ntime_zone: America/Chicago\ncurrency: USD\nemail: { from: a@acme.example, postal_address: 1 Quay }\n---\ntopic: offers\ntitle: Offers\n---\ntopic: receipts\ntitle: Receipts\nservice: true\n---\ntemplate: hi\nchannel: email\nsubject: Hi\nmjml: <mjml><mj-body></mj-body></mjml>\ntext: Hi\n---\nseeds: inbox-check\nentries: [{ name: Ann, email: ann@gmail.example }]\n---\nseeds: decoys\nentries: [{ name: Ann, address: { street: 1 Elm, city: Boston } }]\n";

#[test]
fn a_seed_list_has_entries_with_addresses_of_their_own() {
    for (document, expected) in [
        (
            "seeds: x\ntitle: Here\nentries:\n  - { name: Ann, email: a@b.example, phone: (312) 555-0190, address: { street: 1 Elm, city: Boston }, traits: { first_name: Ann } }\n",
            "",
        ),
        ("seeds: x\nentries: []\n", "x.yaml:2:10: nobody would get a copy: expected at least one entry"),
        (
            "seeds: x\nentries:\n  - { name: Ann }\n  - { name: Ann, email: ann, phone: \"12\" }\n  - { name: ' ', email: b@c.example }\n  - { name: Cy, email: b@c.example, address: { street: '', city: Boston } }\n",
            "x.yaml:3:5: it has no address: expected `email`, `phone` or `address`\n\
             x.yaml:4:13: two entries are called `Ann`: expected another name\n\
             x.yaml:4:25: `ann` is not an e-mail address: there is no @\n\
             x.yaml:4:37: `12` is not a telephone number: expected 6 to 20 digits\n\
             x.yaml:5:13: expected text, found an empty one\n\
             x.yaml:6:24: `b@c.example` is in this list already\n\
             x.yaml:6:56: expected text, found an empty one",
        ),
        (
            "seeds: x\nentries: [{ name: Ann, mail: a@b.example }]\n",
            "x.yaml:2:24: unknown word `mail`; expected one of name, email, phone, address, traits; did you mean `email`?",
        ),
    ] {
        assert_eq!(said(BASE, document), expected, "for\n{document}");
    }
    let many: String = (0..201).map(|n| format!("  - {{ name: N{n}, email: n{n}@b.example }}\n")).collect();
    assert_eq!(
        said(BASE, &format!("seeds: x\nentries:\n{many}")),
        "x.yaml:3:3: a list has at most 200 entries, and this one has 201: customers are a segment and a program"
    );
}

#[test]
fn a_send_names_lists_that_there_are_and_shows_no_secrets() {
    let broadcast = |send: &str| {
        format!(
            "broadcast: x\naudience: \"true\"\none_per: person\nsend: {{ channel: email, template: hi, {send} }}\n"
        )
    };
    let program = |send: &str| {
        format!(
            "program: x\ntrigger: {{ event: A }}\nsteps: [{{ send: {{ channel: email, template: hi, {send} }} }}]\n"
        )
    };
    for (document, expected) in [
        (broadcast("topic: offers, seeds: [inbox-check]"), ""),
        (program("topic: offers, seeds: [inbox-check]"), ""),
        (broadcast("topic: receipts, seeds: [inbox-check]"), ""),
        (
            program("topic: receipts, seeds: [inbox-check]"),
            "x.yaml:3:73: `receipts` is a topic of service messages, and a copy of those would show what is meant for one customer alone, such as a link to a new password: expected no `seeds`",
        ),
        (
            broadcast("topic: offers, seeds: [inbox-chek, inbox-check, inbox-check]"),
            "x.yaml:4:62: there is no seed list `inbox-chek`; defined: decoys, inbox-check; did you mean `inbox-check`?\n\
             x.yaml:4:87: the seed list `inbox-check` is named twice",
        ),
        (
            broadcast("topic: offers, seeds: [decoys]"),
            "warning: x.yaml:4:62: nobody gets a copy: no entry of the seed list `decoys` has an address for `email`",
        ),
    ] {
        assert_eq!(said(BASE, &document), expected, "for\n{document}");
    }
}
