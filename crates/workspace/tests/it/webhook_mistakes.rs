//! What somebody reads whose webhook cannot be what they meant.

use crate::mistakes::expect;

const UNSIGNED: &str = "warning: x.yaml:1:10: posts are not signed, so that its receiver cannot tell who sends them; name the environment variable that holds a secret: `secret_env`";

/// A webhook with these keys on the lines from the second on, signed.
#[track_caller]
fn hook(keys: &str, expected: &str) {
    expect(&format!("webhook: crm\n{keys}\nsecret_env: CRM_SECRET\n"), expected);
}

#[test]
fn an_address_is_one_that_can_be_posted_to() {
    hook("url: https://crm.example/hook", "");
    hook(
        "url: http://crm.example/hook",
        "warning: x.yaml:2:6: everybody on the way can read what is posted to http://; use https://",
    );
    for url in ["crm.example", "ftp://crm.example", "https://"] {
        hook(
            &format!("url: {url}"),
            "x.yaml:2:6: this is not an address: expected https:// or http:// and a host",
        );
    }
    hook(
        "url: https://me:word@crm.example/hook",
        "x.yaml:2:6: this has a user name or password in it, where logs show them: sign with `secret_env` instead",
    );
}

#[test]
fn an_address_of_a_private_network_is_refused_before_anything_is_posted_to_it() {
    for host in [
        "127.0.0.1",
        "127.0.0.1:8080",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "0.0.0.0",
        "[::1]",
        "[::ffff:10.0.0.1]",
        "[fd00:ec2::254]",
        "localhost",
        "localhost.",
        "metadata.google.internal",
        "instance-data",
        "crm.local",
    ] {
        for scheme in ["http", "https"] {
            let url = format!("url: {scheme}://{host}/latest/meta-data");
            hook(
                &url,
                "x.yaml:2:6: this is no address of the public internet, and nothing is posted to any other; for a system of your own network say `allow_private: true`",
            );
        }
        hook(&format!("url: https://{host}/\nallow_private: true"), "");
    }
    // What a name stands for is known when it is looked up, and asked then.
    hook("url: https://internal.crm.example/", "");
}

#[test]
fn a_secret_never_stands_in_a_file() {
    expect("webhook: crm\nurl: https://crm.example/\n", UNSIGNED);
    hook(
        "url: https://crm.example/\nsecret: whsec_c2VjcmV0",
        "x.yaml:3:1: unknown word `secret`; expected one of webhook, title, url, secret_env, headers, allow_private, timeout, ca_file",
    );
    expect(
        "webhook: crm\nurl: https://crm.example/\nsecret_env: whsec_c2VjcmV0\n",
        "x.yaml:3:13: this is a secret: expected the name of the environment variable that holds it; make a new one, since files are read by many",
    );
}

#[test]
fn headers_and_times_are_bounded() {
    hook(
        "url: https://crm.example/\nheaders: { Host: x, X-Tenant: harbor, webhook-id: y, \"a b\": z }\ntimeout: 31s",
        "x.yaml:3:18: the header `Host` is set by Crowsnest itself\n\
         x.yaml:3:51: the header `webhook-id` is set by Crowsnest itself\n\
         x.yaml:3:61: the header `a b` is not the name of a header: expected letters, digits and `-`, such as X-Tenant\n\
         x.yaml:4:10: `31s` is too long: expected 30s at most",
    );
    hook(
        "url: https://crm.example/\nheaders: { Authorization: Bearer x }",
        "warning: x.yaml:3:27: `Authorization` stands here for everybody who reads the definition; sign with `secret_env` instead",
    );
}

#[test]
fn a_step_tells_a_webhook_that_exists_what_can_be_worked_out() {
    let told = |step: &str, expected: &str| {
        let hook = "webhook: crm\nurl: https://crm.example/\nsecret_env: CRM_SECRET\n";
        expect(&format!("program: x\ntrigger: {{ event: A }}\nsteps:\n{step}---\n{hook}"), expected);
    };
    told("  - webhook: crm\n", "");
    told("  - webhook: { to: crm, body: { plan: profile.plan, car: event.properties.car_id } }\n", "");
    told("  - webhook: crn\n", "x.yaml:4:14: there is no webhook `crn`; defined: crm; did you mean `crm`?");
    told(
        "  - webhook: { to: crm, body: { plan: profle.plan } }\n",
        "x.yaml:4:39: `profle` is not known here: a value begins with profile. or event.; did you mean `profile`?",
    );
}
