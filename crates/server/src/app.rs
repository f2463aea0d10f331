//! What every handler has at hand.

use crate::{AdminToken, pages::login::Door};
use crowsnest_channels::email::Mailbox;
use crowsnest_flow::{
    Engine,
    outward::{Dispatcher, Visits},
};
use metrics_exporter_prometheus::PrometheusHandle;
use std::{net::SocketAddr, sync::Arc};

/// What a server is made of.
#[derive(Debug)]
pub struct Parts {
    /// The engine.
    pub engine: Engine,
    /// Who makes and carries messages.
    pub dispatcher: Dispatcher,
    /// Who hears of looks at messages.
    pub visits: Visits,
    /// The built-in mailbox.
    pub mailbox: Mailbox,
    /// The administrator's token.
    pub admin: AdminToken,
    /// The DNS server that is asked; that of the system when none is given.
    pub dns: Option<SocketAddr>,
    /// Where the numbers of `/metrics` are.
    pub metrics: PrometheusHandle,
}

/// What every handler has at hand. Cheap to clone.
#[derive(Debug, Clone)]
pub struct App(Arc<(Parts, Door)>);

impl App {
    /// Of these parts.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new((parts, Door::new())))
    }
}

impl App {
    /// Who is logged in, and who tries to.
    pub(crate) fn door(&self) -> &Door {
        &self.0.1
    }
}

impl std::ops::Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0.0
    }
}
