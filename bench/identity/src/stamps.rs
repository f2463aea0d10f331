//! When a source says that a record was changed last, and how it writes that.

use crate::{
    dice::Dice,
    level::Level,
    person::{FIRST_YEAR, NOW},
    record::Record,
};

/// How a source writes moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// 2021-03-09T14:07:00Z
    Iso,
    /// 2021-03-09 14:07:00
    Plain,
    /// As the country writes days: 09.03.2021, 09/03/2021, 03/09/2021.
    Local,
    /// Seconds since 1970.
    Seconds,
    /// Not at all.
    Never,
}

/// The form of each source of [`HABITS`](crate::habits::HABITS).
fn form(source: &str) -> Form {
    match source {
        "web" => Form::Iso,
        "app" => Form::Seconds,
        "newsletter" | "till" => Form::Plain,
        "bought_list" => Form::Never,
        _ => Form::Local,
    }
}

/// Fills in `updated_at`. By dice of its own, so that all else is the same with and without.
///
/// It is not always when somebody said what the record says: a system that was moved has touched its records since, with one day for
/// all or, field by field, at any time later; and some records have none, or what a program writes that knows none.
pub fn stamp(dice: &mut Dice, level: Level, record: &mut Record) {
    // As many throws for each record, so that one does not change the next.
    let [empty, filler, moved, touched, later] = [(); 5].map(|()| dice.unit());
    let minute = dice.below(24 * 60);
    let form = form(&record.source);
    if form == Form::Never || empty < 0.06 * level.gaps() {
        return;
    }
    let moment = if moved < 0.03 * level.slips() {
        MOVED.max(record.moment)
    } else if touched < 0.05 * level.slips() {
        record.moment + (NOW - record.moment) * later
    } else {
        record.moment
    };
    record.updated_at = if filler < 0.01 * level.slips() {
        ["0000-00-00 00:00:00", "1970-01-01T00:00:00Z", "NULL", "31.12.9999"][minute % 4].to_owned()
    } else {
        written(moment, minute, form, &record.country)
    };
}

/// When an old system was replaced: what had not changed since says so.
const MOVED: f64 = FIRST_YEAR + 7.25;

fn written(moment: f64, minute: usize, form: Form, country: &str) -> String {
    let year = moment as i64;
    // A year of twelve months of 28 days each: nobody counts these days.
    let day_of_year = ((moment - year as f64) * 336.0) as i64;
    let (month, day) = (day_of_year / 28 % 12 + 1, day_of_year % 28 + 1);
    let (hour, minute) = (minute / 60, minute % 60);
    match (form, country) {
        (Form::Never, _) => String::new(),
        (Form::Iso, _) => format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:00Z"),
        (Form::Plain, _) => format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:00"),
        (Form::Local, "DE") => format!("{day:02}.{month:02}.{year}"),
        (Form::Local, "GB") => format!("{day:02}/{month:02}/{year}"),
        (Form::Local, _) => format!("{month:02}/{day:02}/{year}"),
        (Form::Seconds, _) => ((moment - 1970.0) * 31_556_952.0).round().to_string(),
    }
}
