//! Why a photo could not be sealed or shown.

use std::io;

/// What went wrong with one photo. The other photos of a finding are not touched by it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PhotoError {
    /// There are no bytes: take or choose the photo again.
    #[error("the photo has no bytes")]
    Empty,
    /// Neither JPEG nor PNG nor HEIC by its first bytes: choose another file.
    #[error("not a JPEG, PNG or HEIC image")]
    NotAnImage,
    /// More bytes than [`MAX_ORIGINAL`](super::MAX_ORIGINAL): choose a smaller file.
    #[error("more than {limit} bytes")]
    TooManyBytes {
        /// How many are allowed.
        limit: u64,
    },
    /// More pixels than a preview is made of ([`MAX_PIXELS`](super::MAX_PIXELS),
    /// [`MAX_SIDE`](super::MAX_SIDE), less for pictures that unfold in memory): the original can be
    /// sealed, it only has no preview.
    #[error("{width} x {height} pixels are too many for a preview")]
    TooManyPixels {
        /// Width as the file claims it, in pixels.
        width: u32,
        /// Height as the file claims it, in pixels.
        height: u32,
    },
    /// The picture is cut off, contradicts itself or made its decoder fail: the original can be sealed,
    /// it only has no preview.
    #[error("the picture is damaged: {detail}")]
    Damaged {
        /// What the decoder found.
        detail: String,
    },
    /// A kind of picture that this version cannot draw, such as HEIC: the app may hand previews in.
    #[error("no preview can be made of {kind} yet")]
    NoPreviewYet {
        /// Which kind.
        kind: &'static str,
    },
    /// The font for stamps is damaged or none at all.
    #[error("the font cannot be used: {detail}")]
    BadFont {
        /// What is wrong with it.
        detail: String,
    },
    /// The disk is full: free some space and try again. Nothing half-written stays under a final name.
    #[error("the disk is full")]
    DiskFull(#[source] io::Error),
    /// A file or folder cannot be read or written.
    #[error("{0}")]
    Io(#[source] io::Error),
}

impl PhotoError {
    /// The stable snake_case code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            PhotoError::Empty => "empty",
            PhotoError::NotAnImage => "not_an_image",
            PhotoError::TooManyBytes { .. } => "too_many_bytes",
            PhotoError::TooManyPixels { .. } => "too_many_pixels",
            PhotoError::Damaged { .. } => "damaged",
            PhotoError::NoPreviewYet { .. } => "no_preview_yet",
            PhotoError::BadFont { .. } => "bad_font",
            PhotoError::DiskFull(_) => "storage_full",
            PhotoError::Io(_) => "io",
        }
    }

    pub(super) fn damaged(detail: impl std::fmt::Display) -> PhotoError {
        PhotoError::Damaged { detail: detail.to_string() }
    }
}

impl From<io::Error> for PhotoError {
    fn from(error: io::Error) -> PhotoError {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => PhotoError::DiskFull(error),
            _ => PhotoError::Io(error),
        }
    }
}
