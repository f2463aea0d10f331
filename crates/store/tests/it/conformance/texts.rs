//! What the store knows of text messages.

use crate::words::*;
use crowsnest_model::{DeliveryId, Time, delivery::DeliveryState};
use crowsnest_store::{Agreement, Stopped};

pub fn what_stop_took_is_kept_until_start(store: &mut impl Backend) {
    let agreement = |contact: &str| Agreement {
        channel: "email".into(),
        contact: contact.into(),
        topic: "offers".into(),
    };
    let first = Stopped { confirmed: Time(5), took: vec![agreement("ann@x.org")] };
    let second = Stopped { confirmed: Time(9), took: vec![agreement("ann@x.org"), agreement("a@x.org")] };
    store.commit(|unit| {
        assert_eq!(unit.stopped("+13125550142")?, None);
        unit.put_stopped("+13125550142", Some(&first))
    });
    assert_eq!(store.read(|read| read.stopped("+13125550142")), Some(first));
    store.commit(|unit| {
        unit.put_stopped("+13125550142", Some(&second))?;
        unit.put_stopped("+13125550143", None)
    });
    assert_eq!(store.read(|read| read.stopped("+13125550142")), Some(second));
    store.commit(|unit| unit.put_stopped("+13125550142", None));
    assert_eq!(store.read(|read| read.stopped("+13125550142")), None);
}

pub fn the_last_text_to_a_number_is_found(store: &mut impl Backend) {
    store.commit(|unit| {
        for (id, channel, state) in [
            (1, "sms", DeliveryState::Queued),
            (2, "sms", DeliveryState::Queued),
            (3, "phone", DeliveryState::Queued),
            (4, "sms", DeliveryState::Queued),
        ] {
            let mut text = delivery(id, "p", 1, &id.to_string(), state);
            (text.channel, text.contact) = (channel.into(), "+13125550142".into());
            unit.put_delivery(&text)?;
        }
        assert!(unit.last_texted("+13125550142")?.is_none(), "none has gone out");
        Ok(())
    });
    let mut turn = |id, state, time| {
        store.commit(|unit| {
            let mut text = unit.delivery(DeliveryId(id))?.unwrap();
            (text.state, text.updated) = (state, Time(time));
            unit.update_delivery(&text)
        });
        store.read(|read| read.last_texted("+13125550142")).map(|text| text.id.0)
    };
    assert_eq!(turn(2, DeliveryState::Sending, 10), Some(2));
    assert_eq!(turn(1, DeliveryState::Sending, 20), Some(1), "the later, whichever was made first");
    assert_eq!(turn(3, DeliveryState::Sending, 30), Some(1), "a call is no text");
    assert_eq!(turn(1, DeliveryState::Failed, 40), Some(2), "what was refused reached nobody");
    assert_eq!(turn(2, DeliveryState::Unknown, 50), Some(2), "what may have gone out may be answered");
}
