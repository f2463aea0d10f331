//! One SMTP session, as far as a mailbox needs the protocol (RFC 5321).

use super::folder::{Folder, Received};
use std::{io, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, BufWriter},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::timeout,
};

/// The longest command line; RFC 5321 asks for 512, extensions for some more.
const COMMAND: usize = 2_048;
/// The largest message.
const MESSAGE: usize = 25 * 1024 * 1024;
/// The most recipients of one message.
const RECIPIENTS: usize = 100;
/// How long a client may say nothing.
const SILENCE: Duration = Duration::from_secs(300);

struct Session {
    reader: BufReader<OwnedReadHalf>,
    writer: BufWriter<OwnedWriteHalf>,
    greeted: bool,
    from: Option<String>,
    to: Vec<String>,
}

enum Line {
    Whole(Vec<u8>),
    TooLong,
    End,
}

/// Serves one client until it leaves.
pub(super) async fn run(stream: TcpStream, folder: &Arc<Folder>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (read, write) = stream.into_split();
    let mut session = Session {
        reader: BufReader::with_capacity(16 * 1024, read),
        writer: BufWriter::new(write),
        greeted: false,
        from: None,
        to: Vec::new(),
    };
    session.say("220 crowsnest mailbox").await?;
    session.writer.flush().await?;
    loop {
        match timeout(SILENCE, session.line()).await {
            Err(_) => {
                session.say("421 crowsnest: silent for too long").await?;
                return session.writer.flush().await;
            }
            Ok(line) => match line? {
                Line::End => return session.writer.flush().await,
                Line::TooLong => session.say("500 the line is too long").await?,
                Line::Whole(line) => {
                    if session.obey(&String::from_utf8_lossy(&line), folder).await? {
                        return session.writer.flush().await;
                    }
                }
            },
        }
        // A client that sends ahead (PIPELINING) gets its answers together.
        if session.reader.buffer().is_empty() {
            session.writer.flush().await?;
        }
    }
}

impl Session {
    async fn say(&mut self, answer: &str) -> io::Result<()> {
        self.writer.write_all(answer.as_bytes()).await?;
        self.writer.write_all(b"\r\n").await
    }

    /// The next command line without its end. A line that is too long is passed over, not kept.
    async fn line(&mut self) -> io::Result<Line> {
        let mut line = Vec::new();
        let mut too_long = false;
        loop {
            let buffer = self.reader.fill_buf().await?;
            if buffer.is_empty() {
                return Ok(Line::End);
            }
            let (used, whole) = match buffer.iter().position(|&byte| byte == b'\n') {
                Some(at) => (at + 1, true),
                None => (buffer.len(), false),
            };
            too_long |= line.len() + used > COMMAND;
            if !too_long {
                line.extend_from_slice(buffer.get(..used).unwrap_or_default());
            }
            self.reader.consume(used);
            if whole && too_long {
                return Ok(Line::TooLong);
            }
            if whole {
                while matches!(line.last(), Some(b'\r' | b'\n')) {
                    line.pop();
                }
                return Ok(Line::Whole(line));
            }
        }
    }

    /// Does what a line says; true when the client leaves.
    async fn obey(&mut self, line: &str, folder: &Arc<Folder>) -> io::Result<bool> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => {
                self.forget();
                self.greeted = true;
                let size = format!("250-SIZE {MESSAGE}");
                for answer in
                    ["250-crowsnest", "250-PIPELINING", "250-8BITMIME", "250-SMTPUTF8", &size, "250 HELP"]
                {
                    self.say(answer).await?;
                }
            }
            "HELO" => {
                self.forget();
                self.greeted = true;
                self.say("250 crowsnest").await?;
            }
            "MAIL" => self.mail(rest).await?,
            "RCPT" => self.rcpt(rest).await?,
            "DATA" => return self.data(folder).await,
            "RSET" => {
                self.forget();
                self.say("250 forgotten").await?;
            }
            "NOOP" => self.say("250 here").await?,
            "HELP" => self.say("214 HELO EHLO MAIL RCPT DATA RSET NOOP QUIT").await?,
            "VRFY" => self.say("252 send it and see").await?,
            "QUIT" => {
                self.say("221 goodbye").await?;
                return Ok(true);
            }
            _ => self.say("500 not a command of this mailbox").await?,
        }
        Ok(false)
    }

    fn forget(&mut self) {
        self.from = None;
        self.to.clear();
    }

    async fn mail(&mut self, rest: &str) -> io::Result<()> {
        let Some((from, parameters)) = path(rest, "FROM:") else {
            return self.say("501 expected MAIL FROM:<address>").await;
        };
        if !self.greeted {
            return self.say("503 say EHLO first").await;
        }
        if self.from.is_some() {
            return self.say("503 there is a sender already; RSET begins anew").await;
        }
        let size = parameters
            .split_ascii_whitespace()
            .find_map(|parameter| parameter.to_ascii_uppercase().strip_prefix("SIZE=")?.parse::<u64>().ok());
        if size.is_some_and(|size| size > MESSAGE as u64) {
            return self.say("552 the message is too large").await;
        }
        self.from = Some(from);
        self.say("250 go on").await
    }

    async fn rcpt(&mut self, rest: &str) -> io::Result<()> {
        match path(rest, "TO:") {
            None => self.say("501 expected RCPT TO:<address>").await,
            Some((to, _)) if to.is_empty() => self.say("501 nobody to deliver to").await,
            Some(_) if self.from.is_none() => self.say("503 MAIL comes first").await,
            Some(_) if self.to.len() >= RECIPIENTS => self.say("452 too many recipients").await,
            Some((to, _)) => {
                self.to.push(to);
                self.say("250 go on").await
            }
        }
    }

    /// Takes a message and delivers it before it answers; true when the client left in the middle.
    async fn data(&mut self, folder: &Arc<Folder>) -> io::Result<bool> {
        let Some(from) = self.from.take_if(|_| !self.to.is_empty()) else {
            self.say("503 MAIL and RCPT come first").await?;
            return Ok(false);
        };
        let to = std::mem::take(&mut self.to);
        self.say("354 end with a dot on a line of its own").await?;
        self.writer.flush().await?;
        let Some(content) = self.content().await? else {
            return Ok(true);
        };
        let Some(content) = content else {
            self.say("552 the message is too large").await?;
            return Ok(false);
        };
        let folder = folder.clone();
        let stored =
            tokio::task::spawn_blocking(move || folder.store(&Received { from, to, content })).await?;
        match stored {
            Ok(id) => self.say(&format!("250 kept as {id}")).await?,
            Err(error) => {
                tracing::warn!(%error, "the mailbox cannot keep a mail");
                self.say("451 cannot keep it now, try again").await?;
            }
        }
        Ok(false)
    }

    /// The message up to its final dot, unstuffed. `None` when the client left before it; `Some(None)` when it was too
    /// large, and was passed over.
    async fn content(&mut self) -> io::Result<Option<Option<Vec<u8>>>> {
        let mut content = Vec::with_capacity(16 * 1024);
        let mut too_large = false;
        // Only CR LF ends a line here. A bare LF is content, or one message could pass for two.
        let mut at_start = true;
        let mut line = Vec::with_capacity(1_024);
        loop {
            line.clear();
            let mut bounded = (&mut self.reader).take(64 * 1024);
            let read = timeout(SILENCE, bounded.read_until(b'\n', &mut line)).await;
            if read.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?? == 0 {
                return Ok(None);
            }
            if at_start && line == b".\r\n" {
                return Ok(Some((!too_large).then_some(content)));
            }
            let unstuffed = if at_start { line.strip_prefix(b".").unwrap_or(&line) } else { &line };
            too_large |= content.len() + unstuffed.len() > MESSAGE;
            if too_large {
                content = Vec::new();
            } else {
                content.extend_from_slice(unstuffed);
            }
            at_start = line.ends_with(b"\r\n");
        }
    }
}

/// The address and the parameters of `FROM:<address> parameters`.
fn path(text: &str, word: &str) -> Option<(String, String)> {
    let head = text.get(..word.len())?;
    let rest = text.get(word.len()..)?.trim_start();
    if !head.eq_ignore_ascii_case(word) {
        return None;
    }
    let (address, parameters) = rest.strip_prefix('<')?.split_once('>')?;
    let forbidden = |c: char| c.is_control() || c.is_whitespace() || c == '<';
    (!address.contains(forbidden)).then(|| (address.to_owned(), parameters.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read() {
        for (text, expected) in [
            ("FROM:<a@b.co>", Some(("a@b.co", ""))),
            ("from: <a@b.co> SIZE=10 BODY=8BITMIME", Some(("a@b.co", " SIZE=10 BODY=8BITMIME"))),
            ("FROM:<>", Some(("", ""))),
            ("FROM:a@b.co", None),
            ("FROM:<a@b.co", None),
            ("FROM:<a\rb@c.de>", None),
            ("FRÖM:<a@b.co>", None),
            ("", None),
        ] {
            let expected =
                expected.map(|(address, rest): (&str, &str)| (address.to_owned(), rest.to_owned()));
            assert_eq!(path(text, "FROM:"), expected, "{text}");
        }
    }
}
