//! What operators add to a server: TLS before it and a listener for their monitor beside it.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::Failure;
use crate::api::{self, Limits};
use crate::listen;
use crate::settings::Settings;
use crate::tls::{LOOK, TlsError, TlsFiles};

/// Most connections of monitors at once.
const CONNECTIONS: usize = 64;

#[derive(Debug, Args)]
pub(super) struct Operation {
    /// Address of a second listener, for monitors: /metrics, /live and /ready. It asks nobody who they are, so
    /// phones must not reach it.
    #[arg(long, value_name = "ADDRESS", env = "XUNCHA_METRICS")]
    metrics: Option<SocketAddr>,
    /// Certificate (PEM, the chain behind it) to speak TLS with; needs --tls-key. Read again when it changes.
    #[arg(long, value_name = "FILE", env = "XUNCHA_TLS_CERTIFICATE")]
    tls_certificate: Option<PathBuf>,
    /// Key of the certificate (PEM).
    #[arg(long, value_name = "FILE", env = "XUNCHA_TLS_KEY")]
    tls_key: Option<PathBuf>,
}

impl Operation {
    /// With what the settings say where the command line says nothing.
    pub(super) fn complete(self, settings: &Settings) -> Result<(Option<SocketAddr>, Option<TlsFiles>), Failure> {
        let certificate = self.tls_certificate.or_else(|| settings.tls_certificate.clone());
        let key = self.tls_key.or_else(|| settings.tls_key.clone());
        let lacks = |field: &str, other: &str| {
            Err(Failure::new("tls_incomplete", format!("{field}: is missing, {other} is given: TLS needs both")))
        };
        let tls = match (certificate, key) {
            (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key, look: LOOK }),
            (None, None) => None,
            (Some(_), None) => return lacks("tls_key", "tls_certificate"),
            (None, Some(_)) => return lacks("tls_certificate", "tls_key"),
        };
        Ok((self.metrics.or(settings.metrics), tls))
    }
}

/// Listens on `address`, which `field` says.
pub(super) async fn bind(field: &str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), Failure> {
    use std::io::ErrorKind;
    let bound = match TcpListener::bind(address).await {
        Ok(listener) => listener.local_addr().map(|address| (listener, address)),
        Err(error) => Err(error),
    };
    bound.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => {
            Failure::new("address_taken", format!("{field}: something listens on {address} already"))
        }
        ErrorKind::AddrNotAvailable => {
            Failure::new("address_unknown", format!("{field}: {address} is no address of this machine"))
        }
        _ => Failure::io(format!("{field}: {address}"), &error),
    })
}

/// The listener for monitors while it serves.
pub(super) struct Monitored {
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl Monitored {
    pub(super) fn serve(listener: TcpListener, seen: api::Operation) -> Monitored {
        let (stop, stopped) = oneshot::channel::<()>();
        let limits = Limits { connections: CONNECTIONS, ..Limits::default() };
        let stopping = async { drop(stopped.await) };
        let served = tokio::spawn(listen::serve(listener, None, seen.routes(), limits, stopping));
        Monitored { stop, served }
    }

    /// Ends it. No handle on the service is left then.
    pub(super) async fn stop(self) {
        // Nobody hears it only when it has ended already.
        let _ = self.stop.send(());
        drop(self.served.await);
    }
}

impl From<TlsError> for Failure {
    fn from(error: TlsError) -> Failure {
        Failure::new(error.code(), error)
    }
}
