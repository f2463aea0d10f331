//! An SMTP server that misbehaves as it is told, and writes down what it took.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

/// What goes wrong, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fault {
    #[default]
    None,
    /// The greeting never comes.
    SilentAtConnect,
    /// The greeting says no.
    RefusesAtConnect,
    /// An answer to MAIL, RCPT, DATA or the final dot.
    Mail(&'static str),
    Rcpt(&'static str),
    Data(&'static str),
    Dot(&'static str),
    /// The line is dropped when the command comes.
    DropsAtRcpt,
    DropsAtData,
    /// The line is dropped after half of the message.
    DropsInMessage,
    /// The message was taken, and the line is dropped before the answer.
    DropsAfterDot,
    /// The message was taken, and no answer comes.
    StallsAfterDot,
    StallsAtRcpt,
    /// Each connection is closed after one message without a word.
    ClosesAfterOne,
    /// Somebody on the way adds answers behind the one to STARTTLS.
    InjectsAtStarttls,
    /// Each connection says 421 to a second message.
    TiredAfterOne,
}

#[derive(Clone, Default)]
pub struct Script {
    pub fault: Fault,
    pub starttls: bool,
    /// TLS from the first byte.
    pub tls: bool,
    /// Commands may come before the answer to the one before.
    pub pipelining: bool,
    /// AUTH is offered with this mechanism, and asked for.
    pub auth: Option<&'static str>,
}

pub struct Sink {
    pub addr: SocketAddr,
    /// The certificate of its own authority, as PEM.
    pub authority: String,
    pub taken: Arc<Mutex<Vec<String>>>,
    pub connections: Arc<AtomicUsize>,
    /// What clients sent to authenticate, decoded.
    pub logins: Arc<Mutex<Vec<String>>>,
}

impl Sink {
    pub async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let acceptor = crate::tls::acceptor(made.cert.der().clone(), &made.signing_key);
        let sink = Self {
            addr,
            authority: made.cert.pem(),
            taken: Arc::default(),
            connections: Arc::default(),
            logins: Arc::default(),
        };
        let (taken, connections, logins) =
            (sink.taken.clone(), sink.connections.clone(), sink.logins.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let client = Client {
                    script: script.clone(),
                    taken: taken.clone(),
                    logins: logins.clone(),
                    encrypted: script.tls,
                };
                tokio::spawn(client.serve(stream, acceptor.clone()));
            }
        });
        sink
    }

    pub fn taken(&self) -> Vec<String> {
        self.taken.lock().unwrap().clone()
    }
}

struct Client {
    script: Script,
    taken: Arc<Mutex<Vec<String>>>,
    logins: Arc<Mutex<Vec<String>>>,
    encrypted: bool,
}

enum End {
    Left,
    Starttls,
}

impl Client {
    async fn serve(mut self, stream: TcpStream, acceptor: TlsAcceptor) {
        stream.set_nodelay(true).unwrap();
        if self.script.tls {
            if let Ok(stream) = acceptor.accept(stream).await {
                self.talk(&mut BufReader::new(stream), true).await;
            }
            return;
        }
        let mut plain = BufReader::new(stream);
        if let Some(End::Starttls) = self.talk(&mut plain, true).await
            && let Ok(stream) = acceptor.accept(plain.into_inner()).await
        {
            self.encrypted = true;
            self.talk(&mut BufReader::new(stream), false).await;
        }
    }

    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut BufReader<S>,
        greets: bool,
    ) -> Option<End> {
        let fault = self.script.fault;
        match fault {
            Fault::SilentAtConnect => std::future::pending().await,
            Fault::RefusesAtConnect => {
                return say(stream, "554 no service for you").await.map(|()| End::Left);
            }
            _ if greets => say(stream, "220 sink").await?,
            _ => {}
        }
        let mut messages = 0;
        loop {
            let line = read(stream).await?;
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            match (verb.as_str(), fault) {
                ("EHLO", _) => {
                    let mut answer = vec!["sink".to_owned(), "8BITMIME".into()];
                    if self.script.starttls && !self.encrypted {
                        answer.push("STARTTLS".into());
                    }
                    answer.extend(self.script.auth.map(|mechanism| format!("AUTH {mechanism}")));
                    if self.script.pipelining {
                        answer.push("PIPELINING".into());
                    }
                    let last = answer.len() - 1;
                    for (index, word) in answer.iter().enumerate() {
                        say(stream, &format!("250{}{word}", if index == last { ' ' } else { '-' })).await?;
                    }
                }
                ("STARTTLS", _) => {
                    let added =
                        if fault == Fault::InjectsAtStarttls { "\r\n250-evil\r\n250 AUTH PLAIN" } else { "" };
                    say(stream, &format!("220 go on{added}")).await?;
                    return Some(End::Starttls);
                }
                ("AUTH", _) => self.auth(stream, &line).await?,
                ("MAIL", Fault::TiredAfterOne) if messages > 0 => {
                    say(stream, "421 too tired").await?;
                    return None;
                }
                ("MAIL", Fault::Mail(answer)) => say(stream, answer).await?,
                ("RCPT", Fault::Rcpt(answer)) => say(stream, answer).await?,
                ("RCPT", Fault::DropsAtRcpt) | ("DATA", Fault::DropsAtData) => return None,
                ("RCPT", Fault::StallsAtRcpt) => std::future::pending().await,
                ("DATA", Fault::Data(answer)) => say(stream, answer).await?,
                ("DATA", _) => {
                    say(stream, "354 go on").await?;
                    if fault == Fault::DropsInMessage {
                        read(stream).await?;
                        return None;
                    }
                    let mut message = String::new();
                    loop {
                        let line = read(stream).await?;
                        if line == "." {
                            break;
                        }
                        message.push_str(line.strip_prefix('.').unwrap_or(&line));
                        message.push_str("\r\n");
                    }
                    messages += 1;
                    match fault {
                        Fault::Dot(answer) => {
                            say(stream, answer).await?;
                            continue;
                        }
                        Fault::DropsAfterDot => {
                            self.taken.lock().unwrap().push(message);
                            return None;
                        }
                        Fault::StallsAfterDot => {
                            self.taken.lock().unwrap().push(message);
                            std::future::pending().await
                        }
                        _ => self.taken.lock().unwrap().push(message),
                    }
                    say(stream, "250 taken").await?;
                    if fault == Fault::ClosesAfterOne {
                        return None;
                    }
                }
                ("QUIT", _) => {
                    say(stream, "221 bye").await?;
                    return None;
                }
                _ => say(stream, "250 ok").await?,
            }
        }
    }

    async fn auth<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut BufReader<S>,
        line: &str,
    ) -> Option<()> {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let decode = |text: &str| String::from_utf8(STANDARD.decode(text).unwrap()).unwrap();
        let mut login = Vec::new();
        if line.starts_with("AUTH PLAIN ") {
            login.push(decode(line.rsplit(' ').next()?).replace('\0', "/"));
        } else {
            for question in ["Username:", "Password:"] {
                say(stream, &format!("334 {}", STANDARD.encode(question))).await?;
                login.push(decode(&read(stream).await?));
            }
        }
        let login = login.join("/");
        let good = login.ends_with("ann/secret word");
        self.logins.lock().unwrap().push(login);
        say(stream, if good { "235 welcome" } else { "535 wrong password" }).await
    }
}

async fn say<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>, answer: &str) -> Option<()> {
    stream.get_mut().write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    stream.get_mut().flush().await.ok()
}

async fn read<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>) -> Option<String> {
    let mut line = String::new();
    match stream.read_line(&mut line).await {
        Ok(count) if count > 0 => Some(line.trim_end_matches(['\r', '\n']).to_owned()),
        _ => None,
    }
}
