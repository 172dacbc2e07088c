//! Accepting connections: bounded in number, patient with nobody, finished before the process ends.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::Accept;
use tokio_rustls::server::TlsStream;
use tower::ServiceExt as _;
use xuncha_core::host::Host;

use crate::api::Limits;
use crate::metrics::Requests;
use crate::tls::Tls;

/// How long a client may take to send the head of a request.
const HEAD_PATIENCE: Duration = Duration::from_secs(15);

/// How long open requests may take to finish once the server stops.
const STOP_PATIENCE: Duration = Duration::from_secs(10);

/// Largest head of a request, in bytes.
const HEAD: usize = 64 * 1024;

/// Most bytes of a body read from a connection at once. A connection begins with 8 KiB and comes to this only
/// while its bytes come as fast; the larger, the fewer times the server is woken for a photo.
const READ: usize = 256 * 1024;

/// Pause after a failed accept (no file handles left), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves `app` on `listener` until `stop` is ready, then finishes what is open. With `tls`, whoever does
/// not speak it gets no reply.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Tls>,
    app: Router,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    let (stopping, stopped) = watch::channel(());
    let room = Arc::new(Semaphore::new(limits.connections));
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        while connections.try_join_next().is_some() {}
        // A permit first: beyond the limit connections wait in the kernel instead of costing memory.
        let permit = tokio::select! {
            permit = room.clone().acquire_owned() => permit,
            () = &mut stop => break,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Small replies must not wait for more bytes to come.
                drop(stream.set_nodelay(true));
                let (app, watcher) = (app.clone(), graceful.watcher());
                // A client that breaks off is no accident of ours.
                match &tls {
                    None => {
                        let served = watcher.watch(connection(stream, peer, app, false));
                        connections.spawn(async move { drop((served.await, permit)) });
                    }
                    Some(tls) => {
                        let (greeting, stopped) = (tls.acceptor().accept(stream), stopped.clone());
                        connections.spawn(async move {
                            if let Some(stream) = greeted(greeting, stopped).await {
                                drop(watcher.watch(connection(stream, peer, app, true)).await);
                            }
                            drop(permit);
                        });
                    }
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop((listener, stopping));
    if tokio::time::timeout(STOP_PATIENCE, graceful.shutdown()).await.is_err() {
        // A client that neither reads nor leaves must not hold the ledger open.
        tracing::warn!("some requests were still open at the end");
        connections.shutdown().await;
    }
}

/// Marks a request that came over TLS.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Encrypted;

type Served = TowerToHyperService<tower::util::BoxCloneService<Request<Incoming>, Response, std::convert::Infallible>>;

/// The connection once both sides have agreed on keys; none when they do not within the time that the head of a
/// request may take, or the server stops.
async fn greeted(greeting: Accept<TcpStream>, mut stopped: watch::Receiver<()>) -> Option<TlsStream<TcpStream>> {
    tokio::select! {
        greeted = tokio::time::timeout(HEAD_PATIENCE, greeting) => greeted.ok()?.ok(),
        _ = stopped.changed() => None,
    }
}

fn connection<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    peer: SocketAddr,
    app: Router,
    encrypted: bool,
) -> http1::Connection<TokioIo<S>, Served> {
    let service = app.map_request(move |request: Request<Incoming>| {
        let mut request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(ConnectInfo::<IpAddr>(peer.ip()));
        if encrypted {
            request.extensions_mut().insert(Encrypted);
        }
        request
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .max_header_size(HEAD)
        .max_buf_size(READ)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(tower::util::BoxCloneService::new(service)))
}

/// The middleware that writes one structured line per request: route, status, time. No address, no
/// token, no text of anybody's. The request is counted too.
pub fn log(
    host: Host,
    requests: Requests,
) -> impl Fn(Request, Next) -> Pin<Box<dyn Future<Output = Response> + Send>> + Clone {
    move |request, next| {
        let (clock, requests) = (host.clock.clone(), requests.clone());
        Box::pin(async move {
            let route =
                request.extensions().get::<MatchedPath>().map_or("-".to_owned(), |path| path.as_str().to_owned());
            let (method, started) = (request.method().clone(), clock.mono());
            let response = next.run(request).await;
            let (status, millis) = (response.status().as_u16(), clock.mono() - started);
            requests.answered(&route, response.status(), millis);
            tracing::info!(%method, route, status, millis, "request");
            response
        })
    }
}
