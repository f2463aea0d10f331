//! Asking the DNS, with an end to waiting.

use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolverConfig},
    net::{NetError, runtime::TokioRuntimeProvider},
    proto::rr::{RData, RecordType},
};
use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

/// How long one answer is waited for.
const WAIT: Duration = Duration::from_secs(2);

/// How long all tries for one name may take.
const WAIT_IN_ALL: Duration = Duration::from_secs(5);

/// The DNS cannot be asked, or does not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the DNS cannot be asked for {name}: {reason}")]
pub struct Silent {
    name: String,
    reason: String,
}

impl Silent {
    /// All that was to be asked for a domain took too long.
    pub(super) fn late(name: &str) -> Self {
        Self { name: name.to_owned(), reason: "its answers take too long".to_owned() }
    }
}

/// Who is asked for names.
#[derive(Clone)]
pub struct Names {
    resolver: TokioResolver,
}

impl Names {
    /// The server at this address; the one of the system when none is given. Nothing is remembered from an earlier asking.
    pub fn new(server: Option<SocketAddr>) -> Result<Self, Silent> {
        let fault = |error: NetError| Silent { name: "anything".to_owned(), reason: error.to_string() };
        let mut builder = match server {
            Some(server) => {
                let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                    connection.port = server.port();
                    connection
                });
                let server = NameServerConfig::new(server.ip(), true, connections.to_vec());
                TokioResolver::builder_with_config(
                    ResolverConfig::from_name_servers(vec![server]),
                    TokioRuntimeProvider::default(),
                )
            }
            None => TokioResolver::builder_tokio().map_err(fault)?,
        };
        builder.options_mut().timeout = WAIT;
        builder.options_mut().attempts = 1;
        Ok(Self { resolver: builder.build().map_err(fault)? })
    }

    async fn ask(&self, name: &str, kind: RecordType) -> Result<Vec<RData>, Silent> {
        let silent = |reason: String| Silent { name: name.to_owned(), reason };
        // With the dot at its end no domain of the system's is tried behind it.
        let whole = format!("{}.", name.trim_end_matches('.'));
        let answer = tokio::time::timeout(WAIT_IN_ALL, self.resolver.lookup(whole, kind)).await;
        match answer.map_err(|_| silent("it does not answer".to_owned()))? {
            Ok(found) => Ok(found.answers().iter().map(|record| record.data.clone()).collect()),
            Err(error) if error.is_no_records_found() || error.is_nx_domain() => Ok(Vec::new()),
            Err(error) => Err(silent(error.to_string())),
        }
    }

    /// The texts of a name, each put together from its strings.
    pub(super) async fn texts(&self, name: &str) -> Result<Vec<String>, Silent> {
        let found = self.ask(name, RecordType::TXT).await?;
        let texts = found.into_iter().filter_map(|data| match data {
            RData::TXT(text) => Some(String::from_utf8_lossy(&text.txt_data.concat()).into_owned()),
            _ => None,
        });
        Ok(texts.collect())
    }

    /// The hosts that take a domain's mail, the first ones first.
    pub(super) async fn mail_hosts(&self, domain: &str) -> Result<Vec<String>, Silent> {
        let found = self.ask(domain, RecordType::MX).await?;
        let mut hosts: Vec<(u16, String)> = found
            .into_iter()
            .filter_map(|data| match data {
                RData::MX(mx) => Some((mx.preference, mx.exchange.to_utf8())),
                _ => None,
            })
            .collect();
        hosts.sort();
        Ok(hosts.into_iter().map(|(_, host)| host.trim_end_matches('.').to_owned()).collect())
    }

    /// The addresses of a host, of both kinds.
    pub(super) async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, Silent> {
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        let (four, six) = tokio::join!(self.ask(host, RecordType::A), self.ask(host, RecordType::AAAA));
        let address = |data| match data {
            RData::A(address) => Some(IpAddr::V4(address.0)),
            RData::AAAA(address) => Some(IpAddr::V6(address.0)),
            _ => None,
        };
        Ok(four?.into_iter().chain(six?).filter_map(address).collect())
    }
}
