//! Print runs by the workspace's times.

use super::PrintReport;
use crate::{Engine, FlowError};
use crowsnest_model::{
    Duration, Time,
    definition::{Day, PrintTimes},
};
use jiff::{Timestamp, tz::TimeZone};
use tokio::sync::watch;

/// Under which name it is kept until when was printed: the moment, and the times that it was for.
const PRINTED: &str = "letters_printed";

/// How many days back a moment is looked for: a week has all days.
const DAYS: usize = 8;

impl Engine {
    /// Prints letters whenever the workspace's times say so, until `stop` does.
    pub async fn keep_printing(self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let engine = self.clone();
            match tokio::task::spawn_blocking(move || engine.print_if_due()).await {
                Ok(Ok(None)) => {}
                Ok(Ok(Some(report))) => {
                    let letters = report.run.map_or(0, |run| run.letters);
                    tracing::info!(letters, "letters were printed by the workspace's times");
                }
                Ok(Err(FlowError::Closed)) => return,
                Ok(Err(error)) => {
                    tracing::error!(%error, "letters could not be printed; tried again in a minute");
                }
                Err(error) => tracing::error!(%error, "the printing of letters has a fault"),
            }
            // Clocks are set and definitions change, so it looks once a minute.
            tokio::select! {
                () = tokio::time::sleep(Duration::minutes(1).to_std()) => {}
                told = stop.changed() => if told.is_err() { return },
            }
        }
    }

    /// Prints letters if the latest moment of the workspace's times has come and was not printed for; also when crowsnest did not
    /// run at that moment. It blocks.
    pub fn print_if_due(&self) -> Result<Option<PrintReport>, FlowError> {
        let (live, now) = (self.live(), self.now());
        let times = live.workspace().organisation.letters.as_ref().and_then(|letters| letters.print.clone());
        let Some(times) = times else { return Ok(None) };
        let Some(latest) = latest(&times, live.zone(), now) else { return Ok(None) };
        let meaning = meaning(&times, live.zone());
        let before = self.read(|read| read.setting(PRINTED))?;
        let before = before.as_deref().and_then(|text| text.split_once(' '));
        // Times that are new count from now on.
        let known = before.filter(|(_, of)| *of == meaning).and_then(|(until, _)| until.parse().ok());
        let due = known.is_some_and(|until: i64| until < latest.0);
        let report = if due { Some(self.print_letters(None)?) } else { None };
        if due || known.is_none() {
            let text = format!("{} {meaning}", latest.0);
            self.commit_blocking(move |work| Ok(work.unit.put_setting(PRINTED, &text)?))?;
        }
        Ok(report)
    }
}

/// What the times say, so that it is noticed when they change.
fn meaning(times: &PrintTimes, zone: &TimeZone) -> String {
    let days: Vec<String> = times.days.iter().map(ToString::to_string).collect();
    format!("{} {} {}", times.at, days.join(","), zone.iana_name().unwrap_or_default())
}

/// The latest moment of these times that has come.
fn latest(times: &PrintTimes, zone: &TimeZone, now: Time) -> Option<Time> {
    let today = Timestamp::from_millisecond(now.0).ok()?.to_zoned(zone.clone()).date();
    std::iter::successors(Some(today), |day| day.yesterday().ok())
        .take(DAYS)
        .filter(|day| times.days.is_empty() || times.days.contains(&Day::from(day.weekday())))
        .filter_map(|day| {
            Some(Time(times.at.on(day)?.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond()))
        })
        .find(|moment| *moment <= now)
}
