//! Cuts a stream of XML into records, each bounded, and refuses document type definitions.

use super::{Cut, FeedError, LIMIT, too_large};
use crate::fault::Fault;
use quick_xml::{Reader, events::Event};
use std::io::{self, BufRead, Read};

/// How deep elements may be nested.
pub(super) const DEPTH: usize = 128;

/// Cuts out the elements at one path.
pub(super) struct Elements<B: BufRead> {
    /// `None` only for the moment in which a new reader takes over.
    reader: Option<Reader<Guard<B>>>,
    wanted: Vec<String>,
    open: Vec<String>,
    index: u64,
    buffer: Vec<u8>,
    rooted: bool,
}

/// Lets a bounded number of bytes through at a time, and remembers them.
struct Guard<B> {
    input: B,
    passed: Vec<u8>,
    /// Bytes that came after a record that could not be read, to be read again.
    again: Vec<u8>,
    position: usize,
    /// How many bytes of the document have been passed.
    offset: u64,
}

/// That more bytes were asked for than one record may have.
#[derive(Debug, thiserror::Error)]
#[error("a record is too large")]
struct Full;

impl<B: BufRead> Guard<B> {
    fn available(&mut self) -> io::Result<&[u8]> {
        if self.position < self.again.len() {
            Ok(self.again.get(self.position..).unwrap_or_default())
        } else {
            self.input.fill_buf()
        }
    }

    fn advance(&mut self, count: usize) {
        self.offset += count as u64;
        if self.position < self.again.len() {
            self.position += count;
            if self.position >= self.again.len() {
                self.again = Vec::new();
                self.position = 0;
            }
        } else {
            self.input.consume(count);
        }
    }
}

impl<B: BufRead> Read for Guard<B> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(out)?;
        self.consume(count);
        Ok(count)
    }
}

impl<B: BufRead> BufRead for Guard<B> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let room = LIMIT.saturating_sub(self.passed.len());
        let available = self.available()?;
        if room == 0 && !available.is_empty() {
            return Err(io::Error::other(Full));
        }
        Ok(available.get(..room).unwrap_or(available))
    }

    fn consume(&mut self, count: usize) {
        let mut passed = std::mem::take(&mut self.passed);
        if let Ok(available) = self.available() {
            passed.extend_from_slice(available.get(..count).unwrap_or(available));
        }
        self.passed = passed;
        self.advance(count);
    }
}

/// Recognises the end tag of a record, byte by byte.
struct EndTag {
    pattern: Vec<u8>,
    matched: usize,
}

impl EndTag {
    fn of(name: &str) -> Self {
        Self { pattern: format!("</{name}").into_bytes(), matched: 0 }
    }

    /// How many of `bytes` there are up to the end of the tag, if it ends among them.
    fn find(&mut self, bytes: &[u8]) -> Option<usize> {
        if self.matched == 0 && !bytes.contains(&b'<') {
            return None;
        }
        for (index, &byte) in bytes.iter().enumerate() {
            self.matched = match self.pattern.get(self.matched) {
                Some(wanted) if *wanted == byte => self.matched + 1,
                None if byte == b'>' => return Some(index + 1),
                None if byte.is_ascii_whitespace() => self.matched,
                _ => usize::from(byte == b'<'),
            };
        }
        None
    }
}

impl<B: BufRead> Elements<B> {
    pub fn new(input: B, wanted: Vec<String>) -> Self {
        let guard = Guard { input, passed: Vec::new(), again: Vec::new(), position: 0, offset: 0 };
        Self {
            reader: Some(reader(guard)),
            wanted,
            open: Vec::new(),
            index: 0,
            buffer: Vec::new(),
            rooted: false,
        }
    }

    pub fn input(&self) -> Option<&B> {
        self.reader.as_ref().map(|reader| &reader.get_ref().input)
    }

    /// Puts the next record into `raw`. `None` at the end.
    pub fn next(&mut self, raw: &mut Vec<u8>) -> Result<Option<Cut>, FeedError> {
        loop {
            let Some(reader) = &mut self.reader else { return Ok(None) };
            reader.get_mut().passed.clear();
            self.buffer.clear();
            let before = reader.get_ref().offset;
            let broken = |reason: String| FeedError::Xml { byte: before, reason };
            let (name, empty) = match reader.read_event_into(&mut self.buffer) {
                Ok(Event::Start(tag)) => (tag.name().into_inner().to_owned(), false),
                Ok(Event::Empty(tag)) => (tag.name().into_inner().to_owned(), true),
                Ok(Event::End(tag)) => {
                    let name = tag.name().into_inner();
                    match self.open.pop() {
                        Some(open) if open == name => continue,
                        open => return Err(broken(mismatch(name, open.as_deref()))),
                    }
                }
                Ok(Event::DocType(_)) => return Err(FeedError::Doctype { byte: before }),
                Ok(Event::Eof) => {
                    return match self.open.last() {
                        Some(open) => Err(broken(format!("the file ends inside <{open}>"))),
                        None if !self.rooted => Err(FeedError::Empty { expected: "an XML element" }),
                        None => Ok(None),
                    };
                }
                Ok(_) => continue,
                Err(error) => return Err(failure(error, before)),
            };
            if !self.rooted {
                self.rooted = true;
                if self.wanted.first() != Some(&name) {
                    let expected = self.wanted.first().cloned().unwrap_or_default();
                    return Err(FeedError::Root { found: crate::nearest::shown(&name), expected });
                }
            }
            self.open.push(name);
            if self.open.len() > DEPTH {
                return Err(broken(format!("elements are nested more than {DEPTH} deep")));
            }
            if self.open == self.wanted {
                self.index += 1;
                let fault = if empty { None } else { self.record()? };
                self.open.pop();
                if let Some(reader) = &mut self.reader {
                    raw.clone_from(&reader.get_ref().passed);
                }
                return Ok(Some(Cut { place: format!("/{}[{}]", self.wanted.join("/"), self.index), fault }));
            }
            if empty {
                self.open.pop();
            }
        }
    }

    /// Reads to the end of the record whose start tag was just read. A record that cannot be read is passed over.
    fn record(&mut self) -> Result<Option<Fault>, FeedError> {
        let outside = self.open.len();
        let fault = loop {
            let Some(reader) = &mut self.reader else { return Ok(None) };
            self.buffer.clear();
            let before = reader.get_ref().offset;
            match reader.read_event_into(&mut self.buffer) {
                Ok(Event::Start(tag)) => {
                    self.open.push(tag.name().into_inner().to_owned());
                    if self.open.len() > DEPTH {
                        break Fault::new("too-deep", format!("elements are nested more than {DEPTH} deep"));
                    }
                }
                Ok(Event::End(tag)) => {
                    let name = tag.name().into_inner();
                    if self.open.last().is_none_or(|open| open != name) {
                        break Fault::new(
                            "invalid-xml",
                            mismatch(name, self.open.last().map(String::as_str)),
                        );
                    }
                    if self.open.len() == outside {
                        return Ok(None);
                    }
                    self.open.pop();
                }
                Ok(Event::DocType(_)) => return Err(FeedError::Doctype { byte: before }),
                Ok(Event::Eof) => break Fault::new("invalid-xml", "the file ends inside this record"),
                Ok(_) => {}
                Err(error) => match failure(error, before) {
                    FeedError::RecordTooLarge { .. } => break too_large("record"),
                    FeedError::Xml { reason, .. } => break Fault::new("invalid-xml", reason),
                    other => return Err(other),
                },
            }
        };
        self.open.truncate(outside);
        self.pass_over()?;
        Ok(Some(fault))
    }

    /// Goes on after the end tag of the record: the first that stands in its bytes, or the next in the file.
    fn pass_over(&mut self) -> Result<(), FeedError> {
        let (Some(name), Some(old)) = (self.open.last(), self.reader.take()) else { return Ok(()) };
        let mut tag = EndTag::of(name);
        let mut guard = old.into_inner();
        if let Some(end) = tag.find(&guard.passed) {
            let mut again = guard.passed.split_off(end);
            guard.offset -= again.len() as u64;
            again.extend_from_slice(guard.again.get(guard.position..).unwrap_or_default());
            guard.again = again;
            guard.position = 0;
        } else {
            loop {
                let available = guard.available().map_err(FeedError::io)?;
                if available.is_empty() {
                    break;
                }
                let found = tag.find(available);
                let used = found.unwrap_or(available.len());
                guard.advance(used);
                if found.is_some() {
                    break;
                }
            }
        }
        self.reader = Some(reader(guard));
        Ok(())
    }
}

fn reader<B: BufRead>(guard: Guard<B>) -> Reader<Guard<B>> {
    let mut reader = Reader::from_reader(guard);
    // Names are checked here, because a new reader that takes over after a broken record knows no open elements.
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_unmatched_ends = true;
    reader
}

fn mismatch(name: &str, open: Option<&str>) -> String {
    let name = crate::nearest::shown(name);
    match open {
        Some(open) => {
            format!("</{name}> stands where </{}> was expected", crate::nearest::shown(open))
        }
        None => format!("</{name}> closes nothing"),
    }
}

fn failure(error: quick_xml::Error, byte: u64) -> FeedError {
    match error {
        quick_xml::Error::Io(error) if error.get_ref().is_some_and(|inner| inner.is::<Full>()) => {
            FeedError::RecordTooLarge { byte, limit: LIMIT }
        }
        quick_xml::Error::Io(error) => {
            let bomb = error.get_ref().is_some_and(|inner| inner.is::<super::input::Bomb>());
            if bomb {
                FeedError::Bomb
            } else {
                FeedError::io(io::Error::new(error.kind(), error.to_string()))
            }
        }
        other => FeedError::Xml { byte, reason: other.to_string() },
    }
}
