//! From a host to a connection: looked up, checked, and connected to what was checked.
//!
//! The name is looked up once for a request, and the connection is made to the addresses of that answer that may be
//! connected to. Whoever answers differently the second time is not asked a second time.

use crowsnest_model::address::is_public;
use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    time::Duration,
};
use tokio::{net::TcpStream, time::timeout};
use url::Host;

/// So many addresses of a host are tried at most.
const TRIED_AT_MOST: usize = 4;

/// An answer on its way.
pub type Resolving<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Knows the addresses of names.
pub trait Resolve: fmt::Debug + Send + Sync {
    /// The addresses of a name, the best first.
    fn resolve<'a>(&'a self, name: &'a str) -> Resolving<'a>;
}

/// Asks the system, as every other program of the machine does.
#[derive(Debug, Clone, Copy)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, name: &'a str) -> Resolving<'a> {
        Box::pin(
            async move { Ok(tokio::net::lookup_host((name, 0)).await?.map(|found| found.ip()).collect()) },
        )
    }
}

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum Unconnected {
    /// There must not be one.
    NotAllowed(String),
    /// There is none now.
    NotNow(String),
}

/// Where to connect.
#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    pub(super) host: Host,
    pub(super) port: u16,
    pub(super) allow_private: bool,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Endpoint {
    /// Connects to the first address that answers, of those that may be connected to. `patience` is for all together.
    pub(super) async fn connect(
        &self,
        resolver: &dyn Resolve,
        patience: Duration,
    ) -> Result<TcpStream, Unconnected> {
        let addresses = self.allowed(self.addresses(resolver).await?)?;
        let share = patience / u32::try_from(addresses.len()).unwrap_or(1).max(1);
        let mut last = String::new();
        for address in addresses {
            match timeout(share, TcpStream::connect(SocketAddr::new(address, self.port))).await {
                Ok(Ok(stream)) => {
                    let ready = stream.set_nodelay(true).map(|()| stream);
                    return ready.map_err(|error| Unconnected::NotNow(format!("{self}: {error}")));
                }
                Ok(Err(error)) => last = error.to_string(),
                Err(_) => last = "no answer".to_owned(),
            }
        }
        Err(Unconnected::NotNow(format!("cannot connect to {self}: {last}")))
    }

    async fn addresses(&self, resolver: &dyn Resolve) -> Result<Vec<IpAddr>, Unconnected> {
        match &self.host {
            Host::Ipv4(address) => Ok(vec![(*address).into()]),
            Host::Ipv6(address) => Ok(vec![(*address).into()]),
            Host::Domain(name) => match resolver.resolve(name).await {
                Ok(found) if !found.is_empty() => Ok(found),
                Ok(_) => Err(Unconnected::NotNow(format!("{name} has no address"))),
                Err(error) => Err(Unconnected::NotNow(format!("{name} cannot be looked up: {error}"))),
            },
        }
    }

    fn allowed(&self, found: Vec<IpAddr>) -> Result<Vec<IpAddr>, Unconnected> {
        let first = found.first().copied();
        let mut allowed = found;
        allowed.retain(|address| self.allow_private || is_public(*address));
        allowed.truncate(TRIED_AT_MOST);
        match first {
            Some(first) if allowed.is_empty() => Err(Unconnected::NotAllowed(format!(
                "{} is at {first}, which is no address of the public internet; `allow_private: true` allows it",
                self.host
            ))),
            _ => Ok(allowed),
        }
    }
}
