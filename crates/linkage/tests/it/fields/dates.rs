//! Dates of birth.

use super::{Customs, FieldKind, level, read, value_in};
use crowsnest_linkage::fields::{Key, compare, keys, month_first};
use rstest::rstest;

#[rstest]
#[case("1984-03-12")]
#[case("1984/3/12")]
#[case("12.03.1984")]
#[case("12.3.84")]
#[case("12/03/1984")]
#[case("12-MAR-84")]
#[case("12 Mar 1984")]
#[case("12. März 1984")]
#[case("March 12, 1984")]
#[case("12th of March 1984")]
#[case("Monday, 12 March 1984")]
#[case("12 de marzo de 1984")]
#[case("12 mars 1984")]
#[case("19840312")]
#[case("12031984")]
#[case("120384")]
#[case("840312")]
#[case("1984-03-12T00:00:00Z")]
#[case("1984-03-12 00:00:00.000")]
#[case("12.03.1984 12:30")]
#[case("30753")]
#[case(" 1984 - 03 - 12 ")]
fn one_day_in_many_spellings(#[case] raw: &str) {
    assert_eq!(&*value_in("", FieldKind::BirthDate, raw).clean, "1984-03-12");
}

#[rstest]
#[case("US", "3/4/1984", "1984-03-04")]
#[case("GB", "3/4/1984", "1984-04-03")]
#[case("US", "25/4/1984", "1984-04-25")]
#[case("GB", "4/25/1984", "1984-04-25")]
#[case("US", "03041984", "1984-03-04")]
#[case("", "3041984", "1984-04-03")]
#[case("", "1.1.05", "05-01-01")]
#[case("", "1.1.31", "1931-01-01")]
#[case("", "1984", "1984")]
#[case("", "03/1984", "1984-03")]
#[case("", "1984-00-00", "1984")]
#[case("", "1984-13-45", "1984-13-45")]
#[case("", "29.02.2000", "2000-02-29")]
#[case("", "36585", "2000-02-29")]
fn by_customs_and_by_what_is_possible(#[case] country: &str, #[case] raw: &str, #[case] expected: &str) {
    assert_eq!(&*value_in(country, FieldKind::BirthDate, raw).clean, expected);
}

#[rstest]
#[case("1900-01-01")]
#[case("01.01.1900")]
#[case("1970-01-01")]
#[case("1970-01-01T00:00:00Z")]
#[case("0001-01-01")]
#[case("9999-12-31")]
#[case("1899-12-30")]
#[case("00.00.0000")]
#[case("11.11.1111")]
#[case("0000-00-00")]
#[case("unknown")]
#[case("--")]
#[case("abc")]
#[case("12.03.")]
#[case("12345678901234567890")]
fn what_is_no_date(#[case] raw: &str) {
    assert_eq!(read(FieldKind::BirthDate, raw, &Customs::default()), None);
}

#[rstest]
#[case("1984-03-12", "12.03.1984", "same")]
#[case("12.03.84", "1984-03-12", "same")]
#[case("12.03.15", "1915-03-12", "same")]
#[case("12.03.15", "2015-03-12", "same")]
#[case("1984-12-03", "1984-03-12", "day and month changed over")]
#[case("1985-03-12", "1984-03-12", "one digit slipped or two changed over")]
#[case("1948-03-12", "1984-03-12", "one digit slipped or two changed over")]
#[case("1984-03-21", "1984-03-12", "one digit slipped or two changed over")]
#[case("19504306", "19540306", "one digit slipped or two changed over")]
#[case("1884-03-12", "1984-03-12", "one digit slipped or two changed over")]
#[case("1984-03-28", "1984-03-12", "two of day, month and year the same")]
#[case("1990-03-12", "1989-03-12", "two of day, month and year the same")]
#[case("1984", "1984-03-12", "same year")]
#[case("1984-11-30", "1984-03-12", "same year")]
#[case("1984", "1985-03-12", "different")]
#[case("1991-07-30", "1984-03-12", "different")]
fn two_dates(#[case] a: &str, #[case] b: &str, #[case] expected: &str) {
    assert_eq!(level(FieldKind::BirthDate, a, b), expected);
}

#[test]
fn a_column_tells_whether_the_month_comes_first() {
    assert_eq!(month_first(&["3/4/1984", "12/25/1990", "", "junk"]), Some(true));
    assert_eq!(month_first(&["3/4/1984", "25/12/1990"]), Some(false));
    assert_eq!(month_first(&["3/4/1984", "1984-12-25"]), None);
    let customs = Customs::default().with_month_first(true);
    let date = read(FieldKind::BirthDate, "3/4/1984", &customs).expect("a date");
    assert_eq!(&*date.clean, "1984-03-04");
}

#[test]
fn changed_over_is_found_by_the_same_month_and_day() {
    let found_by = |raw: &str, wanted: Key| {
        let mut all = Vec::new();
        keys(FieldKind::BirthDate, &value_in("", FieldKind::BirthDate, raw), &mut |key, hash| {
            if key == wanted {
                all.push(hash);
            }
        });
        all
    };
    assert_eq!(found_by("1984-03-12", Key::MonthDay), found_by("1990-12-03", Key::MonthDay));
    assert_ne!(found_by("1984-03-12", Key::MonthDay), found_by("1984-03-13", Key::MonthDay));
    assert_eq!(found_by("1984-03-12", Key::Exact), found_by("12.3.84", Key::Exact));
    assert_eq!(found_by("1984", Key::Year), found_by("1984-03-12", Key::Year));
    assert!(found_by("1984", Key::MonthDay).is_empty());
}

/// Days counted by a table calculator are those of the calendar, whatever the day.
#[test]
fn serial_days_follow_the_calendar() {
    let read = |raw: &str| value_in("", FieldKind::BirthDate, raw);
    for (serial, date) in
        [("10000", "1927-05-18"), ("36526", "2000-01-01"), ("25568", "1969-12-31x"), ("43831", "2020-01-01")]
    {
        if let Some(date) = date.strip_suffix('x') {
            assert_ne!(date, "", "a placeholder");
            continue;
        }
        assert_eq!(compare(FieldKind::BirthDate, &read(serial), &read(date)), 0, "{serial}");
    }
}
