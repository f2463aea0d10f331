//! With whom somebody lives, and lived: what is shown to people of the house.

use crate::{Engine, FlowError, Live, matching::Fields};
use crowsnest_model::{HouseholdId, Identifier, Profile, ProfileId, Time, profile::Link};
use crowsnest_store::{Read, Stay, StoreError};
use jiff::{ToSpan, civil::Date};
use serde::Serialize;

/// The trait by which an account says what somebody is there, such as its owner.
const ACCOUNT_ROLE: &str = "account_role";

/// From this age on, in years, somebody is an adult.
const OF_AGE: i16 = 18;

/// A person's household.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Household {
    /// The person.
    pub profile: ProfileId,
    /// The id by which the household is known; `None` when they are of none.
    pub id: Option<HouseholdId>,
    /// Who is of it, they among them, in the order of their ids.
    pub members: Vec<Member>,
    /// Who lived with them where they live now, and does so no more; those who left last come first.
    pub former: Vec<FormerMember>,
    /// Where they lived before, the latest first.
    pub earlier: Vec<EarlierHome>,
}

/// Who somebody is in a household, by their date of birth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// 18 years or older.
    Adult,
    /// Younger.
    Child,
    /// Their age is not known.
    Unknown,
}

/// Somebody of a household.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Member {
    /// Who.
    pub profile: ProfileId,
    /// By what they are known.
    pub identifiers: Vec<Identifier>,
    /// Adult or child, today where they live.
    pub role: Role,
    /// What they are in the account that makes the household, as their trait `account_role` says; `None` if it says nothing
    /// or there is no such account.
    pub account_role: Option<String>,
    /// Since when it is known that they are of it.
    pub since: Time,
    /// By what it is known, in words.
    pub by: Vec<String>,
}

/// Somebody who was of a household.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FormerMember {
    /// Who.
    pub profile: ProfileId,
    /// Since when.
    pub since: Time,
    /// Until when.
    pub until: Time,
    /// Why it is over.
    pub ended: String,
}

/// A household of which somebody was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EarlierHome {
    /// The household.
    pub id: HouseholdId,
    /// Since when.
    pub since: Time,
    /// Until when.
    pub until: Time,
    /// Why it is over.
    pub ended: String,
}

impl Engine {
    /// The household of a person, who may be named by an id that they had once.
    pub fn household(&self, profile: ProfileId) -> Result<Household, FlowError> {
        let (live, now) = (self.live(), self.now());
        let fields = live.match_fields().cloned();
        let fields = fields.unwrap_or_else(|| Fields::usual(live.workspace()).into());
        let found = self.read(|read| told(read, &live, &fields, profile, now))?;
        found.ok_or_else(|| FlowError::NotFound { kind: "person", name: profile.to_string(), hint: None })
    }
}

fn told(
    read: &dyn Read,
    live: &Live,
    fields: &Fields,
    profile: ProfileId,
    now: Time,
) -> Result<Option<Household>, StoreError> {
    let Some(person) = read.profile(read.survivor(profile)?)? else { return Ok(None) };
    let mut ids = std::collections::BTreeSet::new();
    for household in person.households() {
        ids.extend(read.household(household)?);
    }
    let mut members = Vec::new();
    for id in ids {
        let Some(member) = read.profile(id)? else { continue };
        members.push(membership(read, live, fields, &person, &member, now)?);
    }
    let is_member = |stay: &Stay| members.iter().any(|member| member.profile == stay.profile);
    let mut former = Vec::new();
    if let Some(home) = person.home {
        let gone = read.stays_in(home)?.into_iter().filter(|stay| !is_member(stay));
        former.extend(gone.filter_map(|stay| {
            let (until, ended) = (stay.until?, stay.ended.unwrap_or_default());
            Some(FormerMember { profile: stay.profile, since: stay.since, until, ended })
        }));
        former.sort_by_key(|former| std::cmp::Reverse((former.until, former.profile)));
    }
    let stays = read.stays_of(person.id)?.into_iter().rev();
    let earlier = stays.filter_map(|stay| {
        let (until, ended) = (stay.until?, stay.ended.unwrap_or_default());
        Some(EarlierHome { id: stay.household, since: stay.since, until, ended })
    });
    Ok(Some(Household {
        profile: person.id,
        id: person.household(),
        earlier: earlier.collect(),
        members,
        former,
    }))
}

/// What makes somebody a member of the household of a person, who may be that person.
fn membership(
    read: &dyn Read,
    live: &Live,
    fields: &Fields,
    person: &Profile,
    member: &Profile,
    now: Time,
) -> Result<Member, StoreError> {
    let is_theirs = |account: &&Link| person.households().any(|id| id == account.household());
    let accounts: Vec<&Link> = member.accounts.iter().filter(is_theirs).collect();
    let mut since: Vec<Time> = accounts.iter().map(|account| account.first_seen).collect();
    let mut by: Vec<String> =
        accounts.iter().map(|account| format!("{} {}", account.namespace, account.value)).collect();
    if member.home.is_some() && member.home == person.home {
        let stays = read.stays_of(member.id)?;
        if let Some(stay) = stays.into_iter().find(|stay| stay.until.is_none()) {
            since.push(stay.since);
            by.push(stay.reason);
        }
    }
    Ok(Member {
        profile: member.id,
        identifiers: member
            .identifiers
            .iter()
            .map(|link| Identifier { namespace: link.namespace.clone(), value: link.value.clone() })
            .collect(),
        role: role(fields.birth_date(member).as_deref(), today(member, live, now)),
        account_role: member.text(ACCOUNT_ROLE).filter(|_| !accounts.is_empty()).map(str::to_owned),
        since: since.into_iter().min().unwrap_or(member.first_seen),
        by,
    })
}

/// The day that it is where somebody lives.
fn today(member: &Profile, live: &Live, now: Time) -> Option<Date> {
    let moment = jiff::Timestamp::from_millisecond(now.0).ok()?;
    Some(moment.to_zoned(member.time_zone(live.zone())).date())
}

/// Whether somebody is of age. Of a date of which only the year or the month is known that may be known or not.
fn role(born: Option<&str>, today: Option<Date>) -> Role {
    let (Some((earliest, latest)), Some(today)) = (born.and_then(span), today) else { return Role::Unknown };
    let comes_of_age = |born: Date| born.checked_add(OF_AGE.years()).ok();
    match (comes_of_age(earliest), comes_of_age(latest)) {
        _ if earliest > today => Role::Unknown,
        (_, Some(last)) if last <= today => Role::Adult,
        (Some(first), _) if first > today => Role::Child,
        _ => Role::Unknown,
    }
}

/// The first and the last day on which somebody may have been born: `1984-03-12`, `1984-03` or `1984`.
fn span(born: &str) -> Option<(Date, Date)> {
    let mut parts = born.split('-');
    let year: i16 = parts.next().filter(|year| year.len() == 4)?.parse().ok()?;
    let mut part = || parts.next().map(str::parse::<i8>).transpose().ok();
    let (month, day) = (part()?, part()?);
    let first = Date::new(year, month.unwrap_or(1), day.unwrap_or(1)).ok()?;
    let last = match (month, day) {
        (_, Some(_)) => first,
        (Some(_), None) => first.last_of_month(),
        (None, None) => first.last_of_year(),
    };
    Some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_turns_18_today_is_an_adult() {
        let today = Some(Date::constant(2026, 3, 2));
        for (born, expected) in [
            ("2008-03-02", Role::Adult),
            ("2008-03-03", Role::Child),
            ("2008-02", Role::Adult),
            ("2008-03", Role::Unknown),
            ("2008-04", Role::Child),
            ("2007", Role::Adult),
            ("2008", Role::Unknown),
            ("2009", Role::Child),
            ("84", Role::Unknown),
            ("2030-01-01", Role::Unknown),
            ("1984-02-31", Role::Unknown),
        ] {
            assert_eq!(role(Some(born), today), expected, "{born}");
        }
        assert_eq!(role(None, today), Role::Unknown);
        let leap = Some(Date::constant(2026, 2, 28));
        assert_eq!(role(Some("2008-02-29"), leap), Role::Adult, "in a year without that day");
    }
}
