//! One session of SMTP or LMTP, as far as somebody needs the protocols who only takes mail in. LMTP begins with `LHLO`, and
//! answers for each recipient what became of the mail.

use super::{Bounds, Incoming, Receiver, Taken};
use std::{io, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, BufWriter},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::{Instant, timeout},
};

/// The longest command line; RFC 5321 asks for 512, extensions for some more.
const COMMAND: usize = 2_048;
/// The most recipients of one message.
const RECIPIENTS: usize = 100;

struct Session<'r, R> {
    receiver: &'r R,
    bounds: Bounds,
    reader: BufReader<OwnedReadHalf>,
    writer: BufWriter<OwnedWriteHalf>,
    greeted: bool,
    /// Greeted in the words of LMTP.
    each: bool,
    refused: u32,
    /// When the connection has lasted long enough.
    ends: Instant,
    from: Option<String>,
    to: Vec<String>,
}

enum Line {
    Whole(Vec<u8>),
    TooLong,
    End,
}

/// Serves one client until it leaves.
pub(super) async fn run<R: Receiver>(stream: TcpStream, bounds: Bounds, receiver: &R) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (read, write) = stream.into_split();
    let mut session = Session {
        receiver,
        bounds,
        reader: BufReader::with_capacity(16 * 1024, read),
        writer: BufWriter::new(write),
        greeted: false,
        each: false,
        refused: 0,
        ends: Instant::now() + bounds.lasts,
        from: None,
        to: Vec::new(),
    };
    session.say(&format!("220 crowsnest {}", bounds.name)).await?;
    session.writer.flush().await?;
    loop {
        let line = match session.patience() {
            Some(patience) => timeout(patience, session.line()).await.ok(),
            None => None,
        };
        match line {
            None => {
                session.say("421 crowsnest: it takes too long").await?;
                return session.writer.flush().await;
            }
            Some(line) => match line? {
                Line::End => return session.writer.flush().await,
                Line::TooLong => session.say("500 the line is too long").await?,
                Line::Whole(line) => {
                    if session.obey(&String::from_utf8_lossy(&line)).await? {
                        return session.writer.flush().await;
                    }
                }
            },
        }
        if session.refused > bounds.refusals {
            session.say("421 crowsnest: too many mistakes").await?;
            return session.writer.flush().await;
        }
        // A client that sends ahead (PIPELINING) gets its answers together.
        if session.reader.buffer().is_empty() {
            session.writer.flush().await?;
        }
    }
}

impl<R: Receiver> Session<'_, R> {
    /// How long the next line is waited for; not at all when the connection has lasted long enough.
    fn patience(&self) -> Option<Duration> {
        let left = self.ends.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
        Some(self.bounds.silence.min(left))
    }

    async fn say(&mut self, answer: &str) -> io::Result<()> {
        self.refused += u32::from(answer.starts_with('5'));
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
    async fn obey(&mut self, line: &str) -> io::Result<bool> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" | "LHLO" => {
                self.forget();
                self.greeted = true;
                self.each = verb.eq_ignore_ascii_case("LHLO");
                let size = format!("250-SIZE {}", self.bounds.message);
                for answer in
                    ["250-crowsnest", "250-PIPELINING", "250-8BITMIME", "250-SMTPUTF8", &size, "250 HELP"]
                {
                    self.say(answer).await?;
                }
            }
            "HELO" => {
                self.forget();
                self.greeted = true;
                self.each = false;
                self.say("250 crowsnest").await?;
            }
            "MAIL" => self.mail(rest).await?,
            "RCPT" => self.rcpt(rest).await?,
            "DATA" => return self.data().await,
            "RSET" => {
                self.forget();
                self.say("250 forgotten").await?;
            }
            "NOOP" => self.say("250 here").await?,
            "HELP" => self.say("214 HELO EHLO LHLO MAIL RCPT DATA RSET NOOP QUIT").await?,
            "VRFY" => self.say("252 send it and see").await?,
            "QUIT" => {
                self.say("221 goodbye").await?;
                return Ok(true);
            }
            _ => self.say("500 not a command here").await?,
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
        if size.is_some_and(|size| size > self.bounds.message as u64) {
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
            Some((to, _)) if !self.receiver.knows(&to) => {
                self.say("550 5.1.1 nobody here has this address").await
            }
            Some((to, _)) => {
                self.to.push(to);
                self.say("250 go on").await
            }
        }
    }

    /// Takes a message and passes it on before it answers; true when the client left in the middle.
    async fn data(&mut self) -> io::Result<bool> {
        let Some(from) = self.from.take_if(|_| !self.to.is_empty()) else {
            self.say("503 MAIL and RCPT come first").await?;
            return Ok(false);
        };
        let to = std::mem::take(&mut self.to);
        let recipients = to.len();
        self.say("354 end with a dot on a line of its own").await?;
        self.writer.flush().await?;
        let Some(content) = self.content().await? else {
            return Ok(true);
        };
        let Some(content) = content else {
            for _ in 0..if self.each { recipients } else { 1 } {
                self.say("552 the message is too large").await?;
            }
            return Ok(false);
        };
        let taken = self.receiver.receive(Incoming { from, to, content }).await;
        if self.each {
            for taken in taken {
                self.answer(&taken).await?;
            }
        } else if let Some(taken) = for_all(taken) {
            self.answer(&taken).await?;
        }
        Ok(false)
    }

    async fn answer(&mut self, taken: &Taken) -> io::Result<()> {
        let answer = match taken {
            Taken::Kept(said) => format!("250 {said}"),
            Taken::Later(said) => format!("451 {said}"),
            Taken::Never(said) => format!("554 {said}"),
        };
        // One line, whatever is said: it would pass for an answer to something else.
        self.say(&answer.replace(char::is_control, " ")).await
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
            let patience = self.patience().ok_or(io::ErrorKind::TimedOut)?;
            let mut bounded = (&mut self.reader).take(64 * 1024);
            let read = timeout(patience, bounded.read_until(b'\n', &mut line)).await;
            if read.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?? == 0 {
                return Ok(None);
            }
            if at_start && line == b".\r\n" {
                return Ok(Some((!too_large).then_some(content)));
            }
            let unstuffed = if at_start { line.strip_prefix(b".").unwrap_or(&line) } else { &line };
            too_large |= content.len() + unstuffed.len() > self.bounds.message;
            if too_large {
                content = Vec::new();
            } else {
                content.extend_from_slice(unstuffed);
            }
            at_start = line.ends_with(b"\r\n");
        }
    }
}

/// The one answer of SMTP for all recipients. It comes again for all of them when one asks for that: whoever had it already
/// knows it by its id.
fn for_all(taken: Vec<Taken>) -> Option<Taken> {
    let mut one = None;
    for taken in taken {
        one = match (one, taken) {
            (_, later @ Taken::Later(_)) => return Some(later),
            (None | Some(Taken::Never(_)), taken) => Some(taken),
            (kept, _) => kept,
        };
    }
    one
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
