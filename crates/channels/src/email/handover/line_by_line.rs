//! A stream that gives out no more than one line at a time.
//!
//! Before TLS begins, somebody on the way could add answers behind the one to STARTTLS; an SMTP client that has read
//! ahead would then take them for answers that came under TLS. Through this stream the client has never read ahead:
//! what was added runs into the TLS handshake, which fails.

use lettre::transport::smtp::client::AsyncTokioStream;
use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

#[derive(Debug)]
pub(super) struct LineByLine {
    stream: TcpStream,
    /// What has been read and not given out: `read[given..]`.
    read: Vec<u8>,
    given: usize,
}

impl LineByLine {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, read: Vec::new(), given: 0 }
    }
}

impl AsyncRead for LineByLine {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.given >= this.read.len() {
            this.read.resize(8 * 1024, 0);
            this.given = this.read.len();
            let mut buffer = ReadBuf::new(&mut this.read);
            ready!(Pin::new(&mut this.stream).poll_read(cx, &mut buffer))?;
            let count = buffer.filled().len();
            this.read.truncate(count);
            this.given = 0;
        }
        let waiting = this.read.get(this.given..).unwrap_or_default();
        let line = waiting.iter().position(|&byte| byte == b'\n').map_or(waiting.len(), |end| end + 1);
        let count = line.min(out.remaining());
        out.put_slice(waiting.get(..count).unwrap_or_default());
        this.given += count;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for LineByLine {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for LineByLine {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}
