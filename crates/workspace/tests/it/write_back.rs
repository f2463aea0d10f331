//! What is read can be written back, and compared.

use crate::harbor_motors;
use crowsnest_workspace::{
    Change, Document, FolderError, Kind, SourceFile, check, diff, export, read_folder,
};
use std::{fs, path::Path};

fn documents(files: &[SourceFile]) -> Vec<Document> {
    check(files).unwrap_or_else(|problems| panic!("{problems:?}")).documents
}

#[test]
fn what_is_exported_is_what_was_read() {
    let first = documents(&harbor_motors());
    let files = export(&first);
    let second = documents(&files);
    let facts = |documents: &[Document]| -> Vec<_> {
        documents
            .iter()
            .map(|d| (d.kind, d.name.clone(), d.path.clone(), d.text.clone(), d.value.clone()))
            .collect()
    };
    assert_eq!(facts(&first), facts(&second));
    assert_eq!(files, export(&second), "writing again changes nothing");
    let original = harbor_motors();
    for file in &files {
        let before = original.iter().find(|other| other.path == file.path);
        assert_eq!(before, Some(file), "comments and order are kept");
    }
}

#[test]
fn line_ends_and_marks_of_order_change_nothing() {
    let unix =
        "workspace: a\ntitle: A\ncountry: US\ntime_zone: UTC\ncurrency: USD\n---\ntopic: t\ntitle: T\n";
    let windows = format!("\u{feff}---\r\n{}", unix.replace('\n', "\r\n"));
    let file = |text: &str| vec![SourceFile { path: "a.yaml".into(), text: text.into() }];
    let (one, other) = (documents(&file(unix)), documents(&file(&windows)));
    assert_eq!(diff(&one, &other), []);
    assert_eq!(
        one.iter().map(|d| &d.value).collect::<Vec<_>>(),
        other.iter().map(|d| &d.value).collect::<Vec<_>>()
    );
}

#[test]
fn short_forms_mean_the_same_as_long_ones() {
    let value = |program: &str| {
        let base = "workspace: a\ntitle: A\ncountry: US\ntime_zone: UTC\ncurrency: USD\n---\n";
        let files = [SourceFile { path: "a.yaml".into(), text: format!("{base}{program}") }];
        documents(&files).pop().map(|document| document.value)
    };
    let short = value("program: p\ntrigger: { event: A }\ncancel_on: { event: B }\nsteps: [{ wait: 60m }]\n");
    let long = value(
        "program: p\nstate: live\ntrigger: { event: A }\ncancel_on: [{ event: B }]\nsteps: [{ wait: 1h }]\n",
    );
    assert_eq!(short, long);
    assert!(short.is_some());
}

#[test]
fn differences_are_shown_by_kind_and_name() {
    let files = harbor_motors();
    let old = documents(&files);
    assert_eq!(diff(&old, &old), []);
    let changed: Vec<SourceFile> = files
        .into_iter()
        .filter(|file| !file.path.starts_with("broadcasts/"))
        .map(|mut file| {
            file.text = file.text.replace("- wait: 45m", "- wait: 2h");
            if file.path == "topics.yaml" {
                file.text += "---\ntopic: events\ntitle: Open days\n";
            }
            // To move a file changes no definition.
            file.path = file.path.replace("sources/", "systems/");
            file
        })
        .collect();
    let changes = diff(&old, &documents(&changed));
    let expected_diff = "--- programs/abandoned-cart.yaml\n+++ programs/abandoned-cart.yaml\n@@ -9,4 +9,4 @@\n goal: { event: Order Completed, within: 3d, value: event.properties.revenue }\n steps:\n-  - wait: 45m\n+  - wait: 2h\n   - send: { channel: email, template: cart-reminder, topic: offers }\n";
    assert_eq!(
        changes,
        [
            Change::Added(Kind::Topic, "events".into()),
            Change::Changed {
                kind: Kind::Program,
                name: "abandoned-cart".into(),
                diff: expected_diff.into()
            },
            Change::Removed(Kind::Broadcast, "trade-in-offer".into()),
        ]
    );
}

#[test]
fn only_definitions_in_the_folder_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("workspace");
    for (path, text) in [
        ("b.yaml", "b"),
        ("a/x.yml", "x"),
        ("sample/s.yaml", "no"),
        ("data/d.yaml", "no"),
        (".git/g.yaml", "no"),
        (".hidden.yaml", "no"),
        ("README.md", "no"),
    ] {
        fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
        fs::write(root.join(path), text).unwrap();
    }
    let read = |dir: &Path| {
        read_folder(dir).map(|files| files.into_iter().map(|file| file.path).collect::<Vec<_>>())
    };
    assert_eq!(read(&root).unwrap(), ["a/x.yml", "b.yaml"]);

    assert!(matches!(read(&root.join("sample/none")), Err(FolderError::Io { .. })));
    let empty = dir.path().join("empty");
    fs::create_dir(&empty).unwrap();
    assert!(matches!(read(&empty), Err(FolderError::Empty { .. })));
    fs::write(root.join("latin.yaml"), b"topic: caf\xe9").unwrap();
    assert!(matches!(read(&root), Err(FolderError::NotText { .. })));
    fs::write(root.join("latin.yaml"), "x".repeat(1024 * 1024 + 1)).unwrap();
    assert!(matches!(read(&root), Err(FolderError::TooLarge { bytes: 1_048_577, .. })));
    fs::remove_file(root.join("latin.yaml")).unwrap();

    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        symlink(&root, root.join("a/loop")).unwrap();
        symlink(root.join("b.yaml"), root.join("c.yaml")).unwrap();
        assert_eq!(read(&root).unwrap(), ["a/x.yml", "b.yaml", "c.yaml"], "links inside are followed once");
        fs::write(dir.path().join("outside.yaml"), "secret").unwrap();
        symlink(dir.path().join("outside.yaml"), root.join("d.yaml")).unwrap();
        assert!(matches!(read(&root), Err(FolderError::LinkOut { .. })));
    }
}
