//! People who are alike, through the public surface: found by themselves, put before people, decided.

use crate::world::{CROWSNEST, SMALL, WEB, failed, fine, folder, settled};
use crowsnest_testkit::{Request, RunningServer, ServerBuilder, wait::until};
use serde_json::{Value, json};

const MATCHING: (&str, &str) = ("identity.yaml", "identity: people\nmatching: {}\n");

fn person(message: usize, user: &str, traits: &Value) -> Value {
    json!({ "type": "identify", "messageId": message.to_string(), "userId": user, "traits": traits })
}

/// A town, in which Ann has two accounts and Bob is her husband.
fn town(server: &RunningServer) {
    let forenames =
        ["Maria", "James", "Olga", "Peter", "Ines", "Tom", "Greta", "Hugo", "Nora", "Ivan", "Lena"];
    let surnames = ["Miller", "Okafor", "Schmidt", "Rossi", "Dubois", "Novak", "Larsen", "Moreau", "Silva"];
    let mut events: Vec<Value> = (0..60)
        .map(|i| {
            let traits = json!({
                "first_name": forenames[i * 7 % forenames.len()], "last_name": surnames[i * 5 % surnames.len()],
                "birthday": format!("19{:02}-{:02}-{:02}", 40 + i * 13 % 60, 1 + i * 5 % 12, 1 + i * 11 % 28),
                "phone": format!("+1312555{:04}", 1000 + i * 37),
                "address": { "street": format!("{} Mill Road", 1 + i * 17 % 90), "postal_code": format!("606{:02}", i % 60) },
            });
            person(i, &format!("u-{i}"), &traits)
        })
        .collect();
    let address = json!({ "street": "12 Elm Street", "postal_code": "60601" });
    let ann =
        json!({ "first_name": "Ann", "last_name": "Carter", "birthday": "1980-07-04", "address": address });
    let bob =
        json!({ "first_name": "Bob", "last_name": "Carter", "birthday": "1978-01-19", "address": address });
    let anne = json!({ "name": "Anne Carter", "birthday": "1980-07-04", "email": "anne@lakemail.org",
                       "address": { "street": "12 Elm St", "postal_code": "60601" } });
    events.push(person(100, "ann", &ann));
    events.push(person(101, "ann-again", &ann));
    events.push(person(102, "bob", &bob));
    // The web form knows no user id: only her mailbox.
    events.push(json!({ "type": "identify", "messageId": "103", "anonymousId": "b-1", "traits": anne }));
    server.api().collect("batch", WEB, &json!({ "batch": events }));
    settled(server.api());
}

/// Waits until everybody has been compared.
fn compared(server: &RunningServer) -> Value {
    until("everybody is compared", || {
        let standing = server.api().get("/api/v1/identity/matching");
        (standing["state"] == "live" && standing["waiting"] == 0).then_some(standing)
    })
}

#[test]
fn with_whom_somebody_lives_is_told() {
    let workspace = folder(&[&SMALL[..], &[MATCHING]].concat());
    let server = ServerBuilder::new(CROWSNEST).workspace(workspace.path()).start();
    town(&server);
    compared(&server);
    let bob = id(&server, "user_id", "bob");
    let household = server.api().get(&format!("/api/v1/profiles/{bob}/household"));
    let members = household["members"].as_array().unwrap();
    let mut who: Vec<&str> = members.iter().map(|member| member["profile"].as_str().unwrap()).collect();
    let mut expected =
        [bob.clone(), id(&server, "user_id", "ann"), id(&server, "user_id", "ann-again")].to_vec();
    who.sort_unstable();
    expected.sort_unstable();
    assert_eq!(who, expected);
    let himself = members.iter().find(|member| member["profile"] == bob.as_str()).unwrap();
    assert_eq!(
        (&himself["role"], &himself["by"]),
        (&json!("adult"), &json!(["same address, same surname and place"]))
    );
    let shown = fine(server.command(&["household", "user_id=bob"]));
    assert!(shown.contains(household["id"].as_str().unwrap()) && shown.contains("of 3."), "{shown}");
    assert!(shown.contains("user_id=bob") && shown.contains("same address"), "{shown}");
    let told: Value = serde_json::from_str(&fine(server.command(&["household", &bob, "--json"]))).unwrap();
    assert_eq!(told, household);
    // He moves out: both say until when he lived there.
    let address = json!({ "address": { "street": "77 Lake Road", "postal_code": "60699" } });
    server.api().collect("batch", WEB, &json!({ "batch": [person(104, "bob", &address)] }));
    let alone = until("he lives alone", || {
        let household = server.api().get(&format!("/api/v1/profiles/{bob}/household"));
        household["id"].is_null().then_some(household)
    });
    assert_eq!(alone["earlier"][0]["id"], household["id"]);
    let shown = fine(server.command(&["household", "user_id=bob"]));
    assert!(
        shown.contains("was not found to live with anybody") && shown.contains("earlier home"),
        "{shown}"
    );
    let left = fine(server.command(&["household", "user_id=ann"]));
    assert!(left.contains("lived there") && left.contains(&bob), "{left}");
    failed(server.command(&["household", "user_id=nobody"]), 3);
}

fn id(server: &RunningServer, namespace: &str, value: &str) -> String {
    server.api().find(namespace, value).unwrap()["id"].as_str().unwrap().to_owned()
}

#[test]
fn people_who_are_alike_are_found_and_what_is_in_doubt_is_decided_by_people() {
    let workspace = folder(&[&SMALL[..], &[MATCHING]].concat());
    let mut server = ServerBuilder::new(CROWSNEST).workspace(workspace.path()).start();
    town(&server);
    let standing = compared(&server);
    assert_eq!(standing["open_questions"], 1, "{standing}");
    assert!(fine(server.command(&["identity", "standing"])).contains("whoever changes is compared at once"));

    // Nobody named her mailbox and an account together; she is one of the two accounts' person all the same.
    let ann = id(&server, "email", "anne@lakemail.org");
    let accounts = [id(&server, "user_id", "ann"), id(&server, "user_id", "ann-again")];
    assert!(accounts.contains(&ann), "{ann} {accounts:?}");
    assert_ne!(accounts[0], accounts[1], "two user ids are two people, until somebody says otherwise");
    assert_ne!(id(&server, "user_id", "bob"), ann);
    let why = fine(server.command(&["profile", "email=anne@lakemail.org", "--why"]));
    assert!(why.contains("alike, ") && why.contains("with a certainty of 9"), "{why}");

    // Whether the other account is hers, too, is asked, side by side.
    let list: Value = serde_json::from_str(&fine(server.command(&["identity", "review", "--json"]))).unwrap();
    let question = list[0]["id"].as_str().unwrap();
    let listed = fine(server.command(&["identity", "review"]));
    assert!(listed.contains(question) && listed.contains("values of user_id"), "{listed}");
    let shown = fine(server.command(&["identity", "review", question]));
    for words in ["birth date", "before all", "score", "What stands against it", "12 Elm Street"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let bits: f64 =
        list[0]["evidence"].as_array().unwrap().iter().map(|line| line["bits"].as_f64().unwrap()).sum();
    assert!((bits - list[0]["bits"].as_f64().unwrap()).abs() < 0.01, "the lines add up: {list}");

    let later = fine(server.command(&["identity", "decide", question, "later"]));
    assert!(later.contains("put off"), "{later}");
    assert!(fine(server.command(&["identity", "review"])).contains("Nobody is in doubt"));
    assert!(fine(server.command(&["identity", "review", "--put-off"])).contains(question));
    let same =
        fine(server.command(&["identity", "decide", question, "same", "--reason", "she has two accounts"]));
    assert!(same.contains("one person from now on"), "{same}");
    assert_eq!(id(&server, "user_id", "ann"), id(&server, "user_id", "ann-again"));
    let gone = failed(server.command(&["identity", "decide", question, "same"]), 3);
    assert!(gone.contains("there is no open question"), "{gone}");
    let decisions: Value =
        serde_json::from_str(&fine(server.command(&["identity", "decisions", "--json"]))).unwrap();
    let by: Vec<&str> = decisions.as_array().unwrap().iter().map(|one| one["by"].as_str().unwrap()).collect();
    assert_eq!(by, ["people", "likeness"], "the latest first: {decisions}");

    // What is wrong with a request is said like everywhere.
    let odd = Request::post(format!("/api/v1/identity/questions/{question}"), r#"{"answer":"perhaps"}"#)
        .header("content-type", "application/json");
    let refused = server.api().ask(odd).json();
    assert_eq!(refused["code"], "invalid-body", "{refused}");

    // A restart reads the same people by the same model.
    let model = compared(&server)["model"].clone();
    server.kill();
    server.restart();
    assert_eq!(compared(&server)["model"], model);
    let linked = fine(server.command(&["identity", "link"]));
    assert!(linked.contains("0 were made one with somebody else; 0 questions are in the review"), "{linked}");
}

#[test]
fn what_matching_would_come_to_is_said_before_it_is_switched_on() {
    let workspace = folder(&SMALL);
    let server = ServerBuilder::new(CROWSNEST).workspace(workspace.path()).start();
    town(&server);
    let people = server.api().get("/api/v1/stats")["people"].clone();
    let shown = fine(server.command(&["identity", "link", "--preview"]));
    assert!(shown.contains("2 are alike enough to be one with somebody else"), "{shown}");
    assert!(shown.contains("This is a preview; nothing was changed"), "{shown}");
    assert_eq!(server.api().get("/api/v1/stats")["people"], people);
    let refused = failed(server.command(&["identity", "link"]), 4);
    assert!(refused.contains("add `matching: {}` to the `identity:` document"), "{refused}");
    assert!(fine(server.command(&["identity", "standing"])).contains("by identifiers alone"));
    let mixed = failed(server.command(&["identity", "link", "--save-model", "m.json"]), 1);
    assert!(mixed.contains("name the files that are to be linked"), "{mixed}");
}

#[test]
fn a_couple_with_one_mailbox_are_two_people() {
    let workspace = folder(&[&SMALL[..], &[MATCHING]].concat());
    let server = ServerBuilder::new(CROWSNEST).workspace(workspace.path()).start();
    let mailed = |message: usize, forename: &str| {
        json!({ "type": "identify", "messageId": message.to_string(), "anonymousId": format!("browser-{message}"),
                "traits": { "email": "carters@mail.example", "firstName": forename } })
    };
    for batch in [json!([mailed(1, "Ann"), mailed(2, "Bob")]), json!([mailed(3, "Bob"), mailed(4, "Ann")])] {
        server.api().collect("batch", WEB, &json!({ "batch": batch }));
    }
    settled(server.api());
    let (ann, bob) = (id(&server, "anonymous_id", "browser-1"), id(&server, "anonymous_id", "browser-2"));
    assert_ne!(ann, bob);
    assert_eq!(id(&server, "anonymous_id", "browser-3"), bob);
    assert_eq!(id(&server, "anonymous_id", "browser-4"), ann);
    assert_eq!(id(&server, "email", "carters@mail.example"), ann, "whoever had it first has it");
    let shown = server.api().get(&format!("/api/v1/profiles/{bob}"));
    assert_eq!(shown["shared"][0]["value"], "carters@mail.example");
    assert_eq!(shown["shared"][0]["shared_with"], json!([ann]));
    let hers = server.api().get(&format!("/api/v1/profiles/{ann}"));
    let mailbox =
        hers["identifiers"].as_array().unwrap().iter().find(|link| link["namespace"] == "email").unwrap();
    assert_eq!(mailbox["shared_with"], json!([bob]));
    let why = fine(server.command(&["profile", "anonymous_id=browser-2", "--why"]));
    assert!(why.contains("their forename is Bob and not Ann"), "{why}");
    let shown = fine(server.command(&["profile", "anonymous_id=browser-2"]));
    assert!(shown.contains("shared") && shown.contains(&ann), "{shown}");
}
