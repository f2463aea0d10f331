//! Every construct as English, plain and negated.

use crowsnest_rules::{Condition, Schema, Type};

fn check(cases: &[(&str, &str)]) {
    let schema = Schema::open()
        .with_profile_trait("tags", Type::List)
        .with_profile_trait("address", Type::Object)
        .with_profile_trait("renews", Type::Time)
        .with_profile_trait("city", Type::Text)
        .with_other_traits();
    for (text, expected) in cases {
        let condition = Condition::parse(text, &schema).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(condition.sentence(), *expected, "{text}");
    }
}

#[test]
fn comparisons() {
    check(&[
        ("profile.tier == \"gold\"", "tier is “gold”"),
        ("profile.tier != \"gold\"", "tier is not “gold”"),
        ("!(profile.tier == \"gold\")", "tier is not “gold”"),
        ("!(profile.tier != \"gold\")", "tier is “gold”"),
        ("profile.points < 5", "points is less than 5"),
        ("profile.points <= 5", "points is at most 5"),
        ("profile.points > 5", "points is more than 5"),
        ("profile.points >= 5", "points is at least 5"),
        ("!(profile.points < 5)", "points is at least 5"),
        ("!(profile.points <= 5)", "points is more than 5"),
        ("!(profile.points > 5)", "points is at most 5"),
        ("!(profile.points >= 5)", "points is less than 5"),
        ("50 <= profile.points", "points is at least 50"),
        ("\"gold\" == profile.tier", "tier is “gold”"),
        ("profile.city < \"M\"", "city sorts before “M”"),
        ("profile.city <= \"M\"", "city does not sort after “M”"),
        ("profile.city > \"M\"", "city sorts after “M”"),
        ("profile.city >= \"M\"", "city does not sort before “M”"),
        ("profile.renews < event.time", "renews is before the event’s time"),
        ("profile.renews <= event.time", "renews is not after the event’s time"),
        ("!(profile.renews <= event.time)", "renews is after the event’s time"),
        (
            "event.time >= timestamp(\"2026-03-01T09:30:00Z\")",
            "the event’s time is not before 1 March 2026, 09:30 UTC",
        ),
        ("timestamp(profile.since) > event.time", "since is after the event’s time"),
        ("profile.vip == true", "vip is true"),
        ("profile.vip != true", "vip is not true"),
        ("profile.vip", "vip is true"),
        ("!profile.vip", "vip is false"),
        ("!!profile.vip", "vip is true"),
        ("true", "always"),
        ("!true", "never"),
        ("(profile.points > 5) == profile.vip", "whether points is more than 5 is vip"),
        ("profile.tags == [\"a\", \"b\"]", "tags is the list “a”, “b”"),
        ("profile.tags != []", "tags is not an empty list"),
        ("profile.points == -1.5", "points is -1.5"),
        ("profile.name == \"two\\nlines\"", "name is “two lines”"),
    ]);
}

#[test]
fn names() {
    check(&[
        ("profile.firstName == \"Ann\"", "first name is “Ann”"),
        ("profile.loyalty_points > 5", "loyalty points is more than 5"),
        ("profile[\"first name\"] == \"Ann\"", "first name is “Ann”"),
        ("profile.address.zip == \"1\"", "address zip is “1”"),
        ("event.name == \"Cart Updated\"", "the event is “Cart Updated”"),
        ("event.name != \"Cart Updated\"", "the event is not “Cart Updated”"),
        ("event.name in [\"A\", \"B\"]", "the event is one of “A”, “B”"),
        ("event.name.startsWith(\"Cart\")", "the event’s name starts with “Cart”"),
        ("event.type == \"page\"", "the event’s type is “page”"),
        ("event.source == \"web\"", "the event’s source is “web”"),
        ("event.properties.cart_id == \"1\"", "the event’s cart id is “1”"),
        ("event.properties.cart.total > 5", "the event’s cart total is more than 5"),
        ("size(event.properties) == 0", "the number of fields in the event’s properties is 0"),
    ]);
}

#[test]
fn consents_and_presence() {
    check(&[
        ("consent(\"email\", \"offers\")", "may be mailed about offers by email"),
        ("!consent(\"email\", \"offers\")", "may not be mailed about offers by email"),
        ("consent(\"sms\", \"price_alerts\")", "may be texted about price alerts by sms"),
        ("consent(\"phone\", \"offers\")", "may be called about offers by phone"),
        ("consent(\"letter\", \"offers\")", "may be written to about offers by letter"),
        ("consent(\"push\", \"*\")", "may be contacted about every topic by push"),
        ("has(profile.tier)", "tier is known"),
        ("!has(profile.tier)", "tier is not known"),
    ]);
}

#[test]
fn lists_and_texts() {
    check(&[
        ("profile.tier in [\"gold\", \"silver\"]", "tier is one of “gold”, “silver”"),
        ("!(profile.tier in [\"gold\", \"silver\"])", "tier is none of “gold”, “silver”"),
        ("profile.tier in [\"gold\"]", "tier is “gold”"),
        ("!(profile.tier in [\"gold\"])", "tier is not “gold”"),
        ("profile.tier in []", "tier is in an empty list"),
        ("!(profile.tier in [])", "tier is not in an empty list"),
        ("\"red\" in profile.tags", "“red” is among tags"),
        ("!(\"red\" in profile.tags)", "“red” is not among tags"),
        ("profile.city in profile.cities", "city is among cities"),
        ("\"zip\" in profile.address", "“zip” is a field of address"),
        ("!(\"zip\" in profile.address)", "“zip” is not a field of address"),
        ("profile.city.startsWith(\"New\")", "city starts with “New”"),
        ("!profile.city.startsWith(\"New\")", "city does not start with “New”"),
        ("profile.city.endsWith(\"ton\")", "city ends with “ton”"),
        ("!profile.city.endsWith(\"ton\")", "city does not end with “ton”"),
        ("profile.city.contains(\"York\")", "city contains “York”"),
        ("!profile.city.contains(\"York\")", "city does not contain “York”"),
        ("profile.city.lowerAscii() == \"oslo\"", "city in lower case is “oslo”"),
        ("profile.city.upperAscii() == \"OSLO\"", "city in upper case is “OSLO”"),
        ("size(profile.city) > 5", "the length of city is more than 5"),
        ("profile.tags.size() == 0", "the number of items in tags is 0"),
        ("size(profile.address) == 0", "the number of fields in address is 0"),
        ("size(profile.thing) == 0", "the size of thing is 0"),
    ]);
}

#[test]
fn arithmetic() {
    check(&[
        ("profile.a + 1 > 5", "a plus 1 is more than 5"),
        ("profile.a - profile.b > 5", "a minus b is more than 5"),
        ("(profile.a + 1) * 2 > 5", "(a plus 1) times 2 is more than 5"),
        ("profile.a / 2 == 1", "a divided by 2 is 1"),
        ("profile.a % 2 == 1", "the remainder of a divided by 2 is 1"),
        ("-profile.a > 5", "minus a is more than 5"),
        ("-(profile.a + 1) > 5", "minus (a plus 1) is more than 5"),
    ]);
}

#[test]
fn and_or_not_and_choice() {
    check(&[
        (
            "profile.tier == \"gold\" && consent(\"email\", \"offers\")",
            "tier is “gold” and may be mailed about offers by email",
        ),
        ("profile.a && profile.b && profile.c", "a is true and b is true and c is true"),
        ("profile.a && (profile.b && profile.c)", "a is true and b is true and c is true"),
        ("profile.a || profile.b || profile.c", "a is true or b is true or c is true"),
        ("profile.a && (profile.b || profile.c)", "a is true and (b is true or c is true)"),
        ("profile.a || profile.b && profile.c", "a is true or (b is true and c is true)"),
        ("!(profile.a && profile.b)", "a is false or b is false"),
        ("!(profile.a || profile.b)", "a is false and b is false"),
        ("profile.a && !(profile.b || profile.c)", "a is true and b is false and c is false"),
        ("profile.a && !(profile.b && profile.c)", "a is true and (b is false or c is false)"),
        ("profile.a ? profile.b : profile.c == 1", "if a is true then b is true, otherwise c is 1"),
        (
            "!(profile.a ? profile.b : profile.c == 1) && profile.d",
            "(if a is true then b is false, otherwise c is not 1) and d is true",
        ),
        ("(profile.a ? 1 : 2) == profile.c", "(1 if a is true, otherwise 2) is c"),
        (
            "profile.a ? profile.b || profile.c : true",
            "if a is true then (b is true or c is true), otherwise always",
        ),
    ]);
}

#[test]
fn what_a_person_did() {
    check(&[
        ("count('A', within('1d 2h 3m')) >= 2", "has at least 2 A in the last 1d 2h 3m"),
        ("2 <= count('A')", "has at least 2 A"),
        ("!(count('A', within('36h')) >= 2)", "has less than 2 A in the last 1 day 12 hours"),
        ("count('A') != 3", "does not have exactly 3 A"),
        ("count('A') == 0 || count('A') > 0", "has no A or has at least 1 A"),
        ("count('A') > count('B')", "the number of A is more than the number of B"),
        ("!never('A', between('60d', '30d'))", "has at least 1 A from 60 days to 30 days ago"),
        ("never('A') == profile.vip", "whether has no A is vip"),
        ("ago('90d') > last('A')", "last A was more than 90 days ago"),
        ("last('A') >= ago('90d')", "last A was at most 90 days ago"),
        ("!(last('A') < ago('90d'))", "last A was at most 90 days ago"),
        (
            "last('A', where(event.time < timestamp('2026-03-01T09:30:00Z'))) < now()",
            "last A (where time is before 1 March 2026, 09:30 UTC) is before now",
        ),
        ("profile.renews > ago('90d')", "renews is less than 90 days ago"),
        ("now() < profile.renews", "renews is after now"),
        ("count('two\\nlines') > 1", "has more than 1 two lines"),
        (
            "count('A', where(event.properties.x in [event.source, 'b'])) > 1",
            "has more than 1 A (where x is one of source, “b”)",
        ),
        ("!sequence('A', 'B', within('2h'))", "does not have A and then B within 2 hours"),
        ("!unanswered('A', 'B', within('45m'))", "does not have A without B in the 45 minutes after it"),
        (
            "sequence('A', 'B', within('2h'), between('60d', '30d'))",
            "has A and then B within 2 hours, beginning from 60 days to 30 days ago",
        ),
        ("!anniversary(profile.birthday)", "today is not the anniversary of birthday"),
        (
            "!household.all(profile.vip && segment('x'))",
            "not for everybody in the household (vip is true and is in the segment x)",
        ),
    ]);
}
