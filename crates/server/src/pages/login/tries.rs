//! Wrong tokens, counted by the address from which they come: whoever guesses waits ever longer.

use crowsnest_model::{Duration, Time};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// So many wrong tokens in a row cost nothing.
const FREE: u32 = 5;
/// So long one waits after the next, and twice as long after each that follows.
const SHORTEST: Duration = Duration::seconds(30);
const LONGEST: Duration = Duration::minutes(15);
/// Who has not tried for so long begins anew.
const FORGOTTEN: Duration = Duration::hours(1);
/// The most addresses that are remembered. When there are more, those that tried longest ago are forgotten.
const MOST: usize = 4_096;

/// Who has typed wrong tokens.
#[derive(Debug, Default)]
pub(super) struct Tries(Mutex<HashMap<Option<IpAddr>, Wrong>>);

#[derive(Debug, Clone, Copy)]
struct Wrong {
    times: u32,
    last: Time,
    until: Time,
}

/// Of IPv6 the network: one house has more addresses than can be counted.
fn place(client: Option<IpAddr>) -> Option<IpAddr> {
    client.map(|address| match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        address @ IpAddr::V4(_) => address,
    })
}

impl Tries {
    /// Until when nothing is taken from there, also not the right token.
    pub(super) fn barred(&self, client: Option<IpAddr>, now: Time) -> Option<Time> {
        self.lock().get(&place(client)).map(|wrong| wrong.until).filter(|until| *until > now)
    }

    /// A wrong token came from there.
    pub(super) fn failed(&self, client: Option<IpAddr>, now: Time) {
        let mut tries = self.lock();
        tries.retain(|_, wrong| wrong.last.plus(FORGOTTEN) > now);
        if tries.len() >= MOST
            && let Some(oldest) = tries.iter().min_by_key(|(_, wrong)| wrong.last).map(|(place, _)| *place)
        {
            tries.remove(&oldest);
        }
        let wrong = tries.entry(place(client)).or_insert(Wrong { times: 0, last: now, until: now });
        wrong.times = wrong.times.saturating_add(1);
        wrong.last = now;
        if wrong.times >= FREE {
            let span = SHORTEST.0.saturating_mul(1 << (wrong.times - FREE).min(20));
            wrong.until = now.plus(Duration(span).min(LONGEST));
        }
    }

    /// The right one did.
    pub(super) fn succeeded(&self, client: Option<IpAddr>) {
        self.lock().remove(&place(client));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Option<IpAddr>, Wrong>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn who_guesses_waits_ever_longer_and_alone() {
        let (tries, client) = (Tries::default(), from("192.0.2.1"));
        let mut now = Time(0);
        for _ in 0..FREE {
            assert_eq!(tries.barred(client, now), None);
            tries.failed(client, now);
        }
        for seconds in [30, 60, 120, 240, 480, 900, 900] {
            let until = tries.barred(client, now).unwrap();
            assert_eq!(until.since(now), Duration::seconds(seconds));
            assert_eq!(tries.barred(from("192.0.2.2"), now), None);
            now = until;
            assert_eq!(tries.barred(client, now), None);
            tries.failed(client, now);
        }
        tries.succeeded(client);
        assert_eq!(tries.barred(client, now), None);
        let (one, same, other) = (from("2001:db8::1"), from("2001:db8::9:1"), from("2001:db8:0:1::1"));
        (0..FREE).for_each(|_| tries.failed(one, now));
        assert!(tries.barred(same, now).is_some() && tries.barred(other, now).is_none());
    }

    #[test]
    fn what_is_remembered_is_bounded_and_forgotten() {
        let tries = Tries::default();
        for number in 0..MOST as u32 + 10 {
            tries.failed(Some(IpAddr::V4(number.into())), Time(i64::from(number)));
        }
        assert_eq!(tries.lock().len(), MOST);
        tries.failed(from("192.0.2.1"), Time(0).plus(FORGOTTEN).plus(FORGOTTEN));
        assert_eq!(tries.lock().len(), 1);
    }
}
