//! What is particular to the embedded store.

use crate::words::*;
use crowsnest_model::ProfileId;
use crowsnest_store::{
    StoreError,
    sqlite::{DataFolder, Readers, Writer},
};
use rusqlite::Connection;

#[test]
fn a_second_opener_is_refused_and_told_why() {
    let store = Sqlite::new();
    let refused = DataFolder::take(store.folder.path()).unwrap_err();
    assert!(matches!(refused, StoreError::InUse(_)));
    assert!(refused.to_string().contains("in use by another crowsnest process"), "{refused}");
    let folder = store.folder;
    drop(store.writer);
    assert!(DataFolder::take(folder.path()).is_ok(), "once the first has left");
}

#[test]
fn data_of_a_newer_version_are_refused() {
    let store = Sqlite::new();
    let folder = store.folder;
    drop(store.writer);
    let database = Connection::open(folder.path().join("crowsnest.db")).unwrap();
    database.pragma_update(None, "user_version", 999).unwrap();
    drop(database);
    let refused = Writer::open(DataFolder::take(folder.path()).unwrap()).unwrap_err();
    assert!(matches!(refused, StoreError::TooNew { found: 999, .. }), "{refused}");
}

#[test]
fn a_reader_keeps_its_moment_while_the_writer_goes_on() {
    let Sqlite { mut writer, readers, folder: _folder } = Sqlite::new();
    writer.commit::<_, StoreError>(|unit| unit.count("events", 1)).unwrap();
    readers
        .read::<_, StoreError>(|read| {
            assert_eq!(read.counter("events")?, 1);
            writer.commit::<_, StoreError>(|unit| unit.count("events", 1))?;
            assert_eq!(read.counter("events")?, 1);
            Ok(())
        })
        .unwrap();
    assert_eq!(readers.read::<_, StoreError>(|read| read.counter("events")).unwrap(), 2);
}

#[test]
fn a_backup_is_a_whole_store_of_one_moment() {
    let mut store = Sqlite::new();
    store.commit(|unit| (1..=500).try_for_each(|id| unit.put_profile(&person(id))));
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("crowsnest.db");
    let mut told = Vec::new();
    store.readers.backup(&target, |left, all| told.push((left, all))).unwrap();
    assert_eq!(told.last().map(|(left, _)| *left), Some(0));
    let again = store.readers.backup(&target, |_, _| {}).unwrap_err();
    assert!(again.to_string().contains("exists already"), "{again}");
    let copy = Writer::open(DataFolder::take(folder.path()).unwrap());
    drop(copy.unwrap());
    let readers = Readers::open(folder.path());
    readers.check().unwrap();
    let people = readers.read::<_, StoreError>(|read| read.people_after(None, 1_000)).unwrap();
    assert_eq!(people.len(), 500);
}

#[cfg(unix)]
#[test]
fn a_store_and_its_backups_can_be_read_by_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let mut store = Sqlite::new();
    store.commit(|unit| unit.put_profile(&person(1)));
    let backup = store.folder.path().join("monday.db");
    store.readers.backup(&backup, |_, _| {}).unwrap();
    for name in ["crowsnest.db", "crowsnest.db-wal", "crowsnest.db-shm", "monday.db"] {
        let mode = std::fs::metadata(store.folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn damage_is_noticed_and_said() {
    let mut store = Sqlite::new();
    store.commit(|unit| unit.put_profile(&person(1)));
    let database = Connection::open(store.folder.path().join("crowsnest.db")).unwrap();
    for (doc, said) in
        [(&b""[..], "it is empty"), (b"\x09abc", "its format is 9"), (b"\x01\xc1", "cannot be read")]
    {
        database.execute("UPDATE people SET doc = ?1", [doc]).unwrap();
        let error = store.readers.read(|read| read.profile(ProfileId(1))).unwrap_err();
        assert!(matches!(error, StoreError::Document { what: "profile", .. }));
        assert!(error.to_string().contains(said), "{error}");
    }
    drop(database);
    std::fs::write(store.folder.path().join("other.db"), vec![7_u8; 9_000]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(store.folder.path().join("other.db"), folder.path().join("crowsnest.db")).unwrap();
    let refused = Writer::open(DataFolder::take(folder.path()).unwrap()).unwrap_err();
    assert!(matches!(refused, StoreError::Damaged(_)), "{refused}");
}

#[test]
fn the_cache_of_names_stays_bounded_and_right() {
    let mut store = Sqlite::new();
    let names = 20_100;
    store.commit(|unit| {
        for place in 0..names {
            let touch = event("web", &place.to_string(), Some(&format!("Event {place}")), place);
            keep(unit, ProfileId(1), &touch)?;
        }
        let named = unit.events_named(ProfileId(1), &["Event 3", "Event 20099"], crowsnest_model::Time(0))?;
        assert_eq!(named.len(), 2);
        assert_eq!(named[0].columns.name.as_deref(), Some("Event 3"));
        Ok(())
    });
}
