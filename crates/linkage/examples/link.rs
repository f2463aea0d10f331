//! Links a CSV file: `link people.csv clusters.csv [settings as JSON]`. Prints what each step took.

use crowsnest_linkage::linkage::{Watch, link};
use crowsnest_linkage::{Settings, csv};
use std::fs::File;
use std::time::Instant;

/// As in the binary that users run.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Clock {
    begun: Instant,
    step: Option<(&'static str, Instant, f64)>,
}

impl Watch for Clock {
    fn step(&mut self, name: &'static str) {
        if let Some((name, begun, used)) = self.step.replace((name, Instant::now(), processor())) {
            let (elapsed, used) = (begun.elapsed().as_secs_f64(), processor() - used);
            eprintln!("{name:<12} {elapsed:>8.2} s {used:>8.2} s of processors   {}", memory());
        }
    }
}

/// How long all processors together have worked for us.
fn processor() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks: f64 = stat
        .rsplit(')')
        .next()
        .unwrap_or("")
        .split_whitespace()
        .skip(11)
        .take(2)
        .flat_map(str::parse::<f64>)
        .sum();
    ticks / 100.0
}

fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|l| l.starts_with("VmHWM")).unwrap_or_default();
    peak.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(input), Some(output)) = (arguments.next(), arguments.next()) else {
        return Err("usage: link people.csv clusters.csv [settings as JSON]".into());
    };
    let settings: Settings = match arguments.next() {
        Some(text) => serde_json::from_str(&text)?,
        None => Settings::default(),
    };
    let mut clock = Clock { begun: Instant::now(), step: None };
    clock.step("reading");
    let mut reader = csv::Reader::new(&settings);
    reader.read(&input, File::open(&input)?)?;
    clock.step("values");
    let (mut table, mut warnings) = reader.finish();
    let linkage = link(&mut table, &settings, None, &[], &mut clock);
    clock.step("writing");
    csv::write(&table, &linkage, File::create(&output)?)?;
    clock.step("end");
    warnings.extend(linkage.warnings.iter().cloned());
    for warning in warnings {
        eprintln!("warning: {warning}");
    }
    eprintln!("{:?}", linkage.counts);
    if std::env::var_os("MODEL").is_some() {
        for w in &linkage.model.weights {
            eprintln!("{}", w.comparison.name);
            for (i, level) in w.comparison.levels.iter().enumerate() {
                eprintln!("  {level:<40} {:.5} {:.5} {:.7}", w.person[i], w.household[i], w.stranger[i]);
            }
        }
        eprintln!("priors {:.2} {:.2}", linkage.model.prior_person, linkage.model.prior_household);
    }
    eprintln!("total {:.2} s, {}", clock.begun.elapsed().as_secs_f64(), memory());
    Ok(())
}
