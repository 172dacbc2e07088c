//! What a terminal or a service manager says to a program that runs.

/// Hears from the moment it is made on whether somebody asks the program to stop: made before the program says that
/// it runs, or who believes it would kill it.
#[cfg(unix)]
pub(super) struct Asked(Option<(tokio::signal::unix::Signal, tokio::signal::unix::Signal)>);

#[cfg(unix)]
impl Asked {
    /// To be called within the runtime.
    pub(super) fn to_stop() -> Asked {
        use tokio::signal::unix::{SignalKind, signal};
        Asked(signal(SignalKind::terminate()).ok().zip(signal(SignalKind::interrupt()).ok()))
    }

    /// Ready once somebody has asked.
    pub(super) async fn heard(self) {
        let Some((mut terminate, mut interrupt)) = self.0 else { return std::future::pending().await };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}

/// Hears whether somebody asks the program to stop.
#[cfg(not(unix))]
pub(super) struct Asked;

#[cfg(not(unix))]
impl Asked {
    /// To be called within the runtime.
    pub(super) fn to_stop() -> Asked {
        Asked
    }

    /// Ready once somebody has asked.
    pub(super) async fn heard(self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
