//! One letter, made of its template.

use crate::{Live, live::LiveTemplate, outward::courier::data_of};
use crowsnest_channels::letter::{Letter, PostalAddress};
use crowsnest_model::{DeliveryId, Object, Profile, Time, delivery::Delivery};
use serde_json::json;

/// A letter of a template to a person. `about` is its delivery; a proof has none.
pub(crate) fn compose_letter(
    live: &Live,
    template: &str,
    profile: &Profile,
    to: PostalAddress,
    event: &Object,
    about: Option<&Delivery>,
    now: Time,
) -> Result<Letter, String> {
    let organisation = &live.workspace().organisation;
    let account = organisation
        .letters
        .as_ref()
        .ok_or("the workspace does not say from whom letters are; add `letters: { from: … }` to it")?;
    let compiled = match live.template(template) {
        Some(LiveTemplate::Letter(compiled)) => compiled,
        Some(_) => return Err(format!("the template `{template}` is none of letters")),
        None => return Err(format!("there is no template `{template}`")),
    };
    let mut data = data_of(profile, event);
    data["organisation"] = json!({ "title": organisation.title, "postal_address": account.from });
    let text = compiled.render(&data).map_err(|error| error.to_string())?;
    let day = jiff::Timestamp::from_millisecond(now.0)
        .map(|moment| moment.to_zoned(live.zone().clone()).date().to_string())
        .unwrap_or_default();
    Ok(Letter {
        id: about.map_or(DeliveryId(0), |delivery| delivery.id),
        program: about.map(|delivery| delivery.program.clone()).unwrap_or_default(),
        template: template.to_owned(),
        topic: about.map(|delivery| delivery.topic.clone()).unwrap_or_default(),
        from: account.from.clone(),
        to,
        date: day,
        text,
    })
}
