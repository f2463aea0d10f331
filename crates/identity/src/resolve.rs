//! Whose event is it?

use crowsnest_model::{
    Identifier, Namespace, Profile, ProfileId, Time,
    definition::NamespaceRule,
    profile::{Apart, Link},
};
use std::borrow::Cow;

/// What is known before an event is resolved. The flow answers from its batch and the store.
pub trait Known {
    /// Who holds an identifier.
    fn holder(&self, identifier: &Identifier) -> Option<ProfileId>;
    /// A person whose identifier was asked for.
    fn profile(&self, id: ProfileId) -> Option<&Profile>;
    /// The rule of a namespace.
    fn rule(&self, namespace: &Namespace) -> Cow<'_, NamespaceRule>;
    /// On which sides of decisions an identifier is, whoever holds it.
    fn apart(&self, identifier: &Identifier) -> &[Apart];
    /// Whom an identifier means, said by an event of which the people so far are found to be. Where likeness is not asked, it
    /// means whoever holds it.
    fn meant(&self, so_far: &[ProfileId], identifier: &Identifier) -> Meant {
        match self.holder(identifier) {
            Some(holder) if so_far.contains(&holder) => Meant::SoFar,
            Some(holder) => Meant::Person(holder),
            None => Meant::Nobody,
        }
    }
}

/// Whom an identifier means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meant {
    /// Nobody goes by it yet.
    Nobody,
    /// The person so far, who goes by it already.
    SoFar,
    /// Somebody who goes by it: whose it is, or who shares it.
    Person(ProfileId),
    /// None of those who go by it: what is said of the person is not so of any of them.
    Another {
        /// Why, in words.
        reason: String,
        /// So many go by it already that it is not remembered of one more.
        crowded: bool,
    },
}

/// An identifier that was not believed, because it would have welded two people together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GaveWay {
    /// The identifier.
    pub identifier: Identifier,
    /// Whose it stays or becomes; `None` when nobody's.
    pub holder: Option<ProfileId>,
    /// It changes hands: a device goes along with whoever identified themselves on it last.
    pub moves: bool,
    /// Whoever the event is of goes by it from now on as its holder does, since they are alike to nobody who does.
    pub shared: bool,
    /// Why, in words.
    pub reason: String,
}

/// Whose an event is, and what follows for identity.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resolution {
    /// The people whom the event shows to be one, the survivor first; empty when nobody is known yet.
    pub people: Vec<ProfileId>,
    /// Identifiers that become the person's; those that already are theirs are not listed.
    pub links: Vec<Identifier>,
    /// Identifiers that gave way.
    pub gave_way: Vec<GaveWay>,
}

impl Resolution {
    /// Whether nothing says yet of whom an event is.
    fn is_empty(&self) -> bool {
        self.people.is_empty()
            && self.links.is_empty()
            && self.gave_way.iter().all(|gave_way| !gave_way.shared)
    }
}

/// Says whose an event with these normalised identifiers is.
///
/// The strongest identifier is believed first. Each weaker one is believed too, with whom it means, as long as the person
/// that results keeps the limits of every namespace; otherwise it gives way. So two user ids are never one person, whatever
/// browser or mailbox they share, and neither are two of whom it was decided that they are not. What is said of a person may
/// stand against whoever goes by an identifier ([`Known::meant`]): then it gives way, and they share it. Of the people who
/// turn out to be one, the one with the most events survives, of equals the oldest.
pub fn resolve(identifiers: &[Identifier], time: Time, known: &impl Known) -> Resolution {
    let mut order: Vec<(Cow<'_, NamespaceRule>, &Identifier)> =
        identifiers.iter().map(|identifier| (known.rule(&identifier.namespace), identifier)).collect();
    order.sort_by(|(a, x), (b, y)| b.priority.cmp(&a.priority).then_with(|| x.cmp(y)));
    order.dedup_by(|a, b| a.1 == b.1);

    let mut resolution = Resolution::default();
    // The sides of decisions on which the person so far is.
    let mut sides: Vec<Apart> = Vec::new();
    for (rule, identifier) in order {
        // A device by itself says no more of whose event it is than that it is whoever's who is on it.
        let alone = resolution.is_empty();
        let (holder, unlike) = match known.meant(&resolution.people, identifier) {
            Meant::SoFar => continue,
            Meant::Nobody => (None, None),
            Meant::Person(person) => (Some(person), None),
            Meant::Another { .. } if rule.device && alone => (known.holder(identifier), None),
            Meant::Another { reason, .. } if rule.device => (known.holder(identifier), Some(reason)),
            Meant::Another { reason, crowded } => {
                let (identifier, holder) = (identifier.clone(), known.holder(identifier));
                let gave_way = GaveWay { identifier, holder, moves: false, shared: !crowded, reason };
                resolution.gave_way.push(gave_way);
                continue;
            }
        };
        let theirs = sides_of(identifier, holder, known);
        let refused = unlike
            .or_else(|| kept_apart(&sides, &theirs))
            .or_else(|| broken_limit(&resolution, identifier, holder, time, known));
        match refused {
            None => {
                sides.extend(theirs);
                match holder {
                    Some(holder) => resolution.people.push(holder),
                    None => resolution.links.push(identifier.clone()),
                }
            }
            Some(reason) => {
                // It moves when what stands in the way is who held it before, not when the person has too many.
                let moves = rule.device
                    && !alone
                    && kept_apart(&sides, known.apart(identifier)).is_none()
                    && broken_limit(&resolution, identifier, None, time, known).is_none()
                    && holder
                        .and_then(|id| known.profile(id))
                        .and_then(|profile| link(profile, identifier))
                        .is_some_and(|link| link.last_seen <= time);
                resolution.gave_way.push(GaveWay {
                    identifier: identifier.clone(),
                    holder,
                    moves,
                    shared: false,
                    reason,
                });
            }
        }
    }
    if resolution.is_empty() {
        // Where so many go by an identifier that nobody more is remembered, whoever is known by nothing else is its holder.
        let crowded = resolution.gave_way.iter().position(|gave_way| gave_way.holder.is_some());
        resolution.people.extend(crowded.and_then(|place| resolution.gave_way.remove(place).holder));
    }
    resolution
        .people
        .sort_by_key(|id| (std::cmp::Reverse(known.profile(*id).map_or(0, |profile| profile.events)), *id));
    resolution
}

/// What stands against two people being one, whatever says that they are: the limit of a namespace.
pub fn obstacle(one: ProfileId, other: ProfileId, time: Time, known: &impl Known) -> Option<String> {
    let so_far = Resolution { people: vec![one], ..Resolution::default() };
    let links = &known.profile(other)?.identifiers;
    let link = links.first()?;
    let identifier = Identifier { namespace: link.namespace.clone(), value: link.value.clone() };
    // Of whoever holds it, all identifiers are looked at.
    broken_limit(&so_far, &identifier, Some(other), time, known)
}

/// Why people on these sides of decisions are not one; `None` when nobody decided so.
fn kept_apart(one: &[Apart], other: &[Apart]) -> Option<String> {
    let decision = Apart::between(one, other)?;
    Some(format!("it was decided that they are not one person ({decision})"))
}

fn sides_of(identifier: &Identifier, holder: Option<ProfileId>, known: &impl Known) -> Vec<Apart> {
    // Whoever only shares it is not on the sides on which it is.
    let whose = known.holder(identifier);
    let mut sides = if holder == whose { known.apart(identifier).to_vec() } else { Vec::new() };
    if let Some(profile) = holder.and_then(|holder| known.profile(holder)) {
        sides.extend(&profile.apart);
    }
    sides
}

fn link<'a>(profile: &'a Profile, identifier: &Identifier) -> Option<&'a Link> {
    profile
        .identifiers
        .iter()
        .find(|link| link.namespace == identifier.namespace && link.value == identifier.value)
}

/// Why the person so far cannot also be the holder of `identifier`; `None` when they can.
fn broken_limit(
    so_far: &Resolution,
    identifier: &Identifier,
    holder: Option<ProfileId>,
    time: Time,
    known: &impl Known,
) -> Option<String> {
    let mut namespaces: Vec<&Namespace> = vec![&identifier.namespace];
    if let Some(profile) = holder.and_then(|id| known.profile(id)) {
        for link in &profile.identifiers {
            if !namespaces.contains(&&link.namespace) {
                namespaces.push(&link.namespace);
            }
        }
    }
    for namespace in namespaces {
        let rule = known.rule(namespace);
        let Some(limit) = (if rule.unique { Some(1) } else { rule.limit }) else { continue };
        let since = match rule.window {
            Some(window) if !rule.unique => time.minus(window),
            _ => Time(i64::MIN),
        };
        let mut before: Vec<&str> = Vec::new();
        let mut after: Vec<&str> = Vec::new();
        let add = |values: &mut Vec<_>, value| {
            if !values.contains(&value) {
                values.push(value);
            }
        };
        for profile in so_far.people.iter().filter_map(|id| known.profile(*id)) {
            for link in
                profile.identifiers.iter().filter(|l| l.namespace == *namespace && l.last_seen >= since)
            {
                add(&mut before, link.value.as_str());
            }
        }
        for new in so_far.links.iter().filter(|new| new.namespace == *namespace) {
            add(&mut before, new.value.as_str());
        }
        after.extend(&before);
        if let Some(profile) = holder.and_then(|id| known.profile(id)) {
            for link in
                profile.identifiers.iter().filter(|l| l.namespace == *namespace && l.last_seen >= since)
            {
                add(&mut after, link.value.as_str());
            }
        }
        if identifier.namespace == *namespace {
            add(&mut after, identifier.value.as_str());
        }
        // People who are over a limit already (the rules were tightened) stay as they are; only growth is refused.
        if after.len() > limit as usize && after.len() > before.len() && !before.is_empty() {
            return Some(format!(
                "the person would have {} values of {namespace}, and may have {limit}{}",
                after.len(),
                rule.window
                    .filter(|_| !rule.unique)
                    .map(|w| format!(" within {}", w.in_words()))
                    .unwrap_or_default(),
            ));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crowsnest_model::definition::IdentityRules;
    use std::collections::BTreeMap;

    #[derive(Default)]
    struct People {
        rules: IdentityRules,
        people: BTreeMap<ProfileId, Profile>,
        apart: BTreeMap<Identifier, Vec<Apart>>,
        meant: BTreeMap<Identifier, Meant>,
    }

    impl People {
        fn meaning(mut self, namespace: &str, value: &str, meant: Meant) -> Self {
            self.meant.insert(Identifier::new(namespace, value), meant);
            self
        }

        fn with(mut self, id: u64, events: u64, identifiers: &[(&str, &str, i64)]) -> Self {
            let mut profile = Profile::new(ProfileId(id), Time(0));
            profile.events = events;
            profile.identifiers = identifiers
                .iter()
                .map(|(namespace, value, seen)| Link {
                    namespace: Namespace::new(namespace),
                    value: (*value).into(),
                    first_seen: Time(*seen),
                    last_seen: Time(*seen),
                })
                .collect();
            self.people.insert(ProfileId(id), profile);
            self
        }
    }

    impl Known for People {
        fn holder(&self, identifier: &Identifier) -> Option<ProfileId> {
            self.people.values().find(|profile| link(profile, identifier).is_some()).map(|profile| profile.id)
        }
        fn profile(&self, id: ProfileId) -> Option<&Profile> {
            self.people.get(&id)
        }
        fn rule(&self, namespace: &Namespace) -> Cow<'_, NamespaceRule> {
            self.rules.rule(namespace.as_str())
        }
        fn apart(&self, identifier: &Identifier) -> &[Apart] {
            self.apart.get(identifier).map_or(&[], Vec::as_slice)
        }
        fn meant(&self, so_far: &[ProfileId], identifier: &Identifier) -> Meant {
            if let Some(meant) = self.meant.get(identifier) {
                return meant.clone();
            }
            match self.holder(identifier) {
                Some(holder) if so_far.contains(&holder) => Meant::SoFar,
                Some(holder) => Meant::Person(holder),
                None => Meant::Nobody,
            }
        }
    }

    fn another(crowded: bool) -> Meant {
        Meant::Another { reason: "their forename is Bob and not Ann".into(), crowded }
    }

    fn run(people: &People, identifiers: &[(&str, &str)], time: i64) -> Resolution {
        let identifiers: Vec<_> = identifiers.iter().map(|(n, v)| Identifier::new(*n, *v)).collect();
        resolve(&identifiers, Time(time), people)
    }

    #[test]
    fn a_stranger_is_new_and_gets_all_identifiers() {
        let found = run(&People::default(), &[("anonymous_id", "a"), ("email", "ann@x.org")], 1);
        assert!(found.people.is_empty());
        assert_eq!(
            found.links,
            [Identifier::new("email", "ann@x.org"), Identifier::new("anonymous_id", "a")]
        );
    }

    #[test]
    fn a_login_merges_the_anonymous_browser_into_the_person() {
        let people =
            People::default().with(1, 3, &[("anonymous_id", "a", 0)]).with(2, 5, &[("user_id", "u", 0)]);
        let found = run(&people, &[("anonymous_id", "a"), ("user_id", "u")], 1);
        assert_eq!(found.people, [ProfileId(2), ProfileId(1)], "the larger one survives");
        assert!(found.gave_way.is_empty());
    }

    #[test]
    fn a_shared_browser_goes_along_with_the_second_login_and_welds_nobody() {
        let people = People::default().with(1, 3, &[("user_id", "u1", 0), ("anonymous_id", "a", 5)]);
        let found = run(&people, &[("anonymous_id", "a"), ("user_id", "u2"), ("email", "new@x.org")], 9);
        assert!(found.people.is_empty(), "u2 is somebody new");
        assert_eq!(found.links, [Identifier::new("user_id", "u2"), Identifier::new("email", "new@x.org")]);
        assert_eq!(found.gave_way.len(), 1);
        assert!(found.gave_way[0].moves);
        assert_eq!(found.gave_way[0].reason, "the person would have 2 values of user_id, and may have 1");
        let late = run(&people, &[("anonymous_id", "a"), ("user_id", "u2")], 3);
        assert!(
            !late.gave_way[0].moves,
            "an old event does not take the browser away from whoever used it since"
        );
    }

    #[test]
    fn a_shared_mailbox_gives_way_and_stays_where_it_was() {
        let people = People::default().with(1, 3, &[("user_id", "u1", 0), ("email", "us@x.org", 5)]);
        let found = run(&people, &[("user_id", "u2"), ("email", "us@x.org")], 9);
        assert!(found.people.is_empty());
        assert_eq!(found.gave_way[0].holder, Some(ProfileId(1)));
        assert!(!found.gave_way[0].moves);
    }

    #[test]
    fn a_limit_with_a_window_counts_what_was_seen_within_it() {
        let mut people = People::default().with(1, 3, &[("user_id", "u", 0), ("anonymous_id", "a", 0)]);
        let rule = NamespaceRule { limit: Some(1), ..NamespaceRule::usual("anonymous_id") };
        people.rules.namespaces.insert("anonymous_id".into(), rule);
        let day = 86_400_000;
        let soon = run(&people, &[("user_id", "u"), ("anonymous_id", "b")], day);
        assert_eq!(
            soon.gave_way[0].reason,
            "the person would have 2 values of anonymous_id, and may have 1 within 90 days"
        );
        assert_eq!(soon.people, [ProfileId(1)], "the event is still hers");
        assert!(run(&people, &[("user_id", "u"), ("anonymous_id", "b")], 91 * day).gave_way.is_empty());
    }

    #[test]
    fn somebody_with_as_many_devices_as_they_may_have_takes_no_more_from_others() {
        let mut people = People::default()
            .with(1, 3, &[("user_id", "u1", 0), ("anonymous_id", "a", 0)])
            .with(2, 3, &[("user_id", "u2", 0), ("anonymous_id", "b", 0)]);
        let rule = NamespaceRule { limit: Some(1), ..NamespaceRule::usual("anonymous_id") };
        people.rules.namespaces.insert("anonymous_id".into(), rule);
        let found = run(&people, &[("user_id", "u2"), ("anonymous_id", "a")], 9);
        assert_eq!(found.people, [ProfileId(2)]);
        assert!(!found.gave_way[0].moves, "it would be her second within the window");
    }

    #[test]
    fn any_order_of_identifiers_gives_the_same_answer() {
        let people = People::default().with(1, 3, &[("user_id", "u1", 0), ("anonymous_id", "a", 5)]).with(
            2,
            3,
            &[("email", "ann@x.org", 0)],
        );
        let one = run(&people, &[("user_id", "u2"), ("anonymous_id", "a"), ("email", "ann@x.org")], 9);
        let other = run(&people, &[("email", "ann@x.org"), ("anonymous_id", "a"), ("user_id", "u2")], 9);
        assert_eq!(one, other);
    }

    #[test]
    fn what_is_said_of_somebody_else_shares_the_address_and_takes_the_browser_along() {
        let ann = People::default().with(1, 3, &[("email", "home@x.org", 0), ("anonymous_id", "a", 5)]);
        let people =
            ann.meaning("email", "home@x.org", another(false)).meaning("anonymous_id", "a", another(false));
        let found = run(&people, &[("email", "home@x.org"), ("anonymous_id", "a")], 9);
        assert!(found.people.is_empty() && found.links.is_empty(), "somebody new");
        let [mail, browser] = &found.gave_way[..] else { panic!("{found:?}") };
        assert_eq!((mail.shared, mail.moves, mail.holder), (true, false, Some(ProfileId(1))));
        assert_eq!((browser.shared, browser.moves, browser.holder), (false, true, Some(ProfileId(1))));
        let found = run(&people, &[("anonymous_id", "a")], 9);
        assert_eq!(found.people, [ProfileId(1)], "by itself a browser is whoever's who is on it");
    }

    #[test]
    fn where_nobody_more_is_remembered_an_address_alone_is_its_holders() {
        let people = People::default().with(1, 3, &[("email", "info@x.org", 0)]);
        let people = people.meaning("email", "info@x.org", another(true));
        assert_eq!(run(&people, &[("email", "info@x.org")], 1).people, [ProfileId(1)]);
        let found = run(&people, &[("email", "info@x.org"), ("user_id", "u2")], 1);
        assert!(found.people.is_empty(), "and nobody else's");
        assert_eq!(found.gave_way.iter().map(|gave_way| gave_way.shared).collect::<Vec<_>>(), [false]);
    }

    #[test]
    fn whoever_only_shares_an_address_is_not_on_the_side_of_whose_it_is() {
        let mail = Identifier::new("email", "home@x.org");
        let decided = |side| Apart { decision: crowsnest_model::DecisionId(7), side };
        let mut people =
            People::default().with(1, 3, &[("email", "home@x.org", 0)]).with(2, 1, &[("phone", "+1312", 0)]);
        people.apart.insert(mail, vec![decided(0)]);
        for (id, side) in [(1, 0), (2, 1)] {
            people.people.get_mut(&ProfileId(id)).unwrap().apart.push(decided(side));
        }
        let people = people.meaning("email", "home@x.org", Meant::Person(ProfileId(2)));
        let found = run(&people, &[("email", "home@x.org"), ("phone", "+1312")], 1);
        assert_eq!((found.people, found.gave_way), (vec![ProfileId(2)], vec![]));
    }
}
