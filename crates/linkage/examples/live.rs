//! How long one new record takes: `live people.csv`. All but the last 10,000 records are known, those come one by one.

use crowsnest_linkage::layout::Layout;
use crowsnest_linkage::linkage::link;
use crowsnest_linkage::live::Live;
use crowsnest_linkage::{Settings, csv};
use std::time::{Duration, Instant};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Some(input) = std::env::args().nth(1) else { return Err("usage: live people.csv".into()) };
    let text = std::fs::read_to_string(&input)?;
    let cut = text.match_indices('\n').map(|(i, _)| i).rev().nth(10_000).ok_or("too few records")?;
    let settings = Settings::default();
    let mut reader = csv::Reader::new(&settings);
    reader.read(&input, &text.as_bytes()[..cut])?;
    let (mut table, _) = reader.finish();
    let model = link(&mut table, &settings, None, &[], &mut ()).model;
    let begun = Instant::now();
    let mut live = Live::of(table, model.clone(), &settings, &[]);
    eprintln!("{} records are known after {:.1} s", live.table.records(), begun.elapsed().as_secs_f64());

    let headers: Vec<String> = text.lines().next().unwrap_or("").split(',').map(str::to_string).collect();
    let mut layout = Layout { closed: true, ..model.layout };
    let intake = layout.add_file(&headers, &[], &settings, &mut Vec::new());
    let mut rows = ::csv::ReaderBuilder::new().has_headers(false).from_reader(&text.as_bytes()[cut + 1..]);
    let mut took: Vec<Duration> = Vec::new();
    let mut slowest = (Duration::ZERO, 0);
    for row in rows.records() {
        let row = row?;
        let begun = Instant::now();
        let changes = live.insert(&intake, &row[0], 0, |i| row.get(i).unwrap_or(""));
        took.push(begun.elapsed());
        slowest = slowest.max((begun.elapsed(), changes.compared));
    }
    took.sort();
    for share in [0.5, 0.9, 0.99, 0.999] {
        eprintln!("{share}: {:?}", took[(took.len() as f64 * share) as usize]);
    }
    eprintln!("slowest: {:?} with {} compared", slowest.0, slowest.1);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    eprintln!("{}", status.lines().find(|l| l.starts_with("VmHWM")).unwrap_or_default());
    Ok(())
}
