//! Segments, metrics and programs in any number, as a shop that has grown for some years has them.
//!
//! Their conditions ask about the events that the load consists of, in ways that differ in event, window and limit; and a
//! third of them about events that never come, since most definitions of a large workspace are about something else than
//! what happens just now. The programs wait longer than a run lasts.

use std::fmt::Write;

const EVENTS: [(&str, &str); 9] = [
    ("Product Viewed", "value"),
    ("Product Added", "value"),
    ("Cart Updated", "value"),
    ("Checkout Started", "value"),
    ("Order Completed", "revenue"),
    ("Product Removed", "value"),
    ("Test Drive Booked", "value"),
    ("Brochure Ordered", "value"),
    ("Service Booked", "value"),
];
const WINDOWS: [&str; 5] = ["1d", "7d", "30d", "90d", "365d"];

/// The YAML of so many of each.
pub fn yaml(segments: usize, metrics: usize, programs: usize) -> String {
    let mut documents = Vec::new();
    for place in 0..metrics {
        let (event, value) = EVENTS[place % EVENTS.len()];
        let window = WINDOWS[place / EVENTS.len() % WINDOWS.len()];
        let question = match place % 4 {
            0 => format!("count(\"{event}\", within(\"{window}\"))"),
            1 => format!("sum(\"{event}\", \"{value}\", within(\"{window}\"))"),
            2 => format!("last(\"{event}\")"),
            _ => format!("max(\"{event}\", \"{value}\", within(\"{window}\"))"),
        };
        documents.push(format!("metric: metric-{place}\nvalue: '{question}'\n"));
    }
    for place in 0..segments {
        let (event, value) = EVENTS[place % EVENTS.len()];
        let window = WINDOWS[place / EVENTS.len() % WINDOWS.len()];
        let limit = 2 + place % 7;
        let when = match place % 5 {
            0 => format!("count(\"{event}\", within(\"{window}\")) >= {limit}"),
            1 => format!("sum(\"{event}\", \"{value}\", within(\"{window}\")) > {}", limit * 100),
            2 => format!("last(\"{event}\") < ago(\"{window}\")"),
            3 => format!("profile.plan == \"plan-{limit}\" && consent(\"email\", \"offers\")"),
            _ => format!("count(\"{event}\") >= {limit} && never(\"Order Completed\", within(\"{window}\"))"),
        };
        documents.push(format!("segment: segment-{place}\nwhen: '{when}'\n"));
    }
    for place in 0..programs {
        let (event, value) = EVENTS[place % EVENTS.len()];
        let mut text = format!("program: program-{place}\n");
        let _ = write!(
            text,
            "trigger: {{ event: {event}, when: \"event.properties.{value} >= {}\", ttl: 6h }}\n\
             audience: 'consent(\"email\", \"offers\") && count(\"{event}\", within(\"30d\")) >= {}'\n\
             cancel_on: {{ event: Order Completed }}\nsteps:\n  - wait: 3h\n  \
             - send: {{ channel: email, template: cart-reminder, topic: offers }}\n",
            50 + place * 10,
            3 + place % 5,
        );
        documents.push(text);
    }
    documents.join("---\n")
}
