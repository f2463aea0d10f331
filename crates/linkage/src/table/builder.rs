//! From rows of texts to a table: rows are cut into texts, texts are taken in once each, read once each, and counted.

use super::{ANY_SOURCE, Node, Record, Table, Texts, customs};
use crate::dictionary::{Heard, RawTexts, text_hash};
use crate::fields::{Customs, FieldKind};
use crate::intake;
use crate::layout::{Intake, Layout};
use crate::model::Model;
use crate::settings::Settings;
use crate::threads;
use crate::warnings::Warning;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use std::ops::Range;

/// Takes in records, one by one, and makes a [`Table`] of them.
pub struct TableBuilder {
    layout: Layout,
    settings: Settings,
    raws: Vec<RawTexts>,
    files: Vec<Rows>,
    ids: Texts,
    as_of: Vec<u32>,
    sources: Vec<u16>,
    source_names: Vec<String>,
    customs: Customs,
    one: Batch,
    joined: String,
}

/// The rows of one file.
struct Rows {
    /// How many records came before.
    first: usize,
    /// How many slots were known when the file came.
    width: usize,
    /// Raw ids plus one, row by row.
    raws: Vec<u32>,
}

/// Rows that are cut into texts, and not yet taken in.
#[derive(Default)]
pub struct Batch {
    text: String,
    cells: Vec<Cell>,
    rows: Vec<Row>,
}

/// A text that is not empty, which begins where the one before it ends.
struct Cell {
    slot: usize,
    end: usize,
    hash: u64,
}

/// A row: its id, then its cells.
struct Row {
    id_end: usize,
    cells_end: usize,
    source: u16,
    /// When it was true, in minutes since 1970; 0 if it is not known.
    as_of: u32,
}

impl Batch {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How long all texts are together, in bytes.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Forgets the rows, and keeps the room.
    pub fn clear(&mut self) {
        self.text.clear();
        self.cells.clear();
        self.rows.clear();
    }
}

/// The half of a builder that cuts rows into texts. It needs nothing of the other half, which may be on another thread.
pub struct Cutter<'b> {
    layout: &'b Layout,
    customs: &'b Customs,
    source_names: &'b mut Vec<String>,
    joined: &'b mut String,
}

impl Cutter<'_> {
    /// Cuts one record of the file that was begun last. `column` gives the raw text of a column.
    pub fn cut<'r>(
        &mut self,
        intake: &Intake,
        record_id: &str,
        source: u16,
        column: impl Fn(usize) -> &'r str,
        batch: &mut Batch,
    ) {
        let Batch { text, cells, rows } = batch;
        let as_of = intake::as_of(intake, self.customs, &column);
        text.push_str(record_id);
        let id_end = text.len();
        intake::texts(intake, self.layout, self.customs, self.joined, column, |slot, raw| {
            if !raw.is_empty() {
                text.push_str(raw);
                cells.push(Cell { slot, end: text.len(), hash: text_hash(raw) });
            }
        });
        rows.push(Row { id_end, cells_end: cells.len(), source, as_of });
    }

    /// The number of a source.
    pub fn source(&mut self, name: &str) -> u16 {
        if let Some(found) = self.source_names.iter().position(|n| n == name) {
            return found as u16;
        }
        if self.source_names.len() >= usize::from(ANY_SOURCE) {
            return ANY_SOURCE;
        }
        self.source_names.push(name.to_string());
        (self.source_names.len() - 1) as u16
    }
}

/// The half of a builder that takes in what was cut.
pub struct Taker<'b> {
    layout: &'b Layout,
    raws: &'b mut [RawTexts],
    file: Option<&'b mut Rows>,
    ids: &'b mut Texts,
    as_of: &'b mut Vec<u32>,
    sources: &'b mut Vec<u16>,
}

impl Taker<'_> {
    /// Takes in rows, in their order.
    pub fn take_in(&mut self, batch: &Batch) {
        let Some(file) = &mut self.file else { return };
        let (mut start, mut cells) = (0, batch.cells.iter());
        let mut taken = 0;
        for row in &batch.rows {
            if row.as_of > 0 {
                // Files that do not say it take no room.
                self.as_of.resize(self.ids.len(), 0);
                self.as_of.push(row.as_of);
            }
            self.ids.push(&batch.text[start..row.id_end]);
            self.sources.push(row.source);
            start = row.id_end;
            let begin = file.raws.len();
            file.raws.resize(begin + file.width, 0);
            let places = &mut file.raws[begin..];
            for cell in cells.by_ref().take(row.cells_end - taken) {
                let raws = &mut self.raws[self.layout.slots[cell.slot].domain];
                places[cell.slot] = raws.intern(cell.hash, &batch.text[start..cell.end]) + 1;
                start = cell.end;
            }
            taken = row.cells_end;
        }
    }
}

impl TableBuilder {
    /// An empty builder.
    pub fn new(settings: &Settings) -> Self {
        Self {
            layout: Layout::default(),
            settings: settings.clone(),
            raws: Vec::new(),
            files: Vec::new(),
            ids: Texts::default(),
            as_of: Vec::new(),
            sources: Vec::new(),
            source_names: Vec::new(),
            customs: customs(settings),
            one: Batch::default(),
            joined: String::new(),
        }
    }

    /// An empty builder of a table that a model can score.
    pub fn for_model(model: &Model, settings: &Settings) -> Self {
        let mut builder = Self::new(settings);
        builder.layout = Layout { closed: true, ..model.layout.clone() };
        builder
    }

    /// Begins a file: finds out what its columns are about. `samples` are the first values of each column.
    pub fn begin(
        &mut self,
        headers: &[String],
        samples: &[Vec<String>],
        warnings: &mut Vec<Warning>,
    ) -> Intake {
        let intake = self.layout.add_file(headers, samples, &self.settings, warnings);
        self.raws.resize_with(self.layout.domains.len(), RawTexts::default);
        let width = self.layout.slots.len();
        self.files.push(Rows { first: self.ids.len(), width, raws: Vec::new() });
        intake
    }

    /// The two halves, which may work on threads of their own.
    pub fn halves(&mut self) -> (Cutter<'_>, Taker<'_>) {
        let Self { layout, raws, files, ids, as_of, sources, source_names, customs, joined, .. } = self;
        (
            Cutter { layout, customs, source_names, joined },
            Taker { layout, raws, file: files.last_mut(), ids, as_of, sources },
        )
    }

    /// Takes in one record of the file that was begun last. `column` gives the raw text of a column.
    pub fn push<'r>(
        &mut self,
        intake: &Intake,
        record_id: &str,
        source: u16,
        column: impl Fn(usize) -> &'r str,
    ) {
        let mut one = std::mem::take(&mut self.one);
        let (mut cutter, mut taker) = self.halves();
        cutter.cut(intake, record_id, source, column, &mut one);
        taker.take_in(&one);
        one.clear();
        self.one = one;
    }

    /// How the records are to be linked.
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// How many records were taken in.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Reads the distinct values and makes equal records one node.
    pub fn finish(self) -> Table {
        let threads = threads::count(self.settings.threads);
        let unique: Vec<bool> =
            self.source_names.iter().map(|name| self.settings.unique_sources.contains(name)).collect();
        let mut table = Table::empty(self.layout, self.customs, self.source_names, unique);
        let maps = read(&mut table, self.raws, threads);
        table.ids = self.ids;
        table.as_of = self.as_of;
        table.fill(&self.files, &maps, &self.sources, threads);
        drop((self.files, maps));
        table.arrange(threads);
        table
    }
}

/// How many texts are read at once.
const TEXTS: usize = 4_096;

/// Reads the texts of all domains into a table's dictionaries; the answer has, by domain, each text's value. Texts are read in pieces, on
/// all threads; values are then numbered domain by domain, in the order of their texts.
fn read(table: &mut Table, raws: Vec<RawTexts>, threads: usize) -> Vec<Vec<u32>> {
    let kinds: Vec<FieldKind> = table.layout.domains.iter().map(|d| d.kind).collect();
    let pieces: Vec<(usize, Range<usize>)> = raws
        .iter()
        .enumerate()
        .flat_map(|(domain, raws)| {
            let starts = (0..raws.len()).step_by(TEXTS);
            starts.map(move |start| (domain, start..(start + TEXTS).min(raws.len())))
        })
        .collect();
    let customs = &table.customs;
    let read = threads::pieces(pieces.len(), 1, threads, |range| {
        let (domain, texts) = pieces[range.start].clone();
        raws[domain].read(texts, kinds[domain], customs)
    });
    drop(raws);
    let mut heard: Vec<Vec<Vec<Heard>>> = kinds.iter().map(|_| Vec::new()).collect();
    for ((domain, _), read) in pieces.into_iter().zip(read) {
        heard[domain].push(read);
    }
    let mut maps: Vec<Vec<u32>> = kinds.iter().map(|_| Vec::new()).collect();
    let mut tasks: Vec<_> =
        heard.into_iter().zip(&mut maps).zip(&mut table.dictionaries).zip(kinds).collect();
    // The largest first, so that no thread has it alone at the end.
    tasks.sort_by_key(|(((heard, _), _), _)| std::cmp::Reverse(heard.len()));
    threads::share(tasks.into_iter(), threads, |(((heard, map), dictionary), kind)| {
        *map = dictionary.take_in(kind, heard);
    });
    maps
}

/// How many rows are worked out at once.
const ROWS: usize = 8_192;

impl Table {
    /// Takes in all rows of raw texts, by the value of each text. Records that say the same become one node.
    fn fill(&mut self, files: &[Rows], maps: &[Vec<u32>], sources: &[u16], threads: usize) {
        let records = self.ids.len();
        let (width, doors) = (self.width.max(1), self.addresses.len().max(1));
        let mut rows = vec![0u32; records * width];
        let mut contents = vec![0u64; records];
        let mut hashes = vec![0u64; records * doors];
        let chunks = rows.chunks_mut(ROWS * width).zip(contents.chunks_mut(ROWS));
        let chunks = chunks.zip(hashes.chunks_mut(ROWS * doors)).enumerate();
        threads::share(chunks, threads, |(number, ((rows, contents), hashes))| {
            let of_record = rows.chunks_exact_mut(width).zip(contents).zip(hashes.chunks_exact_mut(doors));
            for (((row, content), hashes), record) in of_record.zip(number * ROWS..) {
                self.put_values(files, maps, record, row);
                *content = self.content_of(row);
                for (hash, address) in hashes.iter_mut().zip(&self.addresses) {
                    *hash = self.door_hash(row, address).unwrap_or(0);
                }
            }
        });
        let sources: Vec<u16> = sources.iter().map(|&source| self.told_apart(source)).collect();
        // Who says the same has the same doors: these need not be compared.
        let said = self.layout.slots.len();
        let dictionary = &mut self.doors;
        let (doors_of, (node_of, firsts)) = threads::both(
            threads,
            || dictionary.number(&hashes),
            || same(|record| &rows[record as usize * width..][..said], &contents, &sources),
        );
        for (node, &first) in firsts.iter().enumerate() {
            let (from, to, first) = (first as usize * width, node * width, first as usize);
            rows.copy_within(from..from + width, to);
            for (i, address) in self.addresses.iter().enumerate() {
                rows[to + address.door] = doors_of[first * doors + i];
            }
        }
        rows.truncate(firsts.len() * self.width);
        self.rows = rows;
        self.contents = firsts.iter().map(|&record| contents[record as usize]).collect();
        self.node_sources = firsts.iter().map(|&record| sources[record as usize]).collect();
        self.held = vec![0; firsts.len()];
        node_of.iter().for_each(|&node| self.held[node as usize] += 1);
        self.node_of = node_of;
        self.index_is_old = true;
    }

    /// Puts the values of a record into its row. Files without a single known column have records that say nothing.
    fn put_values(&self, files: &[Rows], maps: &[Vec<u32>], record: usize, row: &mut [u32]) {
        let Some(file) = files[..files.partition_point(|f| f.first <= record)].last() else { return };
        let raws = file.raws.get((record - file.first) * file.width..).unwrap_or_default();
        for ((id, slot), &raw) in row.iter_mut().zip(&self.layout.slots).zip(raws.iter().take(file.width)) {
            if raw > 0 {
                *id = maps[slot.domain][raw as usize - 1];
            }
        }
    }
}

/// The node of each record, and the first record of each node. `row` is what a record says.
fn same<'r>(
    row: impl Fn(Record) -> &'r [u32],
    contents: &[u64],
    sources: &[u16],
) -> (Vec<Node>, Vec<Record>) {
    let mut known: HashTable<(u64, Node)> = HashTable::with_capacity(contents.len());
    let mut firsts: Vec<Record> = Vec::with_capacity(contents.len());
    let nodes = contents.iter().zip(sources).zip(0..).map(|((&content, &source), record)| {
        let next = firsts.len() as Node;
        if source == ANY_SOURCE {
            let is_same =
                |&(hash, node): &(u64, Node)| hash == content && row(firsts[node as usize]) == row(record);
            match known.entry(content, is_same, |&(hash, _)| hash) {
                Entry::Occupied(node) => return node.get().1,
                Entry::Vacant(place) => {
                    place.insert((content, next));
                }
            }
        }
        firsts.push(record);
        next
    });
    (nodes.collect(), firsts)
}
