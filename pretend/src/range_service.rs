//! A stand-in of Pwned Passwords' range service that writes down every octet it is sent.

use std::{
    fmt::Write,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::digest;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
};

/// Gone when dropped.
#[derive(Debug)]
pub struct RangeService {
    pub address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    /// Hashes, in upper case, and how often each was seen.
    hashes: Vec<(String, u32)>,
    mood: Mood,
    requests: Vec<String>,
    /// The range that is answered later, and what tells when.
    held: Option<(String, Arc<Notify>)>,
}

/// How it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mood {
    /// As it should: all hashes of the range, among others that are made up.
    Well,
    /// With another status, and these lines of header.
    Status(u16, String),
    /// With 200 and this text.
    Text(String),
    /// With 200 and lines without end.
    Endless,
    /// Not at all; the connection stays.
    Silent,
    /// By closing the connection.
    Hangup,
}

/// SHA-1, as 40 hexadecimal digits in upper case.
pub fn sha1(password: &str) -> String {
    let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
    digest.as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}

impl RangeService {
    /// On a free port of 127.0.0.1, without TLS.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let shared = Shared { hashes: Vec::new(), mood: Mood::Well, requests: Vec::new(), held: None };
        let shared = Arc::new(Mutex::new(shared));
        let of_task = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&of_task)));
            }
        });
        Ok(Self { address, shared, task })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on this password is among those that were exposed; with a count of 0 it is padding.
    pub fn expose(&self, password: &str, count: u32) {
        self.with(|shared| shared.hashes.push((sha1(password), count)));
    }

    pub fn forget_all(&self) {
        self.with(|shared| shared.hashes.clear());
    }

    pub fn be(&self, mood: Mood) {
        self.with(|shared| shared.mood = mood);
    }

    /// Every request since the last call, octet for octet.
    pub fn take_requests(&self) -> Vec<String> {
        self.with(|shared| std::mem::take(&mut shared.requests))
    }

    /// Leaves whoever asks about this password without an answer until [`Self::release`]; all others are answered.
    pub fn hold(&self, password: &str) {
        let range = sha1(password).chars().take(5).collect();
        self.with(|shared| {
            shared.requests.clear();
            shared.held = Some((range, Arc::new(Notify::new())));
        });
    }

    /// Waits until so many were left without an answer.
    pub async fn until_held(&self, count: usize) {
        let asked = || {
            self.with(|shared| {
                let range = shared.held.as_ref().map(|(range, _)| format!("/range/{range} "));
                let held = |range: &String| shared.requests.iter().filter(|request| request.contains(range)).count();
                range.is_some_and(|range| held(&range) >= count)
            })
        };
        let waiting = async {
            while !asked() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(crate::wait::BOUND, waiting).await.expect("somebody asks");
    }

    /// Answers whoever was left without.
    pub fn release(&self) {
        if let Some((_, released)) = self.with(|shared| shared.held.take()) {
            // Also for who comes to wait a moment later.
            released.notify_waiters();
            released.notify_one();
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Shared) -> T) -> T {
        act(&mut self.shared.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for RangeService {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, shared: Arc<Mutex<Shared>>) {
    let mut received = Vec::new();
    loop {
        while let Some(end) = received.windows(4).position(|octets| octets == b"\r\n\r\n") {
            let request = String::from_utf8_lossy(&received.drain(..end + 4).collect::<Vec<_>>()).into_owned();
            let (mood, held) = {
                let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
                shared.requests.push(request.clone());
                let held = shared.held.clone().filter(|(range, _)| request.contains(&format!("/range/{range} ")));
                (shared.mood.clone(), held)
            };
            if let Some((_, released)) = held {
                released.notified().await;
            }
            if answer(&mut stream, &request, mood, &shared).await.is_err() {
                return;
            }
        }
        let mut more = [0; 4_096];
        match stream.read(&mut more).await {
            Ok(count) if count > 0 => received.extend_from_slice(&more[..count]),
            _ => return,
        }
    }
}

async fn answer(stream: &mut TcpStream, request: &str, mood: Mood, shared: &Mutex<Shared>) -> io::Result<()> {
    let (status, headers, body) = match mood {
        Mood::Well => (200, String::new(), range(request, shared)),
        Mood::Status(status, headers) => (status, headers, String::new()),
        Mood::Text(body) => (200, String::new(), body),
        Mood::Silent => std::future::pending().await,
        Mood::Hangup => return Err(io::ErrorKind::ConnectionAborted.into()),
        Mood::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").await?;
            let line = format!("{}:1\r\n", "0".repeat(35)).repeat(100);
            loop {
                stream.write_all(line.as_bytes()).await?;
            }
        }
    };
    let head = format!("HTTP/1.1 {status} Said\r\n{headers}content-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await
}

fn range(request: &str, shared: &Mutex<Shared>) -> String {
    let prefix = request.split(' ').nth(1).and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    let shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
    let ours = shared.hashes.iter().filter_map(|(hash, count)| Some((hash.strip_prefix(prefix)?.to_owned(), *count)));
    // Some that are exposed, and padding, which has a count of 0.
    let others = (0..20).map(|number| (format!("{number:035X}"), number % 3));
    let mut lines: Vec<_> = ours.chain(others).collect();
    lines.sort();
    lines.iter().fold(String::new(), |mut text, (suffix, count)| {
        let _ = write!(text, "{suffix}:{count}\r\n");
        text
    })
}
