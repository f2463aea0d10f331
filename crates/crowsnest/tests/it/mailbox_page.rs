//! The built-in mailbox by a real browser, behind the login.

use crate::{browser::browse, world::*};
use crowsnest_testkit::{ServerBuilder, TOKEN};
use serde_json::{Value, json};

const HOSTILE: &str = "\"'><script>window.marked=1</script><img src=x onerror=window.marked=1>";

#[test]
fn a_mail_is_read_behind_the_login_and_can_do_nothing_there() {
    let workspace = folder(&SMALL);
    let server = ServerBuilder::new(CROWSNEST).workspace(workspace.path()).start();
    let mut ann = agreed("ann");
    ann["traits"]["first_name"] = json!(HOSTILE);
    server.api().collect("batch", WEB, &json!({ "batch": [ann, signed_up("ann", "1")] }));
    settled(server.api());
    let url = server.api().url().to_owned();
    let saw = browse("mailbox.mjs", &[("HOST", &url), ("TOKEN", TOKEN)]);
    assert_eq!(saw["asked"], json!(format!("{url}/login?to=%2Fmailbox")), "{saw}");
    assert_eq!(saw["mails"].as_array().unwrap().len(), 1, "{saw}");
    let mail = saw["mail"].as_str().unwrap();
    assert!(mail.contains("<script>window.marked=1</script>"), "it is shown as the text that it is: {mail}");
    assert!(mail.contains("Times are those of America/Chicago"), "{mail}");
    let time = saw["time"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect::<Vec<_>>();
    assert!(time[0].ends_with(" CST") || time[0].ends_with(" CDT"), "{time:?}");
    assert!(time[1].ends_with(" UTC") && time[2].ends_with('Z'), "{time:?}");
    assert_eq!(saw["framed"], json!([200]), "the message itself, in its frame");
    assert_eq!(saw["markup"], Value::Null, "a script of a mail ran");
    assert!(saw["file"].as_str().unwrap().contains("List-Unsubscribe: "), "{}", saw["file"]);
    assert!(saw["missing"].as_str().unwrap().contains("no such mail"), "{}", saw["missing"]);
}
