//! Why a condition holds for a customer, or does not.

use crate::person::Person;
use crowsnest_rules::{Condition, Schema, Truth};

#[test]
fn each_clause_says_what_it_asks_and_what_is_known() {
    let text = "profile.tier == \"silver\" && consent(\"email\", \"offers\") && (profile.nothing > 1 || event.properties.value >= 50) \
                && !consent(\"sms\", \"news\") && true && size(profile.tags) + size(profile.tags) > 1";
    let clauses = Condition::parse(text, &Schema::open()).unwrap().explain(&Person::ann());
    let found: Vec<_> = clauses.iter().map(|c| (c.sentence.as_str(), c.truth, c.value.as_str())).collect();
    assert_eq!(
        found,
        [
            ("tier is “silver”", Truth::False, "tier is “gold”"),
            ("may be mailed about offers by email", Truth::True, "said yes to offers by email"),
            (
                "nothing is more than 1 or the event’s value is at least 50",
                Truth::True,
                "nothing is not known; the event’s value is 75"
            ),
            ("may not be texted about news by sms", Truth::Unknown, "said neither yes nor no to news by sms"),
            ("always", Truth::True, ""),
            (
                "the size of tags plus the size of tags is more than 1",
                Truth::True,
                "tags is “boats”, “sails”"
            ),
        ]
    );
}

#[test]
fn one_clause_is_explained_too() {
    let condition = Condition::parse("profile.vip", &Schema::open()).unwrap();
    let clauses = condition.explain(&Person::ann());
    assert_eq!(clauses.len(), 1);
    assert_eq!(clauses[0].value, "vip is true");
}
