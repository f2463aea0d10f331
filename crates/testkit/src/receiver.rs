//! A receiver of webhooks that answers as it is told, and keeps what it was told.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

/// How it answers.
#[derive(Debug, Clone)]
pub enum Mood {
    /// With these bytes.
    Says(Vec<u8>),
    /// Not at all: the line stays open.
    Stalls,
    /// Not at all: the line is closed.
    Closes,
}

impl Mood {
    /// A status with headers, each with its line end, and a body.
    pub fn answers(status: u16, headers: &str, body: &str) -> Self {
        let length = body.len();
        let text = format!("HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\n\r\n{body}");
        Self::Says(text.into_bytes())
    }
}

/// A post that came.
#[derive(Debug, Clone)]
pub struct Posted {
    /// The line with method and target.
    pub request: String,
    /// Its headers, the names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Posted {
    /// Reads a request.
    pub(crate) fn read(reader: &mut BufReader<TcpStream>) -> Option<Self> {
        let mut line = || {
            let mut text = String::new();
            reader.read_line(&mut text).ok().filter(|read| *read > 0)?;
            Some(text.trim_end().to_owned())
        };
        let request = line()?;
        let mut headers = Vec::new();
        while let Some(text) = line().filter(|text| !text.is_empty()) {
            let (name, value) = text.split_once(':')?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        // A question has no body.
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length = length.map_or(Some(0), |(_, length)| length.parse().ok())?;
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        Some(Self { request, headers, body })
    }

    /// The value of a header; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("a post is JSON")
    }
}

/// A receiver on a port of this machine.
#[derive(Debug, Clone)]
pub struct Receiver {
    /// Where it listens.
    pub addr: SocketAddr,
    mood: Arc<Mutex<Mood>>,
    posted: Arc<Mutex<Vec<Posted>>>,
}

impl Receiver {
    /// Starts one.
    pub fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port of this machine");
        let receiver = Self {
            addr: listener.local_addr().expect("its address"),
            mood: Arc::new(Mutex::new(mood)),
            posted: Arc::default(),
        };
        let serving = receiver.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let receiver = serving.clone();
                std::thread::spawn(move || receiver.serve(stream));
            }
        });
        receiver
    }

    /// From now on it answers like this.
    pub fn becomes(&self, mood: Mood) {
        *self.mood.lock().expect("its mood") = mood;
    }

    /// What came so far.
    pub fn posted(&self) -> Vec<Posted> {
        self.posted.lock().expect("what came").clone()
    }

    /// Its address as a URL.
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.addr)
    }

    fn serve(&self, mut stream: TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        // Read before it is locked: who looks at what came must not wait for what is still coming.
        let posted = Posted::read(&mut reader)?;
        self.posted.lock().ok()?.push(posted);
        let mood = self.mood.lock().ok()?.clone();
        match mood {
            Mood::Says(bytes) => stream.write_all(&bytes).ok(),
            Mood::Closes => None,
            // Until the other side gives up.
            Mood::Stalls => reader.read(&mut [0]).ok().map(drop),
        }
    }
}
