//! Templates as people write them, and as they should not.

use crowsnest_channels::{
    email::{Letter, Marks, compose},
    template::{CompiledTemplate, CompiledText, Content, TemplateError},
};
use crowsnest_model::definition::Template;
use rstest::rstest;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const FRAME: &str =
    "<mjml><mj-body><mj-section><mj-column><mj-text>@</mj-text></mj-column></mj-section></mj-body></mjml>";

fn template(subject: &str, mjml: &str, text: &str) -> Template {
    Template {
        name: "t".into(),
        channel: "email".into(),
        subject: Some(subject.into()),
        preheader: None,
        mjml: Some(mjml.into()),
        text: text.into(),
    }
}

fn in_text(text: &str) -> Template {
    template("s", FRAME, text)
}

fn in_mjml(inside: &str) -> Template {
    template("s", &FRAME.replace('@', inside), "t")
}

fn data() -> Value {
    json!({
        "profile": { "first_name": "Ann", "tier": "gold", "note": "a\nb", "nothing": null },
        "event": { "name": "Cart Updated", "properties": {
            "value": 75.5,
            "items": [{ "title": "Oil & filter", "price": 30 }, { "title": "Wiper" }],
        } },
        "item": { "price": 9 },
        "organisation": { "title": "Harbor Motors", "postal_address": "1 Pier Road" },
        "links": { "unsubscribe": "https://x.example/u/1?a=b&c=d", "preferences": "https://x.example/p/1" },
    })
}

fn render(template: &Template, data: &Value) -> Result<Content, TemplateError> {
    CompiledTemplate::compile(template)?.render(data)
}

#[test]
fn a_whole_template_becomes_a_message() {
    let template = Template {
        preheader: Some("{{ event.properties.items.size }} things & more".into()),
        ..template(
            "{{ profile.first_name | default: 'You' }} left something behind",
            include_str!("cart-reminder.mjml"),
            "Hello {{ profile.first_name }},\n{% for item in event.properties.items -%}\n* {{ item.title }}\n{% endfor %}\n{{ links.unsubscribe }}\n",
        )
    };
    let content = render(&template, &data()).unwrap();
    assert_eq!(content.subject, "Ann left something behind");
    insta::assert_snapshot!("cart_reminder_text", content.text);
    insta::assert_snapshot!("cart_reminder_html", content.html);
}

#[rstest]
#[case("{{ profile.first_name }}", "Ann")]
#[case("{{ profile.nobody | default: 'you' }}", "you")]
#[case("{{ profile.first_name | default: 'you' | upcase }}", "ANN")]
#[case("[{{ profile.nothing }}]", "[]")]
#[case("{{ profile.nothing | default: 'x' }}", "x")]
#[case("{% if profile.nobody %}a{% else %}b{% endif %}", "b")]
#[case("{% if profile.tier == 'gold' and profile.nobody %}a{% elsif profile.tier %}b{% endif %}", "b")]
#[case("{% unless profile.nobody %}a{% endunless %}", "a")]
#[case("{% case profile.tier %}{% when 'gold' %}G{% else %}x{% endcase %}", "G")]
#[case("{% assign n = profile.nobody | default: 'friend' %}{{ n }}", "friend")]
#[case("{% for i in (1..3) %}{{ i }}{% if forloop.last %}.{% endif %}{% endfor %}", "123.")]
#[case("{% for i in event.properties.items %}{{ i.price | default: '-' }} {% endfor %}", "30 - ")]
#[case("{{ item.price }} {{ before.price | default: '-' }}", "9 -")]
#[case("{% for item in event.properties.items %}{{ item.price | default: '-' }}{% endfor %}", "30-")]
#[case("a {%- if true -%} b {%- endif -%} c", "abc")]
#[case("a {{- profile.nobody | default: 'x' -}} b", "axb")]
#[case("{% raw %}{{ x }}{% endraw %}{% comment %}{{ nobody }}{% endcomment %}", "{{ x }}")]
#[case("{{ event.properties.value | times: 2 }}", "151")]
#[case("{{ profile['first_name'] | append: '!' }}", "Ann!")]
fn text_templates_render(#[case] text: &str, #[case] expected: &str) {
    assert_eq!(
        render(&in_text(text), &data()).map(|content| content.text).as_deref(),
        Ok(expected),
        "{text}"
    );
}

/// Place, message and hint of what is wrong.
#[rstest]
#[case(
    "Hi {{ profil.first_name }}",
    "text, line 1, column 4: there is no variable `profil` (did you mean `profile`?)"
)]
#[case(
    "a\n {{ event.nam }}",
    "text, line 2, column 2: there is no variable `event.nam` (did you mean `event.name`?)"
)]
#[case(
    "{{ links.unsubscibe }}",
    "text, line 1, column 1: there is no variable `links.unsubscibe` (did you mean `links.unsubscribe`?)"
)]
#[case(
    "{{ profile.a | upcas }}",
    "text, line 1, column 1: there is no filter `upcas` (did you mean `upcase`?)"
)]
#[case("{% if profile.a %}", "text, line 1, column 1: `{% if %}` is never closed (expected `{% endif %}`)")]
#[case(
    "{% if profile.a %}{% endfor %}",
    "text, line 1, column 19: `endfor` closes nothing here (expected `endif`)"
)]
#[case("{% endif %}", "text, line 1, column 1: `endif` closes nothing here")]
#[case(
    "{% include 'secrets' %}",
    "text, line 1, column 1: there is no tag `include` in templates (tags: assign, if, unless, case, for, break, continue, comment, raw)"
)]
#[case(
    "{% render 'x' %}",
    "text, line 1, column 1: there is no tag `render` in templates (tags: assign, if, unless, case, for, break, continue, comment, raw)"
)]
#[case("{{ profile.a | }}", "text, line 1, column 1: expected Identifier")]
#[case("{{ profile.a", "text, line 1, column 1: `{{` is never closed (expected `}}`)")]
#[case("{% assign profile = 1 %}", "text, line 1, column 1: `profile` is not free: choose another name")]
#[case("{% else %}", "text, line 1, column 1: `else` stands outside of a `if`, `unless`, `case`, `for`")]
fn mistakes_are_found_when_compiling(#[case] text: &str, #[case] expected: &str) {
    let error = CompiledTemplate::compile(&in_text(text)).unwrap_err();
    assert_eq!(error.to_string(), expected);
}

#[rstest]
#[case(
    "a {{ profile.fist_name }}",
    "text, line 1, column 3: `profile.fist_name` is not there (did you mean `profile.first_name`? `{{ profile.fist_name | default: \"…\" }}` gives it a value, `{% if profile.fist_name %}` asks first)"
)]
#[case(
    "{% for i in event.properties.items %}{{ i.price }}{% endfor %}",
    "text, line 1, column 38: `i.price` is not there (`{{ i.price | default: \"…\" }}` gives it a value, `{% if i.price %}` asks first)"
)]
fn values_that_are_missing_are_named(#[case] text: &str, #[case] expected: &str) {
    let error = render(&in_text(text), &data()).unwrap_err();
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_mistake_in_mjml_has_its_place() {
    for (mjml, expected) in [
        (
            "<mjml>\n<mj-body>\n <mj-text>{{ profil.x }}</mj-text></mj-body></mjml>",
            "mjml, line 3, column 11: there is no variable `profil` (did you mean `profile`?)",
        ),
        (
            "<mjml><mj-head><mj-nope /></mj-head></mjml>",
            "mjml, line 1, column 17: MJML does not allow `mj-nope` here",
        ),
        (
            "<mjml><mj-body><mj-text>x</mj-body></mjml>",
            "mjml, line 1, column 26: `</mj-body>` closes nothing here (expected `</mj-text>`)",
        ),
        ("<p>x</p>", "mjml, line 1, column 1: MJML does not expect `p` here"),
        ("", "mjml, line 1, column 1: there is no <mjml> element"),
        (
            "<mjml><mj-body>\n<mj-include path=\"/etc/passwd\" /></mj-body></mjml>",
            "mjml, line 2, column 1: <mj-include> is not available (put what it holds into the template)",
        ),
        (
            "<mjml><mj-body>{{ profile.x }}</mj-body></mjml>",
            "mjml, line 1, column 16: a value cannot stand between elements (put it into an <mj-text>)",
        ),
        (
            "<mjml><mj-head>{% if profile.x %}{% endif %}</mj-head></mjml>",
            "mjml, line 1, column 16: Liquid cannot stand directly in <mj-head> (put the whole element into an `if`, or the Liquid into an attribute or a text)",
        ),
    ] {
        let error = CompiledTemplate::compile(&template("s", mjml, "t")).unwrap_err();
        assert_eq!(error.to_string(), expected, "{mjml}");
    }
}

#[test]
fn blocks_may_stand_around_elements() {
    let mjml = "{% assign who = profile.first_name %}<mjml><mj-body>{% if profile.tier == 'gold' %}<mj-section><mj-column>\
        {% for item in event.properties.items %}<mj-text>{{ who }}: {{ item.title }}</mj-text>{% endfor %}\
        </mj-column></mj-section>{% else %}<mj-section><mj-column><mj-text>nothing</mj-text></mj-column></mj-section>{% endif %}\
        </mj-body></mjml>";
    let compiled = CompiledTemplate::compile(&template("s", mjml, "t")).unwrap();
    let html = compiled.render(&data()).unwrap().html;
    assert!(
        html.contains("Ann: Oil &amp; filter") && html.contains("Ann: Wiper") && !html.contains("nothing"),
        "{html}"
    );
    let mut other = data();
    other["profile"]["tier"] = json!("none");
    let html = compiled.render(&other).unwrap().html;
    assert!(html.contains("nothing") && !html.contains("Wiper"));
}

/// What customers put into forms.
const HOSTILE: [&str; 12] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</mj-text><mj-include path='/etc/passwd' />",
    "<mj-raw><script>1</script></mj-raw>",
    "{{ links.unsubscribe }}{% include 'x' %}",
    "{% raw %}",
    "--><script>1</script>",
    "]]><script>1</script>",
    "&lt;script&gt;",
    "%3Cscript%3E",
    "⸨0⸩<b>",
];

#[test]
fn hostile_values_stay_text_in_html_wherever_they_stand() {
    for place in [
        "{{ profile.x }}",
        "<a href=\"{{ profile.x }}\">y</a>",
        "<a href='{{ profile.x }}'>y</a>",
        "{{ profile.x | upcase | downcase }}",
        "{{ profile.x | url_decode }}",
        "{{ profile.x | newline_to_br }}",
        "{{ profile.x | default: 'y' }}",
        "{% assign y = profile.x %}{{ y }}",
        "{% for y in profile.list %}{{ y }}{% endfor %}",
        "{{ profile.list | join: '<' }}",
    ] {
        let compiled = CompiledTemplate::compile(&in_mjml(place)).unwrap();
        let harmless = |value: &str| {
            let data = json!({ "profile": { "x": value, "list": [value] } });
            compiled.render(&data).unwrap().html
        };
        let tags = |html: &str| html.matches(['<', '>', '"', '\'']).count();
        let usual = tags(&harmless("abc"));
        for value in HOSTILE {
            let html = harmless(value);
            assert_eq!(tags(&html), usual, "{value} in {place}: {html}");
        }
    }
}

#[test]
fn values_stay_as_they_are_in_text_and_subject() {
    let template = template("{{ profile.x }}", FRAME, "{{ profile.x }}");
    for value in HOSTILE {
        let content = render(&template, &json!({ "profile": { "x": value } })).unwrap();
        assert_eq!((content.text.as_str(), content.subject.as_str()), (value, value));
    }
    for (value, subject) in [
        ("Ann\r\nBcc: victim@example.com", "Ann Bcc: victim@example.com"),
        ("Ann\nX: y", "Ann X: y"),
        ("a\u{0}b\u{2028}c\u{85}d", "a b c d"),
    ] {
        let content = render(&template, &json!({ "profile": { "x": value } })).unwrap();
        assert_eq!(content.subject, subject);
    }
}

#[test]
fn a_line_break_in_a_trait_adds_no_header() {
    let data = json!({ "profile": { "x": "Ann\r\nBcc: victim@example.com\r\n\r\n<script>" } });
    let content = render(&template("Hi {{ profile.x }}", FRAME, "{{ profile.x }}"), &data).unwrap();
    let letter = Letter {
        from: "shop@example.com".into(),
        reply_to: None,
        to: "ann@example.com".into(),
        subject: content.subject,
        html: content.html,
        text: content.text,
        message_id: "<1@example.com>".into(),
        unsubscribe_url: None,
        unsubscribe_mail: None,
        marks: Marks::default(),
        date: crowsnest_model::Time(0),
    };
    let message = String::from_utf8(compose(&letter).unwrap()).unwrap();
    let head = message.split("\r\n\r\n").next().unwrap();
    let names: Vec<&str> = head
        .lines()
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split(':').next())
        .collect();
    assert_eq!(
        names,
        ["Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]
    );
}

#[rstest]
#[case::range("{% for i in (1..1000000000) %}x{% endfor %}")]
#[case::open_range("{% for i in (1..profile.n) %}x{% endfor %}")]
#[case::nested(
    "{% for i in (1..999) %}{% for j in (1..999) %}{% for k in (1..999) %}{% endfor %}{% endfor %}{% endfor %}"
)]
#[case::doubling(
    "{% assign s = 'xxxxxxxxxxxxxxxx' %}{% for i in (1..60) %}{% assign s = s | append: s %}{% endfor %}"
)]
#[case::long("{% for i in (1..900) %}{% for j in (1..10) %}{{ profile.long }}{% endfor %}{% endfor %}")]
#[case::replacing("{{ profile.long | replace: 'x', profile.long }}")]
#[case::padding("{{ 'now' | date: '%99999999999Y' }}")]
#[case::capture("{% capture a %}{{ profile.long }}{% endcapture %}")]
#[case::dividing("{{ profile.n | divided_by: 0 }}")]
#[case::overflow(
    "{{ 9223372036854775807 | times: 9223372036854775807 | plus: 1 | divided_by: -1 }}{% for i in (1..9223372036854775807) %}{% endfor %}"
)]
fn what_would_not_end_is_stopped(#[case] text: &str) {
    let began = Instant::now();
    let data = json!({ "profile": { "n": 1_000_000_000_i64, "long": "x".repeat(4_000) } });
    let error = render(&in_text(text), &data).unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(10), "{error}");
    assert!(!error.to_string().contains("xxx"), "no values in errors: {error}");
}

#[test]
fn deep_nesting_is_refused_and_does_not_overflow() {
    let ifs = "{% if true %}".repeat(50_000);
    let elements = format!("<mjml><mj-body>{}", "<div>".repeat(50_000));
    let brackets = format!("{{{{ profile{} }}}}", "[profile".repeat(5_000));
    assert!(CompiledTemplate::compile(&in_text(&ifs)).is_err());
    assert!(CompiledTemplate::compile(&template("s", &elements, "t")).is_err());
    assert!(CompiledTemplate::compile(&in_text(&brackets)).is_err());
}

#[test]
fn attributes_are_carried_along_to_the_letter() {
    let mjml = r#"<mj-button href='https://x.example/?a="b"&c=\d'>x</mj-button><mj-image src="x" alt="é ⇒ {{ profile.first_name }}" />"#;
    let mjml = FRAME.replace("<mj-text>@</mj-text>", mjml);
    let html = render(&template("s", &mjml, "t"), &data()).unwrap().html;
    assert!(html.contains(r#"href="https://x.example/?a=&#34;b&#34;&c=&#92;d""#), "{html}");
    assert!(html.contains("alt=\"é ⇒ Ann\""), "{html}");
}

#[test]
fn nothing_is_loaded_from_elsewhere() {
    let html = render(&in_mjml("x"), &data()).unwrap().html;
    assert!(!html.contains("googleapis") && !html.contains("@import"), "{html}");
}

#[test]
fn a_template_says_what_it_asks_for() {
    let template =
        template("{{ profile.first_name | default: organisation.title }}", FRAME, "{{ links.unsubscribe }}");
    let compiled = CompiledTemplate::compile(&template).unwrap();
    assert_eq!(compiled.variables(), ["links.unsubscribe", "organisation.title", "profile.first_name"]);
}

#[test]
fn an_email_has_a_subject_and_mjml() {
    for (left_out, without) in [
        ("subject", Template { subject: None, ..in_text("t") }),
        ("mjml", Template { mjml: None, ..in_text("t") }),
    ] {
        let error = CompiledTemplate::compile(&without).unwrap_err();
        assert_eq!(error.part.to_string(), left_out);
    }
}

#[test]
fn a_text_alone_is_filled_in_as_it_stands() {
    let text =
        CompiledText::compile("\n{{ profile.first_name }}, {{ event.properties.items[0].title }} <3\n")
            .unwrap();
    assert_eq!(text.render(&data()).unwrap(), "Ann, Oil & filter <3");
    assert_eq!(text.variables(), ["event.properties.items[0].title", "profile.first_name"]);
    let error = CompiledText::compile("{{ profile.middle_name }}").unwrap().render(&data()).unwrap_err();
    assert_eq!(
        error.to_string().split(" (").next(),
        Some("text, line 1, column 1: `profile.middle_name` is not there")
    );
    assert!(CompiledText::compile("{{ profile").is_err());
}
