//! Files, and the rows that come out of them.

use crate::world::{open, reading, rows, short, workspace};
use crowsnest_ingest::{
    SourceReader,
    feed::{FeedReader, Row},
};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use std::{io::Write, sync::Arc};

fn check(feed: Value, file: &[u8], expected: &[&str]) {
    let rows: Vec<String> = rows(feed, file).iter().map(short).collect();
    assert_eq!(rows, expected);
}

fn orders() -> Value {
    json!({
        "format": "csv", "delimiter": ";", "row_id": "no",
        "time": { "field": "when", "format": "%d.%m.%Y %H:%M" },
        "identifiers": { "email": "mail", "phone": { "field": "tel", "type": "phone" } },
        "traits": { "vip": { "field": "vip", "type": "boolean" } },
        "consents": [{ "channel": "email", "topic": "offers", "field": "ok", "granted": ["J"], "withdrawn": ["N"] }],
        "event": "Order Completed",
        "properties": { "revenue": { "field": "sum", "type": "money", "decimal_comma": true, "currency": "EUR" } }
    })
}

#[test]
fn csv_rows_become_events_or_say_why_not() {
    let file = "\u{feff}no;when;mail;tel;vip;ok;sum;note\r\n\
        1;01.02.2026 09:30;Ann@X.co ;(312) 555-0142;y;J;1.250,50;\"two\nlines; and \"\"more\"\"\"\r\n\
        2;01.02.2026 09:30;b@x.co;;;;;\r\n\
        \r\n\
        3;31.02.2026 09:30;b@x.co;;;;;\r\n\
        4;01.02.2026 09:30;;;;;;\r\n\
        5;01.02.2026 09:30;b@x.co;12;;;;\r\n\
        6;01.02.2026 09:30;b@x.co;;;X;;\r\n\
        7;01.02.2026 09:30\r\n\
        8;01.02.2027 09:30;b@x.co;;;;;\r\n\
        ;01.02.2026 09:30;b@x.co;;;;;\r\n\
        9;01.02.2026 09:30;b@x.co;;maybe;N;5;";
    check(
        orders(),
        file.as_bytes(),
        &[
            "Order Completed|2026-02-01T15:30:00Z|email=Ann@X.co phone=+13125550142|{\"vip\":true}|\
             {\"revenue\":1250.5,\"currency\":\"EUR\"}|granted email/offers",
            "Order Completed|2026-02-01T15:30:00Z|email=b@x.co",
            "! line 6, column 2: date",
            "! line 7: no-identifier",
            "! line 8, column 4: phone",
            "! line 9, column 6: consent",
            "! line 10: fields",
            "! line 11, column 2: date",
            "! line 12: required",
            "! line 13, column 5: boolean",
        ],
    );
}

#[test]
fn the_same_row_twice_is_the_same_event() {
    let ids = |file: &str, feed: Value| -> Vec<String> {
        rows(feed, file.as_bytes())
            .iter()
            .map(|row| match row {
                Row::Event(event) => event.message_id.clone(),
                Row::Item(item) => item.key.clone(),
                Row::Feedback(feedback) => feedback.id.clone(),
                Row::Rejected(rejected) => rejected.reason.clone(),
            })
            .collect()
    };
    let with = |more: Value| {
        let mut feed = json!({ "format": "csv", "identifiers": { "user_id": "id" }, "traits": { "x": "x" } });
        feed.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        feed
    };
    let file = "id,x,y\n1,a,p\n1,a,q\n1,b,p\n";
    let same = ids(file, with(json!({})));
    assert_eq!(same[0], same[1], "`y` is not mapped");
    assert_ne!(same[0], same[2]);
    let separate = ids(file, with(json!({ "identical_rows": "separate" })));
    assert_eq!(separate[1], format!("{}#2", separate[0]));
    assert_eq!(
        separate,
        ids(file, with(json!({ "identical_rows": "separate" }))),
        "and so it is the next time"
    );
    assert_eq!(ids(file, with(json!({ "row_id": ["id", "x"] }))), ["f:1|a", "f:1|a", "f:1|b"]);
    let long = ids(&format!("id,x\n{},a\n", "9".repeat(200)), with(json!({ "row_id": "id" })));
    assert!(long[0].len() <= 100, "{}", long[0]);
}

#[test]
fn the_cdnow_log_is_read() {
    let feed = json!({
        "format": "csv", "delimiter": " ", "columns": ["customer", "date", "cds", "dollars"],
        "identical_rows": "separate", "historical": true,
        "time": { "field": "date", "format": "%Y%m%d" },
        "identifiers": { "loyalty_id": "customer" }, "event": "Order Completed",
        "properties": {
            "quantity": { "field": "cds", "type": "integer" }, "revenue": { "field": "dollars", "type": "money" }
        }
    });
    let file = b" 00001 19970101  1   11.77\r\n 00002 19970112  1   12.00\r\n 00002 19970112  5   77.00\r\n \
        00002 19970112  5   77.00\r\n";
    let order = |who: &str, day: &str, quantity: u32, revenue: &str| {
        format!(
            "Order Completed|1997-01-{day}T06:00:00Z|loyalty_id={who}|{{\"quantity\":{quantity},\"revenue\":{revenue},\
             \"currency\":\"USD\"}}"
        )
    };
    let expected = [
        order("00001", "01", 1, "11.77"),
        order("00002", "12", 1, "12"),
        order("00002", "12", 5, "77"),
        order("00002", "12", 5, "77"),
    ];
    check(feed.clone(), file, &expected.each_ref().map(String::as_str));
    let ids: std::collections::HashSet<_> = rows(feed, file)
        .into_iter()
        .map(|row| match row {
            Row::Event(event) if event.historical => event.id,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(ids.len(), 4, "identical rows are separate purchases");
}

#[test]
fn json_lines_are_read() {
    let feed = json!({
        "format": "jsonl", "identifiers": { "email": "customer.email", "user_id": "id" },
        "event": { "field": "kind", "names": { "O": "Order Completed", "R": "Order Refunded" } },
        "properties": {
            "total": { "field": "total", "type": "number" }, "tags": { "field": "tags", "type": "json" },
            "size": { "field": "a.b", "type": "integer" }
        },
        "traits": { "gender": { "field": "g", "values": { "M": "male", "F": "female" } } }
    });
    check(
        feed,
        b"{\"kind\":\"O\",\"id\":7,\"customer\":{\"email\":\"a@b.co\"},\"total\":12.5,\"tags\":[1,{\"x\":2}],\"a.b\":3}\n\
          \n\
          {\"kind\":\"R\",\"id\":8,\"customer\":null,\"g\":\"F\"}\r\n\
          {\"kind\":\"O\",\"id\":8\n\
          [1]\n\
          {\"kind\":\"Q\",\"id\":8}\n\
          {\"kind\":\"O\",\"id\":8,\"g\":\"X\"}\n\
          {\"kind\":\"O\",\"id\":[8]}\n\
          {\"kind\":\"O\",\"id\":\"\xff\"}\n\
          {\"kind\":\"O\",\"id\":9}",
        &[
            "Order Completed|email=a@b.co user_id=7|{\"size\":3,\"tags\":[1,{\"x\":2}],\"total\":12.5}",
            "Order Refunded|user_id=8|{\"gender\":\"female\"}",
            "! line 4: invalid-json",
            "! line 5: invalid-shape",
            "! line 6, field kind: event-name",
            "! line 7, field g: code",
            "! line 8, field id: structure",
            "! line 9: invalid-utf8",
            "Order Completed|user_id=9",
        ],
    );
}

fn xml() -> Value {
    json!({
        "format": "xml", "record": "/orders/order", "row_id": "@id",
        "identifiers": { "email": "buyer/email", "user_id": "buyer/@ref" }, "event": "Order Completed",
        "properties": { "note": "note" }
    })
}

#[test]
fn xml_records_are_read() {
    check(
        xml(),
        b"<?xml version=\"1.0\"?>\n<!-- export --><orders at='now'>\n\
          <order id=\"1\"><buyer ref='u&amp;1'><email> a@b.co </email></buyer><note>x &lt; <![CDATA[<y> & z]]>&#33;</note></order>\n\
          <other><order id='0'/></other>\n\
          <order id=\"2\"><buyer ref='u2'/><note/></order>\n\
          <order id=\"3\"><buyer ref='u3'/><note>a</note><note>b</note></order>\n\
          <order id=\"4\"><buyer ref='u4'></order>\n\
          <order id=\"5\"><buyer ref='u5'/><note>&nbsp;</note></order>\n\
          <order id=\"6\"><buyer ref='u6'/><note>this & that</note></order>\n\
          <order id=\"7\"><buyer ref='u7\"/></order>\n\
          <order id='8'/>\n\
          <order id='9'><buyer ref='u\xff'/></order>\n\
          <order id='10'><buyer ref='u10'/></order>\n\
          </orders>\n",
        &[
            "Order Completed|email=a@b.co user_id=u&1|{\"note\":\"x < <y> & z!\"}",
            "Order Completed|user_id=u2",
            "! /orders/order[3]/note: several",
            "! /orders/order[4]: invalid-xml",
            "! /orders/order[5]: invalid-xml",
            "! /orders/order[6]: invalid-xml",
            "! /orders/order[7]: invalid-xml",
            "! /orders/order[8]: no-identifier",
            "! /orders/order[9]: invalid-xml",
            "Order Completed|user_id=u10",
        ],
    );
    for (file, code) in [
        (&b"<things/>"[..], "invalid-xml"),
        (b"<orders><order id='1'><buyer ref='u'/></order>", "invalid-xml"),
        (b"<orders></wrong>", "invalid-xml"),
        (b"", "empty"),
    ] {
        let last = open(xml(), file).unwrap().last().unwrap();
        assert_eq!(last.map_err(|error| error.code()).map(|_| ()), Err(code));
    }
}

#[test]
fn files_are_read_in_their_encoding() {
    let feed = |encoding: Option<&str>| {
        let mut feed = json!({ "format": "csv", "identifiers": { "user_id": "name" } });
        if let Some(encoding) = encoding {
            feed["encoding"] = encoding.into();
        }
        feed
    };
    let utf16: Vec<u8> = "\u{feff}name\nJosé\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (encoding, file, expected) in [
        (None, "name\nJosé\n".as_bytes(), "identify|user_id=José"),
        (Some("windows-1252"), b"name\nJos\xe9\n", "identify|user_id=José"),
        (Some("windows-1252"), "\u{feff}name\nJosé\n".as_bytes(), "identify|user_id=José"),
        (None, &utf16, "identify|user_id=José"),
        (Some("shift_jis"), b"name\n\x83\x5c\n", "identify|user_id=ソ"),
        (Some("shift_jis"), b"name\n\x83\xff\n", "! line 2: invalid-utf8"),
        (None, b"name\nJos\xe9\n", "! line 2: invalid-utf8"),
    ] {
        check(feed(encoding), file, &[expected]);
    }
    let mut xml = xml();
    xml["identifiers"] = json!({ "user_id": "name" });
    check(
        xml,
        b"<?xml version='1.0' encoding='ISO-8859-1'?><orders><order id='1'><name>Jos\xe9</name></order></orders>",
        &["Order Completed|user_id=José"],
    );
}

#[test]
fn gzip_is_recognised_and_progress_counts_the_file() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(b"id\n1\n2\n").unwrap();
    let file = encoder.finish().unwrap();
    let feed = json!({ "format": "csv", "identifiers": { "user_id": "id" } });
    let mut reader = open(feed.clone(), file.as_slice()).unwrap();
    assert_eq!(reader.by_ref().filter(|row| matches!(row, Ok(Row::Event(_)))).count(), 2);
    assert_eq!(reader.bytes_read(), file.len() as u64);
    let cut = &file[..file.len() - 6];
    assert!(open(feed, cut).is_err_and(|e| e.code() == "io"), "a cut file is not taken for a whole one");
}

#[test]
fn a_header_without_a_mapped_column_names_the_nearest() {
    let feed = json!({ "format": "csv", "identifiers": { "email": "email" } });
    for (file, expected) in [
        (
            &b"id,e-mail\n"[..],
            "the file has no column `email`; it has `id`, `e-mail`; did you mean `e-mail`?",
        ),
        (b"email,email\n", "the file has more than one column `email`: give them different names"),
        (b"", "the file is empty: expected a header line"),
        (b"em\xffail\n", "the header line cannot be read: byte 3 is not text in the file's encoding"),
    ] {
        assert_eq!(open(feed.clone(), file).err().unwrap().to_string(), expected);
    }
    let reader = Arc::new(SourceReader::new(&workspace(feed), "shop").unwrap());
    let error = FeedReader::new(&b""[..], reader, "g", reading()).err().unwrap();
    assert_eq!(error.to_string(), "the source has no feed `g`; did you mean `f`?");
}

#[test]
fn a_mapping_with_a_mistake_names_the_field() {
    let base = |name: &str, value: Value| {
        let mut feed = json!({ "format": "csv", "identifiers": { "user_id": "id" } });
        feed[name] = value;
        feed
    };
    for (feed, expected) in [
        (base("delimiter", json!("→")), "feeds.f.delimiter: "),
        (base("encoding", json!("utf-9")), "feeds.f.encoding: `utf-9`"),
        (
            base("columns", json!(["Id", "x"])),
            "feeds.f.columns: the mapping uses `id`, but the columns are `Id`, `x`",
        ),
        (base("format", json!("xml")), "feeds.f.record: "),
        (
            base("time", json!({ "field": "t", "time_zone": "Mars/Base" })),
            "feeds.f.time.time_zone: `Mars/Base`",
        ),
        (base("time", json!({ "field": "t", "format": "%!" })), "feeds.f.time.format: "),
        (
            base("properties", json!({ "p": { "field": "p", "type": "money", "currency": "Dollar" } })),
            "feeds.f.properties.p.currency: `Dollar`",
        ),
        (
            base(
                "properties",
                json!({
                "p": { "field": "p", "type": "money" }, "q": { "field": "q", "type": "money", "currency": "EUR" } }),
            ),
            "feeds.f.properties.q.currency: `q` is in EUR and `p` in USD",
        ),
        (
            base("traits", json!({ "p": { "field": "p", "type": "phone", "country": "Atlantis" } })),
            "feeds.f.traits.p.country: ",
        ),
        (
            base("consents", json!([{ "channel": "email", "topic": "*" }])),
            "feeds.f.consents[0]: expected either",
        ),
    ] {
        let error = SourceReader::new(&workspace(feed), "shop").err().unwrap().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    let error = SourceReader::new(&workspace(base("row_id", json!("id"))), "shp").err().unwrap();
    assert_eq!(error.to_string(), "there is no source `shp`; did you mean `shop`?");
}
