//! Tables for people, JSON for programs.

use std::{fmt::Arguments, io::Write};

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Row, Table, TableStyle};
use serde_json::Value;

/// Prints a line, as `println!` does; but a reader that has seen enough (`| head`) ends us quietly.
#[macro_export]
macro_rules! say {
    () => { $crate::output::line(format_args!("")) };
    ($($words:tt)*) => { $crate::output::line(format_args!($($words)*)) };
}

/// A text without what makes a terminal do something: much of what is shown was sent by anybody.
fn harmless(words: &str) -> String {
    let harm = |c: char| {
        c.is_control() && !matches!(c, '\n' | '\t')
            // Texts that run the other way round from here on.
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    words.replace(harm, "\u{fffd}")
}

/// What [`say`] does.
pub fn line(words: Arguments<'_>) {
    if let Err(error) = writeln!(std::io::stdout(), "{}", harmless(&words.to_string())) {
        if error.kind() != std::io::ErrorKind::BrokenPipe {
            eprintln!("error: nothing can be printed: {error}");
        }
        std::process::exit(if error.kind() == std::io::ErrorKind::BrokenPipe { 0 } else { 1 });
    }
}

/// A line under the head, and nothing else: easy to read, and to cut with other tools.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// A table with this head. Columns named in `numbers` stand to the right.
pub fn table(
    head: impl Into<Row>,
    numbers: &[usize],
    rows: impl IntoIterator<Item = impl Into<Row>>,
) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE).set_content_arrangement(ContentArrangement::Dynamic).set_header(head);
    for row in rows {
        table.add_row(row);
    }
    for number in numbers {
        if let Some(column) = table.column_mut(*number) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// Prints JSON for programs.
pub fn json(value: &Value) {
    say!("{value:#}");
}

/// A member of an answer, as a text.
pub fn text(value: &Value, name: &str) -> String {
    match &value[name] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A count with thousands set apart.
pub fn count(value: &Value) -> String {
    grouped(&value.as_u64().unwrap_or(0).to_string())
}

/// The beginning of a text, with … where it is cut.
pub fn beginning(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// A count with the word for one or for several: `1 letter`, `2,000 letters`.
pub fn counted(count: u64, one: &str, several: &str) -> String {
    format!("{} {}", grouped(&count.to_string()), if count == 1 { one } else { several })
}

/// The same of a count of an answer.
pub fn count_of(value: &Value, one: &str, several: &str) -> String {
    counted(value.as_u64().unwrap_or(0), one, several)
}

/// A count of people.
pub fn people(value: &Value) -> String {
    count_of(value, "person", "people")
}

/// An amount of money with two decimals, thousands set apart, and its currency.
pub fn money(amount: f64, currency: &str) -> String {
    let written = format!("{:.2}", amount.abs());
    let (whole, cents) = written.split_once('.').unwrap_or((&written, "00"));
    let sign = if amount < 0.0 { "-" } else { "" };
    format!("{sign}{}.{cents} {currency}", grouped(whole))
}

/// An amount of an answer as people read it: rounded to the decimals of its currency, thousands set apart.
pub fn amount(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    let Ok(amount) = text.parse::<crowsnest_model::Amount>() else { return text.to_owned() };
    let rounded = amount.rounded();
    let whole = rounded.find(['.', ' ']).unwrap_or(0);
    format!("{}{}", grouped(&rounded[..whole]), &rounded[whole..])
}

fn grouped(digits: &str) -> String {
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Logs go to standard error: warnings and worse, unless CROWSNEST_LOG says otherwise (`info`, `debug`).
pub fn log_to_stderr() {
    use std::io::IsTerminal;
    let filter = tracing_subscriber::EnvFilter::try_from_env("CROWSNEST_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A log that people read is text; one that is collected is JSON, a line an entry.
    let done = if std::io::stderr().is_terminal() { builder.try_init() } else { builder.json().try_init() };
    if let Err(error) = done {
        eprintln!("warning: no log is written: {error}");
    }
}

/// Prints the clauses of a condition, each with whether it holds and what is known of the customer.
pub fn clauses(clauses: &Value, indent: &str) {
    for clause in clauses.as_array().into_iter().flatten() {
        let mark = match clause["truth"].as_str() {
            Some("true") => "✓",
            Some("false") => "✗",
            _ => "?",
        };
        let value = text(clause, "value");
        let value = if value.is_empty() { value } else { format!(": {value}") };
        say!("{indent}{mark} {}{value}", text(clause, "sentence"));
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(super::beginning("Zoë 東京", 6), "Zoë 東京");
        assert_eq!(super::beginning("Zoë 東京", 5), "Zoë …");
    }

    #[test]
    fn what_anybody_sent_does_nothing_to_a_terminal() {
        let sent = "\u{1b}]0;owned\u{7}\u{1b}[31mEve\u{202e}\n\tZoë 東京 ─";
        assert_eq!(super::harmless(sent), "\u{fffd}]0;owned\u{fffd}\u{fffd}[31mEve\u{fffd}\n\tZoë 東京 ─");
    }
}
