//! What an engineer reads who has mistyped something about text messages.

use crate::mistakes::said;

const SMS: &str = "workspace: acme\ntitle: Acme\ncountry: US\ntime_zone: America/Chicago\ncurrency: USD\npublic_url: https://acme.example\nsms:\n";

#[track_caller]
fn sms(lines: &[&str], expected: &str) {
    let text = lines.iter().fold(SMS.to_owned(), |text, line| text + "  " + line + "\n");
    assert_eq!(said(&text, ""), expected, "for\n{text}");
}

#[test]
fn sms_has_a_sender_and_a_gateway_that_can_be_trusted() {
    sms(&["from: \"+13125550100\""], "");
    sms(&["from: \"33455\"", "languages: [de, en]", "stop: { turns_off: sms, confirm: Bye. }"], "");
    sms(&["service: MG0123", "gateway: { account: AC0123, token_env: SMS_TOKEN }"], "");
    for (lines, expected) in [
        (
            &["max_segments: 2"][..],
            "base.yaml:8:3: who texts are from: `from`, a number such as +13125550100, or `service`, a messaging service, is missing",
        ),
        (
            &["from: \"+13125550100\"", "service: MG0123"],
            "base.yaml:9:3: a `service` chooses the number itself: expected `from` or `service`",
        ),
        (
            &["from: (312) 555-0100"],
            "base.yaml:8:9: `(312) 555-0100` is no sender: expected a number in international form, such as \"+13125550100\", or a short code",
        ),
        (
            &["service: XX01"],
            "base.yaml:8:12: `XX01` is no messaging service: expected `MG` and letters and digits",
        ),
        (
            &["from: \"+13125550100\"", "languages: [en, en]", "max_segments: 0", "help: ' '"],
            "base.yaml:9:19: this language is named twice\n\
             base.yaml:10:17: a text has 1 to 10 segments, found 0\n\
             base.yaml:11:9: expected text, found an empty one",
        ),
        (
            &["from: \"+13125550100\"", "languages: [xx]", "stop: { turns_off: all }"],
            "base.yaml:9:15: unknown word `xx`; expected one of de, en, es, fr, it, nl, pl, pt\n\
             base.yaml:10:22: unknown word `all`; expected one of sms, every_channel",
        ),
        (
            &[
                "from: \"+13125550100\"",
                "gateway:",
                "  url: http://127.0.0.1:9",
                "  account: ../x",
                "  token_env: secret-token",
            ],
            "base.yaml:10:10: this is no address of the public internet, and nothing is sent to any other; for a gateway of your own network say `allow_private: true`\n\
             base.yaml:11:14: `../x` is no account: expected `AC` and letters and digits\n\
             base.yaml:12:16: expected the name of an environment variable, such as SMS_TOKEN",
        ),
        (
            &[
                "from: \"+13125550100\"",
                "gateway: { url: 'http://gateway.example', account: AC1, token_env: T }",
            ],
            "base.yaml:9:19: the account's token and all texts could be read on the way to http://: expected https://",
        ),
        (
            &[
                "from: \"+13125550100\"",
                "gateway: { url: 'https://me:pw@gateway.example', account: AC1, token_env: T }",
            ],
            "base.yaml:9:19: this has a user name or password in it, where logs show them: the account goes to `account`, and the name of the variable with its token to `token_env`",
        ),
    ] {
        sms(lines, expected);
    }
    let unreachable = SMS.replace("public_url: https://acme.example\n", "");
    let text =
        format!("{unreachable}  from: \"+13125550100\"\n  gateway: {{ account: AC1, token_env: T }}\n");
    assert_eq!(
        said(&text, ""),
        "warning: base.yaml:8:12: without `public_url` the gateway does not know where this installation is: it cannot say what became of texts, and nobody can answer STOP; set `public_url` of the workspace"
    );
}

#[test]
fn a_text_that_is_sent_has_a_sender_and_is_not_too_long() {
    let program = "topic: offers\ntitle: Offers\n---\ntemplate: hi\nchannel: sms\ntext: \"Hi {{ profile.first_name }}\"\n---\nprogram: x\ntrigger: { event: A }\nsteps: [{ send: { channel: sms, template: hi, topic: offers } }]\n";
    let base = SMS.replace("sms:\n", "");
    assert_eq!(
        said(&base, program),
        "x.yaml:10:28: SMS needs a sender: the `workspace:` document has no `sms: { from: … }`"
    );
    let base = format!("{SMS}  from: \"+13125550100\"\n  max_segments: 2\n");
    assert_eq!(said(&base, program), "");
    let long =
        |text: &str| format!("template: long\nchannel: sms\ntext: \"{{% if a %}}{text}{{% endif %}}\"\n");
    assert_eq!(said(&base, &long(&"a".repeat(306))), "");
    assert_eq!(
        said(&base, &long(&"a".repeat(307))),
        "warning: x.yaml:3:7: what stands here alone has 3 segments of GSM-7, and `max_segments` is 2: it will not be sent unless an `if` leaves parts of it out; shorten it, or raise `sms.max_segments` in the `workspace:` document"
    );
    assert!(
        said(&base, &long(&format!("{}’", "a".repeat(134)))).contains("3 segments of UCS-2, because of `’`")
    );
}
