//! `crowsnest overlap`: who is known to which source, brand and channel, in which combinations, and what they are worth.

use crate::{
    client::{Connection, encoded},
    output::{self, count, text},
};
use clap::Args;
use serde_json::Value;

/// See who is known to which source, brand and channel, alone and together, and what those people are worth.
#[derive(Debug, Args)]
#[command(
    after_help = "Dimensions: source, brand, channel (a contact point is known), reach (it may be written to), and what \
    the workspace declares as `dimensions`.\n\nExamples:\n  crowsnest overlap\n  \
    crowsnest overlap --by source --money spend-365d\n  crowsnest overlap --segments vip,lapsed,newcomer --pairs"
)]
pub struct Overlap {
    /// By this dimension; several with commas between. All, if neither these nor segments are named.
    #[arg(long, value_name = "DIMENSION", value_delimiter = ',')]
    by: Vec<String>,
    /// By these segments; several with commas between.
    #[arg(long, value_name = "SEGMENT", value_delimiter = ',')]
    segments: Vec<String>,
    /// A metric that says what somebody is worth, such as the sum of their orders.
    #[arg(long, value_name = "METRIC")]
    money: Option<String>,
    /// Tell at most this many combinations one by one; the others are summed up.
    #[arg(long, default_value_t = 20)]
    top: usize,
    /// Also show for each two how many of the one are in the other.
    #[arg(long)]
    pairs: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

/// How long the longest bar is.
const BAR: u64 = 20;

/// What values are called in the picture of combinations. Of more there is no picture.
const MARKS: &[u8] = b"123456789abcdefghijklmnopqrstuvwxyz";

/// Of more values than this there is no table of pairs, since no screen is as wide.
const MOST_PAIRS: usize = 20;

impl Overlap {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        let mut path = format!("/api/v1/overlap?top={}", self.top);
        for (name, values) in [("by", &self.by), ("segments", &self.segments)] {
            if !values.is_empty() {
                path.push_str(&format!("&{name}={}", encoded(&values.join(","))));
            }
        }
        if let Some(metric) = &self.money {
            path.push_str(&format!("&money={}", encoded(metric)));
        }
        let report: Value = client.get(&path)?;
        if self.json {
            output::json(&report);
            return Ok(());
        }
        let money = report["money"]["metric"].as_str();
        let everybody = &report["everybody"];
        say!(
            "{} in {}.",
            output::people(&everybody["people"]),
            output::count_of(&everybody["households"], "household", "households")
        );
        for dimension in list(&report["dimensions"]) {
            say!();
            show(dimension, money);
            if self.pairs {
                pairs(dimension);
            }
        }
        if let Some(metric) = money {
            about_money(metric, &report);
        }
        Ok(())
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn mark(place: usize) -> String {
    MARKS.get(place).map_or_else(|| "…".into(), |mark| char::from(*mark).into())
}

/// The values, and the combinations that occur.
fn show(dimension: &Value, money: Option<&str>) {
    let values = list(&dimension["values"]);
    let none = &dimension["none"];
    say!("{}: somebody is known to one when {}.", text(dimension, "title"), text(dimension, "known"));
    say!();
    let name = text(dimension, "dimension");
    let mut head = vec!["", name.as_str(), "people", "share", "alone", "households"];
    let mut numbers = vec![2, 3, 4, 5];
    if let Some(metric) = money {
        numbers.extend([head.len(), head.len() + 1]);
        head.extend([metric, "each"]);
    }
    head.push("title");
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (place, value) in values.iter().enumerate() {
        let mut row =
            vec![mark(place), text(value, "value"), people(value), share(value), count(&value["alone"])];
        row.push(count(&value["households"]));
        row.extend(amounts(value, money));
        row.push(text(value, "title"));
        rows.push(row);
    }
    say!("{}", output::table(head, &numbers, rows));
    for value in values.iter().filter(|value| value["ready"] == false) {
        say!("{} is being built, so its numbers are too low.", text(value, "value"));
    }
    say!();

    let longest = list(&dimension["combinations"]).iter().map(|one| one["people"].as_u64());
    let longest = longest.chain([none["people"].as_u64()]).flatten().max().unwrap_or(0).max(1);
    let drawn = values.len() <= MARKS.len();
    let marks: String = (0..values.len()).map(mark).collect();
    let mut head = vec![if drawn { marks.as_str() } else { "" }, "people", "share", "", "households"];
    let mut numbers = vec![1, 2, 4];
    if let Some(metric) = money {
        numbers.extend([head.len(), head.len() + 1]);
        head.extend([metric, "each"]);
    }
    head.push("known to");
    let row = |part: &Value, dots: String, bar: String, known_to: String| {
        let mut row = vec![dots, people(part), share(part), bar, count(&part["households"])];
        row.extend(amounts(part, money));
        row.push(known_to);
        row
    };
    let bar = |part: &Value| bar(part["people"].as_u64().unwrap_or(0), longest);
    let mut rows: Vec<Vec<String>> = Vec::new();
    for combination in list(&dimension["combinations"]) {
        let of = list(&combination["values"]);
        let dot = |value: &Value| if of.contains(&value["value"]) { '●' } else { '·' };
        let dots = if drawn { values.iter().map(dot).collect() } else { String::new() };
        let names: Vec<&str> = of.iter().filter_map(Value::as_str).collect();
        rows.push(row(combination, dots, bar(combination), names.join(" + ")));
    }
    let more = dimension["more"].as_u64().unwrap_or(0);
    if more > 0 {
        let rest = &dimension["rest"];
        let others = output::counted(more, "other combination", "other combinations");
        rows.push(row(rest, "…".into(), String::new(), others));
    }
    if none["people"].as_u64().unwrap_or(0) > 0 {
        let dots = if drawn { "·".repeat(values.len()) } else { String::new() };
        rows.push(row(none, dots, bar(none), "none of them".into()));
    }
    say!("{}", output::table(head, &numbers, rows));
}

/// For each two values, how many of those who are known to the one are known to the other.
fn pairs(dimension: &Value) {
    let values = list(&dimension["values"]);
    say!();
    if values.len() > MOST_PAIRS {
        say!("There are {} values, too many for a table of pairs; `both` of --json has them.", values.len());
        return;
    }
    say!("Of those who are known to the one on the left, so many are known to the one above:\n");
    let marks: Vec<String> = (0..values.len()).map(mark).collect();
    let head: Vec<&str> = ["", ""].into_iter().chain(marks.iter().map(String::as_str)).collect();
    let numbers: Vec<usize> = (2..head.len()).collect();
    let rows = values.iter().zip(list(&dimension["both"])).enumerate().map(|(place, (value, both))| {
        let all = value["people"].as_u64().unwrap_or(0);
        let cells = list(both).iter().enumerate().map(|(other, both)| match both.as_u64() {
            _ if other == place => "·".into(),
            Some(both) if all > 0 => format!("{:.0}%", both as f64 * 100.0 / all as f64),
            _ => "–".into(),
        });
        [mark(place), text(value, "value")].into_iter().chain(cells).collect::<Vec<String>>()
    });
    say!("{}", output::table(head, &numbers, rows));
}

/// What is to be known about the money.
fn about_money(metric: &str, report: &Value) {
    let number = |name: &str| report["everybody"][name].as_u64().unwrap_or(0);
    if report["money"]["ready"] == false {
        say!("\n{metric} is being built, so nobody's amount is known yet.");
        return;
    }
    if number("not_known") > 0 {
        let people = output::counted(number("not_known"), "person", "people");
        say!("\nThe {metric} of {people} is not known; they are in no amount.");
    }
    if number("mixed") > 0 {
        let people = output::counted(number("mixed"), "person", "people");
        say!(
            "\nThe {metric} of {people} is in several currencies and does not add up; they are in no amount."
        );
    }
}

fn people(part: &Value) -> String {
    count(&part["people"])
}

fn share(part: &Value) -> String {
    format!("{:.1}%", part["share"].as_f64().unwrap_or(0.0) * 100.0)
}

/// The sum and the mean, a line for each currency.
fn amounts(part: &Value, money: Option<&str>) -> Vec<String> {
    let column = |name: &str| {
        let of = |total: &Value| output::money(total[name].as_f64().unwrap_or(0.0), &text(total, "currency"));
        list(&part["money"]).iter().map(of).collect::<Vec<_>>().join("\n")
    };
    if money.is_some() { vec![column("total"), column("mean")] } else { Vec::new() }
}

fn bar(people: u64, longest: u64) -> String {
    match (people, (people * BAR + longest / 2) / longest) {
        (0, _) => String::new(),
        (_, 0) => "▏".into(),
        (_, length) => "█".repeat(length as usize),
    }
}
