//! Mail that comes back, in the forms in which servers and people write it, and hostile mail.

use crowsnest_channels::{
    email::returns::{LARGEST, Report, ReturnAddresses, Returned, Said, reaches_nobody, read},
    links::LinkSigner,
};
use crowsnest_model::DeliveryId;
use rstest::rstest;

fn signer() -> LinkSigner {
    LinkSigner::new(b"0123456789abcdef").unwrap()
}

/// With line ends as they go over the line.
fn mail(text: &str) -> Report {
    read(text.trim_start().replace('\n', "\r\n").as_bytes())
}

fn bounced(for_good: bool, said: &str) -> Said {
    Said::Bounced { for_good, said: said.into() }
}

fn replied(unsubscribes: bool, by_machine: bool) -> Said {
    Said::Replied { unsubscribes, by_machine }
}

const POSTFIX: &str = r#"
Return-Path: <>
Date: Mon, 2 Mar 2026 10:15:02 +0100 (CET)
From: MAILER-DAEMON@mx.relay.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: b-1abc@returns.shop.example
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
	boundary="4fD9.1772442902/mx.relay.example"
Message-Id: <20260302091502.4fD9@mx.relay.example>

This is a MIME-encapsulated message.

--4fD9.1772442902/mx.relay.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients.

--4fD9.1772442902/mx.relay.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.relay.example
X-Postfix-Queue-ID: 4fD9
Arrival-Date: Mon,  2 Mar 2026 10:15:00 +0100 (CET)

Final-Recipient: rfc822; ann@mail.example
Original-Recipient: rfc822;ann@mail.example
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.mail.example
Diagnostic-Code: smtp; 550 5.1.1 <ann@mail.example>: Recipient address
    rejected: User unknown

--4fD9.1772442902/mx.relay.example
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

Return-Path: <b-1abc@returns.shop.example>
Message-ID: <dlv_0000000000001@shop.example>
List-Unsubscribe: <https://shop.example/u/1>, <mailto:u-1abc@returns.shop.example?subject=unsubscribe>
Subject: Spring offers

--4fD9.1772442902/mx.relay.example--
"#;

/// One group of a report on delivery, in the form of the server that wrote it.
fn dsn(group: &str) -> Said {
    let text = format!(
        "Content-Type: multipart/report; boundary=B; report-type=delivery-status\n\n--B\n\nSorry.\n--B\n\
         Content-Type: message/delivery-status\n\nReporting-MTA: dns;x.example\n\n{group}\n\n--B--\n"
    );
    mail(&text).said
}

#[test]
fn a_report_of_a_bounce_is_read_to_the_end() {
    let report = mail(POSTFIX);
    assert_eq!(
        report.said,
        bounced(true, "550 5.1.1 <ann@mail.example>: Recipient address rejected: User unknown")
    );
    assert_eq!(report.id, "20260302091502.4fD9@mx.relay.example");
    assert_eq!(report.date, Some("2026-03-02T09:15:02Z".parse().unwrap()));
    assert_eq!(report.to, ["b-1abc@returns.shop.example"]);
    assert_eq!(report.original, ["b-1abc@returns.shop.example", "u-1abc@returns.shop.example"]);
    assert_eq!(report.names, [DeliveryId(1)]);
    // As a system of ours passes it on that ends lines in its own way.
    assert_eq!(read(POSTFIX.trim_start().as_bytes()), report);
}

#[rstest]
#[case::exchange(
    "Final-recipient: RFC822; ann@corp.example\nAction: failed\nStatus: 5.1.10\nDiagnostic-code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
    bounced(true, "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup")
)]
#[case::gmail(
    "Final-Recipient: rfc822; ann@gmail.example\nAction: failed\nStatus: 5.1.1\nRemote-MTA: dns; mx.gmail.example. (192.0.2.7, the server for the domain gmail.example.)\nDiagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist.\nLast-Attempt-Date: Mon, 02 Mar 2026 01:15:02 -0800 (PST)",
    bounced(true, "550-5.1.1 The email account that you tried to reach does not exist.")
)]
#[case::exim(
    "Action: failed\nFinal-Recipient: rfc822;ann@mail.example\nStatus: 5.0.0\nRemote-MTA: dns; mx.mail.example\nDiagnostic-Code: smtp; 550 No such person",
    bounced(false, "550 No such person")
)]
#[case::full(
    "Action: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552 5.2.2 over quota",
    bounced(false, "552 5.2.2 over quota")
)]
#[case::spam(
    "Action: failed\nStatus: 5.7.1\nDiagnostic-Code: smtp; 550 5.7.1 looks like spam",
    bounced(false, "550 5.7.1 looks like spam")
)]
#[case::expired("Action: failed\nStatus: 4.4.7", bounced(false, "4.4.7"))]
#[case::several("Action: failed\nStatus: 5.1.1\n\nAction: failed\nStatus: 5.2.2", bounced(false, "5.1.1"))]
#[case::delayed("Action: delayed\nStatus: 4.4.1", Said::Nothing { note: "a report that it was delayed".into() })]
#[case::delivered("Action: delivered\nStatus: 2.0.0", Said::Nothing { note: "a report that it was delivered".into() })]
#[case::relayed("Action: relayed (to a list)\nStatus: 2.0.0", Said::Nothing { note: "a report that it was relayed".into() })]
#[case::nobody("X-Nothing: x", Said::Nothing { note: "a report on delivery that names no recipient".into() })]
fn what_a_report_says(#[case] group: &str, #[case] expected: Said) {
    assert_eq!(dsn(group), expected);
}

#[rstest]
#[case::exim_of_old(
    "From: Mail Delivery System <Mailer-Daemon@x.example>\nX-Failed-Recipients: ann@mail.example\nSubject: Mail delivery failed: returning message to sender\n\nThis message was created automatically.\n\n  ann@mail.example\n    SMTP error from remote server after RCPT TO:\n    550 5.1.1 unknown\n",
    bounced(true, "550 5.1.1 unknown")
)]
#[case::qmail(
    "From: MAILER-DAEMON@x.example\nSubject: failure notice\n\nHi. This is the qmail-send program at x.example.\n\n<ann@mail.example>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 sorry\nGiving up.\n",
    bounced(false, "failure notice")
)]
#[case::not_by_a_server(
    "From: bob@mail.example\nSubject: failure notice\n\n550 5.1.1\n",
    replied(false, false)
)]
#[case::away(
    "Subject: =?utf-8?Q?R=C3=A9ponse_automatique_=3A_Bonjour?=\n\nJe suis absente.\n",
    replied(false, true)
)]
#[case::exchange_away(
    "Subject: Automatic reply: Spring\nAuto-Submitted: auto-generated\nX-Auto-Response-Suppress: All\n\nstop\n",
    replied(false, true)
)]
#[case::somebody("Subject: Re: Spring\nAuto-Submitted: no\n\nHow much is it?\n", replied(false, false))]
#[case::stop(
    "Subject: Re: Spring\nContent-Type: multipart/alternative; boundary=x\n\n--x\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nD=E9sabonnement\n--x\nContent-Type: text/html\n\n<p>no</p>\n--x--\n",
    replied(true, false)
)]
#[case::html(
    "Subject: Re: Spring\nContent-Type: text/html\n\n<html><body><p>Abmelden</p><p>Gr&uuml;&szlig;e</p></body></html>\n",
    replied(true, false)
)]
#[case::not_spam("Content-Type: multipart/report; boundary=x\n\n--x\nContent-Type: message/feedback-report\n\nFeedback-Type: not-spam\n\n--x--\n",
    Said::Nothing { note: "a report of feedback of the type not-spam".into() })]
#[case::complaint("Content-Type: multipart/report; boundary=x\n\n--x\nContent-Type: message/feedback-report\nContent-Transfer-Encoding: base64\n\nRmVlZGJhY2stVHlwZTogYWJ1c2UNClVzZXItQWdlbnQ6IEZCTC8xDQo=\n--x--\n",
    Said::Complained { said: "FBL/1".into() })]
#[case::receipt("Content-Type: multipart/report; report-type=disposition-notification; boundary=x\n\n--x\nContent-Type: message/disposition-notification\n\nDisposition: displayed\n\n--x--\n",
    Said::Nothing { note: "a report of the kind disposition-notification".into() })]
fn what_servers_and_people_write(#[case] text: &str, #[case] expected: Said) {
    assert_eq!(mail(text).said, expected);
}

#[test]
fn the_id_stays_when_servers_on_the_way_add_to_the_head() {
    let body = "From: a@b.example\r\nDate: Mon, 2 Mar 2026 09:15:02 +0000\r\n\r\nHello\r\n";
    let id = read(body.as_bytes()).id;
    assert_eq!(read(format!("Received: from x by y\r\n{body}").as_bytes()).id, id);
    assert_ne!(read(body.replace("Hello", "Hullo").as_bytes()).id, id);
    // One that is too long to be kept is none.
    let long = format!("Message-ID: <{}@x>\r\n{body}", "a".repeat(5_000));
    assert_eq!(read(long.as_bytes()).id.len(), 32);
}

#[test]
fn addresses_are_known_again_in_any_case_and_no_others() {
    let signer = signer();
    let ours = ReturnAddresses { domain: "returns.shop.example", signer: &signer };
    let id = DeliveryId(u64::MAX);
    let (sender, unsubscribing) = (ours.sender(id), ours.unsubscribing(id));
    assert!(sender.split('@').next().unwrap().len() <= 64);
    assert_eq!(ours.read(&sender.to_uppercase()), Some(Returned::To(id)));
    assert_eq!(ours.read(&unsubscribing), Some(Returned::Unsubscribes(id)));
    assert_eq!(ours.read(&ours.complaints()), Some(Returned::Complaints));
    let elsewhere = sender.replace("returns.", "");
    for foreign in
        [elsewhere.as_str(), "", "@", "b-@returns.shop.example", "é@returns.shop.example", &sender[1..]]
    {
        assert_eq!(ours.read(foreign), None, "{foreign}");
    }
}

#[test]
fn hostile_mail_is_read_within_bounds() {
    let nested = |kind: &str| {
        (0..60_000).map(|_| format!("Content-Type: {kind}\r\n\r\n")).collect::<String>().into_bytes()
    };
    let matryoshka: String = (0..20_000)
        .map(|level| format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n"))
        .collect();
    let head = "Content-Type: multipart/report; boundary=B\r\n\r\n";
    let report = "--B\r\nContent-Type: message/delivery-status\r\n\r\n";
    let groups = format!("{head}{report}{}", "Action: failed\r\nStatus: 5.1.1\r\n\r\n".repeat(100_000));
    let garbage: Vec<u8> = (0..200_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for (name, bytes) in [
        ("messages in messages", nested("message/rfc822")),
        ("digests in digests", nested("multipart/digest; boundary=x")),
        ("parts in parts", matryoshka.into_bytes()),
        ("more than is read", vec![b'x'; 10 * 1024 * 1024]),
        ("one line without an end", format!("Subject: {}", "x".repeat(LARGEST)).into_bytes()),
        ("a field folded for ever", format!("Subject: x\r\n{}", " y\r\n".repeat(1_000_000)).into_bytes()),
        ("very many fields", "A: b\r\n".repeat(600_000).into_bytes()),
        ("very many parts", format!("{head}{}", "--B\r\n\r\n".repeat(400_000)).into_bytes()),
        ("very many groups", groups.into_bytes()),
        ("no boundary", b"Content-Type: multipart/report\r\n\r\n--\r\nAction: failed\r\n".to_vec()),
        ("an empty boundary", b"Content-Type: multipart/report; boundary=\"\"\r\n\r\n--\r\n----\r\n".to_vec()),
        ("an open quote", b"Content-Type: multipart/report; boundary=\"B\r\n\r\n--B\r\n".to_vec()),
        ("a report cut off", format!("{head}{report}Action: failed\r\nStat").into_bytes()),
        ("broken base64", format!("{head}--B\r\nContent-Type: message/delivery-status\r\nContent-Transfer-Encoding: base64\r\n\r\n=={}", "\u{fffd}".repeat(9)).into_bytes()),
        ("bytes", garbage),
        ("nothing", Vec::new()),
        ("nulls", vec![0; 100_000]),
    ] {
        let begun = std::time::Instant::now();
        let report = read(&bytes);
        assert!(begun.elapsed().as_secs() < 20, "{name} took {:?}", begun.elapsed());
        assert!(report.id.len() <= 200 && report.to.len() <= 50 && report.original.len() <= 50, "{name}");
        if let Said::Bounced { said, .. } = &report.said {
            assert!(said.chars().count() <= 300, "{name}");
        }
    }
    // Every beginning of a good report is read without a fault.
    let whole = POSTFIX.trim_start().as_bytes();
    (0..whole.len()).for_each(|end| drop(read(&whole[..end])));
}

#[test]
fn a_refusal_is_judged_by_the_same_rules() {
    assert!(reaches_nobody("550 5.1.1 no such user"));
    assert!(!reaches_nobody("550 no such user"));
    assert!(!reaches_nobody("550 5.7.1 spam"));
    assert!(!reaches_nobody("the message could not be made"));
}
