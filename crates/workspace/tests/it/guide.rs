//! The guide and the schema say everything that a definition may say.

use crowsnest_workspace::{Kind, SourceFile, check, json_schema};
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::PathBuf};

fn guide() -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/workspace.md");
    fs::read_to_string(path).expect("the guide can be read")
}

/// Every key that a definition of the schema names, in itself or in one of its forms.
fn keys(definition: &Value, found: &mut BTreeSet<String>) {
    if let Value::Object(properties) = &definition["properties"] {
        found.extend(properties.keys().cloned());
    }
    for forms in ["anyOf", "oneOf"] {
        definition[forms].as_array().into_iter().flatten().for_each(|form| keys(form, found));
    }
}

/// The section of the guide that has the tables of each definition.
const SECTIONS: [(&str, &[&str]); 15] = [
    (
        "workspace",
        &[
            "Organisation",
            "EmailAccount",
            "SmtpAccount",
            "DkimKey",
            "Throttle",
            "Tracking",
            "Returns",
            "SmsAccount",
            "SmsGateway",
            "OnStop",
            "OnStart",
            "SendingLimits",
            "Limit",
            "LetterAccount",
            "AddressTraits",
            "PrintTimes",
            "Brand",
            "Dimension",
            "Budget",
            "Team",
        ],
    ),
    ("identity", &["IdentityRules", "NamespaceRule", "Matching"]),
    ("topic", &["Topic"]),
    (
        "source",
        &[
            "Source",
            "Feed",
            "TimeField",
            "FieldMap",
            "ConsentMap",
            "FeedbackMap",
            "FeedbackWords",
            "EventName",
        ],
    ),
    ("contract", &["Contract", "EventContract", "FieldContract"]),
    ("catalogue", &["Catalogue"]),
    ("template", &["Template"]),
    ("seeds", &["SeedList", "Seed", "SeedAddress"]),
    ("metric", &["Metric"]),
    ("segment", &["Segment"]),
    ("segmentation", &["Segmentation", "SegmentOfSet"]),
    (
        "program",
        &[
            "Program",
            "Trigger",
            "Schedule",
            "Watched",
            "EventMatch",
            "Reentry",
            "FreshnessNeed",
            "Goal",
            "Step",
            "WaitUntil",
            "Arm",
            "Share",
            "SetValue",
            "TaskStep",
            "Call",
            "WebhookStep",
            "Send",
        ],
    ),
    ("broadcast", &["Broadcast"]),
    ("webhook", &["Webhook"]),
    ("policy", &["ContactPolicy", "Cap", "QuietHours", "Apart", "OneOffer"]),
];

#[test]
fn the_guide_has_a_row_for_every_key() {
    let schema = json_schema();
    let guide = guide();
    let mut missing = Vec::new();
    let mut rows = 0;
    for (definition, about) in schema["$defs"].as_object().into_iter().flatten() {
        let mut all = BTreeSet::new();
        keys(about, &mut all);
        if all.is_empty() {
            continue;
        }
        let section = SECTIONS.iter().find(|(_, definitions)| definitions.contains(&definition.as_str()));
        let text = section.and_then(|(section, _)| {
            guide.split("\n## ").find(|text| text.starts_with(&format!("{section}\n")))
        });
        for key in all {
            rows += 1;
            if !text.is_some_and(|text| text.contains(&format!("\n| `{key}` |"))) {
                missing.push(format!("{definition}.{key}"));
            }
        }
    }
    assert!(rows > 100, "the schema has only {rows} keys");
    assert!(missing.is_empty(), "docs/guide/workspace.md has no row for {missing:?}");
}

#[test]
fn the_guides_examples_check() {
    let guide = guide();
    let text: Vec<&str> =
        guide.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(text.len() >= 8);
    let files = [SourceFile { path: "guide.yaml".into(), text: text.join("---\n") }];
    let checked = check(&files).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!(checked.warnings, []);
    for kind in Kind::ALL {
        assert!(checked.documents.iter().any(|document| document.kind == kind), "no example of a {kind}");
    }
}

#[test]
fn the_definitions_of_the_page_about_letters_apply_as_files() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/letters.md");
    let page = fs::read_to_string(path).expect("the page can be read");
    let blocks = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut files = Vec::new();
    for (index, text) in blocks.enumerate() {
        files.push(SourceFile { path: format!("{index}.yaml"), text: text.to_owned() });
        let checked = check(&files).unwrap_or_else(|problems| panic!("block {index}: {problems:#?}"));
        assert_eq!(checked.warnings, [], "block {index}");
    }
    assert_eq!(files.len(), 2);
}

#[test]
fn the_page_about_calls_is_a_workspace_of_its_own() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/calls.md");
    let page = fs::read_to_string(path).expect("the page can be read");
    let blocks = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    for (place, block) in blocks.enumerate() {
        let files = [SourceFile { path: "crowsnest.yaml".into(), text: block.to_owned() }];
        let checked = check(&files).unwrap_or_else(|problems| panic!("block {place}: {problems:#?}"));
        assert_eq!(checked.warnings, [], "block {place}");
        assert!(!checked.workspace.organisation.teams.is_empty() && !checked.workspace.programs.is_empty());
    }
}

#[test]
fn the_schema_knows_the_short_forms() {
    let schema = json_schema();
    assert_eq!(schema["$defs"]["FieldMap"]["anyOf"][0]["type"], "string");
    assert_eq!(schema["$defs"]["Feed"]["properties"]["row_id"]["anyOf"][0]["type"], "string");
    assert_eq!(schema["$defs"]["Program"]["properties"]["cancel_on"]["anyOf"][1]["type"], "array");
    assert_eq!(schema["anyOf"].as_array().map(Vec::len), Some(Kind::ALL.len()));
    // Each kind's first word is one of the words of its own schema.
    for (kind, reference) in Kind::ALL.iter().zip(schema["anyOf"].as_array().into_iter().flatten()) {
        let name = reference["$ref"].as_str().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
        assert!(schema["$defs"][name]["properties"][kind.as_str()].is_object(), "{kind}");
    }
}
