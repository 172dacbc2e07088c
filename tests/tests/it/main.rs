//! Everything that is tested through a whole server, in one executable.
#![allow(clippy::unwrap_used)]

mod backup;
mod boston;
mod bundle;
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
mod lifecycle;
mod network;
mod ops;
mod people;
mod photo_commands;
mod play;
mod postgres;
mod pull;
mod real_photos;
mod recheck;
mod s3;
mod s3_faults;
mod stories;
mod tamper;
mod tus;
mod uploads;
mod wire;
