//! The servers to which e-mail is handed, in the order of preference.

use super::secrets::{Environment, secret};
use crate::Live;
use crowsnest_channels::email::SmtpTransport;
use crowsnest_model::definition::SmtpAccount;
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Mutex, PoisonError},
};

/// The built-in mailbox, as a way.
const MAILBOX: &str = "email:mailbox";

/// A server to which e-mail is handed.
#[derive(Debug, Clone)]
pub struct Relay {
    /// What people call it.
    pub name: String,
    /// What it is called as a way out.
    pub way: String,
    /// How it is reached, or why it cannot be.
    pub transport: Result<SmtpTransport, String>,
}

/// The servers, each made once from its definition.
#[derive(Debug)]
pub(super) struct Relays {
    mailbox: SmtpTransport,
    known: Mutex<HashMap<String, (SmtpAccount, SmtpTransport)>>,
}

impl Relays {
    pub(super) fn new(mailbox: SocketAddr) -> Self {
        Self { mailbox: SmtpTransport::plain(mailbox), known: Mutex::default() }
    }

    /// The built-in mailbox.
    pub(super) fn mailbox(&self) -> &SmtpTransport {
        &self.mailbox
    }

    /// Those of the definitions in force; the built-in mailbox, if they name none.
    pub(super) fn of(&self, live: &Live, environment: Environment) -> Vec<Relay> {
        let accounts = accounts(live);
        if accounts.is_empty() {
            let (name, transport) = ("the built-in mailbox".to_owned(), Ok(self.mailbox.clone()));
            return vec![Relay { name, way: MAILBOX.to_owned(), transport }];
        }
        let relay = |account: &SmtpAccount| Relay {
            name: account.called().to_owned(),
            way: way(account),
            transport: self.transport(account, environment),
        };
        accounts.iter().map(relay).collect()
    }

    fn transport(&self, account: &SmtpAccount, environment: Environment) -> Result<SmtpTransport, String> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((before, transport)) = known.get(account.called())
            && before == account
        {
            return Ok(transport.clone());
        }
        let password = match &account.password_env {
            None => None,
            Some(variable) => Some(secret(environment, variable, "the SMTP password")?),
        };
        let transport = SmtpTransport::new(account, password).map_err(|error| error.to_string())?;
        known.insert(account.called().to_owned(), (account.clone(), transport.clone()));
        Ok(transport)
    }
}

/// The same, as ways out.
pub(super) fn ways(live: &Live) -> Vec<String> {
    match accounts(live) {
        [] => vec![MAILBOX.to_owned()],
        accounts => accounts.iter().map(way).collect(),
    }
}

fn way(account: &SmtpAccount) -> String {
    format!("email:{}", account.called())
}

fn accounts(live: &Live) -> &[SmtpAccount] {
    live.workspace().organisation.email.as_ref().map(|email| &*email.smtp).unwrap_or_default()
}
