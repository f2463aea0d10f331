//! What end-to-end tests share: [`RunningServer`], the real binary as a child process; [`Api`], a client that says what
//! the server answered when that is not what a test needs; [`Receiver`], to which webhooks are posted; [`DnsServer`], which answers as it is told; and [`wait`], for
//! what happens a moment later.
//!
//! Everything here panics when it cannot go on: it is for tests only.

mod api;
mod names;
mod receiver;
mod server;
pub mod wait;

pub use api::{Answer, Api, Request};
pub use names::DnsServer;
pub use receiver::{Mood, Posted, Receiver};
pub use server::{RunningServer, ServerBuilder, TOKEN, run};
