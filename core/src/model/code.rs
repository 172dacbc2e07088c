//! The stable codes with which Xuncha says no.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal;)*) => {
        /// Why something was refused: stable snake_case names, the same in JSON, on screen and in logs.
        ///
        /// A code that this version has not heard of is kept as it is ([`Code::Other`]).
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* $variant,)*
            /// A code from a newer server.
            Other(String),
        }

        impl Code {
            /// Every code of this version.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The stable name.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Code::$variant => $text,)*
                    Code::Other(text) => text,
                }
            }
        }

        impl From<String> for Code {
            fn from(text: String) -> Code {
                match text.as_str() {
                    $($text => Code::$variant,)*
                    _ => Code::Other(text),
                }
            }
        }
    };
}

codes! {
    // Verdicts: an op was refused for good.
    /// The op is meant for another city's ledger.
    WrongLedger = "wrong_ledger";
    /// The same id was used before for something else.
    IdReused = "id_reused";
    /// A field is missing, malformed or out of range; the detail begins with the field's name.
    BadField = "bad_field";
    /// The entity is of another kind than the op is about.
    WrongKind = "wrong_kind";
    /// The entity exists already and was made by another op.
    Exists = "exists";
    /// No role of the user allows this.
    NotAllowed = "not_allowed";
    /// The op names no user, or no login, though a device said it.
    NoSession = "no_session";
    /// The login belongs to another user or another notebook.
    WrongSession = "wrong_session";
    /// The step's `from` is no longer the entity's state; the detail is the state that is.
    StateChanged = "state_changed";
    /// There is no conflict about this field.
    NoConflict = "no_conflict";
    /// Two people disagree about a field: somebody decides that first; the detail is the field.
    Disputed = "disputed";
    /// Nobody has said which days of this year are worked; the detail is the year.
    NoCalendar = "no_calendar";
    /// Photos that this step needs are not here yet, or not there at all.
    EvidenceMissing = "evidence_missing";
    /// Nobody decides about what they, or their own unit, did.
    OwnCase = "own_case";
    /// The unit has nobody who could sign or reply.
    UnitEmpty = "unit_empty";
    /// The deadline would lie in the past, or before the one that there is.
    DeadlinePassed = "deadline_passed";
    /// The unit has appealed against this notice before.
    AppealedBefore = "appealed_before";
    /// The finding stands on a notice: that is withdrawn first.
    OnNotice = "on_notice";
    /// The server failed over this one op; its text is kept.
    Internal = "internal";
    /// The ledger alone says such ops.
    LedgerOnly = "ledger_only";

    // Problems: a request was turned away.
    /// The body is not what this address takes; the detail names the member.
    Malformed = "malformed";
    /// The body is larger than this address takes.
    TooLarge = "too_large";
    /// The push is not signed by its device for this ledger.
    BadSignature = "bad_signature";
    /// No device with this id is enrolled.
    UnknownDevice = "unknown_device";
    /// The token is missing or not valid.
    BadToken = "bad_token";
    /// The name or the password is not right; which of them is not told.
    WrongPassword = "wrong_password";
    /// A page of another site asks in the name of whoever is signed in.
    CrossSite = "cross_site";
    /// The device was revoked.
    DeviceRevoked = "device_revoked";
    /// The user has left.
    UserRetired = "user_retired";
    /// The enrolment code is unknown, used or too old.
    BadCode = "bad_code";
    /// Too many requests; Retry-After says when to come back.
    TooMany = "too_many";
    /// The server is shutting down, overloaded or cannot reach its store; come back later.
    Unavailable = "unavailable";
    /// This server was built without what was asked for; the detail names it.
    NotBuilt = "not_built";
    /// No font to set paper in: the settings name none, or one that cannot be used; the detail begins with `font`.
    NoFont = "no_font";
    /// The disk is full; nothing was stored.
    StorageFull = "storage_full";
    /// There is nothing at this address.
    NotFound = "not_found";
    /// The address does not take this method.
    BadMethod = "bad_method";
    /// The phone has seen a larger or another ledger than this server has.
    LedgerRolledBack = "ledger_rolled_back";
    /// The request took too long.
    Timeout = "timeout";
    /// The ledger was restored from a backup and goes on in a new epoch: take everything anew.
    NewEpoch = "new_epoch";

    // Files: an upload or a download was turned away.
    /// The bytes are not those that were announced; nothing of them was kept.
    HashMismatch = "hash_mismatch";
    /// The upload stands at another offset; ask where.
    OffsetMismatch = "offset_mismatch";
    /// There is no such upload, or no longer: begin again.
    UploadGone = "upload_gone";
    /// This device has uploaded too much that no op refers to.
    QuotaFull = "quota_full";
    /// The kept bytes are no longer those that were sealed, and are not shown.
    BlobDamaged = "blob_damaged";
    /// The server speaks another version of the upload protocol.
    BadVersion = "bad_version";
    /// The range lies outside the file.
    BadRange = "bad_range";
}

impl From<Code> for String {
    fn from(code: Code) -> String {
        code.as_str().to_owned()
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
