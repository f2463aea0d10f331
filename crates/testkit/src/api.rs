//! A client of one server, for tests.

use serde_json::Value;
use std::time::Duration;
use ureq::http;

/// A request as it is: nothing is added that a test did not ask for.
#[derive(Debug, Clone)]
pub struct Request {
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// What came back, whatever its status.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// A client of one server.
#[derive(Debug, Clone)]
pub struct Api {
    agent: ureq::Agent,
    url: String,
    token: String,
}

impl Request {
    /// A request without headers or body.
    pub fn new(method: &'static str, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: Vec::new(), body: Vec::new() }
    }

    /// A POST of these bytes.
    pub fn post(path: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..Self::new("POST", path) }
    }

    /// A PUT of these bytes.
    pub fn put(path: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..Self::new("PUT", path) }
    }

    /// With this header.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {}", self.text()))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

impl Api {
    /// Of the server at `url`.
    pub fn new(url: String, token: &str) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(120)))
            .build()
            .new_agent();
        Self { agent, url, token: token.to_owned() }
    }

    /// Where the server is, as `http://address`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The answer to a request, or why there is none: the server is not there, or went away.
    pub fn try_send(&self, request: &Request) -> Result<Answer, String> {
        let mut builder =
            http::Request::builder().method(request.method).uri(format!("{}{}", self.url, request.path));
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        let built = builder.body(request.body.clone()).map_err(|error| error.to_string())?;
        let mut response = self.agent.run(built).map_err(|error| error.to_string())?;
        let headers = response.headers();
        let headers = headers
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let body = response.body_mut().with_config().limit(1 << 30).read_to_vec();
        Ok(Answer {
            status: response.status().as_u16(),
            headers,
            body: body.map_err(|error| error.to_string())?,
        })
    }

    /// The answer to a request.
    pub fn send(&self, request: &Request) -> Answer {
        self.try_send(request).unwrap_or_else(|error| panic!("{} {}: {error}", request.method, request.path))
    }

    /// The answer to a request of the administrator.
    pub fn ask(&self, request: Request) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        self.send(&request.header("authorization", bearer))
    }

    fn done(&self, request: Request) -> Value {
        let shown = format!("{} {}", request.method, request.path);
        let answer = self.ask(request);
        assert!((200..300).contains(&answer.status), "{shown}: {} {}", answer.status, answer.text());
        if answer.body.is_empty() { Value::Null } else { answer.json() }
    }

    /// GET; anything but success is a panic.
    pub fn get(&self, path: &str) -> Value {
        self.done(Request::new("GET", path))
    }

    /// POST of JSON; anything but success is a panic.
    pub fn post(&self, path: &str, body: &Value) -> Value {
        self.done(Request::post(path, body.to_string()).header("content-type", "application/json"))
    }

    /// PUT of JSON; anything but success is a panic.
    pub fn put(&self, path: &str, body: &Value) -> Value {
        let request = Request::put(path, body.to_string());
        self.done(request.header("content-type", "application/json"))
    }

    /// DELETE; anything but success is a panic.
    pub fn delete(&self, path: &str) -> Value {
        self.done(Request::new("DELETE", path))
    }

    /// POST of a file's bytes; anything but success is a panic.
    pub fn upload(&self, path: &str, bytes: &[u8]) -> Value {
        self.done(Request::post(path, bytes).header("content-type", "application/octet-stream"))
    }

    /// POST to a collection endpoint as an SDK does, with the write key in the body; the answer must be exactly 200.
    pub fn collect(&self, endpoint: &str, write_key: &str, body: &Value) -> Value {
        let mut body = body.clone();
        body["writeKey"] = write_key.into();
        let answer = self.send(&Request::post(format!("/v1/{endpoint}"), body.to_string()));
        assert_eq!(answer.status, 200, "/v1/{endpoint}: {}", answer.text());
        answer.json()
    }

    /// A person by an identifier, if anybody is known by it.
    pub fn find(&self, namespace: &str, value: &str) -> Option<Value> {
        let path =
            format!("/api/v1/profiles/lookup?namespace={}&value={}", encoded(namespace), encoded(value));
        let answer = self.ask(Request::new("GET", path));
        match answer.status {
            200 => Some(answer.json()),
            404 => None,
            status => panic!("looking up {namespace} {value}: {status} {}", answer.text()),
        }
    }

    /// All touches of a person, the latest first.
    pub fn timeline(&self, id: &str) -> Vec<Value> {
        self.pages(&format!("/api/v1/profiles/{id}/timeline"))
    }

    /// Everything of a list that comes in pages.
    pub fn pages(&self, path: &str) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let joint = if path.contains('?') { '&' } else { '?' };
            let page = self.get(&format!("{path}{joint}limit=1000&offset={}", all.len()));
            let Value::Array(page) = page else { panic!("{path} is no list: {page}") };
            let ended = page.len() < 1_000;
            all.extend(page);
            if ended {
                return all;
            }
        }
    }

    /// Deliveries of a program or broadcast to customers, the newest first.
    pub fn deliveries(&self, program: &str) -> Vec<Value> {
        let mut all = self.deliveries_and_copies(program);
        all.retain(|delivery| delivery["seed"].is_null());
        all
    }

    /// Deliveries of a program or broadcast to customers and to seed lists, the newest first.
    pub fn deliveries_and_copies(&self, program: &str) -> Vec<Value> {
        let mut all: Vec<Value> = Vec::new();
        loop {
            let before =
                all.last().map(|last| format!("&before={}", last["id"].as_str().unwrap_or_default()));
            let path = format!(
                "/api/v1/deliveries?program={}&limit=1000{}",
                encoded(program),
                before.unwrap_or_default()
            );
            let Value::Array(page) = self.get(&path) else { panic!("{path} is no list") };
            if page.is_empty() {
                return all;
            }
            all.extend(page);
        }
    }
}

/// Puts a text into a path or a query.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}
