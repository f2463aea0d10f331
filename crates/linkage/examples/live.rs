//! How long one change takes: `live people.csv`. All but the last 10,000 records are known; those come one by one, then each says what
//! another of them said, and then they go.

use crowsnest_linkage::household::live::Homes;
use crowsnest_linkage::layout::Layout;
use crowsnest_linkage::linkage::link;
use crowsnest_linkage::live::{Changes, Live};
use crowsnest_linkage::{Settings, csv};
use std::time::{Duration, Instant};

/// As in the binary that users run.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Some(input) = std::env::args().nth(1) else { return Err("usage: live people.csv".into()) };
    let text = std::fs::read_to_string(&input)?;
    let cut = text.match_indices('\n').map(|(i, _)| i).rev().nth(10_000).ok_or("too few records")?;
    let settings = Settings::default();
    let mut reader = csv::Reader::new(&settings);
    reader.read(&input, &text.as_bytes()[..cut])?;
    let (mut table, _) = reader.finish();
    let linkage = link(&mut table, &settings, None, &[], &mut ());
    let model = linkage.model;
    let begun = Instant::now();
    let mut live = Live::of(table, model.clone(), &settings, &[]);
    eprintln!("{} records are known after {:.1} s", live.table.records(), begun.elapsed().as_secs_f64());

    let begun = Instant::now();
    let mut homes = Homes::of(&live, linkage.homes, &settings);
    eprintln!("and their households after {:.1} s", begun.elapsed().as_secs_f64());

    let headers: Vec<String> = text.lines().next().unwrap_or("").split(',').map(str::to_string).collect();
    let mut layout = Layout { closed: true, ..model.layout };
    let intake = layout.add_file(&headers, &[], &settings, &mut Vec::new());
    let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(&text.as_bytes()[cut + 1..]);
    let rows: Vec<::csv::StringRecord> = reader.records().collect::<Result<_, _>>()?;
    let first = live.table.records() as u32;
    let mut measure = |what: &str, change: &dyn Fn(&mut Live, usize) -> Changes| {
        let (mut took, mut homing) = (Vec::new(), Vec::new());
        for i in 0..rows.len() {
            let begun = Instant::now();
            let changes = change(&mut live, i);
            took.push(begun.elapsed());
            let begun = Instant::now();
            homes.update(&live, &changes.touched);
            homing.push(begun.elapsed());
        }
        say(what, took);
        say("  households", homing);
    };
    measure("insert", &|live, i| live.insert(&intake, &rows[i][0], 0, |c| rows[i].get(c).unwrap_or("")));
    measure("replace", &|live, i| {
        let other = &rows[(i + 1) % rows.len()];
        live.replace(first + i as u32, &intake, 0, |c| other.get(c).unwrap_or(""))
    });
    measure("remove", &|live, i| live.remove(first + i as u32));
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    eprintln!("{}", status.lines().find(|l| l.starts_with("VmHWM")).unwrap_or_default());
    Ok(())
}

fn say(what: &str, mut took: Vec<Duration>) {
    took.sort();
    let at = |share: f64| took[((took.len() as f64 * share) as usize).min(took.len() - 1)];
    let [half, most, nearly, all] = [0.5, 0.9, 0.99, 1.0].map(at);
    eprintln!("{what:<13} half {half:?}, 90 % {most:?}, 99 % {nearly:?}, slowest {all:?}");
}
