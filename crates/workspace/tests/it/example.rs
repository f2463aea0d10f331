//! The example workspace and its sample feeds.

use crate::harbor_motors;
use crowsnest_model::definition::{EventName, Feed, FieldType, Format, IdenticalRows};
use crowsnest_workspace::{Checked, Kind, check};
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::PathBuf, process::Command};

fn checked() -> Checked {
    check(&harbor_motors()).unwrap_or_else(|problems| {
        panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })
}

fn sample(file: &str) -> Vec<u8> {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/harbor-motors/sample").join(file);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_example_checks_without_a_problem_or_a_warning() {
    let checked = checked();
    assert_eq!(checked.warnings, []);
    let names = |kind| -> Vec<&str> {
        checked.documents.iter().filter(|d| d.kind == kind).map(|d| d.name.as_str()).collect()
    };
    assert_eq!(
        names(Kind::Program),
        [
            "abandoned-cart",
            "birthday",
            "lease-end",
            "lease-end-letter",
            "price-drop",
            "test-drive-follow-up",
            "test-drive-no-show",
            "test-drive-reminder",
            "welcome-series",
            "win-back"
        ]
    );
    assert_eq!(names(Kind::Broadcast), ["trade-in-offer"]);
    assert_eq!(names(Kind::Source).len(), 9);
    assert_eq!(checked.workspace.organisation.title, "Harbor Motors");
    assert_eq!(
        checked.workspace.sources["web"].write_key.as_deref(),
        Some("hm_web_write_key_0001"),
        "the demo and the documentation use this key"
    );
}

#[test]
fn the_demo_plays_what_is_defined_and_expected() {
    let workspace = checked().workspace;
    let demo: Value = serde_saphyr::from_slice(&sample("demo.yaml")).unwrap();
    let expected: Value = serde_json::from_slice(&sample("expected.json")).unwrap();
    assert_eq!(demo["as_of"], expected["as_of"]);
    let mut played = BTreeSet::new();
    for step in demo["play"].as_array().unwrap() {
        if let Some(name) = step["broadcast"].as_str() {
            assert!(workspace.broadcasts.contains_key(name), "{name}");
            continue;
        }
        let what = if step["import"].is_object() { &step["import"] } else { &step["collect"] };
        let (source, file) = (what["source"].as_str().unwrap(), what["file"].as_str().unwrap());
        let feeds = &workspace.sources[source].feeds;
        match what["feed"].as_str() {
            Some(feed) => assert!(feeds.contains_key(feed), "{source} {feed}"),
            None => assert!(workspace.sources[source].write_key.is_some(), "{source}"),
        }
        assert!(!sample(file).is_empty());
        played.insert((source, what["feed"].as_str(), file));
    }
    let counted: BTreeSet<_> = expected["feeds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|feed| (feed["source"].as_str().unwrap(), feed["feed"].as_str(), feed["file"].as_str().unwrap()))
        .collect();
    assert_eq!(played, counted);
    let defined: usize = workspace.sources.values().map(|source| source.feeds.len()).sum();
    assert_eq!(counted.iter().filter(|(_, feed, _)| feed.is_some()).count(), defined, "every feed is played");
}

#[test]
fn the_sample_files_have_the_columns_that_the_feeds_name() {
    let workspace = checked().workspace;
    let expected: Value = serde_json::from_slice(&sample("expected.json")).unwrap();
    for entry in expected["feeds"].as_array().unwrap() {
        let Some(name) = entry["feed"].as_str() else { continue };
        let feed = &workspace.sources[entry["source"].as_str().unwrap()].feeds[name];
        if feed.format != Format::Csv || feed.columns.is_some() {
            continue;
        }
        let bytes = sample(entry["file"].as_str().unwrap());
        let encoding = feed.encoding.as_deref().unwrap_or("utf-8");
        let (text, _, _) = encoding_rs::Encoding::for_label(encoding.as_bytes()).unwrap().decode(&bytes);
        let header: Vec<&str> = text.lines().next().unwrap().split(feed.delimiter.unwrap_or(',')).collect();
        let fields = [&feed.identifiers, &feed.traits, &feed.properties, &feed.fields]
            .into_iter()
            .flat_map(|maps| maps.values());
        for field in fields
            .map(|field| &field.field)
            .chain(&feed.row_id)
            .chain(&feed.item)
            .chain(feed.time.iter().map(|time| &time.field))
        {
            assert!(header.contains(&field.as_str()), "{name} has no column {field}: {header:?}");
        }
        let rows = text.lines().count() as u64 - 1;
        assert_eq!(Some(rows), entry["records"].as_u64(), "{name}");
    }
}

/// The example is also the place where every feature of a feed can be seen at work.
#[test]
fn every_feature_of_a_feed_is_used() {
    let workspace = checked().workspace;
    let feeds: Vec<&Feed> = workspace.sources.values().flat_map(|source| source.feeds.values()).collect();
    let maps = || {
        feeds.iter().flat_map(|feed| {
            feed.identifiers.values().chain(feed.traits.values()).chain(feed.properties.values())
        })
    };
    let consents = || feeds.iter().flat_map(|feed| &feed.consents);
    let used: [(&str, bool); 29] = [
        ("csv", feeds.iter().any(|feed| feed.format == Format::Csv)),
        ("jsonl", feeds.iter().any(|feed| feed.format == Format::Jsonl)),
        ("xml", feeds.iter().any(|feed| feed.format == Format::Xml)),
        ("delimiter", feeds.iter().any(|feed| feed.delimiter.is_some())),
        ("columns", feeds.iter().any(|feed| feed.columns.is_some())),
        ("encoding", feeds.iter().any(|feed| feed.encoding.is_some())),
        ("files", feeds.iter().all(|feed| feed.files.is_some())),
        ("one row_id", feeds.iter().any(|feed| feed.row_id.len() == 1)),
        ("two row_ids", feeds.iter().any(|feed| feed.row_id.len() == 2)),
        ("identical_rows", feeds.iter().any(|feed| feed.identical_rows == IdenticalRows::Separate)),
        ("historical", feeds.iter().any(|feed| feed.historical)),
        ("catalogue", feeds.iter().any(|feed| feed.catalogue.is_some())),
        ("complete", feeds.iter().any(|feed| feed.complete)),
        ("no event", feeds.iter().any(|feed| feed.event.is_none() && feed.catalogue.is_none())),
        ("event", feeds.iter().any(|feed| matches!(feed.event, Some(EventName::Fixed(_))))),
        ("event names", feeds.iter().any(|feed| matches!(feed.event, Some(EventName::Field { .. })))),
        ("time zone of a row", feeds.iter().flat_map(|feed| &feed.time).any(|time| time.time_zone.is_some())),
        ("unix time", feeds.iter().flat_map(|feed| &feed.time).any(|t| t.format.as_deref() == Some("unix"))),
        ("granted", consents().any(|consent| !consent.granted.is_empty() && !consent.withdrawn.is_empty())),
        ("status", consents().any(|consent| consent.status.is_some())),
        ("contact", consents().any(|consent| consent.contact.is_some())),
        ("every topic", consents().any(|consent| consent.topic == "*")),
        ("format", maps().any(|field| field.format.is_some())),
        ("time_zone", maps().any(|field| field.time_zone.is_some())),
        ("currency", maps().any(|field| field.currency.is_some())),
        ("decimal_comma", maps().any(|field| field.decimal_comma)),
        ("country", maps().any(|field| field.country.is_some())),
        ("values", maps().any(|field| !field.values.is_empty())),
        ("required", maps().any(|field| field.required)),
    ];
    let unused: Vec<_> = used.iter().filter(|(_, used)| !used).map(|(name, _)| name).collect();
    assert!(unused.is_empty(), "no feed uses {unused:?}");
    for kind in [
        FieldType::Text,
        FieldType::Integer,
        FieldType::Number,
        FieldType::Boolean,
        FieldType::Date,
        FieldType::Time,
        FieldType::Money,
        FieldType::Phone,
        FieldType::Email,
        FieldType::Json,
    ] {
        assert!(maps().any(|field| field.kind == kind), "no field is of the type {kind:?}");
    }
}

/// What is committed is what the script writes, so that the counts in `expected.json` are those of the files.
#[test]
fn the_sample_is_what_its_script_writes() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("generate.py"), sample("generate.py")).unwrap();
    let run = Command::new("python3").arg(dir.path().join("generate.py")).output().expect("python3 runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let mut written = 0;
    for entry in fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(
            fs::read(&path).unwrap() == sample(name),
            "{name} is not what the script writes: run it again"
        );
        written += 1;
    }
    assert_eq!(written, 12, "ten feeds, the counts and the script itself");
}
