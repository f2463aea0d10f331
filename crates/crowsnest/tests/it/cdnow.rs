//! A real purchase log, CDNOW's of 1997 and 1998, loaded as the feed of a shop: counts and totals are those of the file.

use crate::world::{CROWSNEST, folder, installed};
use crowsnest_testkit::{Api, ServerBuilder};
use serde_json::json;
use std::{
    collections::{HashMap, HashSet},
    fs,
};

const WORKSPACE: [(&str, &str); 2] = [
    (
        "crowsnest.yaml",
        "workspace: cdnow\ntitle: CDNOW\ncountry: US\ntime_zone: America/New_York\ncurrency: USD\n",
    ),
    (
        "sources/shop.yaml",
        "source: shop\nsync: nightly\nfeeds:\n  purchases:\n    format: csv\n    delimiter: \" \"\n    \
         identical_rows: separate\n    historical: true\n    time: { field: date, format: \"%Y%m%d\" }\n    \
         identifiers: { loyalty_id: { field: customer_id, required: true } }\n    event: Order Completed\n    \
         properties:\n      items: { field: number_of_cds, type: integer, required: true }\n      \
         revenue: { field: dollar_value, type: money, required: true }\n",
    ),
];

/// What the file says, read without Crowsnest: purchases and cents of each customer.
fn read(text: &str) -> HashMap<String, (u64, i64)> {
    let mut customers: HashMap<String, (u64, i64)> = HashMap::new();
    for line in text.lines().skip(1) {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let [customer, _, _, dollars] = columns.as_slice() else { panic!("{line}") };
        let (whole, cents) = dollars.split_once('.').unwrap();
        let entry = customers.entry((*customer).to_owned()).or_default();
        entry.0 += 1;
        entry.1 += whole.parse::<i64>().unwrap() * 100 + cents.parse::<i64>().unwrap();
    }
    customers
}

/// What these customers are known by, and what they paid altogether, compared one by one with the file.
fn ask(api: &Api, customers: &[(&String, &(u64, i64))]) -> (HashSet<String>, i64) {
    let (mut people, mut cents) = (HashSet::new(), 0);
    for (customer, (purchases, paid)) in customers {
        let person = api.find("loyalty_id", customer).unwrap_or_else(|| panic!("{customer} is not known"));
        assert_eq!(person["events"], *purchases, "customer {customer}");
        let id = person["id"].as_str().unwrap().to_owned();
        let touches = api.timeline(&id);
        assert_eq!(touches.len() as u64, *purchases);
        let theirs: i64 = touches
            .iter()
            .map(|touch| {
                assert_eq!(touch["properties"]["currency"], "USD");
                (touch["properties"]["revenue"].as_f64().unwrap() * 100.0).round() as i64
            })
            .sum();
        assert_eq!(theirs, *paid, "customer {customer}");
        cents += theirs;
        people.insert(id);
    }
    (people, cents)
}

#[test]
fn counts_and_totals_agree_with_the_file() {
    let text = fs::read_to_string(installed("data/CDNOW_master.txt")).unwrap();
    let customers = read(&text);
    let purchases: u64 = customers.values().map(|(purchases, _)| purchases).sum();
    assert_eq!((purchases, customers.len()), (69_659, 23_570), "the file is the one that is meant");

    let workspace = folder(&WORKSPACE);
    let server = ServerBuilder::new(CROWSNEST).workspace(workspace.path()).start();
    let api = server.api();
    let record = api.upload("/api/v1/feeds/shop/purchases?file=CDNOW_master.txt", text.as_bytes());
    assert_eq!(record["rows"], purchases);
    assert_eq!((&record["accepted"], &record["quarantined"]), (&json!(purchases), &json!(0)), "{record}");
    let stats = api.get("/api/v1/stats");
    assert_eq!((&stats["events"], &stats["people"]), (&json!(purchases), &json!(customers.len())), "{stats}");

    // Each customer's purchases and what they paid, asked as a user asks, by a few users at once.
    let all: Vec<(&String, &(u64, i64))> = customers.iter().collect();
    let answers: Vec<(HashSet<String>, i64)> = std::thread::scope(|scope| {
        let asked: Vec<_> = all.chunks(all.len() / 3).map(|part| scope.spawn(|| ask(api, part))).collect();
        asked.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    let people: HashSet<&String> = answers.iter().flat_map(|(people, _)| people).collect();
    let cents: i64 = answers.iter().map(|(_, cents)| cents).sum();
    assert_eq!(people.len(), customers.len(), "no two customers are one person");
    assert_eq!(cents, 250_031_563, "2,500,315.63 dollars");

    let again = api.upload("/api/v1/feeds/shop/purchases?file=again.txt", text.as_bytes());
    assert_eq!((&again["accepted"], &again["duplicates"]), (&json!(0), &json!(purchases)));
    let after = api.get("/api/v1/stats");
    assert_eq!((&after["events"], &after["people"]), (&stats["events"], &stats["people"]));
}
