//! A house for one test: an engine in a temporary folder, with all routes.

use axum::{
    Router,
    body::Body,
    http::{Request, Response, StatusCode, header},
};
use crowsnest_channels::email::Mailbox;
use crowsnest_flow::{
    Clock, Engine, Opening, SystemClock,
    outward::{Courier, Visits},
};
use crowsnest_server::{AdminToken, App, Parts};
use crowsnest_workspace::SourceFile;
use http_body_util::BodyExt;
use serde_json::Value;
use std::sync::Arc;
use tower::ServiceExt;

pub const TOKEN: &str = "a-token-for-this-test-only";
pub const KEY: &str = "a-write-key-for-this-test";
pub const GUARDED_KEY: &str = "another-write-key-for-this-test";

const WORKSPACE: &str = r#"
workspace: test
title: Test House
country: US
time_zone: America/Chicago
currency: USD
email: { from: Test House <hello@test.example>, postal_address: 1 Quay Street }
---
topic: offers
title: Offers
---
source: web
write_key: a-write-key-for-this-test
---
source: guarded
write_key: another-write-key-for-this-test
secret: behind-the-colon
"#;

pub struct House {
    router: Router,
    _folder: tempfile::TempDir,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
}

impl House {
    pub async fn new() -> Self {
        Self::by(Arc::new(SystemClock)).await
    }

    /// By a clock of one's own.
    pub async fn by(clock: Arc<dyn Clock>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let opening = Opening {
            data: folder.path().to_owned(),
            workspace: Some(vec![SourceFile { path: "crowsnest.yaml".into(), text: WORKSPACE.into() }]),
            clock,
            entropy: [7; 32],
        };
        let (engine, warnings) = Engine::open(opening).unwrap();
        assert!(warnings.is_empty(), "{warnings:?}");
        let mailbox =
            Mailbox::start("127.0.0.1:0".parse().unwrap(), folder.path().join("mailbox")).await.unwrap();
        let courier = Courier::new(mailbox.addr(), "http://127.0.0.1:1".into(), engine.secret()).unwrap();
        let dispatcher = engine.dispatcher(courier);
        let metrics = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder().handle();
        let admin = AdminToken::new(TOKEN).unwrap();
        let visits = Visits::new(engine.clone());
        let parts = Parts { engine, dispatcher, visits, mailbox, admin, dns: None, metrics };
        let router = crowsnest_server::router(App::new(parts));
        Self { router, _folder: folder }
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response: Response<Body> = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    pub async fn ask(&self, method: &str, path: &str, authorization: Option<&str>, body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(value) = authorization {
            request = request.header(header::AUTHORIZATION, value);
        }
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    pub async fn admin(&self, method: &str, path: &str, body: &str) -> Answer {
        self.ask(method, path, Some(&format!("Bearer {TOKEN}")), body).await
    }
}
