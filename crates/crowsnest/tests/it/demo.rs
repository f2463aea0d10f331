//! The example, played from its own feeds, against what its generator says must come out.

use crate::{
    example_pages::{blocks, follow},
    world::{CROWSNEST, example, failed, fine, mailed, repository},
};
use crowsnest_testkit::{RunningServer, ServerBuilder, TOKEN, run};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

fn expected() -> Value {
    serde_json::from_str(&fs::read_to_string(example().join("sample/expected.json")).unwrap()).unwrap()
}

/// The command plays; then a server on the same data answers what we ask.
fn played() -> (tempfile::TempDir, String, RunningServer) {
    let folder = tempfile::TempDir::new().unwrap();
    let data = folder.path().join("data");
    let arguments = ["demo", "--once", "--listen", "127.0.0.1:0", "--workspace"];
    let example = example();
    let mut all: Vec<&str> = arguments.to_vec();
    all.extend([example.to_str().unwrap(), "--data", data.to_str().unwrap()]);
    let told = fine(run(CROWSNEST, &all));
    let server = ServerBuilder::new(CROWSNEST).workspace(example).data(data).start();
    (folder, told, server)
}

/// The house's own addresses, which get a copy of the mailing.
const SEEDS: [&str; 3] =
    ["harbor.check@gmail.example", "harbor.check@outlook.example", "marketing@harbor-motors.example"];

#[test]
fn what_comes_out_is_what_must() {
    let expected = expected();
    let (_folder, told, server) = played();
    let api = server.api();

    // What came in, feed by feed: the table that is printed, and what the server keeps.
    for feed in expected["feeds"].as_array().unwrap() {
        let row = ["source", "file", "records", "accepted", "duplicates", "broken"]
            .map(|name| feed[name].as_str().map_or_else(|| feed[name].to_string(), str::to_owned));
        let printed = told.lines().any(|line| line.split_whitespace().eq(row.iter().map(String::as_str)));
        assert!(printed, "no line says {row:?}:\n{told}");
    }
    let stats = api.get("/api/v1/stats");
    assert_eq!(stats["people"], expected["people"]);
    assert_eq!(stats["quarantined"], expected["broken"]);
    assert_eq!(stats["duplicates"], expected["duplicates"]);
    assert_eq!(stats["events"], expected["accepted"]);
    let catalogues = api.get("/api/v1/catalogues");
    assert_eq!(catalogues[0]["items"], expected["items"], "{catalogues}");
    let waiting = api.pages("/api/v1/quarantine?state=open");
    assert_eq!(json!(waiting.len()), expected["broken"], "each broken row waits");
    assert!(waiting.iter().all(|item| item["reason"].as_str().unwrap().len() > 10), "each says why");

    // People who share an account are one household; everybody else is one for themselves.
    let mut accounts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let together = expected["people"].as_u64().unwrap() - stats["households"].as_u64().unwrap();
    for delivery in api.deliveries("trade-in-offer") {
        let person = api.get(&format!("/api/v1/profiles/{}", delivery["profile"].as_str().unwrap()));
        if let Some(household) = person["household"].as_object() {
            let members =
                household["members"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned());
            accounts.entry(household["id"].as_str().unwrap().to_owned()).or_default().extend(members);
        }
    }
    let shared: Vec<_> = accounts.values().filter(|members| members.len() > 1).collect();
    assert_eq!(json!(shared.len()), expected["households"]["of_two_or_more"]);
    assert_eq!(together, shared.iter().map(|members| members.len() as u64 - 1).sum::<u64>());

    mailing(&server, &expected["broadcast"]);
    reminders(&server, &expected["carts"], &told);
}

#[test]
fn who_is_known_to_whom_is_what_the_feeds_were_made_of() {
    let (_folder, _, server) = played();
    let report = server.api().get("/api/v1/overlap?by=source&money=revenue&top=1000");
    let mut found: Vec<Value> = report["dimensions"][0]["combinations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let mut sources = one["values"].as_array().unwrap().clone();
            sources.sort_by_key(|source| source.as_str().map(str::to_owned));
            let money = one["money"].as_array().unwrap();
            assert_eq!((money.len(), &money[0]["currency"]), (1, &json!("USD")), "{one}");
            json!({ "sources": sources, "people": one["people"], "revenue": money[0]["total"] })
        })
        .collect();
    let mut made = expected()["overlap"].as_array().unwrap().clone();
    for list in [&mut found, &mut made] {
        list.sort_by_key(|one| one["sources"].to_string());
    }
    assert_eq!(found, made);
    let asked = ["overlap", "--by", "source", "--money", "revenue", "--top", "1000", "--json"];
    let mut told: Value = serde_json::from_str(&fine(server.command(&asked))).unwrap();
    told["as_of"] = report["as_of"].clone();
    assert_eq!(told, report, "the command says what the API says");
    for (option, code) in
        [("--by=sorce", 3), ("--segments=vip", 3), ("--money=last-order", 1), ("--top=1001", 1)]
    {
        failed(server.command(&["overlap", option]), code);
    }
    let page = fs::read_to_string(repository().join("docs/guide/overlap.md")).unwrap();
    follow(&server, "overlap", &blocks(&page));
}

/// One mail for each household and address, and a reason for everybody else.
fn mailing(server: &RunningServer, expected: &Value) {
    let deliveries = server.api().deliveries("trade-in-offer");
    let of_state = |state: &str| deliveries.iter().filter(|delivery| delivery["state"] == state).count();
    assert_eq!(json!(of_state("sent")), expected["recipients"]);
    let because = |start: &str| {
        let count = deliveries
            .iter()
            .filter(|delivery| delivery["state"] == "suppressed")
            .filter(|delivery| delivery["reason"].as_str().unwrap().starts_with(start))
            .count();
        json!(count)
    };
    assert_eq!(because("another member of the household gets it"), expected["same_household"]);
    assert_eq!(because("another person with the same address gets it"), expected["same_address"]);
    assert_eq!(json!(deliveries.len()), expected["eligible"], "everybody else has a reason");
    let preview = server.api().get("/api/v1/broadcasts/trade-in-offer/preview");
    let left_out: u64 =
        preview["left_out"].as_array().unwrap().iter().map(|reason| reason[1].as_u64().unwrap()).sum();
    let people = preview["people"].as_u64().unwrap();
    assert_eq!(
        people,
        preview["recipients"].as_u64().unwrap() + left_out,
        "nobody is unaccounted for: {preview}"
    );
}

/// Each cart ends in one way.
fn reminders(server: &RunningServer, expected: &Value, told: &str) {
    let api = server.api();
    let mut runs: BTreeMap<&str, u64> = BTreeMap::new();
    let all = api.pages("/api/v1/programs/abandoned-cart/runs");
    for run in &all {
        *runs.entry(run["state"].as_str().unwrap()).or_default() += 1;
    }
    let count = |state: &str| json!(runs.get(state).copied().unwrap_or(0));
    assert_eq!(json!(all.len()), expected["triggered"], "{runs:?}");
    assert_eq!(count("expired"), expected["expired"], "{runs:?}");
    assert_eq!(count("cancelled"), expected["cancelled"], "{runs:?}");
    let by_phone = all
        .iter()
        .filter(|run| run["state"] == "cancelled" && run["reason"].as_str().unwrap().contains("call-centre"))
        .count();
    assert_eq!(json!(by_phone), expected["cancelled_by_phone_order"]);
    let deliveries = api.deliveries("abandoned-cart");
    let of_state =
        |state: &str| json!(deliveries.iter().filter(|delivery| delivery["state"] == state).count());
    assert_eq!(of_state("sent"), expected["reminded"]);
    assert_eq!(of_state("suppressed"), expected["suppressed"]);
    assert_eq!(of_state("held"), json!(0), "the last feed released what was held");

    // Until that feed came, nothing went out: all that were sent or cancelled by telephone were held first.
    let held = deliveries.iter().filter(|delivery| delivery["reason"].as_str().is_some()).count();
    assert!(held > 0);
    let said =
        told.lines().find(|line| line.contains("of its messages were held")).expect("the demo tells of it");
    let held: u64 = said.split(' ').next().unwrap().parse().unwrap();
    let want =
        ["reminded", "suppressed", "cancelled_by_phone_order"].map(|name| expected[name].as_u64().unwrap());
    assert_eq!(held, want.iter().sum::<u64>(), "{said}");
}

#[test]
fn the_couple_gets_one_mailing_and_everybody_one_mail() {
    let expected = expected();
    let (_folder, _, server) = played();
    let api = server.api();
    let couple = &expected["couple"];
    let people: Vec<Value> = couple["emails"]
        .as_array()
        .unwrap()
        .iter()
        .map(|email| api.find("email", email.as_str().unwrap()).expect("both are known"))
        .collect();
    assert_ne!(people[0]["id"], people[1]["id"], "two people");
    assert_eq!(people[0]["household"]["id"], people[1]["household"]["id"], "one household");
    assert_eq!(people[0]["household"]["accounts"], json!([couple["account"]]));

    let mails = api.pages("/api/v1/mailbox");
    let mut offers: Vec<&str> = mails
        .iter()
        .filter(|mail| mail["subject"].as_str().unwrap().contains("old car"))
        .map(|mail| mail["to"][0].as_str().unwrap())
        .filter(|to| !SEEDS.contains(to))
        .collect();
    offers.sort_unstable();
    let both: Vec<&str> =
        couple["emails"].as_array().unwrap().iter().map(|email| email.as_str().unwrap()).collect();
    let theirs: Vec<&&str> = offers.iter().filter(|to| both.contains(to)).collect();
    assert_eq!(theirs, [&couple["gets_the_mailing"].as_str().unwrap()]);

    // The mailbox has exactly what the deliveries say was sent, each address once for each message.
    let mut sent: Vec<String> = ["trade-in-offer", "abandoned-cart"]
        .iter()
        .flat_map(|program| api.deliveries(program))
        .filter(|delivery| delivery["state"] == "sent")
        .map(|delivery| delivery["to"].as_str().unwrap().to_owned())
        .collect();
    // And what the house's own addresses got.
    sent.extend(SEEDS.map(str::to_owned));
    sent.sort();
    assert_eq!(mailed(api), sent);
    let distinct: BTreeSet<&&str> = offers.iter().collect();
    assert_eq!(distinct.len(), offers.len(), "nobody gets the offer twice");
    assert_eq!(json!(offers.len()), expected["broadcast"]["recipients"]);
    let shared = expected["shared_mailbox"].as_str().unwrap();
    assert_eq!(offers.iter().filter(|to| **to == shared).count(), 1, "two people, one mailbox, one mail");
}

#[test]
fn two_spellings_are_one_and_what_could_go_either_way_is_asked() {
    let expected = expected();
    let (_folder, told, server) = played();
    let api = server.api();
    let both = |pair: &Value| {
        let find = |person: &Value| {
            let (namespace, value) = person.as_str().unwrap().split_once('=').unwrap();
            api.find(namespace, value).expect("they are known")["id"].clone()
        };
        [find(&pair[0]), find(&pair[1])]
    };
    let one = both(&expected["two_spellings"]["one"]);
    assert_eq!(one[0], one[1]);
    let decisions = api.get("/api/v1/identity/decisions");
    assert_eq!(decisions.as_array().unwrap().len(), 1, "nobody else: {decisions}");
    assert_eq!(decisions[0]["by"], "likeness");
    let asked = both(&expected["two_spellings"]["asked"]);
    assert_ne!(asked[0], asked[1]);
    let questions = api.get("/api/v1/identity/questions");
    let questions = questions.as_array().unwrap();
    let about = |question: &&Value| {
        let people = question["people"].as_array().unwrap();
        people.iter().all(|person| asked.contains(&person["profile"]))
    };
    assert_eq!(questions.iter().filter(about).count(), 1, "{questions:?}");
    let said = format!("1 made one with somebody, {} for you to decide", questions.len());
    assert!(told.contains(&said), "{said:?} is not said:\n{told}");
}

#[test]
fn played_again_it_mails_nobody_again() {
    let (folder, _, mut server) = played();
    let counted = |server: &RunningServer| {
        let stats = server.api().get("/api/v1/stats");
        ["events", "quarantined", "quarantine_open"].map(|name| stats[name].clone())
    };
    let (before, mails) = (counted(&server), mailed(server.api()));
    server.kill();
    let (data, example) = (folder.path().join("data"), example());
    let arguments =
        ["demo", "--once", "--listen", "127.0.0.1:0", "--workspace", example.to_str().unwrap(), "--data"];
    let mut all: Vec<&str> = arguments.to_vec();
    all.push(data.to_str().unwrap());
    let told = fine(run(CROWSNEST, &all));
    assert!(told.contains("nobody is mailed twice"), "{told}");
    server.restart();
    assert_eq!(counted(&server), before, "the same files change nothing");
    assert_eq!(mailed(server.api()), mails);
    assert!(server.log().contains("listens at"), "{TOKEN} is no part of it: {}", server.log());
}
