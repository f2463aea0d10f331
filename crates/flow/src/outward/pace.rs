//! How fast mail goes to the domains that receive it.
//!
//! Who would go sooner than the pace allows is given a turn, in the commit that decides it, and waits for just that moment: so
//! each waits once, however many there are, and a turn survives a restart. When it comes, everything is decided anew. Broadcasts have
//! four fifths of the pace, so that what somebody waits for need not queue behind a million of them.

use crate::{FlowError, inward::Working};
use crowsnest_model::{Duration, Time, delivery::Delivery};
use crowsnest_store::Turns;

/// Turns within this time are taken at once: a pace is kept over a minute, not over a moment.
const AT_ONCE: i64 = 1_000_000;

/// A turn that was not taken within this time has lapsed: what waited for another reason must not come all at once. Shorter, and
/// those whose turn comes while a million others are given theirs would lose it.
const LAPSES: Duration = Duration::minutes(5);

const MINUTE: i64 = 60_000_000;

/// When a message may go to the domain that receives it, if not now, and what is to be said of that. The turn is taken.
pub(super) fn turn(work: &mut Working<'_>, delivery: &Delivery) -> Result<Option<(Time, String)>, FlowError> {
    let Some(account) = work.live.workspace().organisation.email.as_ref() else { return Ok(None) };
    if account.throttle.is_empty() || delivery.channel != "email" {
        return Ok(None);
    }
    let domain = delivery.contact.rsplit('@').next().unwrap_or_default();
    let Some(throttle) = account.throttle.iter().find(|throttle| throttle.paces(domain)) else {
        return Ok(None);
    };
    let now = work.now;
    if delivery.turn.is_some_and(|turn| turn <= now && now.since(turn) < LAPSES) {
        return Ok(None);
    }
    let pace = throttle.domains.join(" ");
    let mut turns = work.unit.turns(&pace)?;
    let taken = match delivery.run {
        None => of_broadcast(&mut turns, throttle.per_minute, now),
        Some(_) => of_another(&mut turns, throttle.per_minute, now),
    };
    work.unit.put_turns(&pace, turns)?;
    // What needs no consent, such as a password reset, waits for nobody; its turn is taken all the same.
    if work.live.is_service(&delivery.topic) {
        return Ok(None);
    }
    Ok(taken.map(|turn| (turn, format!("waits its turn at {domain}"))))
}

fn of_broadcast(turns: &mut Turns, per_minute: u32, now: Time) -> Option<Time> {
    take(&mut turns.broadcasts, MINUTE * 5 / (4 * i64::from(per_minute.max(1))), now)
}

fn of_another(turns: &mut Turns, per_minute: u32, now: Time) -> Option<Time> {
    let apart = MINUTE / i64::from(per_minute.max(1));
    let beside_broadcasts = turns.broadcasts > now.0.saturating_mul(1_000);
    take(&mut turns.others, if beside_broadcasts { 5 * apart } else { apart }, now)
}

/// Takes the next turn, and says when it is, unless that is now.
fn take(next: &mut i64, apart: i64, now: Time) -> Option<Time> {
    let now = now.0.saturating_mul(1_000);
    let turn = (*next).max(now);
    *next = turn.saturating_add(apart);
    // Not before the turn, in whole milliseconds.
    (turn >= now.saturating_add(AT_ONCE)).then(|| Time((turn + 999).div_euclid(1_000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(turns: &mut Turns, take: fn(&mut Turns, u32, Time) -> Option<Time>, now: i64) -> Vec<i64> {
        (0..5).map(|_| take(turns, 60, Time(now)).map_or(now, |turn| turn.0)).collect()
    }

    #[test]
    fn broadcasts_leave_a_fifth_to_others() {
        let mut turns = Turns::default();
        assert_eq!(moments(&mut turns, of_broadcast, 10_000), [10_000, 11_250, 12_500, 13_750, 15_000]);
        assert_eq!(moments(&mut turns, of_another, 10_000), [10_000, 15_000, 20_000, 25_000, 30_000]);
        // Long after the broadcast the pace is theirs alone.
        assert_eq!(moments(&mut turns, of_another, 60_000), [60_000, 61_000, 62_000, 63_000, 64_000]);
    }

    #[test]
    fn what_a_second_brings_goes_at_once() {
        let mut turns = Turns::default();
        let at_once = (0..1_000).filter(|_| of_another(&mut turns, 6_000, Time(7)).is_none()).count();
        assert_eq!(at_once, 100);
        assert_eq!(of_another(&mut turns, 6_000, Time(7)), Some(Time(10_007)));
    }
}
