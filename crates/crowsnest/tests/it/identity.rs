//! Who is one person, and who is not, as people of the house decide it.

use crate::world::{CROWSNEST, SMALL, WEB, failed, fine, folder, settled};
use crowsnest_testkit::{RunningServer, ServerBuilder};
use serde_json::{Value, json};

/// Two sisters whom a form took for one.
fn sisters() -> (tempfile::TempDir, RunningServer) {
    let workspace = folder(&SMALL);
    let server = ServerBuilder::new(CROWSNEST).workspace(workspace.path()).start();
    let identify = |id: &str, user: Option<&str>, email: &str, city: &str| {
        json!({ "type": "identify", "messageId": id, "userId": user, "anonymousId": user.map_or("browser-b", |_| "browser-a"),
                "traits": { "email": email, "city": city } })
    };
    for event in [
        identify("1", Some("ann"), "ann@mail.example", "Rome"),
        identify("2", None, "bea@mail.example", "Oslo"),
        identify("3", Some("ann"), "bea@mail.example", "Oslo"),
    ] {
        server.api().collect("batch", WEB, &json!({ "batch": [event] }));
    }
    settled(server.api());
    (workspace, server)
}

fn id(server: &RunningServer, namespace: &str, value: &str) -> String {
    server.api().find(namespace, value).unwrap()["id"].as_str().unwrap().to_owned()
}

#[test]
fn two_who_were_taken_for_one_are_told_apart() {
    let (_workspace, server) = sisters();
    let one = id(&server, "user_id", "ann");
    assert_eq!(id(&server, "email", "bea@mail.example"), one);
    let why = fine(server.command(&["profile", "user_id=ann", "--why"]));
    let merged =
        server.api().get(&format!("/api/v1/profiles/{one}"))["absorbed"][0].as_str().unwrap().to_owned();
    assert!(why.contains(&merged) && why.contains("named together"), "{why}");

    let split =
        ["identity", "split", "user_id=ann", "--merged", &merged, "--reason", "sisters with one tablet"];
    let shown = fine(server.command(&[&split[..], &["--preview"]].concat()));
    assert!(shown.contains("This is a preview; nothing was written"), "{shown}");
    assert!(shown.contains("city: Rome") || shown.contains("city: Oslo"), "{shown}");
    assert_eq!(id(&server, "email", "bea@mail.example"), one, "a preview decides nothing");

    let done = fine(server.command(&split));
    assert!(done.contains("keeps them apart from now on"), "{done}");
    let (ann, bea) = (id(&server, "user_id", "ann"), id(&server, "email", "bea@mail.example"));
    assert_ne!(ann, bea);
    assert!([&ann, &bea].contains(&&merged), "the old id is somebody's again");
    let city =
        |who: &str| server.api().get(&format!("/api/v1/profiles/{who}"))["traits"]["city"]["value"].clone();
    assert_eq!(city(&bea), "Oslo");

    // The same form again does not make them one.
    let again = json!({ "type": "identify", "messageId": "4", "userId": "ann", "traits": { "email": "bea@mail.example" } });
    server.api().collect("batch", WEB, &json!({ "batch": [again] }));
    settled(server.api());
    assert_eq!(id(&server, "email", "bea@mail.example"), bea);
    let decisions: Value =
        serde_json::from_str(&fine(server.command(&["identity", "decisions", "--json"]))).unwrap();
    assert_eq!(decisions.as_array().unwrap().len(), 1);
    assert_eq!(decisions[0]["reason"], "sisters with one tablet");
    assert!(fine(server.command(&["identity", "decisions"])).contains("email=bea@mail.example"));
}

#[test]
fn somebody_says_that_two_are_one() {
    let (_workspace, server) = sisters();
    let other =
        json!({ "type": "identify", "messageId": "9", "userId": "ann-old", "traits": { "city": "Rome" } });
    server.api().collect("batch", WEB, &json!({ "batch": [other] }));
    settled(server.api());
    let (ann, old) = (id(&server, "user_id", "ann"), id(&server, "user_id", "ann-old"));
    assert_ne!(ann, old, "two user ids are never one person by themselves");
    let join = ["identity", "join", "user_id=ann", "user_id=ann-old", "--reason", "she told us"];
    let done = fine(server.command(&join));
    assert!(done.contains(&format!("{ann} is the one person from now on, and {old} leads there")), "{done}");
    assert_eq!(id(&server, "user_id", "ann-old"), ann);
    assert!(failed(server.command(&join), 4).contains("they are one person already"));
    let split = ["identity", "split", "user_id=ann", "--merged", &old, "--reason", "she was mistaken"];
    fine(server.command(&split));
    assert_eq!(id(&server, "user_id", "ann-old"), old);
    let decisions = fine(server.command(&["identity", "decisions"]));
    assert!(decisions.contains("counts no more") && decisions.contains("are not"), "{decisions}");
    assert!(
        fine(server.command(&[&join[..5], &["she was not"]].concat())).contains("which had kept them apart")
    );
}

#[test]
fn what_cannot_be_told_apart_is_refused() {
    let (_workspace, server) = sisters();
    let split = |more: &[&str]| {
        server.command(&[&["identity", "split", "user_id=ann", "--reason", "why not"], more].concat())
    };
    let wrong = failed(split(&["--identifier", "email"]), 1);
    assert!(wrong.contains("write namespace=value"), "{wrong}");
    let stranger = failed(split(&["--identifier", "email=who@mail.example"]), 4);
    assert!(stranger.contains("email=who@mail.example is not prf_"), "{stranger}");
    let neither = failed(split(&[]), 2);
    assert!(neither.contains("--merged"), "{neither}");
    let nobody = server.command(&[
        "identity",
        "split",
        "user_id=nobody",
        "--reason",
        "x",
        "--identifier",
        "email=a@b.example",
    ]);
    failed(nobody, 3);
}

#[test]
fn merges_and_splits_are_read_from_a_cursor() {
    let (_workspace, mut server) = sisters();
    let changes = |server: &RunningServer, more: &[&str]| {
        let printed = fine(server.command(&[&["identity", "changes", "--json"], more].concat()));
        serde_json::from_str::<Vec<Value>>(&printed).unwrap()
    };
    let one = id(&server, "user_id", "ann");
    let merged = changes(&server, &[]);
    assert_eq!(merged.len(), 1);
    assert_eq!((&merged[0]["kind"], &merged[0]["survivor"]), (&json!("merged"), &json!(one)));
    let (other, cursor) = (merged[0]["absorbed"].as_str().unwrap(), merged[0]["cursor"].as_str().unwrap());
    let mut follows = server.started(&["identity", "changes", "--follow", "--json", "--after", cursor]);
    fine(server.command(&["identity", "split", "user_id=ann", "--merged", other, "--reason", "sisters"]));
    let next = changes(&server, &["--after", cursor]);
    assert_eq!(next[0]["kind"], "split");
    assert_eq!(next[0]["reason"], "sisters");
    assert_eq!(changes(&server, &["--limit", "1"]), merged, "what was read is as it was");
    // Whoever follows reads the same, as it comes.
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(follows.stdout.take().unwrap()));
    let mut line = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(line(), next[0]);
    // Also while the server is started anew.
    server.restart();
    fine(server.command(&["identity", "join", "user_id=ann", other, "--reason", "one after all"]));
    assert_eq!(line()["reason"], "one after all");
    follows.kill().unwrap();
    follows.wait().unwrap();
    let table = fine(server.command(&["identity", "changes"]));
    assert!(table.contains("merged") && table.contains("sisters"), "{table}");
    for (cursor, said) in [("x", "is none that was given out"), ("99", "is later than the last change")] {
        let refused = server.command(&["identity", "changes", "--after", cursor]);
        let words = failed(refused, 1);
        assert!(words.contains(said), "{words}");
    }
}

#[test]
fn why_two_are_one_is_told_and_why_not() {
    let (_workspace, server) = sisters();
    let explain = |one: &str, other: &str, more: &[&str]| {
        server.command(&[&["identity", "explain", one, other], more].concat())
    };
    let told = fine(explain("user_id=ann", "email=bea@mail.example", &[]));
    assert!(told.contains("are one person, prf_") && told.contains("turned out to be prf_"), "{told}");
    assert!(told.contains("when web named"), "{told}");
    let printed: Value =
        serde_json::from_str(&fine(explain("user_id=ann", "email=bea@mail.example", &["--json"]))).unwrap();
    let kinds: Vec<&Value> = printed["chain"].as_array().unwrap().iter().map(|step| &step["kind"]).collect();
    assert_eq!(json!(kinds), json!(["link", "merge", "link"]));

    let merged = server.api().get(&format!("/api/v1/profiles/{}", id(&server, "user_id", "ann")))["absorbed"]
        [0]
    .as_str()
    .unwrap()
    .to_owned();
    let split =
        ["identity", "split", "user_id=ann", "--merged", &merged, "--reason", "sisters with one tablet"];
    fine(server.command(&split));
    let told = fine(explain("user_id=ann", "email=bea@mail.example", &[]));
    assert!(told.contains("It was decided that they are not one person: sisters with one tablet."), "{told}");
    assert!(told.contains("were told apart on") && told.contains("keeps them apart"), "{told}");
    let unknown = failed(explain("user_id=ann", "user_id=nobody", &[]), 3);
    assert!(unknown.contains("there is no person with `user_id=nobody`"), "{unknown}");
    let wrong = failed(explain("user_id=ann", "ann", &[]), 1);
    assert!(wrong.contains("is not a profile id"), "{wrong}");
}

const PEOPLE: &str = "\
record_id;vorname;nachname;geburtsdatum;email;telefon;strasse;plz;ort
1;Katharina;Müller;12.03.1984;k.mueller@post.example;0341 5550102;Lindenstr. 5;04109;Leipzig
2;Kathi;Mueller;1984-03-12;;+49 341 5550102;Lindenstraße 5;04109;Leipzig
3;Thomas;Müller;02.11.1981;t.mueller@post.example;0341 5550102;Lindenstr. 5;04109;Leipzig
4;Katharina;Schulze;30.07.1990;kschulze@web.example;030 5550199;Hauptstr. 17;10115;Berlin
5;Jürgen;Schäfer;01.05.1955;;;Am Markt 1;99084;Erfurt
6;Juergen;Schaefer;01.05.1955;js@post.example;;Am Markt 1;99084;Erfurt
";

/// What `identity link` made of records: the cluster and the household of each.
fn clusters(file: &std::path::Path) -> std::collections::BTreeMap<String, (String, String)> {
    let text = std::fs::read_to_string(file).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("record_id,cluster_id,household_cluster_id"));
    let row = |line: &str| {
        let fields: Vec<String> = line.split(',').map(str::to_owned).collect();
        (fields[0].clone(), (fields[1].clone(), fields[2].clone()))
    };
    lines.map(row).collect()
}

#[test]
fn a_file_of_customers_becomes_people_and_households() {
    let folder = folder(&[("people.csv", PEOPLE)]);
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (people, out, doubts, model) =
        (at("people.csv"), at("clusters.csv"), at("doubts.csv"), at("model.json"));
    let link = |more: &[&str]| {
        crowsnest_testkit::run(CROWSNEST, &[&["identity", "link", &people, "--out", &out], more].concat())
    };
    let told =
        fine(link(&["--review", &doubts, "--save-model", &model, "--explain", "1,2", "--explain", "1,3"]));
    assert!(told.contains("6 records are 4 people"), "{told}");
    assert!(told.contains("1,2: one person") && told.contains("1,3: not one person"), "{told}");
    let found = clusters(out.as_ref());
    assert_eq!(found["1"].0, found["2"].0);
    assert_eq!(found["5"].0, found["6"].0);
    assert_ne!(found["1"].0, found["3"].0);
    assert_ne!(found["1"].0, found["4"].0);
    assert_eq!(found["1"].1, found["3"].1, "a couple is one household");
    assert_ne!(found["1"].1, found["4"].1);
    assert!(
        std::fs::read_to_string(&doubts).unwrap().starts_with("record_id_a,record_id_b,one_person,score,")
    );

    // The lines of an explanation add up to its score.
    let printed: Value = serde_json::from_str(&fine(link(&["--explain", "1,2", "--json"]))).unwrap();
    let explanation = &printed["explained"][0]["explanation"];
    let lines = explanation["lines"].as_array().unwrap();
    let sum: f64 = lines.iter().map(|line| line["bits"].as_f64().unwrap()).sum();
    assert!((sum - explanation["score"].as_f64().unwrap()).abs() < 1e-3, "{explanation}");

    // A file in which nobody is twice; without a column that says the source, it is the source of its rows.
    let told = fine(link(&["--unique-source", &people]));
    assert!(told.contains("6 records are 6 people"), "{told}");

    // What people decide holds, and a model that was kept gives the same people.
    let decided = at("decided.csv");
    std::fs::write(&decided, "a,b,what\n1,2,different\n").unwrap();
    fine(link(&["--decisions", &decided]));
    let found = clusters(out.as_ref());
    assert_ne!(found["1"].0, found["2"].0);
    fine(link(&["--model", &model]));
    let found = clusters(out.as_ref());
    assert_eq!(found["1"].0, found["2"].0);
}

#[test]
fn a_file_that_is_none_is_refused_with_a_word() {
    let folder = folder(&[("people.csv", PEOPLE), ("decided.csv", "1,99,same\n")]);
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (people, out) = (at("people.csv"), at("clusters.csv"));
    let link = |arguments: &[&str]| {
        crowsnest_testkit::run(CROWSNEST, &[&["identity", "link", "--out", &out], arguments].concat())
    };
    assert!(failed(link(&[&at("none.csv")]), 1).contains("none.csv"));
    let role = failed(link(&[&people, "--column", "vorname=firstname"]), 1);
    assert!(role.contains("`firstname` is no role of a column"), "{role}");
    let decided = failed(link(&[&people, "--decisions", &at("decided.csv")]), 1);
    assert!(decided.contains("decided.csv:1") && decided.contains("there is no record `99`"), "{decided}");
    let warned = link(&[&people, "--as-of", "seen"]);
    assert!(
        String::from_utf8_lossy(&warned.stderr).contains("warning: seen: no file has such a column"),
        "{warned:?}"
    );
    assert!(
        failed(crowsnest_testkit::run(CROWSNEST, &["identity", "link", "--as-of", "x"]), 1)
            .contains("name the files")
    );
    assert!(failed(link(&[&people, "--explain", "1"]), 1).contains("two ids with a comma"));
    assert!(failed(link(&[&people, "--model", &people]), 1).contains("no model that `--save-model` wrote"));
}
