//! The central ledger of Xuncha and its command line.

pub mod api;
pub mod auth;
pub mod backup;
pub mod blobs;
pub mod bundle;
pub mod casework;
pub mod catalogue;
pub mod cli;
pub mod console;
pub mod documents;
pub mod importing;
pub mod ledger;
pub mod listen;
pub mod metrics;
pub mod moving;
pub mod problem;
pub mod queue;
pub mod readiness;
pub mod routes;
pub mod settings;
pub mod signin;
mod sockets;
pub mod store;
pub mod tls;
pub mod webhook;
