//! The commands' side of the HTTP API.

use anyhow::{Context, anyhow};
use clap::Args;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use std::{io::Read, path::PathBuf, time::Duration};

/// Where the server is, and who we are there.
#[derive(Debug, Clone, Args)]
pub struct Connection {
    /// The data folder of a server on this machine: its address and token are found there.
    #[arg(long, value_name = "DIR", default_value = "data", env = "CROWSNEST_DATA", global = true)]
    pub data: PathBuf,
    /// The server's address, if it is on another machine: http://host:8080
    #[arg(long, value_name = "URL", env = "CROWSNEST_SERVER", global = true)]
    pub server: Option<String>,
    /// The administrator's token.
    #[arg(long, value_name = "TOKEN", env = "CROWSNEST_ADMIN_TOKEN", hide_env_values = true, global = true)]
    pub token: Option<String>,
}

/// What the server said no to.
#[derive(Debug, thiserror::Error)]
#[error("{message}{}", problems.iter().map(|problem| format!("\n  {problem}")).collect::<String>())]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The short word for the kind of error.
    pub code: String,
    /// What is wrong, where, and what to do.
    pub message: String,
    /// For definitions: every problem with its place.
    pub problems: Vec<String>,
}

/// The server cannot be reached.
#[derive(Debug, thiserror::Error)]
#[error(
    "the server at {url} cannot be reached: {reason}. Start it with `crowsnest serve`, or name another with --server"
)]
pub struct Unreachable {
    url: String,
    reason: String,
}

/// A client of one server.
#[derive(Debug)]
pub struct Client {
    agent: ureq::Agent,
    url: String,
    token: String,
}

#[derive(Deserialize)]
struct ErrorBody {
    code: String,
    message: String,
    #[serde(default)]
    problems: Vec<Problem>,
}

#[derive(Deserialize)]
struct Problem {
    path: String,
    line: usize,
    column: usize,
    message: String,
    hint: Option<String>,
}

impl Connection {
    /// Finds the server.
    pub fn client(&self) -> anyhow::Result<Client> {
        let url = match &self.server {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => std::fs::read_to_string(self.data.join("address"))
                .map(|text| format!("http://{}", text.trim()))
                .map_err(|_| Unreachable {
                    url: format!("the data folder {}", self.data.display()),
                    reason: "no server has been started on it".into(),
                })?,
        };
        let token = match &self.token {
            Some(token) => token.clone(),
            None => std::fs::read_to_string(self.data.join("admin-token"))
                .map(|text| text.trim().to_owned())
                .context(
                    "the administrator's token is needed: set CROWSNEST_ADMIN_TOKEN, or name the data folder",
                )?,
        };
        Ok(Client::new(url, token))
    }
}

/// Puts a text into a path or a query.
pub fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

impl Client {
    /// For the server at `url`.
    pub fn new(url: String, token: String) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(Duration::from_secs(5)))
            .build()
            .new_agent();
        Self { agent, url, token }
    }

    /// The server's address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The administrator's token.
    pub fn token(&self) -> &str {
        &self.token
    }

    fn answer<T: DeserializeOwned>(
        &self,
        answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> anyhow::Result<T> {
        let text = self.text_of(answer)?;
        let text = if text.is_empty() { "null" } else { &text };
        serde_json::from_str(text).context("the server's answer is not what was expected")
    }

    fn text_of(
        &self,
        answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> anyhow::Result<String> {
        let mut response =
            answer.map_err(|error| Unreachable { url: self.url.clone(), reason: error.to_string() })?;
        let status = response.status().as_u16();
        let text = text_of(&mut response)?;
        if (200..300).contains(&status) {
            return Ok(text);
        }
        Err(refused(status, &text))
    }

    /// GET of bytes, as they come.
    pub fn download(&self, path: &str) -> anyhow::Result<impl Read + use<>> {
        let url = format!("{}{path}", self.url);
        self.bytes(self.agent.get(&url).header("authorization", self.bearer()).call())
    }

    /// POST with a JSON body that is answered with bytes.
    pub fn post_for_bytes(&self, path: &str, body: &Value) -> anyhow::Result<impl Read + use<>> {
        let url = format!("{}{path}", self.url);
        self.bytes(self.agent.post(&url).header("authorization", self.bearer()).send_json(body))
    }

    fn bytes(
        &self,
        answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> anyhow::Result<impl Read + use<>> {
        let mut response =
            answer.map_err(|error| Unreachable { url: self.url.clone(), reason: error.to_string() })?;
        let status = response.status().as_u16();
        if (200..300).contains(&status) {
            return Ok(response.into_body().into_reader());
        }
        Err(refused(status, &text_of(&mut response)?))
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    /// GET.
    pub fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let url = format!("{}{path}", self.url);
        self.answer(self.agent.get(&url).header("authorization", self.bearer()).call())
    }

    /// GET of what is no JSON.
    pub fn get_text(&self, path: &str) -> anyhow::Result<String> {
        let url = format!("{}{path}", self.url);
        self.text_of(self.agent.get(&url).header("authorization", self.bearer()).call())
    }

    /// POST with a JSON body.
    pub fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> anyhow::Result<T> {
        let url = format!("{}{path}", self.url);
        self.answer(self.agent.post(&url).header("authorization", self.bearer()).send_json(body))
    }

    /// PUT with a JSON body.
    pub fn put<T: DeserializeOwned>(&self, path: &str, body: &Value) -> anyhow::Result<T> {
        let url = format!("{}{path}", self.url);
        self.answer(self.agent.put(&url).header("authorization", self.bearer()).send_json(body))
    }

    /// DELETE.
    pub fn delete<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let url = format!("{}{path}", self.url);
        self.answer(self.agent.delete(&url).header("authorization", self.bearer()).call())
    }

    /// POST of bytes that are streamed.
    pub fn upload<T: DeserializeOwned>(&self, path: &str, mut bytes: impl Read) -> anyhow::Result<T> {
        let url = format!("{}{path}", self.url);
        let body = ureq::SendBody::from_reader(&mut bytes);
        self.answer(
            self.agent
                .post(&url)
                .header("authorization", self.bearer())
                .header("content-type", "application/octet-stream")
                .send(body),
        )
    }

    /// POST to the collection endpoint, as an SDK does.
    pub fn collect(&self, write_key: &str, batch: &Value) -> anyhow::Result<Value> {
        let url = format!("{}/v1/batch", self.url);
        let mut body = batch.clone();
        body["writeKey"] = write_key.into();
        self.answer(self.agent.post(&url).send_json(&body))
    }
}

fn text_of(response: &mut ureq::http::Response<ureq::Body>) -> anyhow::Result<String> {
    let body = response.body_mut().with_config().limit(512 * 1024 * 1024);
    body.read_to_string().context("the server's answer broke off")
}

/// What the server said instead of doing it.
fn refused(status: u16, text: &str) -> anyhow::Error {
    let parsed: Result<ErrorBody, _> = serde_json::from_str(text);
    let Ok(body) = parsed else {
        return anyhow!("the server answered {status}: {}", text.chars().take(200).collect::<String>());
    };
    let problems = body
        .problems
        .into_iter()
        .map(|problem| {
            let hint = problem.hint.map(|hint| format!("; {hint}")).unwrap_or_default();
            format!("{}:{}:{}: {}{hint}", problem.path, problem.line, problem.column, problem.message)
        })
        .collect();
    Refusal { status, code: body.code, message: body.message, problems }.into()
}
