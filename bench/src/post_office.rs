//! An SMTP server that takes everything, and tells for whom each message was.

use crowsnest_model::Time;
use std::{cell::RefCell, collections::HashMap, net::SocketAddr, rc::Rc};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// When a message for each address came.
pub type Arrivals = Rc<RefCell<HashMap<String, Vec<Time>>>>;

/// Where it listens, and what comes. It takes mail as long as the local set lives.
pub async fn open() -> anyhow::Result<(SocketAddr, Arrivals)> {
    let arrivals = Arrivals::default();
    let taken = arrivals.clone();
    let address = telling(move |recipient| {
        let now = Time(crate::load::now());
        taken.borrow_mut().entry(recipient.to_owned()).or_default().push(now);
    })
    .await?;
    Ok((address, arrivals))
}

/// One that remembers nothing itself: `taken` is told each recipient of each message. Answers where it listens.
pub async fn telling(taken: impl Fn(&str) + 'static) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let taken: Rc<dyn Fn(&str)> = Rc::new(taken);
    tokio::task::spawn_local(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::task::spawn_local(serve(stream, taken.clone()));
        }
    });
    Ok(address)
}

async fn serve(stream: TcpStream, taken: Rc<dyn Fn(&str)>) -> std::io::Result<()> {
    // Answers to commands that came together are small writes one after the other; without this each waits for the
    // client's delayed acknowledgement, forty milliseconds for each message.
    stream.set_nodelay(true)?;
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 bench ESMTP\r\n").await?;
    let mut recipients = Vec::new();
    while let Some(line) = lines.next_line().await? {
        let word = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer: &[u8] = match word.as_str() {
            "EHLO" | "HELO" => b"250-bench\r\n250-PIPELINING\r\n250 8BITMIME\r\n",
            "RCPT" => {
                let address = line.split(['<', '>']).nth(1).unwrap_or_default();
                recipients.push(address.to_owned());
                b"250 ok\r\n"
            }
            "DATA" => {
                write.write_all(b"354 go on\r\n").await?;
                while lines.next_line().await?.is_some_and(|line| line != ".") {}
                recipients.drain(..).for_each(|recipient: String| taken(&recipient));
                b"250 taken\r\n"
            }
            "QUIT" => {
                write.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => b"250 ok\r\n",
        };
        write.write_all(answer).await?;
    }
    Ok(())
}
