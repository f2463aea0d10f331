//! A gateway of text messages with the interface of Twilio, which answers as it is told, keeps what it took, says what became of
//! it, and brings texts of people.

use crate::{receiver::Posted, wait};
use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{
    collections::BTreeMap,
    io::{BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

/// How it answers.
#[derive(Debug, Clone)]
pub enum GatewayMood {
    /// It takes what comes.
    Takes,
    /// It takes nothing, with this status, these headers, each with its line end, and this body.
    Says(u16, String, String),
    /// It takes a text and closes the line before it says so.
    DropsAfterTaking,
    /// It takes a text and says nothing more.
    StallsAfterTaking,
    /// It takes a text, and says so once it answers in another way.
    Holds,
}

impl GatewayMood {
    /// It refuses with a code of its own.
    pub fn refuses(status: u16, code: u32, message: &str) -> Self {
        let body = serde_json::json!({ "code": code, "message": message, "status": status });
        Self::Says(status, String::new(), body.to_string())
    }
}

/// A text that it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Its id.
    pub sid: String,
    /// To whom.
    pub to: String,
    /// From which number or service.
    pub from: String,
    /// What it says.
    pub body: String,
    /// Whom to tell what becomes of it.
    pub callback: Option<String>,
}

/// A gateway on a port of this machine.
#[derive(Debug, Clone)]
pub struct Gateway {
    /// Where it listens.
    pub addr: SocketAddr,
    token: String,
    mood: Arc<Mutex<GatewayMood>>,
    taken: Arc<Mutex<Vec<Text>>>,
    /// The addresses that are known by another name: name, and where it leads.
    leads: Arc<Mutex<(String, String)>>,
}

impl Gateway {
    /// The account that it knows.
    pub const ACCOUNT: &'static str = "AC0123456789abcdef";

    /// Starts one that knows the account by this token.
    pub fn start(token: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port of this machine");
        let gateway = Self {
            addr: listener.local_addr().expect("its address"),
            token: token.to_owned(),
            mood: Arc::new(Mutex::new(GatewayMood::Takes)),
            taken: Arc::default(),
            leads: Arc::default(),
        };
        let serving = gateway.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let gateway = serving.clone();
                std::thread::spawn(move || gateway.serve(stream));
            }
        });
        gateway
    }

    /// Its address as a URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// From now on it answers like this.
    pub fn becomes(&self, mood: GatewayMood) {
        *self.mood.lock().expect("its mood") = mood;
    }

    /// From now on what is known to the world by `public` is at `actual`.
    pub fn finds(&self, public: &str, actual: &str) {
        *self.leads.lock().expect("where it leads") = (public.to_owned(), actual.to_owned());
    }

    /// What it took so far.
    pub fn taken(&self) -> Vec<Text> {
        self.taken.lock().expect("what it took").clone()
    }

    /// Says what became of a text, with the code of an error if there was one. Answers the status.
    pub fn reports(&self, text: &Text, status: &str, code: Option<u32>) -> u16 {
        let url = text.callback.clone().expect("a text with a callback");
        let code = code.map(|code| code.to_string());
        let mut fields = vec![("MessageSid", text.sid.as_str()), ("MessageStatus", status), ("To", &text.to)];
        fields.extend(code.as_deref().map(|code| ("ErrorCode", code)));
        self.posts(&url, &fields, None).0
    }

    /// Brings a text of somebody's, known by an id of its own. Answers the status and what was answered.
    pub fn brings(&self, public: &str, sid: &str, from: &str, body: &str) -> (u16, String) {
        let url = format!("{public}/sms/messages");
        let fields = [("MessageSid", sid), ("From", from), ("To", "+13125550100"), ("Body", body)];
        self.posts(&url, &fields, None)
    }

    /// Posts a form to a public address, signed with this or, if there is none, as the gateway signs.
    pub fn posts(&self, url: &str, fields: &[(&str, &str)], signature: Option<&str>) -> (u16, String) {
        let signature = signature.map_or_else(|| self.sign(url, fields), str::to_owned);
        let actual = {
            let leads = self.leads.lock().expect("where it leads");
            url.strip_prefix(&leads.0).map_or_else(|| url.to_owned(), |rest| format!("{}{rest}", leads.1))
        };
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut answer = agent
            .post(&actual)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-twilio-signature", &signature)
            .send(form)
            .unwrap_or_else(|error| panic!("{actual}: {error}"));
        let text = answer.body_mut().read_to_string().unwrap_or_default();
        (answer.status().as_u16(), text)
    }

    fn sign(&self, url: &str, fields: &[(&str, &str)]) -> String {
        let sorted: BTreeMap<&str, &str> = fields.iter().copied().collect();
        let signed = sorted.iter().fold(url.to_owned(), |text, (name, value)| text + name + value);
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, self.token.as_bytes());
        STANDARD.encode(hmac::sign(&key, signed.as_bytes()))
    }

    fn serve(&self, mut stream: TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        let posted = Posted::read(&mut reader)?;
        let mood = self.mood.lock().ok()?.clone();
        let known = format!("Basic {}", STANDARD.encode(format!("{}:{}", Self::ACCOUNT, self.token)));
        let account = format!("/2010-04-01/Accounts/{}", Self::ACCOUNT);
        let answer = match mood {
            GatewayMood::Says(status, headers, body) => http(status, &headers, &body),
            _ if posted.header("authorization") != known => {
                http(401, "", r#"{"code":20003,"message":"Authenticate","status":401}"#)
            }
            _ if posted.request == format!("GET {account}.json HTTP/1.1") => {
                http(200, "", &format!(r#"{{"sid":"{}","status":"active"}}"#, Self::ACCOUNT))
            }
            _ if posted.request != format!("POST {account}/Messages.json HTTP/1.1") => {
                http(404, "", r#"{"code":20404,"message":"Not here","status":404}"#)
            }
            mood => {
                let sid = self.take(&posted.body)?;
                match mood {
                    GatewayMood::DropsAfterTaking => return None,
                    GatewayMood::Holds => {
                        wait::until("the gateway goes on", || {
                            let mood = self.mood.lock().ok()?;
                            (!matches!(*mood, GatewayMood::Holds)).then_some(())
                        });
                        http(201, "", &format!(r#"{{"sid":"{sid}","status":"queued"}}"#))
                    }
                    // Until the other side gives up.
                    GatewayMood::StallsAfterTaking => return reader.read(&mut [0]).ok().map(drop),
                    _ => http(201, "", &format!(r#"{{"sid":"{sid}","status":"queued"}}"#)),
                }
            }
        };
        stream.write_all(answer.as_bytes()).ok()
    }

    fn take(&self, form: &[u8]) -> Option<String> {
        let fields: BTreeMap<String, String> = url::form_urlencoded::parse(form).into_owned().collect();
        let mut taken = self.taken.lock().ok()?;
        let sid = format!("SM{:032}", taken.len() + 1);
        taken.push(Text {
            sid: sid.clone(),
            to: fields.get("To")?.clone(),
            from: fields.get("From").or_else(|| fields.get("MessagingServiceSid"))?.clone(),
            body: fields.get("Body")?.clone(),
            callback: fields.get("StatusCallback").cloned(),
        });
        Some(sid)
    }
}

fn http(status: u16, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} X\r\n{headers}content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}
