//! A DNS server that answers as it is told.

use hickory_proto::{
    op::{Message, OpCode, ResponseCode},
    rr::{
        Name, RData, Record, RecordType,
        rdata::{A, AAAA, MX, TXT},
    },
};
use std::{
    net::{SocketAddr, UdpSocket},
    str::FromStr,
    sync::{Arc, Mutex},
};

/// Name, kind (`A`, `AAAA`, `MX` or `TXT`) and what the record says.
type Line = (String, String, String);

/// A DNS server on a port of this machine. It knows nothing but what it was told, and says of everything else that it is not
/// there.
#[derive(Debug, Clone)]
pub struct DnsServer {
    /// Where it listens.
    pub addr: SocketAddr,
    lines: Arc<Mutex<Vec<Line>>>,
}

impl DnsServer {
    /// Starts one that knows these records: name, kind, value. An `MX` says `10 mx.acme.example`.
    pub fn start(records: &[(&str, &str, &str)]) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
        let addr = socket.local_addr().expect("it has an address");
        let server = Self { addr, lines: Arc::default() };
        for (name, kind, value) in records {
            server.put(name, kind, value);
        }
        let lines = server.lines.clone();
        std::thread::spawn(move || {
            let mut bytes = [0; 4_096];
            while let Ok((length, from)) = socket.recv_from(&mut bytes) {
                let Ok(asked) = Message::from_vec(&bytes[..length]) else { continue };
                let lines = lines.lock().expect("nobody panicked").clone();
                let answer = answer(&asked, &lines).to_vec().expect("an answer can be written");
                let _ = socket.send_to(&answer, from);
            }
        });
        server
    }

    /// Knows one more record.
    pub fn put(&self, name: &str, kind: &str, value: &str) {
        let line = (name.to_ascii_lowercase(), kind.to_owned(), value.to_owned());
        self.lines.lock().expect("nobody panicked").push(line);
    }

    /// Forgets all records of a name and kind.
    pub fn forget(&self, name: &str, kind: &str) {
        self.lines.lock().expect("nobody panicked").retain(|line| line.0 != name || line.1 != kind);
    }
}

fn answer(asked: &Message, lines: &[Line]) -> Message {
    let mut answer = Message::response(asked.metadata.id, OpCode::Query);
    answer.metadata.recursion_desired = asked.metadata.recursion_desired;
    answer.metadata.recursion_available = true;
    let Some(query) = asked.queries.first() else { return answer };
    answer.add_query(query.clone());
    let name = query.name.to_ascii().trim_end_matches('.').to_ascii_lowercase();
    if !lines.iter().any(|line| line.0 == name) {
        answer.metadata.response_code = ResponseCode::NXDomain;
        return answer;
    }
    for (_, kind, value) in lines.iter().filter(|line| line.0 == name) {
        if RecordType::from_str(kind).is_ok_and(|kind| kind == query.query_type) {
            answer.add_answer(Record::from_rdata(query.name.clone(), 60, data(kind, value)));
        }
    }
    answer
}

fn data(kind: &str, value: &str) -> RData {
    let fault = |error: &dyn std::fmt::Display| -> ! { panic!("{kind} {value}: {error}") };
    match kind {
        "A" => RData::A(A(value.parse().unwrap_or_else(|error| fault(&error)))),
        "AAAA" => RData::AAAA(AAAA(value.parse().unwrap_or_else(|error| fault(&error)))),
        "MX" => {
            let (preference, host) = value.split_once(' ').unwrap_or(("10", value));
            let host = Name::from_ascii(host).unwrap_or_else(|error| fault(&error));
            RData::MX(MX::new(preference.parse().unwrap_or_else(|error| fault(&error)), host))
        }
        "TXT" => {
            // A text comes in strings of at most 255 bytes.
            RData::TXT(TXT::from_bytes(value.as_bytes().chunks(255).collect()))
        }
        other => panic!("{other} is no kind of record that this server knows"),
    }
}
