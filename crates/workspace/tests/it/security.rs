//! What the guide promises about who stays out is shown by tests, and they are there.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// The attributes that make a function a test.
const TESTS: [&str; 3] = ["#[test]", "#[tokio::test", "#[rstest]"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Each promise of the page, with the tests that it names: file and name.
fn promises(page: &str) -> Vec<(String, Vec<(String, String)>)> {
    let rows = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| what"));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        let [promise, shown] = cells[..] else { panic!("a row has two cells: {row}") };
        let (mut file, mut tests) = (String::new(), Vec::new());
        // What stands between backticks is every second part.
        for word in shown.split('`').skip(1).step_by(2) {
            if word.ends_with(".rs") {
                file = word.to_owned();
            } else {
                tests.push((file.clone(), word.to_owned()));
            }
        }
        (promise.to_owned(), tests)
    })
    .collect()
}

/// Whether there is a test of this name, and it is not left out.
fn has_test(source: &str, name: &str) -> bool {
    let place = source.match_indices(&format!("fn {name}(")).map(|(at, _)| at).next();
    place.is_some_and(|at| {
        let attributes = source[..at].rsplit("\n\n").next().unwrap_or_default();
        TESTS.iter().any(|test| attributes.contains(test)) && !attributes.contains("#[ignore")
    })
}

#[test]
fn every_promise_is_shown_by_tests_that_are_there() {
    let page = fs::read_to_string(root().join("docs/guide/security.md")).expect("the page can be read");
    let promises = promises(&page);
    assert!(promises.len() > 25, "{}", promises.len());
    let mut sources: BTreeMap<String, String> = BTreeMap::new();
    for (promise, tests) in promises {
        assert!(!tests.is_empty(), "nothing shows: {promise}");
        for (file, name) in tests {
            let source = sources.entry(file.clone()).or_insert_with(|| {
                fs::read_to_string(root().join(&file)).unwrap_or_else(|error| panic!("{file}: {error}"))
            });
            assert!(
                has_test(source, &name),
                "there is no test `{name}` in {file}, which is to show: {promise}"
            );
        }
    }
}

#[test]
fn what_is_no_test_shows_nothing() {
    let source = "#[test]\nfn one() {}\n\nfn two() {}\n\n#[test]\n#[ignore]\nfn three() {}\n\n\
         #[tokio::test]\nasync fn four() {}\n";
    let found: Vec<bool> = ["one", "two", "three", "four", "five"].map(|name| has_test(source, name)).into();
    assert_eq!(found, [true, false, false, true, false]);
}
