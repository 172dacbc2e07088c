//! The phone's half against a city in memory, and the HTTP client against a hostile network.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod catalogue;
mod changes;
mod city;
mod conflicts;
mod encryption;
mod files;
mod hostile;
mod http;
mod machine;
mod notebook;
mod people;
mod photo;
mod photos;
mod recovery;
mod schema;
mod speed;
mod sync;
mod uploads;
