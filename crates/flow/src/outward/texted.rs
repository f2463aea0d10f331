//! What comes back by SMS: what the gateway says of texts of ours, and what people text.
//!
//! Whoever texts that they want nothing more gets nothing more from the moment at which this is answered: what they had agreed to
//! is taken in the commit that writes their text, for this number or for all of their contact points, as the workspace says.
//! It is confirmed once. What was taken is remembered by the number, so that START gives back that and nothing else.

use super::{
    Heard, What,
    feedback::{broken, hear},
    purse,
    settle::go_on,
    standing, what_was_agreed,
};
use crate::{
    Engine, FlowError, OWN_SOURCE,
    inward::{Prepared, Working},
    preferences::{after_all, namespace},
};
use crowsnest_channels::sms::{
    Wanted,
    receiving::{Became, Inbound},
    unsubscribed_there, wanted,
};
use crowsnest_model::{
    Consent, ConsentClaim, ConsentStatus, DeliveryId, Duration, Event, EventId, EventKind, Identifier,
    Object, Profile, ProfileId, Time, consent,
    consent::EVERY_TOPIC,
    contact,
    definition::{SmsAccount, TurnsOff},
    delivery::{Delivery, DeliveryState, EMAIL, LETTER, PHONE, SMS},
};
use crowsnest_store::{Agreement, Stopped};
use serde_json::json;
use std::collections::BTreeSet;

/// Who says stop again within this long knows that it was heard.
const CONFIRMED_FOR: Duration = Duration::days(1);

/// So much of a text is kept, and so much of it is evidence.
const LONGEST: usize = 1_600;
const EVIDENCE: usize = 100;

/// What a refusal is kept as, see `settle`.
const REFUSED: &str = "it was refused: ";

impl Engine {
    /// Hears what became of a text of ours. False when that was heard before.
    pub async fn hear_receipt(&self, id: DeliveryId, sid: &str, became: Became) -> Result<bool, FlowError> {
        let sid = sid.to_owned();
        self.commit(move |work| {
            let found = work.unit.delivery(id)?.filter(|delivery| delivery.channel == SMS);
            let Some(mut delivery) = found else {
                return Err(FlowError::NotFound { kind: "delivery", name: id.to_string(), hint: None });
            };
            was_taken(work, &mut delivery)?;
            let what = match became {
                Became::Taken(_) => return Ok(true),
                Became::Delivered => What::Delivered,
                Became::Undelivered { for_good, said } => What::Bounced { for_good, said },
            };
            let heard = Heard { id: sid, time: work.now, what };
            hear(work, delivery, heard)
        })
        .await
    }

    /// Hears a text that somebody sent, and says what is answered to it. The same text is heard and answered once.
    pub async fn hear_text(&self, text: Inbound) -> Result<Option<String>, FlowError> {
        self.commit(move |work| Texting::of(work, text).map_or(Ok(None), Texting::hear)).await
    }
}

/// The gateway surely has a text of which it says something: what has an unknown outcome went out, and what would be tried
/// again must not be.
fn was_taken(work: &mut Working<'_>, delivery: &mut Delivery) -> Result<(), FlowError> {
    // Whatever is queued or held and is known to the gateway was handed over before, also where that counted as no attempt.
    let tried_again = matches!(delivery.state, DeliveryState::Queued | DeliveryState::Held);
    if delivery.state != DeliveryState::Unknown && !tried_again {
        return Ok(());
    }
    if delivery.seed.is_none() {
        standing::sent(work, SMS, 1)?;
    }
    if tried_again {
        purse::pay(work, delivery)?;
    }
    delivery.state = DeliveryState::Sent;
    delivery.reason = Some("the gateway has it after all, and says what becomes of it".to_owned());
    delivery.updated = work.now;
    work.unit.update_delivery(delivery)?;
    if tried_again { go_on(work, delivery) } else { Ok(()) }
}

/// A text of somebody's, while it is heard.
struct Texting<'t, 'w> {
    work: &'t mut Working<'w>,
    account: &'w SmsAccount,
    text: Inbound,
    /// The number that it came from, in its one spelling.
    number: String,
    wanted: Option<Wanted>,
}

impl<'t, 'w> Texting<'t, 'w> {
    /// Nothing when texts are none of this workspace's, or when its sender has no number that could be anybody's.
    fn of(work: &'t mut Working<'w>, mut text: Inbound) -> Option<Self> {
        let account = work.live.workspace().organisation.sms.as_ref()?;
        let number = contact::phone(&text.from, None).ok()?;
        text.text = text.text.chars().take(LONGEST).collect();
        let wanted = match text.answered.as_deref() {
            Some("STOP") => Some(Wanted::Stop),
            Some("START") => Some(Wanted::Start),
            Some("HELP") => Some(Wanted::Help),
            _ => wanted(&text.text, &account.languages),
        };
        Some(Self { work, account, text, number, wanted })
    }

    fn hear(mut self) -> Result<Option<String>, FlowError> {
        let message_id = format!("sms-{}", self.text.sid);
        let id = EventId::of(OWN_SOURCE, &message_id);
        if self.work.unit.event(id)?.is_some() {
            return Ok(None);
        }
        let last = self.work.unit.last_texted(&self.number)?;
        let person = self.person(last.as_ref())?;
        if let Some(person) = person {
            self.work.load(person)?;
        }
        let stopped = self.work.unit.stopped(&self.number)?;
        let (claims, answer) = match self.wanted {
            Some(Wanted::Stop) => self.stop(person, stopped)?,
            Some(Wanted::Start) => self.start(person, stopped)?,
            Some(Wanted::Help) => (Vec::new(), Some(self.help())),
            None => (Vec::new(), None),
        };
        match person {
            Some(person) => self.keep(person, last, id, message_id, claims)?,
            // What somebody agrees to or takes back counts for their number, whoever they are.
            None => self.agree(claims)?,
        }
        // The gateway has answered already what it took for a word of its own.
        Ok(answer.filter(|_| self.text.answered.is_none()))
    }

    /// Whose number it is; of several, whom we texted last. Somebody may be texted at a number that is a trait of theirs alone.
    fn person(&self, last: Option<&Delivery>) -> Result<Option<ProfileId>, FlowError> {
        let unit = &*self.work.unit;
        let number = Identifier::new(namespace(SMS), self.number.clone());
        let holder = unit.holders(&[&number])?.into_iter().next().flatten();
        let sharers = unit.sharers(&[&number])?.into_iter().next().unwrap_or_default();
        let texted = match last {
            Some(last) => Some(unit.survivor(last.profile)?),
            None => None,
        };
        let known = holder.is_some() || !sharers.is_empty();
        let texted = texted.filter(|texted| !known || holder == Some(*texted) || sharers.contains(texted));
        let found = texted.or(holder).or(sharers.first().copied());
        Ok(match found {
            Some(person) if unit.profile(person)?.is_some() => Some(person),
            _ => None,
        })
    }

    /// Takes everything that was agreed to, and remembers what.
    fn stop(
        &mut self,
        person: Option<ProfileId>,
        before: Option<Stopped>,
    ) -> Result<(Vec<ConsentClaim>, Option<String>), FlowError> {
        let points = match self.account.stop.turns_off {
            TurnsOff::Sms => BTreeSet::from([(SMS, self.number.clone())]),
            TurnsOff::EveryChannel => self.points_of(person),
        };
        let confirmed = before.as_ref().map(|stopped| stopped.confirmed);
        let mut took: BTreeSet<Agreement> = before.into_iter().flat_map(|stopped| stopped.took).collect();
        for (channel, contact) in &points {
            let consents = self.agreed(person, channel, contact)?;
            let is_silence_consent = self.work.live.is_silence_consent(channel);
            let topics = consents.iter().map(|found| found.topic.as_str()).chain([EVERY_TOPIC]);
            took.extend(
                topics
                    .filter(|topic| match consent::in_force(&consents, topic) {
                        Some(word) => word.status == ConsentStatus::Granted,
                        None => is_silence_consent,
                    })
                    .map(|topic| Agreement {
                        channel: (*channel).to_owned(),
                        contact: contact.clone(),
                        topic: topic.to_owned(),
                    }),
            );
        }
        let again = confirmed.filter(|confirmed| self.work.now.since(*confirmed) < CONFIRMED_FOR);
        let stopped = Stopped { confirmed: again.unwrap_or(self.work.now), took: took.into_iter().collect() };
        self.work.unit.put_stopped(&self.number, Some(&stopped))?;
        let claims = points.into_iter().map(|(channel, contact)| {
            self.claim(channel.to_owned(), contact, EVERY_TOPIC.to_owned(), ConsentStatus::Withdrawn)
        });
        let claims = claims.collect();
        let answer = again.is_none().then(|| {
            let what = match self.account.stop.turns_off {
                TurnsOff::Sms => "texts",
                TurnsOff::EveryChannel => "messages",
            };
            let usual = || {
                format!("{}: you get no more {what} from us. To get them again, text START.", self.title())
            };
            self.account.stop.confirm.clone().unwrap_or_else(usual)
        });
        Ok((claims, answer))
    }

    /// Gives back what STOP took, as far as it is theirs still.
    fn start(
        &mut self,
        person: Option<ProfileId>,
        stopped: Option<Stopped>,
    ) -> Result<(Vec<ConsentClaim>, Option<String>), FlowError> {
        let suppression = self.work.unit.suppression(SMS, &self.number)?;
        let lifted = suppression
            .is_some_and(|known| known.reason.strip_prefix(REFUSED).is_some_and(unsubscribed_there));
        if lifted {
            self.work.unit.lift_suppression(SMS, &self.number)?;
        }
        let had = stopped.is_some();
        if had {
            self.work.unit.put_stopped(&self.number, None)?;
        }
        let points = self.points_of(person);
        let took: Vec<Agreement> = stopped.into_iter().flat_map(|stopped| stopped.took).collect();
        let mut claims = Vec::new();
        for (channel, contact) in points {
            let took: Vec<&Agreement> =
                took.iter().filter(|took| took.channel == channel && took.contact == contact).collect();
            if took.iter().any(|took| took.topic == EVERY_TOPIC) {
                claims.extend(self.withdrawn_before(person, channel, &contact, &took)?);
            }
            claims.extend(took.into_iter().map(|took| {
                self.claim(channel.to_owned(), contact.clone(), took.topic.clone(), ConsentStatus::Granted)
            }));
        }
        let usual = || format!("{}: you get our messages again. To stop them, text STOP.", self.title());
        let answer = (had || lifted).then(|| self.account.start.confirm.clone().unwrap_or_else(usual));
        Ok((claims, answer))
    }

    /// The topics that were withdrawn by themselves before STOP took all others. To give back all would give them back, too: so they
    /// are withdrawn again in the same moment, as the person once said it.
    fn withdrawn_before(
        &self,
        person: Option<ProfileId>,
        channel: &str,
        contact: &str,
        took: &[&Agreement],
    ) -> Result<Vec<ConsentClaim>, FlowError> {
        let known = self.agreed(person, channel, contact)?;
        let withdrawn = known.into_iter().filter(|word| {
            word.status == ConsentStatus::Withdrawn
                && word.topic != EVERY_TOPIC
                && took.iter().all(|took| took.topic != word.topic)
        });
        let claim = |word: Consent| ConsentClaim {
            channel: channel.to_owned(),
            contact: Some(contact.to_owned()),
            topic: word.topic,
            status: ConsentStatus::Withdrawn,
            evidence: word.evidence,
        };
        Ok(withdrawn.map(claim).collect())
    }

    /// What was said about a contact point, of the person if there is one.
    fn agreed(
        &self,
        person: Option<ProfileId>,
        channel: &str,
        contact: &str,
    ) -> Result<Vec<Consent>, FlowError> {
        Ok(match person {
            Some(person) => what_was_agreed(&*self.work.unit, person, channel, contact)?,
            None => self.work.unit.consents(channel, contact)?,
        })
    }

    fn help(&self) -> String {
        let usual = || format!("{}: to get no more messages, text STOP.", self.title());
        self.account.help.clone().unwrap_or_else(usual)
    }

    fn title(&self) -> &'w str {
        &self.work.live.workspace().organisation.title
    }

    /// This number, and every contact point of the person, each with the channels that lead to it.
    fn points_of(&self, person: Option<ProfileId>) -> BTreeSet<(&'static str, String)> {
        let mut points = BTreeSet::from([(SMS, self.number.clone()), (PHONE, self.number.clone())]);
        let profile: Option<&Profile> =
            person.and_then(|person| self.work.people.get(&person)).map(|loaded| &loaded.profile);
        let Some(profile) = profile else { return points };
        // What is agreed about letters is kept by person.
        points.insert((LETTER, profile.id.to_string()));
        for channel in [EMAIL, SMS, PHONE] {
            points.extend(profile.contact(channel).map(|contact| (channel, contact)));
            let of_channel = profile.goes_by().filter(|link| link.namespace.as_str() == namespace(channel));
            points.extend(of_channel.map(|link| (channel, link.value.clone())));
        }
        points
    }

    fn claim(&self, channel: String, contact: String, topic: String, status: ConsentStatus) -> ConsentClaim {
        let said: String = self.text.text.chars().take(EVIDENCE).collect();
        ConsentClaim {
            channel,
            contact: Some(contact),
            topic,
            status,
            evidence: Some(format!("texted: {said}")),
        }
    }

    /// The moment of these claims: the latest word about each of their contact points.
    fn moment(&self, person: Option<ProfileId>, claims: &[ConsentClaim]) -> Result<Time, FlowError> {
        let mut moment = self.work.now;
        for claim in claims {
            let contact = claim.contact.as_deref().unwrap_or_default();
            let known = self.agreed(person, &claim.channel, contact)?;
            moment = moment.max(after_all(&known, self.work.now));
        }
        Ok(moment)
    }

    /// Keeps the text as an event of the person, and as an answer to what we texted last.
    fn keep(
        &mut self,
        person: ProfileId,
        last: Option<Delivery>,
        id: EventId,
        message_id: String,
        claims: Vec<ConsentClaim>,
    ) -> Result<(), FlowError> {
        let mut properties = json!({ "text": self.text.text, "to": self.text.to });
        if let Some(wanted) = self.wanted {
            properties["wants"] = match wanted {
                Wanted::Stop => "stop",
                Wanted::Start => "start",
                Wanted::Help => "help",
            }
            .into();
        }
        // Of what may not have gone out nobody knows whether this answers it.
        if let Some(last) = last.filter(|last| last.state == DeliveryState::Sent)
            && self.work.unit.survivor(last.profile)? == person
        {
            properties["delivery"] = json!(last.id);
            properties["program"] = last.program.clone().into();
            properties["template"] = last.template.clone().into();
            let unsubscribes = self.wanted == Some(Wanted::Stop);
            let what = What::Replied { unsubscribes, by_machine: false };
            let heard = Heard { id: self.text.sid.clone(), time: self.work.now, what };
            hear(self.work, last, heard)?;
        }
        let event = Event {
            id,
            source: OWN_SOURCE.into(),
            message_id,
            kind: EventKind::Track,
            name: Some("SMS Received".to_owned()),
            time: self.moment(Some(person), &claims)?,
            received: self.work.now,
            historical: false,
            identifiers: vec![Identifier::new(namespace(SMS), self.number.clone())],
            previous: None,
            traits: Object::new(),
            properties: Some(serde_json::value::to_raw_value(&properties).map_err(broken)?),
            context: None,
            consents: claims,
        };
        let prepared = Prepared::of(person, event).map_err(broken)?;
        self.work.take_in_our_own(&prepared)
    }

    /// Keeps claims for a number of which nobody is known.
    fn agree(&mut self, claims: Vec<ConsentClaim>) -> Result<(), FlowError> {
        let time = self.moment(None, &claims)?;
        for claim in claims {
            let Some(contact) = claim.contact else { continue };
            if claim.channel == PHONE && claim.status == ConsentStatus::Withdrawn {
                self.work.numbers.insert(contact.clone());
            }
            self.work.unit.put_consent(&Consent {
                channel: claim.channel,
                contact,
                topic: claim.topic,
                status: claim.status,
                time,
                source: OWN_SOURCE.to_owned(),
                evidence: claim.evidence,
            })?;
        }
        Ok(())
    }
}
