//! The bytes of a file: decompressed if they are gzip, in UTF-8 whatever they were, counted and bounded.

use super::FeedError;
use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8};
use flate2::bufread::MultiGzDecoder;
use std::io::{self, BufRead, BufReader, Read};

const CHUNK: usize = 64 * 1024;
/// Text compresses by ten, logs by thirty; gzip cannot do more than about a thousand.
const MAX_RATIO: u64 = 250;
/// A small file may be as dense as it likes.
const RATIO_MATTERS: u64 = 64 * 1024 * 1024;
/// How many bytes tell the encoding of an XML file.
const PROLOG: usize = 256;

/// A stream of UTF-8. Bytes that are wrong in the file's encoding are passed on as a byte that is wrong in UTF-8, so
/// that the row that has them is rejected, and only this row.
pub(super) struct Input<R: Read> {
    stream: Stream<R>,
    decoder: Option<Decoder>,
    undecoded: Vec<u8>,
    ready: Vec<u8>,
    position: usize,
    produced: u64,
    ended: bool,
}

enum Stream<R: Read> {
    Plain(BufReader<Counted<R>>),
    Gzip(Box<MultiGzDecoder<BufReader<Counted<R>>>>),
}

/// The file, with the bytes that were looked at put back in front, counting what was read of it.
struct Counted<R> {
    head: Vec<u8>,
    put_back: usize,
    inner: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let head = self.head.get(self.put_back..).unwrap_or_default();
        if !head.is_empty() {
            let mut head = head;
            let count = head.read(out)?;
            self.put_back += count;
            return Ok(count);
        }
        let count = self.inner.read(out)?;
        self.count += count as u64;
        Ok(count)
    }
}

/// That a file grows more than any honest one when it is decompressed.
#[derive(Debug, thiserror::Error)]
#[error("decompression bomb")]
pub(super) struct Bomb;

impl<R: Read> Input<R> {
    /// Opens a file: looks at its first bytes for gzip, a byte order mark and, in XML, the encoding it declares.
    pub fn open(mut file: R, encoding: Option<&'static Encoding>, is_xml: bool) -> Result<Self, FeedError> {
        let mut head = vec![0; 2];
        let count = fill(&mut file, &mut head).map_err(FeedError::io)?;
        head.truncate(count);
        let zipped = head == [0x1f, 0x8b];
        let counted =
            BufReader::with_capacity(CHUNK, Counted { count: count as u64, head, put_back: 0, inner: file });
        let stream = if zipped {
            Stream::Gzip(Box::new(MultiGzDecoder::new(counted)))
        } else {
            Stream::Plain(counted)
        };
        let mut input = Self::over(stream);
        let mut prolog = vec![0; PROLOG];
        let count = fill(&mut input.stream, &mut prolog).map_err(FeedError::io)?;
        prolog.truncate(count);
        input.produced = count as u64;
        let (encoding, marked) = match Encoding::for_bom(&prolog) {
            Some((encoding, length)) => {
                prolog.drain(..length);
                (encoding, true)
            }
            None => {
                let declared = if is_xml { declared_encoding(&prolog) } else { None };
                (encoding.or(declared).unwrap_or(UTF_8), false)
            }
        };
        if encoding == UTF_8 {
            input.ready = prolog;
        } else {
            // A document cannot be declared UTF-16 in letters that are not: then the declaration is a mistake.
            let sixteen = encoding == encoding_rs::UTF_16LE || encoding == encoding_rs::UTF_16BE;
            if sixteen && !marked && is_xml && prolog.starts_with(b"<?xml") {
                input.ready = prolog;
            } else {
                input.decoder = Some(encoding.new_decoder_without_bom_handling());
                input.undecoded = prolog;
                input.decode(false);
            }
        }
        Ok(input)
    }

    /// Bytes that were read before: UTF-8, not compressed.
    pub fn kept(bytes: R) -> Self {
        Self::over(Stream::Plain(BufReader::new(Counted {
            head: Vec::new(),
            put_back: 0,
            inner: bytes,
            count: 0,
        })))
    }

    fn over(stream: Stream<R>) -> Self {
        Self {
            stream,
            decoder: None,
            undecoded: Vec::new(),
            ready: Vec::new(),
            position: 0,
            produced: 0,
            ended: false,
        }
    }

    /// How many bytes of the file have been read, compressed as they are.
    pub fn bytes_read(&self) -> u64 {
        match &self.stream {
            Stream::Plain(counted) => counted.get_ref().count,
            Stream::Gzip(zipped) => zipped.get_ref().get_ref().count,
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.position = 0;
        self.ready.clear();
        while self.ready.is_empty() && !self.ended {
            let target = if self.decoder.is_some() { &mut self.undecoded } else { &mut self.ready };
            target.resize(CHUNK, 0);
            let count = loop {
                match self.stream.read(target) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => {
                        target.clear();
                        return Err(error);
                    }
                    Ok(count) => break count,
                }
            };
            target.truncate(count);
            self.ended = count == 0;
            self.produced += count as u64;
            if self.produced > RATIO_MATTERS && self.produced / MAX_RATIO > self.bytes_read() {
                self.ready.clear();
                return Err(io::Error::other(Bomb));
            }
            self.decode(self.ended);
        }
        Ok(())
    }

    /// Decodes what is undecoded into what is ready.
    fn decode(&mut self, last: bool) {
        let Some(decoder) = &mut self.decoder else { return };
        let mut rest = self.undecoded.as_slice();
        loop {
            let filled = self.ready.len();
            let room =
                decoder.max_utf8_buffer_length_without_replacement(rest.len()).unwrap_or(CHUNK).max(16);
            self.ready.resize(filled + room, 0);
            let out = self.ready.get_mut(filled..).unwrap_or_default();
            let (result, read, written) = decoder.decode_to_utf8_without_replacement(rest, out, last);
            self.ready.truncate(filled + written);
            rest = rest.get(read..).unwrap_or_default();
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => self.ready.push(0xff),
            }
        }
        self.undecoded.clear();
    }
}

impl<R: Read> Read for Input<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(out)?;
        self.consume(count);
        Ok(count)
    }
}

impl<R: Read> BufRead for Input<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.position >= self.ready.len() {
            self.refill()?;
        }
        Ok(self.ready.get(self.position..).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        self.position += count;
    }
}

impl<R: Read> Read for Stream<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(plain) => plain.read(out),
            Self::Gzip(zipped) => zipped.read(out),
        }
    }
}

/// Reads until `out` is full or the file ends.
fn fill(file: &mut impl Read, out: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < out.len() {
        match file.read(out.get_mut(filled..).unwrap_or_default()) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// The encoding that an XML declaration names.
fn declared_encoding(prolog: &[u8]) -> Option<&'static Encoding> {
    let declaration = prolog.strip_prefix(b"<?xml")?;
    let end = declaration.windows(2).position(|two| two == b"?>")?;
    let text = std::str::from_utf8(declaration.get(..end)?).ok()?;
    let (_, after) = text.split_once("encoding")?;
    let after = after.trim_start().strip_prefix('=')?.trim_start();
    let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let label = after.get(1..)?.split(quote).next()?;
    Encoding::for_label(label.as_bytes())
}
