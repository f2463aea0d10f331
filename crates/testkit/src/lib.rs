//! What end-to-end tests share: [`RunningServer`], the real binary as a child process; [`Api`], a client that says what
//! the server answered when that is not what a test needs; [`Receiver`], to which webhooks are posted; [`MailSink`], which
//! takes mail at its own pace; [`Gateway`], to which text messages are handed and which says what becomes of them;
//! [`DnsServer`], which answers as it is told; and [`wait`], for
//! what happens a moment later.
//!
//! Everything here panics when it cannot go on: it is for tests only.

mod api;
mod gateway;
mod mail_sink;
mod names;
mod receiver;
mod server;
pub mod wait;

pub use api::{Answer, Api, Request};
pub use gateway::{Gateway, GatewayMood, Text};
pub use mail_sink::{MailSink, Stage};
pub use names::DnsServer;
pub use receiver::{Mood, Posted, Receiver};
pub use server::{RunningServer, ServerBuilder, TOKEN, run};
