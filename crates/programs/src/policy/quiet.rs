//! Quiet hours: when it is over, in the recipient's own time zone.

use super::Facts;
use crowsnest_model::{
    Time,
    definition::{Day, QuietHours},
};
use jiff::{
    Timestamp,
    civil::DateTime,
    tz::{AmbiguousOffset, TimeZone},
};

/// Quiet hours that follow each other at once are seen as one, up to this many; then they are asked again.
const IN_A_ROW: usize = 16;

/// When the quiet hours in which a message would fall are over, and which they are; `None` when there are none now.
pub(super) fn over(all: &[QuietHours], facts: &Facts<'_>) -> Option<(Time, String)> {
    let here = |quiet: &&QuietHours| {
        quiet.channels.is_empty() || quiet.channels.iter().any(|channel| channel == facts.channel)
    };
    let until = |moment: Timestamp| {
        let ends = all.iter().filter(here).filter_map(|quiet| Some((end(quiet, facts.zone, moment)?, quiet)));
        ends.max_by_key(|(end, _)| *end)
    };
    let (mut last, quiet) = until(facts.now.timestamp())?;
    for _ in 1..IN_A_ROW {
        match until(last) {
            Some((later, _)) => last = later,
            None => break,
        }
    }
    let zone = facts.zone.iana_name().unwrap_or("the recipient's time zone");
    let reason = format!("quiet hours from {} to {} in {zone}", quiet.from, quiet.to);
    // Not a fraction of a millisecond too early.
    let rounded = Time::from_timestamp(last);
    let until = if rounded.timestamp() < last { Time(rounded.0 + 1) } else { rounded };
    Some((until, reason))
}

/// When these quiet hours are over, if `moment` lies in them.
fn end(quiet: &QuietHours, zone: &TimeZone, moment: Timestamp) -> Option<Timestamp> {
    let today = zone.to_datetime(moment).date();
    let days = [today.yesterday().ok(), Some(today)];
    let ends = days.into_iter().flatten().filter_map(|day| {
        if !quiet.days.is_empty() && !quiet.days.contains(&Day::from(day.weekday())) {
            return None;
        }
        let last = if quiet.to <= quiet.from { day.tomorrow().ok()? } else { day };
        let begin = first(zone, quiet.from.on(day)?)?;
        let end = last_time(zone, quiet.to.on(last)?)?;
        (begin <= moment && moment < end).then_some(end)
    });
    ends.max()
}

/// When a clock on the wall shows this time first. A time that it skips comes when it is put forward.
fn first(zone: &TimeZone, time: DateTime) -> Option<Timestamp> {
    match zone.to_ambiguous_timestamp(time).offset() {
        AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => {
            offset.to_timestamp(time).ok()
        }
        AmbiguousOffset::Gap { before, .. } => put_forward(zone, before.to_timestamp(time).ok()?),
    }
}

/// When a clock on the wall shows this time last: in the night in which an hour comes twice, quiet hours last until they
/// are over for good.
fn last_time(zone: &TimeZone, time: DateTime) -> Option<Timestamp> {
    match zone.to_ambiguous_timestamp(time).offset() {
        AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { after: offset, .. } => {
            offset.to_timestamp(time).ok()
        }
        AmbiguousOffset::Gap { before, .. } => put_forward(zone, before.to_timestamp(time).ok()?),
    }
}

/// The last change of a zone's offset at or before a moment.
fn put_forward(zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
    let next = after.checked_add(jiff::SignedDuration::from_nanos(1)).ok()?;
    zone.preceding(next).next().map(|change| change.timestamp())
}
