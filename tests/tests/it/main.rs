//! Everything that is tested through a whole server, in one executable.
#![allow(clippy::unwrap_used)]

mod backup;
mod boston;
mod bundle;
mod clocks;
mod commands;
mod conflicts;
mod day_commands;
mod demo;
mod downloads;
mod guard;
mod http;
mod kills;
mod kills_backups;
mod kills_photos;
mod kills_servers;
mod lifecycle;
mod metrics;
mod moving;
mod network;
mod ops;
mod people;
mod photo_commands;
mod play;
mod postgres;
mod pull;
mod readiness;
mod real_photos;
mod recheck;
mod stories;
mod tamper;
mod tls;
mod tus;
mod uploads;
mod wire;
