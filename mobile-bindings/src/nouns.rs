//! The nouns of core that cross as they are: places, tasks, people, what waits.

use xuncha_core::model::{EntityId, Is, KnownPlace, OpId, Place, Severity, Task as InspectionTask, Time};
use xuncha_core::notebook::{EnrolAgain, Person, PlaceNear, SignInAgain, SignedIn, WaitingOp, Whereabouts};

/// How bad it is.
#[uniffi::remote(Enum)]
pub enum Severity {
    /// 低: can wait for the next round.
    Low,
    /// 中: the ordinary case.
    Medium,
    /// 高: should be dealt with today.
    High,
    /// 紧急: danger to people or traffic.
    Urgent,
}

/// Where it is. WGS-84 degrees; accuracy in metres.
#[uniffi::remote(Record)]
pub struct Place {
    /// Latitude in degrees, -90 to 90; none when there was no fix and no pin.
    #[uniffi(default)]
    pub lat: Option<f64>,
    /// Longitude in degrees, -180 to 180; there exactly when `lat` is.
    #[uniffi(default)]
    pub lon: Option<f64>,
    /// Accuracy in metres, as the provider claimed it.
    #[uniffi(default)]
    pub accuracy: Option<f64>,
    /// Where the fix came from: `gps`, `network`, `pin`, `typed`.
    #[uniffi(default)]
    pub provider: Option<String>,
    /// The place in words: road, number, landmark.
    #[uniffi(default)]
    pub words: Option<String>,
    /// The known place that this is, or lies in.
    #[uniffi(default)]
    pub id: Option<EntityId>,
}

/// A place that is visited again and again.
#[uniffi::remote(Record)]
pub struct KnownPlace {
    /// Its id.
    pub id: EntityId,
    /// What it is called.
    pub name: String,
    /// The city's own number of it.
    pub code: Option<String>,
    /// Kind of place; its checklist is in the catalogue.
    pub place_type: String,
    /// Where it is.
    pub place: Option<Place>,
    /// Length in metres, of a road section or a river.
    pub length: Option<f64>,
    /// The unit on whose ground it lies.
    pub unit: Option<EntityId>,
    /// Items looked at here besides those of its kind.
    pub items: Vec<String>,
    /// Areas that hold it.
    pub areas: Vec<EntityId>,
    /// `active` or `retired`.
    pub status: String,
}

/// A known place and how far away it is.
#[uniffi::remote(Record)]
pub struct PlaceNear {
    /// The place.
    pub place: KnownPlace,
    /// Metres along the ground.
    pub metres: f64,
}

/// What follows from a place, as far as this phone knows.
#[uniffi::remote(Record)]
pub struct Whereabouts {
    /// Areas that hold it.
    pub areas: Vec<EntityId>,
    /// The unit on whose ground it lies.
    pub unit: Option<EntityId>,
}

/// A visit that somebody is to make. Not called `Task`, which in Swift is the language's own.
#[uniffi::remote(Record)]
pub struct InspectionTask {
    /// Its id.
    pub id: EntityId,
    /// What is to be done.
    pub name: String,
    /// `open`, `done`, `void`.
    pub status: String,
    /// Who is to do it; empty: whoever sees it.
    pub to: Vec<EntityId>,
    /// Where; names the known place.
    pub place: Option<Place>,
    /// Kind of place, whose checklist is to be gone through.
    pub place_type: Option<String>,
    /// Not before.
    pub opens: Option<Time>,
    /// Not after.
    pub due: Option<Time>,
    /// Nobody but those who do it hears of it (暗访).
    pub unannounced: bool,
    /// In words.
    pub note: Option<String>,
    /// The schedule that it follows from.
    pub schedule: Option<EntityId>,
    /// The day of the schedule, such as `2026-11-27`.
    pub on: Option<String>,
    /// The inspection that carried it out.
    pub inspection: Option<EntityId>,
    /// Why it is void.
    pub reason: Option<String>,
}

/// Whether something is as it should be.
#[uniffi::remote(Enum)]
pub enum Is {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// The question does not arise here.
    Na,
}

/// An op that is not judged yet.
#[uniffi::remote(Record)]
pub struct WaitingOp {
    /// The op.
    pub op: OpId,
    /// What it is about.
    pub finding: EntityId,
    /// What it does, such as `finding.record`.
    pub kind: String,
    /// `new`, `sent` (no answer known), `held` (the server misses something), `fork`.
    pub state: String,
    /// For `held`, what is missing.
    pub missing: Vec<String>,
}

/// Why a device must enrol again before it can sync. Recording goes on.
#[uniffi::remote(Enum)]
pub enum EnrolAgain {
    /// It has a new key that the server does not know yet.
    NewKey,
    /// The server has heard two different things from it at one place: it was cloned or restored.
    Fork,
    /// An administrator revoked it.
    Revoked,
    /// The server no longer knows any token of it.
    Token,
}

/// Why somebody should sign in again, online.
#[uniffi::remote(Enum)]
pub enum SignInAgain {
    /// The server no longer knows their token here: what only they may see has left the phone.
    Token,
    /// The server says that they have left; signing in again does not help.
    Left,
    /// The login is older than its rights last.
    Old,
}

/// Somebody who is signed in on this phone.
#[uniffi::remote(Record)]
pub struct SignedIn {
    /// The user.
    pub user: EntityId,
    /// Their name.
    pub name: String,
    /// True once they have set a PIN.
    pub has_pin: bool,
    /// True for the one who records now; at most one.
    pub is_current: bool,
    /// Too many wrong PINs: no try before then, by this phone's clock.
    pub locked_until: Option<Time>,
    /// Only signing in online lets them record here: they have no PIN, or too many were wrong.
    pub needs_sign_in: bool,
    /// Why they should sign in again, online. Recording goes on.
    pub sign_in_again: Option<SignInAgain>,
    /// Ops of theirs that were not judged yet.
    pub unsent: u64,
}

/// A user, for display.
#[uniffi::remote(Record)]
pub struct Person {
    /// The user.
    pub user: EntityId,
    /// Name.
    pub name: String,
    /// False once the user has left.
    pub active: bool,
}
