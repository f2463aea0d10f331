//! A broadcast to many, from its launch to the last hand-over, into an SMTP server on this machine.

use crate::{
    Measured, Setting,
    http::Connection,
    post_office,
    report::count,
    send::fill,
    server::{Files, Server, Spent, Used, files_mailing_by, peak_memory, resident_memory},
};
use anyhow::{Context, ensure};
use clap::Args;
use serde::Serialize;
use std::{
    cell::RefCell,
    fmt::{self, Write},
    net::SocketAddr,
    path::PathBuf,
    rc::Rc,
    time::{Duration, Instant},
};

/// Nothing for so long means that something is wrong.
const PATIENCE: Duration = Duration::from_secs(120);

/// A template as people write them: some sections, a picture, a list from the person's data, links that are tracked.
const DEFINITIONS: &str = r##"template: spring
channel: email
subject: "{{ profile.first_name | default: 'Good day' }}, spring begins at {{ profile.city | default: 'the harbour' }}"
mjml: |
  <mjml><mj-head><mj-attributes><mj-text font-family="Helvetica" font-size="15px"></mj-text></mj-attributes></mj-head><mj-body>
  <mj-section background-color="#f4f4f4"><mj-column><mj-image src="https://harbor-motors.example/spring.png" alt="Spring"></mj-image>
  </mj-column></mj-section>
  <mj-section><mj-column><mj-text>Dear {{ profile.first_name | default: 'customer' }},</mj-text>
  <mj-text>your {{ profile.model | default: 'car' }} deserves new tyres. {% if profile.plan == "gold" %}As a gold customer you need not
  wait.{% else %}Book early.{% endif %}</mj-text>
  <mj-button href="https://harbor-motors.example/book">Book a visit</mj-button></mj-column></mj-section>
  <mj-section><mj-column><mj-text><a href="https://harbor-motors.example/tyres">Tyres</a></mj-text></mj-column>
  <mj-column><mj-text><a href="https://harbor-motors.example/oil">Oil</a></mj-text></mj-column></mj-section>
  <mj-section><mj-column><mj-text>{{ organisation.postal_address }} <a href="{{ links.unsubscribe }}">Unsubscribe</a>
  <a href="{{ links.preferences }}">Preferences</a></mj-text></mj-column></mj-section></mj-body></mjml>
text: |
  Dear {{ profile.first_name | default: 'customer' }}, your {{ profile.model | default: 'car' }} deserves new tyres.
  https://harbor-motors.example/book
  Unsubscribe: {{ links.unsubscribe }} {{ organisation.postal_address }}
---
broadcast: spring
audience: consent("email", "offers")
send: { channel: email, template: spring, topic: offers }
ttl: 2d
---
policy: contact
caps:
  - { max: 2, per: 7d }
  - { max: 3, per: 30d, of: household }
"##;

/// Start a fresh Crowsnest with many people, launch a broadcast to all of them, and measure how fast its messages are handed over
/// to an SMTP server on this machine.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example: crowsnest-bench mail --people 100000 --dkim-key dkim.pem")]
pub struct Mail {
    /// How many people get it.
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    pub people: u64,
    /// Sign with this private key in PEM.
    #[arg(long, value_name = "FILE")]
    pub dkim_key: Option<PathBuf>,
    /// The server.
    #[command(flatten)]
    pub setting: Setting,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Report {
    /// People, and messages.
    pub people: u64,
    /// From the launch to the first message, in seconds.
    pub first_after: f64,
    /// From the launch to the last one.
    pub last_after: f64,
    /// Messages in a second, from the launch to the last.
    pub per_second: f64,
    /// The same from the first message to the last.
    pub per_second_once_begun: f64,
    /// What the server used meanwhile.
    pub server: Spent,
    /// What this program used: it makes the load and takes the mail.
    pub generator: Spent,
    /// The most memory that the server had, in bytes, from its start.
    pub peak_memory: u64,
    /// The memory that it had: when it was launched, and after each tenth of the messages.
    pub memory: Vec<u64>,
    /// What is not as it must be.
    pub faults: Vec<String>,
}

impl Measured for Report {
    fn faults(&self) -> &[String] {
        &self.faults
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (people, rate) = (count(self.people), count(self.per_second as u64));
        let begun = count(self.per_second_once_begun as u64);
        writeln!(f, "{people} messages in {:.1} s: {rate} in a second, {begun} once begun", self.last_after)?;
        writeln!(f, "the first after {:.2} s", self.first_after)?;
        let memory = self.peak_memory / (1 << 20);
        writeln!(
            f,
            "processors: {:.1} s of the server, {:.1} s of the generator; {memory} MiB at the most",
            self.server.cpu, self.generator.cpu
        )?;
        let memory: Vec<String> = self.memory.iter().map(|bytes| (bytes >> 20).to_string()).collect();
        writeln!(f, "MiB at the launch and after each tenth: {}", memory.join(" "))?;
        for (thread, seconds) in &self.server.by_thread {
            writeln!(f, "  {thread}: {seconds:.1} s")?;
        }
        Ok(())
    }
}

/// Who got it: two bits for each person, so that a million of them weigh on nothing.
#[derive(Debug, Default)]
struct Post {
    once: Vec<u64>,
    again: Vec<u64>,
    people: u64,
    twice: u64,
    strangers: u64,
}

impl Post {
    fn came_for(&mut self, address: &str, people: u64) {
        let number = address.strip_prefix("m-").and_then(|rest| rest.split('@').next()?.parse::<u64>().ok());
        let Some(person) = number.filter(|person| *person < people) else {
            self.strangers += 1;
            return;
        };
        if set(&mut self.once, person) {
            self.people += 1;
        } else if set(&mut self.again, person) {
            self.twice += 1;
        }
    }

    fn faults(&self) -> Vec<String> {
        let told =
            [(self.twice, "people got it more than once"), (self.strangers, "messages are for nobody")];
        told.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect()
    }
}

/// Sets a bit; false when it was set.
fn set(bits: &mut Vec<u64>, place: u64) -> bool {
    let (word, bit) = ((place / 64) as usize, 1_u64 << (place % 64));
    if bits.len() <= word {
        bits.resize(word + 1, 0);
    }
    let was = bits[word] & bit != 0;
    bits[word] |= bit;
    !was
}

impl Mail {
    /// Starts everything and measures.
    pub fn run(&self) -> anyhow::Result<bool> {
        let local = tokio::task::LocalSet::new();
        let report = crate::runtime()?.block_on(local.run_until(async {
            let post = Rc::new(RefCell::new(Post::default()));
            let (taken, people) = (post.clone(), self.people);
            let address = post_office::telling(move |to| taken.borrow_mut().came_for(to, people)).await?;
            let mut server = Server::start(&self.setting, self.workspace(address)?).await?;
            let measured = self.measure(&server, &post).await;
            match &measured {
                Ok(_) => drop(server.stop().await?),
                Err(_) => server.kill().await,
            }
            measured
        }))?;
        crate::print(&self.setting, &report)
    }

    fn workspace(&self, smtp: SocketAddr) -> anyhow::Result<Files> {
        let mut account = String::from("  track: { opens: true, clicks: true }\n");
        if let Some(key) = &self.dkim_key {
            let key = key.canonicalize().with_context(|| key.display().to_string())?;
            writeln!(account, "  dkim: {{ selector: bench, key_file: {} }}", key.display())?;
        }
        files_mailing_by(DEFINITIONS, smtp, &account)
    }

    async fn measure(&self, server: &Server, post: &RefCell<Post>) -> anyhow::Result<Report> {
        let told = fill(server, self.people, write_person).await?;
        let mut faults = told.faults;
        let (us, them) = (std::process::id(), server.process());
        let (before, mine) = (Used::by(them)?, Used::by(us)?);
        let began = Instant::now();
        let launching = tokio::task::spawn_local(launch(server.address, server.admin()));
        let (mut first, mut last, mut came) = (None, began, 0);
        let mut memory = vec![resident_memory(them)?];
        while came < self.people {
            tokio::time::sleep(Duration::from_millis(5)).await;
            let now = post.borrow().people;
            while memory.len() <= 10 && now * 10 >= self.people * memory.len() as u64 {
                memory.push(resident_memory(them)?);
            }
            if now > came {
                (came, last) = (now, Instant::now());
                first.get_or_insert(last);
            }
            ensure!(last.elapsed() < PATIENCE, "of {} messages {came} came, and then no more", self.people);
        }
        launching.await??;
        let (server_used, generator) = (Used::by(them)?.since(&before), Used::by(us)?.since(&mine));
        let sent = settled(server).await?;
        if sent != self.people {
            faults.push(format!("the server says that {sent} of {} messages were sent", self.people));
        }
        faults.extend(post.borrow().faults());
        let since = |moment: Instant| moment.duration_since(began).as_secs_f64();
        let first = first.unwrap_or(last);
        Ok(Report {
            people: self.people,
            first_after: since(first),
            last_after: since(last),
            per_second: self.people as f64 / since(last).max(f64::EPSILON),
            per_second_once_begun: self.people as f64
                / last.duration_since(first).as_secs_f64().max(f64::EPSILON),
            server: server_used,
            generator,
            peak_memory: peak_memory(them)?,
            memory,
            faults,
        })
    }
}

/// Waits until nothing is on its way, and answers how many messages the server has sent.
async fn settled(server: &Server) -> anyhow::Result<u64> {
    let mut connection = Connection::open(server.address).await?;
    let began = Instant::now();
    loop {
        let answer = connection.ask("GET", "/api/v1/stats", &server.admin(), b"").await?;
        let stats: serde_json::Value =
            serde_json::from_slice(answer.body).context("the stats are no JSON")?;
        let count = |state: &str| stats["deliveries"][state].as_u64().unwrap_or_default();
        if count("queued") + count("sending") == 0 {
            return Ok(count("sent"));
        }
        ensure!(began.elapsed() < PATIENCE, "messages stay on their way: {}", stats["deliveries"]);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn launch(address: SocketAddr, admin: String) -> anyhow::Result<()> {
    let mut connection = Connection::open(address).await?;
    let answer = connection.ask("POST", "/api/v1/broadcasts/spring/launch", &admin, b"{}").await?;
    let said = String::from_utf8_lossy(answer.body).into_owned();
    ensure!((200..300).contains(&answer.status), "the launch is answered {}: {said}", answer.status);
    Ok(())
}

/// Somebody with what the template asks for, who agrees to offers.
fn write_person(body: &mut String, person: u64) -> fmt::Result {
    let plan = if person.is_multiple_of(7) { "gold" } else { "blue" };
    write!(
        body,
        r#"{{"type":"identify","userId":"m-{person}","messageId":"m-{person}","traits":{{
        "email":"m-{person}@mail{}.example","first_name":"Ann{person}","city":"Port {}","model":"Dinghy {}","plan":"{plan}",
        "consents":[{{"channel":"email","topic":"offers","status":"granted"}}]}}}}"#,
        person % 50,
        person % 300,
        person % 9
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_person_is_counted_once_and_whoever_gets_it_again_too() {
        let mut post = Post::default();
        for address in ["m-0@mail0.example", "m-99@mail1.example", "m-99@mail1.example", "m-99@mail1.example"]
        {
            post.came_for(address, 100);
        }
        assert_eq!((post.people, post.faults()), (2, vec!["1 people got it more than once".to_owned()]));
        post.came_for("m-100@mail.example", 100);
        post.came_for("ann@mail.example", 100);
        assert_eq!(post.faults()[1], "2 messages are for nobody");
    }
}
