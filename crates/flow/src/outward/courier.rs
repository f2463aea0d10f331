//! Makes messages and hands them over.

use super::{Claimed, letters::compose_letter, tracking::Tracks};
use crate::{FlowError, Live, live::LiveTemplate};
use crowsnest_channels::{
    Outcome,
    email::{
        DkimSigner, Letter, SmtpTransport, compose, message_id, returns::ReturnAddresses, sender_address,
    },
    links::{LinkSigner, Purpose},
    webhook::{self, Hook, Post, Told},
};
use crowsnest_model::{
    DeliveryId, Object, Profile, Time,
    definition::{DkimKey, EmailAccount, SmtpAccount, Webhook},
    delivery::{Delivery, WEBHOOK},
};
use serde::Serialize;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Mutex, PoisonError},
};

/// Where the values of environment variables come from.
pub type Environment = fn(&str) -> Option<String>;

/// Where e-mail goes.
#[derive(Debug, Clone)]
pub enum Transport {
    /// The built-in mailbox.
    Mailbox,
    /// An SMTP server of the workspace.
    Smtp(String),
}

/// Makes messages and hands them over.
#[derive(Debug)]
pub struct Courier {
    mailbox: SocketAddr,
    signer: LinkSigner,
    url: String,
    current: Mutex<Option<(SmtpAccount, SmtpTransport)>>,
    /// What messages are signed with, and the account of which that was made.
    signers: Mutex<Option<(EmailAccount, Vec<DkimSigner>)>>,
    own: SmtpTransport,
    /// The webhooks that were posted to, each with the definition of which it was made.
    hooks: Mutex<HashMap<String, (Webhook, Hook)>>,
    environment: Environment,
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
            current: Mutex::new(None),
            signers: Mutex::new(None),
            own: SmtpTransport::plain(mailbox),
            hooks: Mutex::default(),
            environment: |variable| std::env::var(variable).ok(),
        })
    }

    /// With secrets from elsewhere than the environment of the process.
    #[must_use]
    pub fn with_environment(self, environment: Environment) -> Self {
        Self { environment, ..self }
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

    /// Where e-mail goes by the definitions in force.
    pub fn transport(&self, live: &Live) -> Result<(Transport, SmtpTransport), String> {
        let account = live.workspace().organisation.email.as_ref().and_then(|email| email.smtp.as_ref());
        let Some(account) = account else { return Ok((Transport::Mailbox, self.own.clone())) };
        let named = Transport::Smtp(account.host.clone());
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, transport)) = current.as_ref()
            && known == account
        {
            return Ok((named, transport.clone()));
        }
        let password = match &account.password_env {
            None => None,
            Some(variable) => Some((self.environment)(variable).ok_or_else(|| {
                format!("the environment variable {variable} with the SMTP password is not set; set it and restart")
            })?),
        };
        let transport = SmtpTransport::new(account, password).map_err(|error| error.to_string())?;
        *current = Some((account.clone(), transport.clone()));
        Ok((named, transport))
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
        let fault = |place: &str, why: &dyn std::fmt::Display| {
            format!("the DKIM key `{}` cannot be used: {place}: {why}", key.selector)
        };
        let (place, pem) = match (&key.key_file, &key.key_env) {
            (Some(file), _) => (file, std::fs::read_to_string(file).map_err(|error| fault(file, &error))?),
            (None, Some(variable)) => {
                let pem = (self.environment)(variable);
                (variable, pem.ok_or_else(|| fault(variable, &"this environment variable is not set"))?)
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
        if let Some(LiveTemplate::Letter(_)) = live.template(template) {
            let letter =
                compose_letter(live, template, profile, live.postal_address(profile)?, event, None, Time(0))?;
            return Ok(Preview {
                from: letter.from,
                to: letter.to.lines().join("\n"),
                subject: None,
                html: None,
                text: letter.text,
            });
        }
        let letter = self.letter(live, template, profile, to, event, DeliveryId(0), Time(0), true)?;
        Ok(Preview {
            from: letter.from,
            to: letter.to,
            subject: Some(letter.subject),
            html: Some(letter.html),
            text: letter.text,
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
    ) -> Result<Outcome, String> {
        let mut letter =
            self.letter(live, template, profile, to, event, DeliveryId(now.0 as u64), now, true)?;
        letter.subject = format!("[Test] {}", letter.subject);
        self.hand_over(live, &letter, None).await
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
        let unsubscribe = format!("{base}/u/{}", self.signer.token(Purpose::Unsubscribe, delivery));
        let preferences = format!("{base}/p/{}", self.signer.token(Purpose::Preferences, delivery));
        let mut data = data_of(profile, event);
        data["organisation"] = json!({
            "title": organisation.title,
            "postal_address": account.postal_address.as_deref().unwrap_or_default(),
        });
        data["links"] = json!({ "unsubscribe": unsubscribe, "preferences": preferences });
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
            date,
        })
    }

    /// Makes a claimed delivery's message and hands it over.
    pub(super) async fn carry(&self, live: &Live, claimed: &Claimed, now: Time) -> Outcome {
        let Claimed { delivery, profile } = claimed;
        if delivery.channel == WEBHOOK {
            let told = match told(delivery, profile) {
                Some(told) => webhook::told(&told),
                None => return Outcome::Refused { reason: "what was to be told is not on record".into() },
            };
            return self.post(live, &delivery.contact, delivery.id.to_string(), &told, now).await;
        }
        let Delivery { template, contact, event, id, .. } = delivery;
        let service = live.is_service(&delivery.topic);
        let letter = match self.letter(live, template, profile, contact, event, *id, now, service) {
            Ok(letter) => letter,
            Err(reason) => {
                return Outcome::Refused { reason: format!("the message could not be made: {reason}") };
            }
        };
        match self.hand_over(live, &letter, Some(*id)).await {
            Ok(outcome) => outcome,
            Err(reason) => Outcome::Later { reason, asked: None },
        }
    }

    /// Why nothing can be posted to a webhook as it is defined and set up, if something stands in the way.
    pub fn webhook_fault(&self, definition: &Webhook) -> Option<String> {
        self.hook(definition).err()
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
            Err(reason) => Outcome::Later { reason, asked: None },
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
            Some(variable) => Some((self.environment)(variable).ok_or_else(|| {
                format!("the environment variable {variable} with the webhook's secret is not set; set it and restart")
            })?),
        };
        let hook = Hook::new(definition, secret.as_deref()).map_err(|error| error.to_string())?;
        hooks.insert(definition.name.clone(), (definition.clone(), hook.clone()));
        Ok(hook)
    }

    /// Hands a letter over. That of a delivery comes back to an address of its own, if the workspace says where.
    async fn hand_over(
        &self,
        live: &Live,
        letter: &Letter,
        delivery: Option<DeliveryId>,
    ) -> Result<Outcome, String> {
        let (_, transport) = self.transport(live)?;
        let message = match compose(letter) {
            Ok(message) => message,
            Err(error) => {
                return Ok(Outcome::Refused { reason: format!("the message could not be made: {error}") });
            }
        };
        // Unsigned it would harm the sender's name: it waits until the key is there.
        let mut signed = Vec::with_capacity(message.len() + 1_024);
        for signer in self.signers(live)? {
            let header = signer.sign(&message, letter.date);
            signed.extend(
                header.ok_or_else(|| format!("the DKIM key {} does not sign", signer.record_name()))?,
            );
        }
        signed.extend(message);
        let from = match self.returns(live).zip(delivery) {
            Some((returns, delivery)) => returns.sender(delivery),
            None => sender_address(&letter.from).map_err(|error| error.to_string())?,
        };
        Ok(transport.hand_over(&from, &letter.to, &signed).await)
    }
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
