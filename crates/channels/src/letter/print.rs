//! The files of a print run: whole under their name, or not there.
//!
//! They are written into a folder beside it, synced, and renamed at last. Whoever finds the folder under its name can rely on
//! all that is in it.

use super::{Gauge, Letter, PROOF_LETTERS, Paper, TooLongLines, proof};
use crate::spreadsheet;
use crowsnest_model::Time;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

/// The files of a print run.
pub const FILES: [&str; 3] = [CSV, MANIFEST, PROOF];
const CSV: &str = "letters.csv";
const MANIFEST: &str = "manifest.json";
const PROOF: &str = "proof.pdf";

/// The columns of `letters.csv`.
pub const COLUMNS: [&str; 20] = [
    "letter",
    "line1",
    "line2",
    "line3",
    "line4",
    "line5",
    "line6",
    "line7",
    "name",
    "street",
    "street2",
    "postal_code",
    "city",
    "state",
    "country",
    "date",
    "text",
    "program",
    "template",
    "topic",
];

/// How many of them are the lines on the envelope.
const LINES: usize = 7;

/// The files of a print run that are being written.
pub struct PrintFiles {
    folder: PathBuf,
    name: String,
    csv: csv::Writer<Counted<BufWriter<File>>>,
    letters: u64,
    sample: Vec<Letter>,
    paper: Paper,
    gauge: Gauge,
    too_long: TooLongLines,
}

impl std::fmt::Debug for PrintFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PrintFiles").field("name", &self.name).field("letters", &self.letters).finish()
    }
}

/// What a print run is, beside its letters.
#[derive(Debug, Clone, Copy)]
pub struct Printed<'a> {
    /// When it began.
    pub started: Time,
    /// The program or broadcast whose letters alone were wanted.
    pub program: Option<&'a str>,
    /// What each letter was asked next to the print, in words.
    pub checks: &'a [&'a str],
}

impl PrintFiles {
    /// Begins the files of a print run in `folder`, in the place of any that were begun under this name.
    pub fn begin(folder: &Path, name: &str, paper: Paper) -> io::Result<Self> {
        discard(folder, name)?;
        let part = part(folder, name);
        fs::create_dir_all(&part)?;
        let file = Counted::new(BufWriter::new(File::create(part.join(CSV))?));
        // CRLF and quotes where they are needed: RFC 4180.
        let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(file);
        csv.write_record(COLUMNS)?;
        Ok(Self {
            folder: folder.to_owned(),
            name: name.to_owned(),
            csv,
            letters: 0,
            sample: Vec::new(),
            paper,
            gauge: Gauge::new(paper).map_err(io::Error::other)?,
            too_long: TooLongLines::default(),
        })
    }

    /// Adds a letter.
    pub fn add(&mut self, letter: &Letter) -> io::Result<()> {
        let to = &letter.to;
        let id = letter.id.to_string();
        let lines = to.lines();
        let line = |place: usize| lines.get(place).map_or("", String::as_str);
        let envelope = (0..LINES).map(line);
        let rest = [
            &to.name,
            &to.street,
            &to.street2,
            &to.postal_code,
            &to.city,
            &to.state,
            &to.country,
            &letter.date,
            &letter.text,
            &letter.program,
            &letter.template,
            &letter.topic,
        ];
        let cells = std::iter::once(id.as_str()).chain(envelope).chain(rest.into_iter().map(String::as_str));
        self.csv.write_record(cells.map(|cell| spreadsheet::cell(cell).into_owned()))?;
        self.letters += 1;
        self.too_long.add(self.gauge.too_long(letter));
        if self.sample.len() < PROOF_LETTERS {
            self.sample.push(letter.clone());
        }
        Ok(())
    }

    /// How many letters were added.
    pub fn letters(&self) -> u64 {
        self.letters
    }

    /// Writes the proof and the manifest, and gives the folder its name. When this answers `Ok`, the files are durable. Answers
    /// which lines are too long.
    pub fn finish(self, printed: Printed<'_>) -> io::Result<TooLongLines> {
        let part = part(&self.folder, &self.name);
        let counted = self.csv.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
        let (csv, file) = counted.end(CSV);
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        let proof = proof(&self.sample, self.paper).map_err(io::Error::other)?;
        let shown = write(&part, PROOF, &proof.pdf)?;
        let manifest = json!({
            "print_run": self.name,
            "started": printed.started,
            "program": printed.program,
            "letters": self.letters,
            "checks": printed.checks,
            "columns": COLUMNS,
            "files": [csv, shown],
            "too_long": self.too_long,
            "proof": {
                "letters": self.sample.len(),
                "not_shown": proof.not_shown.iter().map(char::to_string).collect::<Vec<_>>(),
            },
        });
        write(&part, MANIFEST, format!("{manifest:#}\n").as_bytes())?;
        sync(&part)?;
        let named = self.folder.join(&self.name);
        fs::rename(&part, &named)?;
        if let Err(error) = sync(&self.folder) {
            // It may be gone after the next power cut, so it must not count.
            fs::rename(&named, &part)?;
            return Err(error);
        }
        Ok(self.too_long)
    }
}

/// Whether the files of a print run are there, whole.
pub fn is_finished(folder: &Path, name: &str) -> bool {
    folder.join(name).join(MANIFEST).is_file()
}

/// Removes what was begun of a print run and has no name yet.
pub fn discard(folder: &Path, name: &str) -> io::Result<()> {
    match fs::remove_dir_all(part(folder, name)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn part(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!(".{name}.part"))
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<Value> {
    let mut file = Counted::new(File::create(folder.join(name))?);
    file.write_all(bytes)?;
    let (about, file) = file.end(name);
    file.sync_all()?;
    Ok(about)
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Counts and hashes what is written.
struct Counted<W> {
    inner: W,
    bytes: u64,
    hash: Sha256,
}

impl<W: Write> Counted<W> {
    fn new(inner: W) -> Self {
        Self { inner, bytes: 0, hash: Sha256::new() }
    }

    /// What the manifest says of the file.
    fn end(self, name: &str) -> (Value, W) {
        let hash: String = self.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        (json!({ "name": name, "bytes": self.bytes, "sha256": hash }), self.inner)
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or(bytes));
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
