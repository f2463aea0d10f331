//! `crowsnest doctor`: what is wrong, and what to do.

use super::{email::in_words, program::channel_stopped};
use crate::{
    client::Connection,
    output::{amount, count, count_of, counted, text},
};
use clap::Args;
use crowsnest_store::sqlite::Readers;
use serde_json::{Value, json};

/// Say what is wrong and what to do about it.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit code 1 when something is wrong.\n\nExample: crowsnest doctor --data /var/lib/crowsnest"
)]
pub struct Doctor {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

struct Finding {
    what: &'static str,
    fault: Option<String>,
    said: String,
}

impl Doctor {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        let mut findings = Vec::new();
        if self.connection.server.is_none() {
            findings.push(self.store());
        }
        findings.extend(self.server());
        let wrong = findings.iter().filter(|finding| finding.fault.is_some()).count();
        if self.json {
            let all: Vec<Value> = findings
                .iter()
                .map(|finding| json!({ "what": finding.what, "ok": finding.fault.is_none(), "detail": finding.said, "do": finding.fault }))
                .collect();
            crate::output::json(&Value::from(all));
        } else {
            for finding in &findings {
                let mark = if finding.fault.is_none() { "ok  " } else { "BAD " };
                say!("{mark} {}: {}", finding.what, finding.said);
                if let Some(cure) = &finding.fault {
                    say!("     {cure}");
                }
            }
        }
        anyhow::ensure!(wrong == 0, "{wrong} of {} checks found something wrong", findings.len());
        Ok(())
    }

    fn store(&self) -> Finding {
        let folder = &self.connection.data;
        if !folder.join("crowsnest.db").exists() {
            return Finding {
                what: "store",
                said: format!("{} has no store", folder.display()),
                fault: Some("name the data folder with --data, or start the server on it once".into()),
            };
        }
        match Readers::open(folder).check() {
            Ok(()) => Finding { what: "store", said: "every page and index is sound".into(), fault: None },
            Err(error) => Finding {
                what: "store",
                said: error.to_string(),
                fault: Some("stop the server and put the last backup in the place of crowsnest.db".into()),
            },
        }
    }

    fn server(&self) -> Vec<Finding> {
        let ask = || -> anyhow::Result<_> {
            let client = self.connection.client()?;
            client.get::<Value>("/readyz")?;
            Ok((
                client.get::<Value>("/api/v1/stats")?,
                client.get::<Vec<Value>>("/api/v1/sources")?,
                client.get::<Vec<Value>>("/api/v1/switches")?,
                client.get::<Value>("/api/v1/transport")?,
                client.get::<Vec<Value>>("/api/v1/deliveries/lines")?,
                // Without a sender there is nothing to ask.
                client.get::<Value>("/api/v1/email/check?before_launch=true").unwrap_or_default(),
                client.get::<Vec<Value>>("/api/v1/budgets")?,
            ))
        };
        let (stats, sources, switches, transport, lines, check, budgets) = match ask() {
            Ok(answers) => answers,
            Err(error) => {
                return vec![Finding {
                    what: "server",
                    said: format!("{error:#}"),
                    fault: Some("start it with `crowsnest serve`, or look at its log".into()),
                }];
            }
        };
        let mut findings =
            vec![Finding { what: "server", said: "it answers, and the store writes".into(), fault: None }];
        let unknown = stats["deliveries"]["unknown"].as_u64().unwrap_or(0);
        findings.push(Finding {
            what: "unknown outcomes",
            said: format!("{} may or may not have gone out", counted(unknown, "message", "messages")),
            fault: (unknown > 0).then(|| {
                "look for them in the receiving server's log (crowsnest deliveries list --state unknown), and say what became \
                 of them: crowsnest deliveries resolve"
                    .into()
            }),
        });
        let held = stats["deliveries"]["held"].as_u64().unwrap_or(0);
        findings.push(Finding {
            what: "held messages",
            said: if held == 0 {
                "none".into()
            } else {
                format!(
                    "{} for a feed or a kill switch; see why: crowsnest deliveries list --state held",
                    counted(held, "waits", "wait")
                )
            },
            fault: None,
        });
        findings.push(Finding {
            what: "quarantine",
            said: match stats["quarantine_open"].as_u64().unwrap_or(0) {
                0 => "empty".into(),
                1 => "1 thing waits: crowsnest quarantine list".into(),
                open => format!("{} wait: crowsnest quarantine list", counted(open, "thing", "things")),
            },
            fault: None,
        });
        findings.push(Finding {
            what: "e-mail",
            said: text(&transport, "detail"),
            fault: (transport["ok"] != true)
                .then(|| "correct `email` in the workspace, apply it, and ask again".into()),
        });
        findings.extend(check["findings"].as_array().into_iter().flatten().map(|found| Finding {
            what: "sender",
            said: in_words(found),
            fault: found["cure"].as_str().filter(|_| found["level"] == "problem").map(str::to_owned),
        }));
        if transport["sms"].is_object() {
            let sms = &transport["sms"];
            findings.push(Finding {
                what: "SMS",
                said: text(sms, "detail"),
                fault: (sms["ok"] != true)
                    .then(|| "then try it: crowsnest send TEMPLATE --test NUMBER --as WHO".into()),
            });
        }
        findings.extend(stats["senders"].as_array().into_iter().flatten().map(sender));
        let webhooks = transport["webhooks"].as_object().into_iter().flatten();
        findings.extend(webhooks.map(|(name, reach)| webhook(name, reach)));
        findings.extend(lines.iter().map(line));
        findings.extend(budgets.iter().map(budget));
        for switch in switches {
            let scope = text(&switch, "scope");
            let (said, argument) = match scope.strip_prefix("channel:") {
                Some(channel) => (channel_stopped(channel, &switch), format!("--channel {channel}")),
                None => {
                    let argument = if scope == "*" { "--all".to_owned() } else { scope.clone() };
                    (format!("{scope} is stopped since {}", text(&switch, "since")), argument)
                }
            };
            let fault = Some(format!("crowsnest program resume {argument}, when the reason is gone"));
            findings.push(Finding { what: "kill switch", said, fault });
        }
        let silent: Vec<String> = sources
            .iter()
            .filter(|source| source["events"] == 0 && source["write_key"].is_string())
            .map(|source| text(source, "source"))
            .collect();
        findings.push(Finding {
            what: "sources",
            said: if silent.is_empty() {
                "all have sent something".into()
            } else {
                format!("these have sent nothing yet: {}", silent.join(", "))
            },
            fault: None,
        });
        findings
    }
}

/// How we stand as a sender on a channel. That it is stopped, its switch says.
fn sender(sender: &Value) -> Finding {
    let channel = text(sender, "channel");
    let counted = format!(
        "of {} by {channel} {} called spam and {} came back",
        count_of(&sender["messages"], "message", "messages"),
        count_of(&sender["complaints"], "was", "were"),
        count(&sender["bounces"])
    );
    let reason = sender["reason"].as_str().filter(|_| sender["standing"] != "good");
    let cure = match sender["standing"] == "stopped" {
        true => "see whom it went to and who agreed to it; marketing messages are stopped",
        false => "see whom it went to and who agreed to it, before marketing messages stop",
    };
    Finding {
        what: "standing",
        said: reason.map_or(counted.clone(), |reason| format!("{counted}: {reason}")),
        fault: reason.map(|_| cure.into()),
    }
}

/// Whether a line is open, by all its ways.
fn line(line: &Value) -> Finding {
    let ways = line["ways"].as_array().map_or(&[][..], Vec::as_slice);
    let closed: Vec<String> =
        ways.iter().filter(|way| way["state"] != "open").map(super::deliveries::closed).collect();
    let said = match closed.is_empty() {
        true => format!("{} is open", text(line, "line")),
        false => format!("{}; {} wait", closed.join("; "), count(&line["queued"])),
    };
    let cure = "correct what is said to be wrong; it is tried again by itself: crowsnest deliveries lines";
    Finding { what: "line", said, fault: (!closed.is_empty()).then(|| cure.into()) }
}

/// Whether a webhook can be posted to. Whether somebody listens, `crowsnest webhook test` says.
fn webhook(name: &str, reach: &Value) -> Finding {
    let (ok, detail) = (reach["ok"] == true, text(reach, "detail"));
    let said = if ok { format!("{name} {detail}") } else { format!("{name} is told nothing: {detail}") };
    let then = || format!("then see whether it listens: crowsnest webhook test {name}");
    Finding { what: "webhook", said, fault: (!ok).then(then) }
}

/// Where a budget stands. One that is used up, or past its alarm, wants somebody to decide.
fn budget(budget: &Value) -> Finding {
    let (name, left, max) = (text(budget, "name"), amount(&budget["left"]), amount(&budget["max"]));
    let (per, until) = (text(budget, "per"), text(budget, "until"));
    let raise = "raise `max` and apply it, or wait; see crowsnest budget list";
    let (said, fault) = match (budget["used_up"] == true, budget["warned"] == true) {
        // Whoever allows nothing means it.
        (true, _) if budget["spent"] == budget["left"] => (format!("{name} allows nothing"), None),
        (true, _) => {
            let said = format!("{name}: {max} a {per} are used up, and its messages wait until {until}");
            (said, Some(raise.to_owned()))
        }
        (false, true) => {
            let said = format!("{name} is past its alarm: {left} of {max} a {per} is left until {until}");
            (said, Some(raise.to_owned()))
        }
        (false, false) => (format!("{name}: {left} of {max} a {per} is left"), None),
    };
    Finding { what: "budget", said, fault }
}
