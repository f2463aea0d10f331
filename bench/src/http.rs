//! One connection that is kept open, in as much HTTP/1.1 as Crowsnest speaks with it. A client library would cost the
//! generator, and so the server beside it, a good part of the machine.

use anyhow::{Context, bail};
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A connection.
pub struct Connection {
    stream: TcpStream,
    head: Vec<u8>,
    answer: Vec<u8>,
}

/// An answer.
pub struct Answer<'a> {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: &'a [u8],
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| address.to_string())?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, head: Vec::with_capacity(256), answer: vec![0; 1 << 14] })
    }

    /// Asks and waits for the answer. `authorization` is the value of the header of that name.
    pub async fn ask(
        &mut self,
        method: &str,
        path: &str,
        authorization: &str,
        body: &[u8],
    ) -> anyhow::Result<Answer<'_>> {
        use std::io::Write;
        self.head.clear();
        write!(
            self.head,
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )?;
        // A small body goes with its head in one packet.
        if body.len() < 1 << 14 {
            self.head.extend_from_slice(body);
            self.stream.write_all(&self.head).await?;
        } else {
            self.stream.write_all(&self.head).await?;
            self.stream.write_all(body).await?;
        }
        self.answer().await
    }

    async fn answer(&mut self) -> anyhow::Result<Answer<'_>> {
        let mut filled = 0;
        loop {
            if filled == self.answer.len() {
                self.answer.resize(filled * 2, 0);
            }
            let read = self.stream.read(&mut self.answer[filled..]).await?;
            if read == 0 {
                bail!("the server closed the connection in the middle of an answer");
            }
            filled += read;
            if let Some((status, start, end)) = parts(&self.answer[..filled])?
                && filled >= end
            {
                return Ok(Answer { status, body: &self.answer[start..end] });
            }
        }
    }
}

/// The status, and where the body begins and ends; `None` while the head has not all come.
fn parts(bytes: &[u8]) -> anyhow::Result<Option<(u16, usize, usize)>> {
    let Some(blank) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&bytes[..blank])?;
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .and_then(|status| status.parse().ok())
        .with_context(|| format!("not an HTTP answer: {head}"))?;
    let length: usize = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .context("an answer without Content-Length")?;
    Ok(Some((status, blank + 4, blank + 4 + length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_taken_apart_once_its_head_is_here() {
        let bytes = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nContent-Length: 2\r\n\r\nok";
        assert_eq!(parts(bytes).unwrap(), Some((200, bytes.len() - 2, bytes.len())));
        assert_eq!(parts(&bytes[..30]).unwrap(), None);
        assert!(parts(b"HTTP/1.1 200 OK\r\n\r\n").is_err(), "without a length there is no end");
    }
}
