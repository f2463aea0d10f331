//! Text messages: made, counted, and handed over to the gateway, or without one to the built-in mailbox.

use super::{
    Carried, Claimed, Courier, LiveTemplate, Parts, Preview, Tested, last_word, left_alone, line_is_down,
    most_parts, secret,
};
use crate::{Engine, Live};
use crowsnest_channels::{
    Outcome,
    sms::{
        Gateway, TextMessage, for_mailbox,
        receiving::{Form, Verifier},
    },
};
use crowsnest_model::{
    DeliveryId, Object, Profile, Segments, Time,
    definition::{SmsAccount, SmsGateway},
    delivery::{Delivery, SMS},
};
use std::{
    future::{Future, ready},
    sync::PoisonError,
};

/// What a server tells of a form that came in.
#[derive(Debug, Clone, Copy)]
pub struct Knock<'a> {
    /// The path at which it came, with its query.
    pub target: &'a str,
    /// Its fields.
    pub form: &'a Form,
    /// What it is signed with.
    pub signature: &'a str,
}

impl Courier {
    /// Whether a form is of the gateway of the definitions in force.
    pub fn is_from_gateway(&self, live: &Live, knock: Knock<'_>) -> bool {
        let Some(gateway) = account(live).ok().and_then(|account| account.gateway.as_ref()) else {
            return false;
        };
        let url = format!("{}{}", self.base(live), knock.target);
        match self.gateway(gateway) {
            Ok((_, verifier)) => verifier.is_signed(&url, knock.form, knock.signature),
            Err(_) => false,
        }
    }

    /// Where texts go, in words, when the gateway has been asked whether it would take them; or why it takes none. Nothing when there
    /// is no sender of texts.
    pub async fn sms(&self, live: &Live) -> Option<Result<String, String>> {
        let account = account(live).ok()?;
        let Some(definition) = &account.gateway else {
            return Some(Ok("the built-in mailbox; nothing leaves the house".to_owned()));
        };
        let gateway = match self.gateway(definition) {
            Ok((gateway, _)) => gateway,
            Err(fault) => return Some(Err(fault)),
        };
        let place = format!("the gateway at {}", definition.url.as_deref().unwrap_or(SmsGateway::USUAL_URL));
        Some(match gateway.check().await {
            Ok(said) => Ok(format!("{place}: {said}")),
            Err(fault) => Err(format!("{place}: {fault}")),
        })
    }

    /// Why no text can be handed over, as the gateway is defined and set up. It is not asked.
    pub(super) fn sms_fault(&self, live: &Live) -> Option<String> {
        let gateway = account(live).ok()?.gateway.as_ref()?;
        self.gateway(gateway).err()
    }

    pub(super) fn preview_text(
        &self,
        live: &Live,
        template: &str,
        profile: &Profile,
        to: &str,
        event: &Object,
    ) -> Result<Preview, String> {
        let text = self.text(live, template, profile, to, event, DeliveryId(0))?;
        let segments = text.segments();
        let from = text.sender().to_owned();
        Ok(Preview {
            from,
            to: text.to,
            subject: None,
            html: None,
            text: text.text,
            faults: too_long(&segments, account(live)?).into_iter().collect(),
            segments: Some(segments),
        })
    }

    pub(super) async fn send_test_text(
        &self,
        live: &Live,
        template: &str,
        profile: &Profile,
        to: &str,
        event: &Object,
        now: Time,
    ) -> Result<Tested, String> {
        let id = DeliveryId(now.0 as u64);
        let mut text = self.text(live, template, profile, to, event, id)?;
        text.text = format!("[Test] {}", text.text);
        let segments = text.segments();
        let outcome = self.hand_over_text(live, &text, id, None, now, ready(None)).await?;
        Ok(Tested { outcome, segments: Some(segments) })
    }

    pub(super) async fn carry_text(
        &self,
        engine: &Engine,
        live: &Live,
        claimed: &Claimed,
        now: Time,
    ) -> Carried {
        let Claimed { delivery, profile, most_parts: paid } = claimed;
        let Delivery { template, contact, event, id, .. } = delivery;
        let text = match self.text(live, template, profile, contact, event, *id) {
            Ok(text) => text,
            Err(reason) => {
                return Outcome::Refused { reason: format!("the message could not be made: {reason}") }
                    .into();
            }
        };
        let parts = Parts { had: u32::try_from(text.segments().count).unwrap_or(u32::MAX), reserved: *paid };
        // `max_segments` was raised since it was claimed. What is paid for so many is decided anew.
        if (parts.reserved + 1..=most_parts(live, SMS)).contains(&parts.had) {
            let reason = format!("it has {} segments, and {paid} were paid", parts.had);
            return Outcome::Withheld { reason }.into();
        }
        // The gateway can only tell what became of it if it knows where we are.
        let told = live.workspace().organisation.public_url.is_some();
        let callback = told.then(|| format!("{}/sms/status?delivery={id}", self.base(live)));
        let way = delivery.line().to_string();
        let Some(passage) = self.circuits.enter(&way) else { return left_alone(&way).into() };
        let last_word = last_word(engine.clone(), delivery.clone());
        let outcome = match self.hand_over_text(live, &text, *id, callback.as_deref(), now, last_word).await {
            Ok(outcome) => outcome,
            Err(reason) => line_is_down(reason),
        };
        passage.ended(&outcome);
        Carried { outcome, parts }
    }

    fn text(
        &self,
        live: &Live,
        template: &str,
        profile: &Profile,
        to: &str,
        event: &Object,
        delivery: DeliveryId,
    ) -> Result<TextMessage, String> {
        let account = account(live)?;
        let compiled = match live.template(template) {
            Some(LiveTemplate::Sms(compiled)) => compiled,
            Some(_) => return Err(format!("the template `{template}` is none of SMS")),
            None => return Err(format!("there is no template `{template}`")),
        };
        let (data, _) = self.data(live, profile, event, delivery);
        let text = compiled.render(&data).map_err(|error| error.to_string())?;
        if text.is_empty() {
            return Err("it says nothing".to_owned());
        }
        let (from, service) = (account.from.clone(), account.service.clone());
        Ok(TextMessage { from, service, to: to.to_owned(), text })
    }

    async fn hand_over_text(
        &self,
        live: &Live,
        text: &TextMessage,
        id: DeliveryId,
        callback: Option<&str>,
        now: Time,
        last_word: impl Future<Output = Option<Outcome>> + Send,
    ) -> Result<Outcome, String> {
        let account = account(live)?;
        if let Some(reason) = too_long(&text.segments(), account) {
            return Ok(Outcome::Refused { reason });
        }
        match &account.gateway {
            Some(gateway) => {
                let (gateway, _) = self.gateway(gateway)?;
                Ok(gateway.hand_over_unless(text, callback, now, last_word).await)
            }
            None => {
                let (from, to, mail) = for_mailbox(text, id, now)?;
                if let Some(stopped) = last_word.await {
                    return Ok(stopped);
                }
                Ok(self.relays.mailbox().hand_over(&from, &to, &mail).await)
            }
        }
    }

    /// The gateway as it is defined and set up, and who verifies what comes from it.
    fn gateway(&self, definition: &SmsGateway) -> Result<(Gateway, Verifier), String> {
        let mut current = self.gateway.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, gateway, verifier)) = current.as_ref()
            && known == definition
        {
            return Ok((gateway.clone(), verifier.clone()));
        }
        let token = secret(self.environment, &definition.token_env, "the gateway's token")?;
        let gateway = Gateway::new(definition, &token).map_err(|error| error.to_string())?;
        let verifier = Verifier::new(&token);
        *current = Some((definition.clone(), gateway.clone(), verifier.clone()));
        Ok((gateway, verifier))
    }
}

pub(super) fn account(live: &Live) -> Result<&SmsAccount, String> {
    let account = live.workspace().organisation.sms.as_ref();
    account.ok_or_else(|| {
        "the workspace does not say from which number texts are sent; add `sms: { from: … }` to it".to_owned()
    })
}

fn too_long(segments: &Segments, account: &SmsAccount) -> Option<String> {
    let most = usize::try_from(account.max_segments).unwrap_or(usize::MAX);
    (segments.count > most)
        .then(|| format!("it has {}, and `max_segments` is {most}: shorten it", segments.in_words()))
}
