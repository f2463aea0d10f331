//! What is not a condition, and what is said of it.

use crowsnest_model::series::Granularity;
use crowsnest_rules::{Condition, Expression, Schema, Type};

fn schema() -> Schema {
    Schema::open()
        .with_profile_trait("tier", Type::Text)
        .with_profile_trait("points", Type::Int)
        .with_profile_trait("balance", Type::Double)
        .with_profile_trait("vip", Type::Bool)
        .with_profile_trait("tags", Type::List)
        .with_profile_trait("address", Type::Object)
        .with_profile_trait("renews", Type::Time)
        .with_profile_trait("free", Type::Any)
        .with_event_property(Some("Cart Updated"), "value", Type::Double)
        .with_event_property(Some("Order Completed"), "value", Type::Int)
        .with_event_property(Some("Order Completed"), "revenue", Type::Double)
        .with_event_property(None, "shop", Type::Text)
        .with_topics(["offers", "news"])
        .with_channels(["email", "sms"])
}

/// Text, line, column, a part of the message, the hint.
type Case<'a> = (&'a str, usize, usize, &'a str, Option<&'a str>);

fn check_with(schema: &Schema, cases: &[Case<'_>]) {
    for (text, line, column, part, hint) in cases {
        let error = match Condition::parse(text, schema) {
            Ok(_) => panic!("{text} was read"),
            Err(error) => error,
        };
        assert!(error.message.contains(part), "{text}: {error}");
        assert_eq!((error.line, error.column), (*line, *column), "{text}: {error}");
        assert_eq!(error.hint.as_deref(), *hint, "{text}: {error}");
    }
}

fn check(cases: &[Case<'_>]) {
    check_with(&schema(), cases);
}

#[test]
fn names_that_do_not_exist() {
    check(&[
        ("profile.teir == \"gold\"", 1, 9, "`teir` is not a trait", Some("tier")),
        ("profile.shoe_size == 1", 1, 9, "`shoe_size` is not a trait", None),
        ("profile[\"Points\"] == 1", 1, 9, "`Points` is not a trait", Some("points")),
        ("tier == \"gold\"", 1, 1, "`tier` is not known here", Some("profile.tier")),
        ("profil.tier == \"gold\"", 1, 1, "`profil` is not known here", Some("profile")),
        ("event.nam == \"a\"", 1, 7, "an event has no `nam`", Some("name")),
        ("event.revenue > 1", 1, 7, "it has name, properties", Some("event.properties.revenue")),
        ("event.properties.valeu > 1", 1, 18, "`valeu` is not a property", Some("value")),
        ("consent(\"emial\", \"offers\")", 1, 9, "`emial` is not a channel", Some("email")),
        ("consent(\"email\", \"ofers\")", 1, 18, "`ofers` is not a topic", Some("offers")),
        ("profile.vip &&\n  profile.tiers == \"x\"", 2, 11, "`tiers` is not a trait", Some("tier")),
        ("/* é */", 1, 4, "means nothing here", None),
    ]);
    let audience = schema().without_event();
    check_with(&audience, &[("profile.vip && event.name == \"a\"", 1, 16, "there is no event here", None)]);
}

#[test]
fn properties_belong_to_events() {
    let cart = schema().for_event("Cart Updated");
    check_with(&cart, &[("event.properties.revenue > 1", 1, 18, "`revenue` is not a property", None)]);
    for text in ["event.properties.value > 1.5", "event.properties.shop == \"a\""] {
        assert!(Condition::parse(text, &cart).is_ok(), "{text}");
    }
    // An event of which nothing is declared may have anything.
    let unknown = schema().for_event("Newsletter Read");
    assert!(Condition::parse("event.properties.anything == 1", &unknown).is_ok());
    check_with(&unknown, &[("event.properties.shop == 1", 1, 23, "cannot be compared", None)]);
}

#[test]
fn a_list_of_names_is_closed_by_its_first_name_unless_others_are_allowed() {
    let more = schema().with_other_traits().with_other_properties();
    for text in ["profile.anything == 1", "event.properties.anything == 1"] {
        assert!(Condition::parse(text, &more).is_ok(), "{text}");
        assert!(Condition::parse(text, &schema()).is_err(), "{text}");
        assert!(Condition::parse(text, &Schema::open()).is_ok(), "{text}");
    }
    assert!(Condition::parse("consent(\"pigeon\", \"anything\")", &Schema::open()).is_ok());
}

#[test]
fn a_name_declared_twice_may_be_either() {
    let schema = Schema::open()
        .with_profile_trait("a", Type::Int)
        .with_profile_trait("a", Type::Double)
        .with_profile_trait("b", Type::Int)
        .with_profile_trait("b", Type::Text);
    check_with(&schema, &[("profile.a == \"x\"", 1, 11, "a number and a text cannot be compared", None)]);
    assert!(Condition::parse("profile.b == \"x\" || profile.b == 1", &schema).is_ok());
}

#[test]
fn functions_that_do_not_exist() {
    check(&[
        ("cuont(\"Order Completed\") >= 2", 1, 1, "known functions: ago, anniversary, avg", Some("count")),
        ("Last(\"Order Completed\") < ago(\"90d\")", 1, 1, "`Last` is not known here", Some("last")),
        ("within(\"30d\")", 1, 1, "`within` stands between the parentheses", None),
        ("concent(\"email\", \"offers\")", 1, 1, "`concent` is not known here", Some("consent")),
        ("profile.tier.startswith(\"g\")", 1, 14, "`startswith` is not known here", Some("startsWith")),
        ("profile.tier.matches(\"g.*\")", 1, 14, "instead of a pattern use startsWith", None),
        ("matches(profile.tier, \"g.*\")", 1, 1, "instead of a pattern use startsWith", None),
        ("startsWith(profile.tier, \"g\")", 1, 1, "written after a value", None),
        ("profile.vip()", 1, 12, "expected an operator or the end", None),
    ]);
}

#[test]
fn arguments_that_do_not_fit() {
    check(&[
        ("consent(\"email\")", 1, 1, "a channel and a topic", None),
        ("consent(profile.tier, \"offers\")", 1, 1, "two texts in quotes", None),
        ("has(\"tier\")", 1, 5, "has needs a name", None),
        ("has()", 1, 1, "has needs one value", None),
        ("has(profile)", 1, 12, "expected `.` and a trait", None),
        ("size(1) == 1", 1, 6, "size is of a text", None),
        ("profile.tags.size(1) == 1", 1, 14, "nothing between its parentheses", None),
        ("profile.tier.startsWith() ", 1, 14, "startsWith needs one text", None),
        ("profile.tier.startsWith(\"a\",)", 1, 29, "expected another argument", None),
        (
            "profile.points.startsWith(\"a\")",
            1,
            1,
            "startsWith needs a text, but this is a whole number",
            None,
        ),
        ("profile.tier.contains(5)", 1, 23, "contains needs a text, but this is a whole number", None),
        ("profile.tags.contains(\"a\")", 1, 1, "said with `in`", None),
        ("timestamp(\"yesterday\") < event.time", 1, 11, "`yesterday` is not a moment", None),
        ("timestamp(5) < event.time", 1, 11, "timestamp needs a text", None),
    ]);
}

#[test]
fn types_that_cannot_meet() {
    check(&[
        ("profile.tier == 1", 1, 14, "a text and a whole number cannot be compared", None),
        ("profile.points > \"1\"", 1, 16, "a whole number and a text cannot be compared", None),
        ("profile.renews < \"2026-01-01\"", 1, 16, "a moment is written timestamp(", None),
        ("profile.vip == \"true\"", 1, 13, "true or false and a text cannot be compared", None),
        ("profile.tags < profile.tags", 1, 14, "a list is neither larger nor smaller", None),
        ("profile.tier in [\"a\", 1]", 1, 17, "a text and a whole number cannot be compared", None),
        ("\"a\" in profile.tier", 1, 5, "said with contains", None),
        ("1 in profile.points", 1, 6, "comes a list", None),
        ("1 in profile.address", 1, 3, "a field's name is a text", None),
        ("profile.tier", 1, 1, "a condition is true or false, but this is a text", None),
        ("profile.points + 1", 1, 1, "a condition is true or false, but this is a whole number", None),
        ("profile.tier && true", 1, 1, "`&&` needs true or false, but this is a text", None),
        ("true || 1", 1, 9, "`||` needs true or false, but this is a whole number", None),
        ("!profile.points", 1, 2, "`!` needs true or false", None),
        ("-profile.tier == 1", 1, 1, "`-` needs a number, but this is a text", None),
        ("profile.tier + \"a\" == \"b\"", 1, 14, "`+` needs numbers, but this is a text", None),
        ("event.time - 5 < event.time", 1, 12, "`-` needs numbers, but this is a time", None),
        ("profile.balance % 2 == 0", 1, 17, "`%` needs whole numbers", None),
        ("profile.points ? true : false", 1, 1, "`?` needs true or false", None),
        ("profile.vip ? 1 : \"a\"", 1, 13, "both answers", None),
        ("1 < 2 < 3", 1, 7, "true or false and a whole number cannot be compared", None),
        ("profile.tier.x == 1", 1, 13, "a text has no fields", None),
        ("\"a\".x == 1", 1, 4, "a text has no fields", None),
        (
            "profile.free.x == 1 && profile.address.y == 2 && profile.points[\"z\"] == 3",
            1,
            64,
            "no fields",
            None,
        ),
        ("event.name.x == 1", 1, 11, "a text has no fields", None),
    ]);
}

#[test]
fn grammar() {
    check(&[
        ("", 1, 1, "found the end", None),
        ("profile.vip &&", 1, 15, "expected a value, such as profile.tier", None),
        ("profile.vip and true", 1, 13, "expected an operator or the end, found `and`", Some("&&")),
        ("profile.vip OR true", 1, 13, "expected an operator or the end", Some("||")),
        ("not profile.vip", 1, 1, "expected a value", Some("!")),
        ("profile.tier is \"gold\"", 1, 14, "found `is`", Some("==")),
        ("profile.tier = \"gold\"", 1, 14, "equal is `==`", None),
        ("profile.tier == null", 1, 17, "has(profile.tier)", None),
        ("profile.tier == “gold”", 1, 17, "straight quotes", None),
        ("(profile.vip", 1, 13, "expected `)`, found the end", None),
        ("profile.vip)", 1, 12, "found `)`", None),
        ("1 in [1, 2", 1, 11, "expected `]`", None),
        ("profile", 1, 8, "expected `.` and a trait", None),
        ("profile.", 1, 9, "expected a trait", None),
        ("profile.in == 1", 1, 9, "write [\"in\"]", None),
        ("profile[tier] == 1", 1, 9, "a name in quotes", None),
        ("profile.tags[0] == 1", 1, 13, "a list has no fields", None),
        ("profile.free[0] == 1", 1, 14, "a name in quotes", None),
        ("profile.vip ? true", 1, 19, "expected `:`", None),
        ("9223372036854775808 > 1", 1, 1, "too large", None),
        ("-9223372036854775809 > 1", 1, 1, "too large", None),
        ("\"a\" \"b\" == \"c\"", 1, 5, "expected an operator", None),
        ("é == 1", 1, 1, "means nothing here", None),
        ("\"ééé\" == \"é", 1, 10, "no end", None),
        ("profile.tier == \"\"\"gold\"\"\"", 1, 19, "expected an operator", None),
    ]);
}

#[test]
fn limits() {
    let deep = |count: usize| format!("{}true{}", "(".repeat(count), ")".repeat(count));
    assert!(Condition::parse(&deep(63), &schema()).is_ok());
    check(&[(&deep(64), 1, 65, "nested more than 64 deep", None)]);
    let open = "(".repeat(8_000);
    let lists = "[".repeat(8_000);
    let calls = "size(".repeat(1_600);
    let choices = "true ? true : ".repeat(500);
    check(&[
        (&open, 1, 65, "nested more than 64 deep", None),
        (&lists, 1, 65, "nested more than 64 deep", None),
        (&calls, 1, 5 * 64 + 1, "nested more than 64 deep", None),
        (&choices, 1, 14 * 64 + 1, "nested more than 64 deep", None),
    ]);
    assert!(Condition::parse(&format!("{}true", "!".repeat(8_000)), &schema()).is_ok());
    let many = vec!["true"; 250].join("&&");
    assert!(Condition::parse(&many, &schema()).is_ok());
    let too_many = vec!["true"; 251].join("&&");
    check(&[(&too_many, 1, 250 * 6 - 1, "at most 500", None)]);
    let ten_thousand = deep(10_000);
    check(&[(&ten_thousand, 1, 8_193, "at most 8192 bytes", None)]);
    let path = format!("profile.free{} == 1", ".a".repeat(600));
    assert!(Condition::parse(&path, &schema()).is_err_and(|error| error.message.contains("at most 500")));
}

#[test]
fn expressions_have_the_same_errors() {
    let error = Expression::parse("event.properties.cart", &schema()).unwrap_err();
    assert_eq!(error.to_string(), "line 1, column 18: `cart` is not a property that is known here");
    let error = Expression::parse("event.properties.shp", &schema()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 1, column 18: `shp` is not a property that is known here (did you mean `shop`?)"
    );
}

#[test]
fn questions_about_events() {
    check(&[
        ("count(Order)", 1, 7, "the name of an event in quotes", None),
        ("count()", 1, 7, "found `)`", None),
        ("count('')", 1, 7, "an event needs a name", None),
        ("count('A', 'x') > 1", 1, 12, "expected within(…), between(…) or where(…), found the text", None),
        ("count('A', within('30')) > 1", 1, 19, "`30` is not a duration", None),
        ("count('A', within('0d')) > 1", 1, 19, "longer than nothing", None),
        ("count('A', within('40000d')) > 1", 1, 19, "a hundred years", None),
        ("count('A', within(30)) > 1", 1, 19, "a duration in quotes", None),
        ("count('A', within('1d'), within('2d')) > 1", 1, 26, "this is the second", None),
        ("count('A', since('1d')) > 1", 1, 12, "write within", None),
        ("count('A', between('30d', '60d')) > 1", 1, 20, "must be longer ago", None),
        ("count('A', between('2026-02-01', '2026-01-01')) > 1", 1, 20, "must be the earlier one", None),
        ("count('A', between('2026-02-01', '30d')) > 1", 1, 34, "`30d` is not a moment", None),
        ("count('A', where(profile.tier == 'a')) > 1", 1, 18, "`profile` is not part of it", None),
        ("count('A', where(now() > event.time)) > 1", 1, 18, "`now` is not part of it", None),
        ("count('A', where(hour(event.time) > 8)) > 1", 1, 18, "`hour` is not part of it", None),
        ("count('A', where(count('B') > 1)) > 1", 1, 18, "`count` is not part of it", None),
        ("count('A', where(household.size > 1)) > 1", 1, 18, "`household` is not part of it", None),
        (
            "count('A', where(event.properties.shop)) > 1",
            1,
            18,
            "where needs true or false, but this is a text",
            None,
        ),
        (
            "count('Cart Updated', where(event.properties.valu > 1)) > 1",
            1,
            46,
            "not a property",
            Some("value"),
        ),
        ("count('Cart Updated', where(event.properties.revenue > 1)) > 1", 1, 46, "not a property", None),
        ("sum('Order Completed') > 1", 1, 1, "sum needs an event and a property", None),
        (
            "sum('Order Completed', 'revenu') > 1",
            1,
            24,
            "`revenu` is not a property of Order",
            Some("revenue"),
        ),
        ("sum('Order Completed', 'shop') > 1", 1, 24, "sum needs a number, but shop is a text", None),
        ("sum('Order Completed', event.name) > 1", 1, 24, "sum needs a property", None),
        ("sum('Order Completed', 'a..b') > 1", 1, 24, "a property has a name", None),
        ("sum('Order Completed', profile.points) > 1", 1, 24, "expected a property in quotes", None),
        ("last('A') > 5", 1, 11, "a time and a whole number cannot be compared", None),
        ("count('A')", 1, 1, "a condition is true or false, but this is a whole number", None),
        ("sequence('A', within('1d'))", 1, 1, "sequence needs 2 to 5 events", None),
        ("sequence('A', 'B')", 1, 1, "sequence needs within", None),
        ("sequence('A', 'A', 'A', 'A', 'A', 'A', within('1d'))", 1, 35, "at most 5 events", None),
        ("sequence('A', 'B', where(true), within('1d'))", 1, 20, "belongs to one of the events", None),
        ("sequence('A', 'B', within('1d'), within('1d'))", 1, 34, "within stands here a second time", None),
        ("unanswered('A', 'B', 'C', within('1d'))", 1, 1, "unanswered needs two events", None),
        ("unanswered('A', 'B', within('1d'), since('1d'))", 1, 1, "since(…) must be longer", None),
        ("unanswered('A', 'A', within('1d'))", 1, 1, "two different events", None),
        ("event('A') == 1", 1, 1, "`event` stands between the parentheses", None),
    ]);
}

#[test]
fn moments_and_memberships() {
    let schema = schema()
        .with_segments(["vip", "lapsed"])
        .with_programs(["win-back"])
        .with_metric("orders", "count('Order Completed', within('1d'))", Granularity::Exact)
        .with_metric("loop", "metric('pool') + 1", Granularity::Exact)
        .with_metric("pool", "metric('loop')", Granularity::Exact)
        .with_metric("broken", "profile.teir == 'a'", Granularity::Exact);
    check_with(
        &schema,
        &[
            ("ago(5) < now()", 1, 5, "ago needs a duration in quotes", None),
            ("ago('5') < now()", 1, 5, "`5` is not a duration", None),
            ("now(1) > event.time", 1, 1, "now needs nothing", None),
            ("year(5) == 1", 1, 6, "year needs a moment, but this is a whole number", None),
            ("year() == 1", 1, 1, "year needs one moment", None),
            ("segment('vpi')", 1, 9, "`vpi` is not a segment", Some("vip")),
            ("segment(profile.tier)", 1, 9, "segment needs a name in quotes", None),
            ("inProgram('winback')", 1, 11, "`winback` is not a program", Some("win-back")),
            ("metric('order') > 1", 1, 8, "`order` is not a metric", Some("orders")),
            (
                "metric('loop') > 1",
                1,
                8,
                "the metric `loop` at its line 1, column 8: the metric `pool`",
                None,
            ),
            ("metric('loop') > 1", 1, 8, "stands for itself, by way of `loop` to `pool`", None),
            ("metric('broken')", 1, 8, "at its line 1, column 9: `teir` is not a trait", None),
            ("household.sise > 1", 1, 11, "it has all, any, size", Some("size")),
            ("household.any(event.name == 'A')", 1, 15, "there is no event here", None),
            ("household.any(household.size > 1)", 1, 15, "a household in a household", None),
            ("household.any(household.any(true))", 1, 15, "a household in a household", None),
            ("household.any(profile.points)", 1, 15, "needs a condition about a member", None),
            ("household > 1", 1, 11, "one of all, any, size", None),
        ],
    );
    for text in [
        "segment('vip') && inProgram('win-back')",
        "metric('orders') > 1 && household.any(metric('orders') > 1)",
    ] {
        assert!(Condition::parse(text, &schema).is_ok(), "{text}");
    }
    let audience = schema.without_event();
    let text = "count('Order Completed', where(event.properties.value >= 50), within('30d')) >= 2";
    assert!(Condition::parse(text, &audience).is_ok(), "a recorded event is no event at hand");
}

#[test]
fn metrics_share_the_limits() {
    let chain = |length: usize| {
        (1..length).fold(Schema::open().with_metric("m0", "1", Granularity::Exact), |schema, n| {
            schema.with_metric(format!("m{n}"), format!("metric('m{}') + 1", n - 1), Granularity::Exact)
        })
    };
    assert!(Condition::parse("metric('m7') == 8", &chain(8)).is_ok());
    check_with(&chain(9), &[("metric('m8') == 9", 1, 8, "more than 8 deep", None)]);
    // Each stands for ten of the one before: a text of a few hundred bytes for a hundred million operations.
    let bomb = (1..8).fold(Schema::open().with_metric("m0", "1", Granularity::Exact), |schema, n| {
        schema.with_metric(
            format!("m{n}"),
            vec![format!("metric('m{}')", n - 1); 10].join(" + "),
            Granularity::Exact,
        )
    });
    check_with(&bomb, &[("metric('m7') == 9", 1, 8, "at most 500", None)]);
}
