//! A door before a program that can be shut: what was under way breaks off, and nobody gets in.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// The door. What goes through it ends when it is dropped.
pub struct Gate {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

struct State {
    target: SocketAddr,
    shut: bool,
    over: bool,
    lines: Vec<TcpStream>,
}

impl Gate {
    /// An open door before the program at `url`, `http://127.0.0.1:port`.
    pub fn before(url: &str) -> Gate {
        let target: SocketAddr = url.strip_prefix("http://").unwrap().parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let state = State { target, shut: false, over: false, lines: Vec::new() };
        let (address, state) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(state)));
        let own = state.clone();
        thread::spawn(move || {
            for line in listener.incoming() {
                let mut state = own.lock().unwrap();
                if state.over {
                    return;
                }
                if let (Ok(line), false) = (line, state.shut) {
                    let there = TcpStream::connect(state.target).unwrap();
                    state.lines.extend([line.try_clone().unwrap(), there.try_clone().unwrap()]);
                    pass(line.try_clone().unwrap(), there.try_clone().unwrap());
                    pass(there, line);
                }
            }
        });
        Gate { address, state }
    }

    /// Its own address, to be used instead of the program's.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Shuts it.
    pub fn shut(&self) {
        let mut state = self.state.lock().unwrap();
        state.shut = true;
        // Those that have ended are no fault.
        state.lines.drain(..).for_each(|line| drop(line.shutdown(Shutdown::Both)));
    }

    /// The program has moved to `url`.
    pub fn lead_to(&self, url: &str) {
        self.state.lock().unwrap().target = url.strip_prefix("http://").unwrap().parse().unwrap();
    }

    /// Opens it again.
    pub fn open(&self) {
        self.state.lock().unwrap().shut = false;
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.shut();
        self.state.lock().unwrap().over = true;
        drop(TcpStream::connect(self.address));
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    thread::spawn(move || {
        drop(io::copy(&mut from, &mut to));
        drop(to.shutdown(Shutdown::Write));
    });
}
