//! The OpenAPI document says what is there, and nothing that is not.

use crate::house::House;
use serde_json::Value;

/// Every operation of the document: method, path with sample values, whether it needs the administrator.
pub async fn operations(house: &House) -> Vec<(String, String, bool)> {
    let document = house.ask("GET", "/api/v1/openapi.json", None, "").await.json();
    let mut found = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let guarded = operation["security"]
                .as_array()
                .is_some_and(|all| all.iter().any(|one| one.get("admin").is_some()));
            let sample = path
                .replace("{endpoint}", "track")
                .replace("{scope}", "*")
                .replace("{channel}", "email")
                .replace("{contact}", "ann@example.org")
                .replace("{source}", "web")
                .replace("{feed}", "orders")
                .replace("{name}", "nothing")
                .replace("{key}", "nothing")
                .replace("{file}", "letters.csv")
                .replace("{id}", "prf_0000000000000");
            assert!(!sample.contains('{'), "{path} has a part without a sample");
            found.push((method.to_uppercase(), sample, guarded));
        }
    }
    found
}

#[tokio::test]
async fn every_described_operation_is_there() {
    let house = House::new().await;
    let operations = operations(&house).await;
    assert!(operations.len() > 30, "{}", operations.len());
    for (method, path, _) in operations {
        let answer = house.admin(&method, &path, "").await;
        let code = serde_json::from_str::<Value>(&answer.text).ok().map(|body| body["message"].to_string());
        let missing = code.is_some_and(|message| message.contains("there is nothing at"));
        assert!(!missing && answer.status != 405, "{method} {path}: {} {}", answer.status, answer.text);
    }
}

#[tokio::test]
async fn the_page_for_people_names_every_operation() {
    let house = House::new().await;
    let page = house.ask("GET", "/api/v1", None, "").await;
    assert_eq!(page.status, 200);
    let document = house.ask("GET", "/api/v1/openapi.json", None, "").await.json();
    for path in document["paths"].as_object().unwrap().keys() {
        assert!(page.text.contains(path.as_str()), "{path}");
    }
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("script-src"), "{policy}");
}
