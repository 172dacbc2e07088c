//! What a test is played with: a clock and a chance that it decides, a real server, a phone made by
//! hand, and a network that fails on demand.

mod app;
mod binary;
mod chance;
mod clock;
mod database;
mod files;
mod gate;
mod lookup;
mod net;
mod office;
mod phone;
mod raw;
mod rust_app;
mod rust_calls;
mod server;
mod shelf;
mod world;

pub use app::{App, Fault as AppFault, ForeignApp, GIVEN, Said, Tongue, bindings, jvm, python_with_bindings};
pub use binary::{Outcome, Process, binary, run, xuncha};
pub use chance::SeededRandom;
pub use clock::Clock;
pub use database::{
    cluster, drop_database, literal, new_database, open_settings, place, place_at, run_behind, run_there,
};
pub use files::{Line, announced, photo, picture, put_bytes, until};
pub use gate::Gate;
pub use lookup::{lacking, python, shared};
pub use net::{Counts, Fault, Net};
pub use office::{Office, entries_of_a_new_ledger, street_list};
pub use phone::{Phone, words};
pub use raw::{Answer, RawPhone, http_client};
pub use rust_app::RustApp;
pub use server::TestServer;
pub use shelf::{Shelf, StrictStore, bucket, depot_of, new_place};
pub use world::{check_folder, copy_ledger, long_run, problems_of, square};
