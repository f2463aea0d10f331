//! The folder of a mailbox: one `.eml` file for each mail, in a subfolder for each day.
//!
//! ```text
//! 2026-03-01/1772357400000-000042.eml      milliseconds of arrival, and a number that never repeats
//! .tmp/                                     files that are being written
//! ```
//!
//! A file is whole when it is there: it is written under `.tmp` and renamed. It is not synced, since this is a place to
//! look at mail, not one to keep it.

use crate::email::receiving::Incoming;
use crowsnest_model::Time;
use mail_parser::{Message, MessageParser, PartType};
use std::{
    collections::{BTreeMap, VecDeque},
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

/// How many summaries are kept in memory; older ones are read from their files.
const RECENT: usize = 1_000;
/// How much of a file is read for its summary.
const HEAD: u64 = 64 * 1024;

/// What a list shows of a mail.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct MailSummary {
    /// Its id: digits and a hyphen.
    pub id: String,
    /// When it came.
    pub received: Time,
    /// The sender of the envelope; empty for a bounce.
    pub from: String,
    /// The recipients of the envelope.
    pub to: Vec<String>,
    /// The subject, decoded.
    pub subject: String,
    /// How many bytes it has.
    pub size: u64,
}

/// One mail.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Mail {
    /// What a list shows of it.
    pub summary: MailSummary,
    /// Its headers, in order, unfolded but not decoded.
    pub headers: Vec<(String, String)>,
    /// Its plain text, if it has any.
    pub text: Option<String>,
    /// Its HTML, if it has any. Foreign: never to be shown outside a sandbox.
    pub html: Option<String>,
    /// The file as it is.
    #[serde(skip)]
    pub raw: Vec<u8>,
}

/// Where a mail is: when it came, and its number. Sorts by arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    time: Time,
    number: u64,
}

impl Place {
    fn id(self) -> String {
        format!("{:013}-{:06}", self.time.0, self.number)
    }

    /// Of an id or file stem; anything that is not exactly one is nothing, so that no path can be made of it.
    fn parse(id: &str) -> Option<Self> {
        let (time, number) = id.split_once('-')?;
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(time) || !digits(number) {
            return None;
        }
        let place = Self { time: Time(time.parse().ok()?), number: number.parse().ok()? };
        (place.id() == id).then_some(place)
    }

    fn day(self) -> String {
        self.time.timestamp().strftime("%Y-%m-%d").to_string()
    }
}

#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    index: Mutex<Index>,
}

/// What is known without reading: how many mails each day has, and the newest.
#[derive(Debug, Default)]
struct Index {
    next: u64,
    days: BTreeMap<String, u64>,
    recent: VecDeque<(Place, MailSummary)>,
}

impl Folder {
    /// Opens or makes the folder, and counts what is in it.
    pub(super) fn open(root: PathBuf) -> io::Result<Self> {
        let unfinished = root.join(".tmp");
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished)?;
        }
        fs::create_dir_all(&unfinished)?;
        let folder = Self { root, index: Mutex::default() };
        let mut index = Index { next: 1, ..Index::default() };
        let mut newest = Vec::new();
        for day in folder.days()? {
            let places = folder.places(&day)?;
            index.next = places.iter().map(|place| place.number + 1).fold(index.next, u64::max);
            index.days.insert(day, places.len() as u64);
            newest.extend(places);
            newest.drain(..newest.len().saturating_sub(RECENT));
        }
        for place in newest {
            if let Some(summary) = folder.summary(place)? {
                index.recent.push_back((place, summary));
            }
        }
        *folder.lock() = index;
        Ok(folder)
    }

    pub(super) fn count(&self) -> u64 {
        self.lock().days.values().sum()
    }

    /// Writes a mail and gives its id.
    pub(super) fn store(&self, received: &Incoming) -> io::Result<String> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let (place, new_day) = {
            let mut index = self.lock();
            let number = index.next;
            index.next += 1;
            let place = Place { time: Time(i64::try_from(now.as_millis()).unwrap_or(i64::MAX)), number };
            (place, !index.days.contains_key(&place.day()))
        };
        if new_day {
            fs::create_dir_all(self.root.join(place.day()))?;
        }
        let mut file = format!("Return-Path: <{}>\r\n", received.from);
        for to in &received.to {
            file.push_str(&format!("Delivered-To: {to}\r\n"));
        }
        let mut file = file.into_bytes();
        file.extend_from_slice(&received.content);
        let unfinished = self.root.join(".tmp").join(place.id());
        fs::write(&unfinished, &file)?;
        let path = self.path(place);
        if let Err(error) = fs::rename(&unfinished, &path) {
            // Emptied between the look and the rename.
            if error.kind() != io::ErrorKind::NotFound {
                return Err(error);
            }
            fs::create_dir_all(self.root.join(place.day()))?;
            fs::rename(&unfinished, &path)?;
        }
        let summary = summary_of(place, &file, file.len() as u64);
        let mut index = self.lock();
        *index.days.entry(place.day()).or_default() += 1;
        // Two that came at once may finish in either order.
        let at = index.recent.partition_point(|(other, _)| *other < place);
        index.recent.insert(at, (place, summary));
        if index.recent.len() > RECENT {
            index.recent.pop_front();
        }
        Ok(place.id())
    }

    pub(super) fn list(
        &self,
        newest_first: bool,
        limit: usize,
        offset: usize,
    ) -> io::Result<Vec<MailSummary>> {
        let days = {
            let index = self.lock();
            if newest_first && offset.saturating_add(limit) <= index.recent.len() {
                let newest = index.recent.iter().rev().skip(offset).take(limit);
                return Ok(newest.map(|(_, summary)| summary.clone()).collect());
            }
            index.days.clone()
        };
        let mut list = Vec::new();
        let mut skip = offset;
        let ordered: Vec<(String, u64)> =
            if newest_first { days.into_iter().rev().collect() } else { days.into_iter().collect() };
        for (day, count) in ordered {
            if list.len() >= limit {
                break;
            }
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            if skip >= count {
                skip -= count;
                continue;
            }
            let mut places = self.places(&day)?;
            if newest_first {
                places.reverse();
            }
            for place in places.into_iter().skip(skip).take(limit - list.len()) {
                list.extend(self.summary(place)?);
            }
            skip = 0;
        }
        Ok(list)
    }

    pub(super) fn read(&self, id: &str) -> io::Result<Option<Mail>> {
        let Some(place) = Place::parse(id) else {
            return Ok(None);
        };
        let raw = match fs::read(self.path(place)) {
            Ok(raw) => raw,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let summary = summary_of(place, &raw, raw.len() as u64);
        let parsed = MessageParser::default().parse(&raw);
        let (mut headers, mut text, mut html) = (Vec::new(), None, None);
        if let Some(parsed) = &parsed {
            for (name, value) in parsed.headers_raw() {
                let unfolded = value.lines().map(str::trim).collect::<Vec<_>>().join(" ");
                headers.push((name.to_owned(), unfolded.trim().to_owned()));
            }
            // Only what is there: the parser would otherwise make the one of the other.
            for part in &parsed.parts {
                match &part.body {
                    PartType::Text(body) if text.is_none() => text = Some(body.to_string()),
                    PartType::Html(body) if html.is_none() => html = Some(body.to_string()),
                    _ => {}
                }
            }
        }
        parsed.into_iter().for_each(take_apart);
        Ok(Some(Mail { summary, headers, text, html, raw }))
    }

    pub(super) fn clear(&self) -> io::Result<()> {
        // Held all the while, so that no mail is counted that is being removed.
        let mut index = self.lock();
        for day in self.days()? {
            fs::remove_dir_all(self.root.join(day))?;
        }
        index.days.clear();
        index.recent.clear();
        Ok(())
    }

    fn path(&self, place: Place) -> PathBuf {
        self.root.join(place.day()).join(format!("{}.eml", place.id()))
    }

    /// The names of the days' folders, in order.
    fn days(&self) -> io::Result<Vec<String>> {
        let is_day =
            |name: &str| name.len() == 10 && name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        let mut days: Vec<String> = names(&self.root)?.into_iter().filter(|name| is_day(name)).collect();
        days.sort_unstable();
        Ok(days)
    }

    fn places(&self, day: &str) -> io::Result<Vec<Place>> {
        let mut places: Vec<Place> = names(&self.root.join(day))?
            .iter()
            .filter_map(|name| Place::parse(name.strip_suffix(".eml")?))
            .collect();
        places.sort_unstable();
        Ok(places)
    }

    /// `None` when it was removed in the meantime.
    fn summary(&self, place: Place) -> io::Result<Option<MailSummary>> {
        use io::Read;
        let file = match fs::File::open(self.path(place)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let size = file.metadata()?.len();
        let mut head = Vec::new();
        file.take(HEAD).read_to_end(&mut head)?;
        Ok(Some(summary_of(place, &head, size)))
    }

    fn lock(&self) -> MutexGuard<'_, Index> {
        // A panic in the middle leaves at worst a count that is one off until the next start.
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries
            .map(|entry| Ok(entry?.file_name().into_string().ok()))
            .filter_map(Result::transpose)
            .collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn summary_of(place: Place, file: &[u8], size: u64) -> MailSummary {
    // The envelope is in the lines that this mailbox wrote above the message, in this order.
    let mut from = String::new();
    let mut to = Vec::new();
    for line in file.split(|&byte| byte == b'\n') {
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end_matches('\r');
        if let Some(address) =
            line.strip_prefix("Return-Path: <").filter(|_| from.is_empty() && to.is_empty())
        {
            from = address.trim_end_matches('>').to_owned();
        } else if let Some(address) = line.strip_prefix("Delivered-To: ") {
            to.push(address.to_owned());
        } else {
            break;
        }
    }
    let subject = MessageParser::default()
        .parse_headers(file)
        .and_then(|message| message.subject().map(str::to_owned))
        .unwrap_or_default();
    MailSummary { id: place.id(), received: place.time, from, to, subject, size }
}

/// Lets go of a parsed mail level by level. Dropped as a whole, each mail in a mail takes its part of the stack, and who sends
/// one with very many of them would end the process.
fn take_apart(mail: Message<'_>) {
    let mut levels = vec![mail];
    while let Some(mail) = levels.pop() {
        levels.extend(mail.parts.into_iter().filter_map(|part| match part.body {
            PartType::Message(inner) => Some(inner),
            _ => None,
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(subject: &str) -> Incoming {
        let content = format!("Subject: {subject}\r\nFrom: x@y.example\r\n\r\nHello\r\n").into_bytes();
        Incoming { from: "a@b.co".into(), to: vec!["c@d.ef".into(), "g@h.ij".into()], content }
    }

    #[test]
    fn mails_in_mails_without_end_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path().join("mail")).unwrap();
        let content = "Content-Type: message/rfc822\r\n\r\n".repeat(100_000).into_bytes();
        let id = folder.store(&Incoming { content, ..mail("x") }).unwrap();
        assert!(folder.read(&id).unwrap().is_some());
    }

    #[test]
    fn mails_are_kept_listed_and_found_again_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path().join("mail")).unwrap();
        for number in 0..5 {
            folder.store(&mail(&format!("=?utf-8?q?K=C3=A4se_{number}?="))).unwrap();
        }
        let subjects = |folder: &Folder, newest, limit, offset| -> Vec<String> {
            folder.list(newest, limit, offset).unwrap().into_iter().map(|mail| mail.subject).collect()
        };
        let folder = {
            assert_eq!(subjects(&folder, true, 2, 1), ["Käse 3", "Käse 2"]);
            Folder::open(dir.path().join("mail")).unwrap()
        };
        assert_eq!(folder.count(), 5);
        assert_eq!(subjects(&folder, true, 2, 0), ["Käse 4", "Käse 3"]);
        assert_eq!(subjects(&folder, false, 2, 1), ["Käse 1", "Käse 2"]);
        assert_eq!(subjects(&folder, false, 10, 4), ["Käse 4"]);
        assert_eq!(subjects(&folder, true, 10, 9), [""; 0]);
        let id = folder.store(&mail("six")).unwrap();
        assert!(id.ends_with("-000006"), "numbers go on: {id}");
        let read = folder.read(&id).unwrap().unwrap();
        assert_eq!(read.summary.to, ["c@d.ef", "g@h.ij"]);
        assert_eq!((read.text.as_deref(), read.html), (Some("Hello\r\n"), None));
        folder.clear().unwrap();
        assert_eq!((folder.count(), folder.list(true, 10, 0).unwrap().len()), (0, 0));
        folder.store(&mail("again")).unwrap();
        assert_eq!(folder.count(), 1);
    }

    #[test]
    fn an_id_is_never_a_path() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path().into()).unwrap();
        for id in
            ["", "..", "../../etc/passwd", "1-1", "0000000000001-000001.eml", "0000000000001-000001/..", "-"]
        {
            assert_eq!(folder.read(id).unwrap(), None, "{id}");
        }
    }
}
