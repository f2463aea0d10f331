//! Makes messages and hands them over. Texts are made and handed over in `texts`.

mod posting;
mod texts;

pub use posting::Posting;

pub use texts::Knock;

use super::{
    Claimed, alarms,
    bars::last_word,
    circuits::{Circuits, Passable, WayState},
    letters::compose_letter,
    purse::{Parts, most_parts},
    relays::{self, Relay, Relays},
    secrets::{Environment, secret},
    tracking::Tracks,
};
use crate::{Clock, Engine, FlowError, Live, live::LiveTemplate};
use crowsnest_channels::{
    Outcome,
    email::{
        About, DkimSigner, Letter, Marks, compose, message_id, returns::ReturnAddresses, sender_address,
    },
    links::{LinkSigner, Purpose},
    sms::{Gateway, receiving::Verifier},
    webhook::{self, Hook, Post, Told},
};
use crowsnest_model::{
    DeliveryId, Object, Profile, Segments, Time,
    definition::{DkimKey, EmailAccount, SmsGateway, Webhook},
    delivery::{Delivery, EMAIL, LETTER, PHONE, SMS, WEBHOOK},
    line::Line,
};
use serde::Serialize;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

/// Makes messages and hands them over.
#[derive(Debug)]
pub struct Courier {
    mailbox: SocketAddr,
    signer: LinkSigner,
    url: String,
    relays: Relays,
    /// What messages are signed with, and the account of which that was made.
    signers: Mutex<Option<(EmailAccount, Vec<DkimSigner>)>>,
    /// The webhooks that were posted to, each with the definition of which it was made.
    hooks: Mutex<HashMap<String, (Webhook, Hook)>>,
    /// The gateway of texts, with the definition of which it was made, and who verifies what comes from there.
    gateway: Mutex<Option<(SmsGateway, Gateway, Verifier)>>,
    environment: Environment,
    circuits: Circuits,
}

/// A message as it would go out.
#[derive(Debug, Clone, Serialize)]
pub struct Preview {
    /// The sender.
    pub from: String,
    /// The address.
    pub to: String,
    /// E-mail: the subject line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// E-mail: the HTML part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// The text; of an e-mail the text part.
    pub text: String,
    /// SMS: how long it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segments: Option<Segments>,
    /// Why it would not be sent as it is.
    pub faults: Vec<String>,
}

/// What came of a test.
#[derive(Debug, Clone)]
pub struct Tested {
    /// What came of handing it over.
    pub outcome: Outcome,
    /// SMS: how long it was.
    pub segments: Option<Segments>,
}

impl Courier {
    /// For an installation whose built-in mailbox listens at `mailbox`, and which people reach at `url` unless the
    /// workspace says otherwise. Links are signed with `secret`.
    pub fn new(mailbox: SocketAddr, url: String, secret: &str) -> Result<Self, FlowError> {
        let signer =
            LinkSigner::new(secret.as_bytes()).map_err(|error| FlowError::Broken(error.to_string()))?;
        Ok(Self {
            mailbox,
            signer,
            url,
            relays: Relays::new(mailbox),
            signers: Mutex::new(None),
            hooks: Mutex::default(),
            gateway: Mutex::default(),
            environment: |variable| std::env::var(variable).ok(),
            circuits: Circuits::default(),
        })
    }

    /// With secrets from elsewhere than the environment of the process.
    #[must_use]
    pub fn with_environment(self, environment: Environment) -> Self {
        Self { environment, ..self }
    }

    /// By this clock.
    #[must_use]
    pub(super) fn by_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { circuits: Circuits::by(clock), ..self }
    }

    /// The delivery that a token is about, if the token is ours.
    pub fn verify(&self, purpose: Purpose, token: &str) -> Option<DeliveryId> {
        self.signer.verify(purpose, token)
    }

    /// The delivery of whose message a link is followed, and where it leads, if its token is ours.
    pub fn follow(&self, token: &str) -> Option<(DeliveryId, String)> {
        self.signer.follow(token)
    }

    /// The path of the page on which a delivery's recipient sets their preferences.
    pub fn preferences_path(&self, delivery: DeliveryId) -> String {
        format!("/p/{}", self.signer.token(Purpose::Preferences, delivery))
    }

    /// Where e-mail goes by the definitions in force, in the order of preference.
    pub fn relays(&self, live: &Live) -> Vec<Relay> {
        self.relays.of(live, self.environment)
    }

    /// The ways by which a line can be gone, in the order of preference.
    fn ways(&self, live: &Live, line: &Line) -> Vec<String> {
        match line.as_str() {
            EMAIL => relays::ways(live),
            // People of the house carry it.
            PHONE | LETTER => Vec::new(),
            other => vec![other.to_owned()],
        }
    }

    /// How far a line can be gone now.
    pub(super) fn passable(&self, live: &Live, line: &Line) -> Passable {
        let ways = self.ways(live, line);
        ways.iter().map(|way| self.circuits.passable(way)).min().unwrap_or(Passable::No)
    }

    /// What is known of the ways of a line.
    pub(super) fn states(&self, live: &Live, line: &Line) -> Vec<WayState> {
        self.ways(live, line).iter().map(|way| self.circuits.state(way)).collect()
    }

    /// Definitions have changed, and with them perhaps what was wrong.
    pub(super) fn try_all_again(&self) {
        self.circuits.try_all_again();
    }

    /// What messages are signed with by the definitions in force. Keys are read once; after a key has changed, the server is
    /// started anew.
    pub fn signers(&self, live: &Live) -> Result<Vec<DkimSigner>, String> {
        let Some(account) =
            live.workspace().organisation.email.as_ref().filter(|account| !account.dkim.is_empty())
        else {
            return Ok(Vec::new());
        };
        let mut known = self.signers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, signers)) = known.as_ref()
            && of == account
        {
            return Ok(signers.clone());
        }
        let sender = sender_address(&account.from).map_err(|error| error.to_string())?;
        let of_sender = sender.rsplit('@').next().unwrap_or_default();
        let made: Result<Vec<DkimSigner>, String> =
            account.dkim.iter().map(|key| self.signer_of(key, of_sender)).collect();
        let made = made?;
        *known = Some((account.clone(), made.clone()));
        Ok(made)
    }

    fn signer_of(&self, key: &DkimKey, of_sender: &str) -> Result<DkimSigner, String> {
        let unusable = |why: String| format!("the DKIM key `{}` cannot be used: {why}", key.selector);
        let fault = |place: &str, why: &dyn std::fmt::Display| unusable(format!("{place}: {why}"));
        let (place, pem) = match (&key.key_file, &key.key_env) {
            (Some(file), _) => (file, std::fs::read_to_string(file).map_err(|error| fault(file, &error))?),
            (None, Some(variable)) => {
                let pem = secret(self.environment, variable, "the key");
                (variable, pem.map_err(unusable)?)
            }
            (None, None) => {
                return Err(fault("the definition", &"it names neither `key_file` nor `key_env`"));
            }
        };
        let domain = key.domain.as_deref().unwrap_or(of_sender);
        DkimSigner::new(domain, &key.selector, &pem).map_err(|error| fault(place, &error))
    }

    /// The addresses to which mail comes back by the definitions in force, if they say where.
    pub(crate) fn returns<'a>(&'a self, live: &'a Live) -> Option<ReturnAddresses<'a>> {
        let returns = live.workspace().organisation.email.as_ref()?.returns.as_ref()?;
        Some(ReturnAddresses { domain: &returns.domain, signer: &self.signer })
    }

    /// The address of the built-in mailbox.
    pub fn mailbox(&self) -> SocketAddr {
        self.mailbox
    }

    fn base<'u>(&'u self, live: &'u Live) -> &'u str {
        live.workspace().organisation.public_url.as_deref().unwrap_or(&self.url).trim_end_matches('/')
    }

    /// A message of a template for a person. Nothing is sent.
    pub fn preview(
        &self,
        live: &Live,
        template: &str,
        profile: &Profile,
        to: &str,
        event: &Object,
    ) -> Result<Preview, String> {
        if let Some(LiveTemplate::Sms(_)) = live.template(template) {
            return self.preview_text(live, template, profile, to, event);
        }
        if let Some(LiveTemplate::Letter(_)) = live.template(template) {
            let letter =
                compose_letter(live, template, profile, live.postal_address(profile)?, event, None, Time(0))?;
            return Ok(Preview {
                from: letter.from,
                to: letter.to.lines().join("\n"),
                subject: None,
                html: None,
                text: letter.text,
                segments: None,
                faults: Vec::new(),
            });
        }
        let letter = self.letter(live, template, profile, to, event, DeliveryId(0), Time(0), true)?;
        // Whoever has no address is shown the message all the same.
        let fault = if to.is_empty() { None } else { compose(&letter).err() };
        Ok(Preview {
            from: letter.from,
            to: letter.to,
            subject: Some(letter.subject),
            html: Some(letter.html),
            text: letter.text,
            segments: None,
            faults: fault.into_iter().map(|error| error.to_string()).collect(),
        })
    }

    /// Sends a message of a template to an address of one's own, marked as a test. Its links say that they do not work.
    pub async fn send_test(
        &self,
        live: &Live,
        template: &str,
        profile: &Profile,
        to: &str,
        event: &Object,
        now: Time,
    ) -> Result<Tested, String> {
        if let Some(LiveTemplate::Sms(_)) = live.template(template) {
            return self.send_test_text(live, template, profile, to, event, now).await;
        }
        let mut letter =
            self.letter(live, template, profile, to, event, DeliveryId(now.0 as u64), now, true)?;
        letter.subject = format!("[Test] {}", letter.subject);
        let outcome = self.hand_over(live, &letter, None, || std::future::ready(None)).await;
        Ok(Tested { outcome, segments: None })
    }

    /// What templates may use, and the links that lead to the pages of a delivery: for unsubscribing, and for preferences.
    fn data(
        &self,
        live: &Live,
        profile: &Profile,
        event: &Object,
        delivery: DeliveryId,
    ) -> (Value, [String; 2]) {
        let organisation = &live.workspace().organisation;
        let base = self.base(live);
        let unsubscribe = format!("{base}/u/{}", self.signer.token(Purpose::Unsubscribe, delivery));
        let preferences = format!("{base}/p/{}", self.signer.token(Purpose::Preferences, delivery));
        let postal_address =
            organisation.email.as_ref().and_then(|account| account.postal_address.as_deref());
        let mut data = data_of(profile, event);
        data["organisation"] =
            json!({ "title": organisation.title, "postal_address": postal_address.unwrap_or_default() });
        data["links"] = json!({ "unsubscribe": unsubscribe, "preferences": preferences });
        (data, [unsubscribe, preferences])
    }

    #[expect(clippy::too_many_arguments, reason = "a letter is made of all of these, and of nothing else")]
    fn letter(
        &self,
        live: &Live,
        template: &str,
        profile: &Profile,
        to: &str,
        event: &Object,
        delivery: DeliveryId,
        date: Time,
        service: bool,
    ) -> Result<Letter, String> {
        let organisation = &live.workspace().organisation;
        let account = organisation.email.as_ref().ok_or(
            "the workspace does not say from which address e-mail is sent; add `email: { from: … }` to it",
        )?;
        let compiled = match live.template(template) {
            Some(LiveTemplate::Email(compiled)) => compiled,
            Some(_) => return Err(format!("the template `{template}` is none of e-mail")),
            None => return Err(format!("there is no template `{template}`")),
        };
        let base = self.base(live);
        let (data, [unsubscribe, preferences]) = self.data(live, profile, event, delivery);
        let mut content = compiled.render(&data).map_err(|error| error.to_string())?;
        if let Some(tracking) = account.track.as_ref().filter(|_| !service) {
            let own = [unsubscribe.as_str(), preferences.as_str()];
            let tracks = Tracks { signer: &self.signer, base, delivery, tracking, template: compiled, own };
            content = tracks.put_into(content);
        }
        Ok(Letter {
            from: account.from.clone(),
            reply_to: account.reply_to.clone(),
            to: to.to_owned(),
            subject: content.subject,
            html: content.html,
            text: content.text,
            message_id: message_id(delivery, &account.from).map_err(|error| error.to_string())?,
            unsubscribe_url: (!service).then_some(unsubscribe),
            unsubscribe_mail: self
                .returns(live)
                .filter(|_| !service)
                .map(|returns| returns.unsubscribing(delivery)),
            marks: Marks::default(),
            date,
        })
    }

    /// Makes a claimed delivery's message and hands it over, unless the last word is against it.
    pub(super) async fn carry(&self, engine: &Engine, live: &Live, claimed: &Claimed, now: Time) -> Carried {
        match &*claimed.delivery.channel {
            SMS => self.carry_text(engine, live, claimed, now).await,
            _ => self.carry_whole(engine, live, claimed, now).await.into(),
        }
    }

    /// The same of what has no parts.
    async fn carry_whole(&self, engine: &Engine, live: &Live, claimed: &Claimed, now: Time) -> Outcome {
        let Claimed { delivery, profile, .. } = claimed;
        if delivery.channel == WEBHOOK {
            let told = told(delivery, profile).map(|told| webhook::told(&told));
            let told = match told.or_else(|| alarms::told(delivery)) {
                Some(told) => told,
                None => return Outcome::Refused { reason: "what was to be told is not on record".into() },
            };
            let way = delivery.line().to_string();
            let Some(passage) = self.circuits.enter(&way) else { return left_alone(&way) };
            let outcome = self.post(live, &delivery.contact, delivery.id.to_string(), &told, now).await;
            passage.ended(&outcome);
            return outcome;
        }
        let Delivery { template, contact, event, id, .. } = delivery;
        let service = live.is_service(&delivery.topic);
        let letter = match self.letter(live, template, profile, contact, event, *id, now, service) {
            Ok(letter) => Letter { marks: marks(live, delivery), ..letter },
            Err(reason) => {
                return Outcome::Refused { reason: format!("the message could not be made: {reason}") };
            }
        };
        let last_word = || last_word(engine.clone(), delivery.clone());
        self.hand_over(live, &letter, Some(*id), last_word).await
    }

    /// Why nothing can be posted to a webhook as it is defined and set up, if something stands in the way.
    pub fn webhook_fault(&self, definition: &Webhook) -> Option<String> {
        self.hook(definition).err()
    }

    /// Whether a webhook can be posted to as it is defined and set up, and takes connections. Nothing is posted.
    pub async fn reach_webhook(&self, definition: &Webhook) -> Result<(), String> {
        self.hook(definition)?.reach().await
    }

    /// What keeps messages from being handed over, as things are defined and set up: each fault with what it is about. Nobody is asked.
    pub fn setup_faults(&self, live: &Live) -> Vec<String> {
        let mut faults: Vec<String> = self.signers(live).err().into_iter().collect();
        for relay in self.relays(live) {
            faults
                .extend(relay.transport.err().map(|why| format!("the SMTP account `{}`: {why}", relay.name)));
        }
        faults.extend(self.sms_fault(live).map(|why| format!("the SMS gateway: {why}")));
        for (name, webhook) in &live.workspace().webhooks {
            faults.extend(self.webhook_fault(webhook).map(|why| format!("the webhook `{name}`: {why}")));
        }
        faults
    }

    /// Posts an example to a webhook, signed as everything that is posted to it.
    pub async fn test_webhook(&self, live: &Live, name: &str, now: Time) -> Outcome {
        self.post(live, name, format!("test_{}", now.0), &webhook::test(name, now), now).await
    }

    async fn post(&self, live: &Live, name: &str, id: String, message: &Value, time: Time) -> Outcome {
        let Some(definition) = live.workspace().webhooks.get(name) else {
            return Outcome::Refused { reason: format!("there is no webhook `{name}` any more") };
        };
        match self.hook(definition) {
            Ok(hook) => hook.post(&Post { id, time, body: message.to_string().into_bytes() }).await,
            Err(reason) => line_is_down(reason),
        }
    }

    fn hook(&self, definition: &Webhook) -> Result<Hook, String> {
        let mut hooks = self.hooks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, hook)) = hooks.get(&definition.name)
            && known == definition
        {
            return Ok(hook.clone());
        }
        let secret = match &definition.secret_env {
            None => None,
            Some(variable) => Some(secret(self.environment, variable, "the webhook's secret")?),
        };
        let hook = Hook::new(definition, secret.as_deref()).map_err(|error| error.to_string())?;
        hooks.insert(definition.name.clone(), (definition.clone(), hook.clone()));
        Ok(hook)
    }

    /// Hands a letter over, to the first account that takes it. The next one is tried only while it is certain that none before
    /// has it. Each asks for the last word anew.
    async fn hand_over<F: Future<Output = Option<Outcome>> + Send>(
        &self,
        live: &Live,
        letter: &Letter,
        delivery: Option<DeliveryId>,
        last_word: impl Fn() -> F,
    ) -> Outcome {
        let message = match compose(letter) {
            Ok(message) => message,
            Err(error) => {
                return Outcome::Refused { reason: format!("the message could not be made: {error}") };
            }
        };
        let ready = self.sign(live, &message, letter.date).and_then(|signed| {
            // That of a delivery comes back to an address of its own, if the workspace says where.
            let from = match self.returns(live).zip(delivery) {
                Some((returns, delivery)) => returns.sender(delivery),
                None => sender_address(&letter.from).map_err(|error| error.to_string())?,
            };
            Ok((from, signed))
        });
        let relays = self.relays(live);
        let mut faults: Vec<String> = Vec::new();
        for relay in &relays {
            let Some(passage) = self.circuits.enter(&relay.way) else { continue };
            let outcome = match (&relay.transport, &ready) {
                (Ok(transport), Ok((from, signed))) => {
                    transport.hand_over_unless(from, &letter.to, signed, last_word()).await
                }
                (Err(reason), _) | (_, Err(reason)) => line_is_down(reason.clone()),
            };
            passage.ended(&outcome);
            match outcome {
                Outcome::Later { reason, line_is_down: true, .. } => faults.push(reason),
                outcome if relays.len() > 1 => return of_several(outcome, relay, &faults),
                outcome => return outcome,
            }
        }
        match faults.is_empty() {
            true => left_alone(EMAIL),
            false => line_is_down(faults.join("; ")),
        }
    }

    /// A message with its signatures. Unsigned it would harm the sender's name: it waits until the key is there.
    fn sign(&self, live: &Live, message: &[u8], date: Time) -> Result<Vec<u8>, String> {
        let mut signed = Vec::with_capacity(message.len() + 1_024);
        for signer in self.signers(live)? {
            let header = signer.sign(message, date);
            signed.extend(
                header.ok_or_else(|| format!("the DKIM key {} does not sign", signer.record_name()))?,
            );
        }
        signed.extend_from_slice(message);
        Ok(signed)
    }
}

/// What came of a hand-over.
#[derive(Debug, Clone)]
pub(super) struct Carried {
    pub(super) outcome: Outcome,
    /// In how many parts it went, each of which costs something: the segments of a text.
    pub(super) parts: Parts,
}

impl From<Outcome> for Carried {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, parts: Parts::WHOLE }
    }
}

fn line_is_down(reason: String) -> Outcome {
    Outcome::Later { reason, asked: None, line_is_down: true }
}

fn left_alone(way: &str) -> Outcome {
    line_is_down(format!("{way} has failed again and again, and is left alone for a while"))
}

/// The outcome at one of several accounts, with its name and what the accounts before it failed for.
fn of_several(outcome: Outcome, relay: &Relay, faults: &[String]) -> Outcome {
    let name = &relay.name;
    let before = match faults.is_empty() {
        true => String::new(),
        false => format!("; before that, {}", faults.join("; ")),
    };
    match outcome {
        Outcome::Accepted { response } => {
            Outcome::Accepted { response: format!("{name}: {response}{before}") }
        }
        Outcome::Refused { reason } => {
            Outcome::Refused { reason: format!("{reason}; said by {name}{before}") }
        }
        Outcome::Unknown { reason } => Outcome::Unknown { reason: format!("{name}: {reason}{before}") },
        Outcome::Withheld { reason } => Outcome::Withheld { reason },
        Outcome::Later { reason, asked, line_is_down } => {
            Outcome::Later { reason: format!("{name}: {reason}{before}"), asked, line_is_down }
        }
    }
}

/// By what machines know of which kind a delivery's message is.
fn marks(live: &Live, delivery: &Delivery) -> Marks {
    let workspace = live.workspace();
    let topic = workspace.topics.get(&delivery.topic);
    Marks::of(&About {
        program: &delivery.program,
        topic: &delivery.topic,
        title: topic.map_or(&*delivery.topic, |topic| &topic.title),
        channel: &delivery.channel,
        workspace: &workspace.organisation.name,
        from: workspace.organisation.email.as_ref().map_or("", |account| &account.from),
        service: live.is_service(&delivery.topic),
    })
}

/// What templates of every channel may use: of the person, and of what happened.
pub(super) fn data_of(profile: &Profile, event: &Object) -> Value {
    let traits: Object =
        profile.traits.iter().map(|(name, known)| (name.clone(), known.value.clone())).collect();
    let mut data = json!({ "profile": traits, "event": event });
    // What a change of an item began is about that item.
    for word in ["item", "before"] {
        if let Some(about) = event.get("properties").and_then(|properties| properties.get(word)) {
            data[word] = about.clone();
        }
    }
    data
}

/// What a webhook is told by a delivery: of the person as they are known now, after a merge the survivor.
fn told<'a>(delivery: &'a Delivery, profile: &Profile) -> Option<Told<'a>> {
    Some(Told {
        program: &delivery.program,
        version: delivery.version,
        step: delivery.event.get("step")?.as_str()?,
        run: delivery.run,
        profile: profile.id,
        body: delivery.event.get("body")?.as_object()?,
        time: delivery.created,
    })
}
