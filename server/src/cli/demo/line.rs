//! A bad line between the phones and the server: connections are slow, and break off.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::chance::Chance;
use crate::cli::Failure;

/// How the line is just now.
#[derive(Debug)]
enum Weather {
    Fine,
    /// Some connections break off after a while, some are slow.
    Bad(Chance),
    /// The next connection breaks off after the phone has sent so many bytes; then it is fine.
    Cut(usize),
}

#[derive(Debug)]
struct State {
    weather: Weather,
    broken: u64,
    sent: u64,
}

/// The line. Ends when dropped.
pub(super) struct Line {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    carrying: JoinHandle<()>,
}

impl Line {
    pub(super) async fn to(server: SocketAddr) -> Result<Line, Failure> {
        let failed = |error: io::Error| Failure::io("a line to the server", &error);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let state = Arc::new(Mutex::new(State { weather: Weather::Fine, broken: 0, sent: 0 }));
        let shared = state.clone();
        let carrying = tokio::spawn(async move {
            while let Ok((phone, _)) = listener.accept().await {
                let state = shared.clone();
                // When one side breaks off, the other is closed with it.
                tokio::spawn(async move { drop(carry(phone, server, &state).await) });
            }
        });
        Ok(Line { address, state, carrying })
    }

    /// What phones take for the server.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn clear_up(&self) {
        lock(&self.state).weather = Weather::Fine;
    }

    pub(super) fn turn_bad(&self, chance: Chance) {
        lock(&self.state).weather = Weather::Bad(chance);
    }

    pub(super) fn cut_next_after(&self, bytes: usize) {
        lock(&self.state).weather = Weather::Cut(bytes);
    }

    /// How many connections broke off so far.
    pub(super) fn broken(&self) -> u64 {
        lock(&self.state).broken
    }

    /// Bytes that phones have sent so far.
    pub(super) fn sent(&self) -> u64 {
        lock(&self.state).sent
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.carrying.abort();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What happens to one connection: how many bytes go up and down, and how slowly.
struct Fate {
    up: usize,
    down: usize,
    pause: Duration,
}

fn fate(state: &Mutex<State>) -> Fate {
    let mut fate = Fate { up: usize::MAX, down: usize::MAX, pause: Duration::ZERO };
    let mut state = lock(state);
    match &mut state.weather {
        Weather::Fine => {}
        Weather::Bad(chance) => match chance.below(5) {
            0 => fate.up = 100 + chance.below(200_000),
            1 => fate.down = 50 + chance.below(20_000),
            2 => fate.pause = Duration::from_millis(2 + chance.below(8) as u64),
            _ => {}
        },
        Weather::Cut(bytes) => {
            fate.up = *bytes;
            state.weather = Weather::Fine;
        }
    }
    fate
}

async fn carry(mut phone: TcpStream, server: SocketAddr, state: &Mutex<State>) -> io::Result<()> {
    let mut fate = fate(state);
    let mut server = TcpStream::connect(server).await?;
    let (mut up, mut down) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    loop {
        tokio::select! {
            read = phone.read(&mut up) => {
                let read = read?;
                let passed = read.min(fate.up);
                server.write_all(&up[..passed]).await?;
                fate.up -= passed;
                lock(state).sent += passed as u64;
                if read == 0 { return Ok(()) }
            }
            read = server.read(&mut down) => {
                let read = read?;
                let passed = read.min(fate.down);
                phone.write_all(&down[..passed]).await?;
                fate.down -= passed;
                if read == 0 { return Ok(()) }
            }
        }
        if fate.up == 0 || fate.down == 0 {
            lock(state).broken += 1;
            return Ok(());
        }
        if !fate.pause.is_zero() {
            tokio::time::sleep(fate.pause).await;
        }
    }
}
