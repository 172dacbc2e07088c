//! A bad network: a proxy on loopback between phone and server that fails on demand, and counts.
//!
//! It understands HTTP/1.1 with Content-Length bodies and nothing else.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// What happens to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection closes at once; the server hears nothing.
    Drop,
    /// The request waits this long, then goes its way.
    Delay(Duration),
    /// The server gets this many bytes of the request, then nothing more.
    CutRequest(usize),
    /// The server gets all of it and does it; the phone gets this many bytes of the reply. 0: the reply is lost.
    CutReply(usize),
    /// The same, with this many lines of the reply's head; with more than there are, all of the reply and no more.
    CutReplyLines(usize),
    /// The server gets it twice, one after the other; the phone gets the second reply.
    Duplicate,
    /// A hotel's sign-in page, with status 200; the server hears nothing.
    CaptivePortal,
    /// A proxy answers with this status, such as 503 or 429, and `Retry-After: 1`.
    Status(u16),
}

#[derive(Default)]
struct State {
    server: Option<SocketAddr>,
    next: VecDeque<Option<Fault>>,
    of_kind: Vec<(String, Fault)>,
    always: Option<Fault>,
    counts: Counts,
}

/// What went through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests that phones sent.
    pub requests: u64,
    /// Requests that a fault befell.
    pub faults: u64,
    /// Of these, replies of which a cut left everything: only the line was lost.
    pub left_whole: u64,
    /// Bytes that phones sent, heads included.
    pub bytes_up: u64,
    /// Bytes that phones received, heads included.
    pub bytes_down: u64,
}

/// A network with one server behind it. Ends when dropped.
pub struct Net {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    running: JoinHandle<()>,
}

impl Net {
    /// A network in front of `server`, without faults.
    pub async fn before(server: SocketAddr) -> Net {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State { server: Some(server), ..State::default() }));
        let shared = state.clone();
        let running = tokio::spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((phone, _)) = listener.accept().await {
                let state = shared.clone();
                // Whichever side breaks off, the other one is closed with it: that is the fault.
                open.spawn(async move { drop(carry(phone, &state).await) });
            }
        });
        Net { address, state, running }
    }

    /// What phones take for the server.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The server has moved, or is gone.
    pub fn lead_to(&self, server: Option<SocketAddr>) {
        self.state.lock().unwrap().server = server;
    }

    /// The next request that nothing is planned for suffers this.
    pub fn fail_next(&self, fault: Fault) {
        self.state.lock().unwrap().next.push_back(Some(fault));
    }

    /// The next request that nothing is planned for goes through.
    pub fn spare_next(&self) {
        self.state.lock().unwrap().next.push_back(None);
    }

    /// The next request that begins with `kind`, such as `POST /v1/push`, suffers this, whatever else is planned.
    pub fn fail_next_of(&self, kind: &str, fault: Fault) {
        self.state.lock().unwrap().of_kind.push((kind.to_owned(), fault));
    }

    /// From now on every request that nothing is planned for suffers this; none: goes through.
    pub fn fail_always(&self, fault: Option<Fault>) {
        self.state.lock().unwrap().always = fault;
    }

    /// What went through so far.
    pub fn counts(&self) -> Counts {
        self.state.lock().unwrap().counts
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        self.running.abort();
    }
}

async fn carry(mut phone: TcpStream, state: &Mutex<State>) -> io::Result<()> {
    let mut server: Option<TcpStream> = None;
    loop {
        let Some(request) = message(&mut phone, &mut Vec::new()).await? else { return Ok(()) };
        let (fault, address) = plan(state, &request);
        match fault {
            Some(Fault::Drop) => return Ok(()),
            Some(Fault::CaptivePortal) => {
                let page = "<!DOCTYPE html><html><body>欢迎使用酒店网络，请登录</body></html>";
                give(&mut phone, state, canned(200, "text/html; charset=utf-8", page).as_bytes()).await?;
                continue;
            }
            Some(Fault::Status(status)) => {
                give(&mut phone, state, canned(status, "text/plain", "later").as_bytes()).await?;
                continue;
            }
            // The only wait of the harness that is about time: it is what the fault is.
            Some(Fault::Delay(time)) => tokio::time::sleep(time).await,
            _ => {}
        }
        let Some(address) = address else { return Ok(()) };
        let stream = match &mut server {
            Some(stream) => stream,
            None => server.insert(TcpStream::connect(address).await?),
        };
        let kept = &mut Vec::new();
        if let Some(Fault::CutRequest(bytes)) = fault {
            stream.write_all(&request[..bytes.min(request.len())]).await?;
            return stream.shutdown().await;
        }
        stream.write_all(&request).await?;
        let mut reply = message(stream, kept).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
        if fault == Some(Fault::Duplicate) {
            stream.write_all(&request).await?;
            reply = message(stream, kept).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
        }
        let cut = match fault {
            Some(Fault::CutReply(bytes)) => Some(bytes.min(reply.len())),
            Some(Fault::CutReplyLines(lines)) => Some(behind_lines(&reply, lines)),
            _ => None,
        };
        if let Some(cut) = cut {
            state.lock().unwrap().counts.left_whole += u64::from(cut == reply.len());
            return give(&mut phone, state, &reply[..cut]).await;
        }
        give(&mut phone, state, &reply).await?;
    }
}

fn plan(state: &Mutex<State>, request: &[u8]) -> (Option<Fault>, Option<SocketAddr>) {
    let mut state = state.lock().unwrap();
    let of_kind = state.of_kind.iter().position(|(kind, _)| request.starts_with(kind.as_bytes()));
    let fault = match of_kind {
        Some(place) => Some(state.of_kind.remove(place).1),
        None => state.next.pop_front().unwrap_or(state.always),
    };
    state.counts.requests += 1;
    state.counts.faults += u64::from(fault.is_some());
    state.counts.bytes_up += request.len() as u64;
    (fault, state.server)
}

async fn give(phone: &mut TcpStream, state: &Mutex<State>, bytes: &[u8]) -> io::Result<()> {
    state.lock().unwrap().counts.bytes_down += bytes.len() as u64;
    phone.write_all(bytes).await?;
    phone.flush().await
}

fn canned(status: u16, kind: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status} -\r\ncontent-type: {kind}\r\nretry-after: 1\r\ncontent-length: {length}\r\n\r\n{body}")
}

/// Where the first `lines` lines of the head of `reply` end; its end where the head has fewer.
fn behind_lines(reply: &[u8], lines: usize) -> usize {
    let head = reply.windows(4).position(|four| four == b"\r\n\r\n").map_or(reply.len(), |place| place + 4);
    let mut ends = (0..head).filter(|at| reply[*at] == b'\n').map(|at| at + 1);
    if lines == 0 { 0 } else { ends.nth(lines - 1).unwrap_or(reply.len()) }
}

/// One whole request or reply; none when the connection ends before one begins. `read` holds what
/// came of it.
async fn message(stream: &mut TcpStream, read: &mut Vec<u8>) -> io::Result<Option<Vec<u8>>> {
    loop {
        if let Some(whole) = length(read).filter(|whole| read.len() >= *whole) {
            let rest = read.split_off(whole);
            return Ok(Some(std::mem::replace(read, rest)));
        }
        if stream.read_buf(read).await? == 0 {
            return if read.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
    }
}

/// Length of the message that begins in `read`, once its head is here.
fn length(read: &[u8]) -> Option<usize> {
    let head = read.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&read[..head]).to_lowercase();
    let body =
        text.lines().find_map(|line| line.strip_prefix("content-length:")).map_or(0, |n| n.trim().parse().unwrap());
    Some(head + body)
}
