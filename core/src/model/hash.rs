//! SHA-256 digests and their one text form.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// A SHA-256 digest. In text it is `sha256:` and 43 characters of unpadded base64url.
///
/// The prefix names the algorithm so that another one can stand beside it one day;
/// base64url costs two thirds of what hexadecimal costs on the wire, where digests are
/// most of what does not compress.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

/// Text that is not a digest in the form [`Hash`](struct@Hash) describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a sha256: digest")]
pub struct NotAHash;

impl Hash {
    /// Digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Hash {
        Hash(Sha256::digest(bytes).into())
    }

    /// Digest of the concatenation of `parts`.
    pub fn of_parts(parts: &[&[u8]]) -> Hash {
        let mut digest = Sha256::new();
        for part in parts {
            digest.update(part);
        }
        Hash(digest.finalize().into())
    }

    /// Lower-case hexadecimal, for file names on file systems that ignore case.
    pub fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Hash, NotAHash> {
        let digits = text.strip_prefix("sha256:").ok_or(NotAHash)?;
        let mut bytes = [0; 32];
        match URL_SAFE_NO_PAD.decode_slice(digits, &mut bytes) {
            Ok(32) if digits.len() == 43 => Ok(Hash(bytes)),
            _ => Err(NotAHash),
        }
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Hash, D::Error> {
        super::parsed(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form_round_trips() {
        let hash = Hash::of(b"xuncha");
        assert_eq!(hash.to_string().len(), "sha256:".len() + 43);
        assert_eq!(hash.to_string().parse(), Ok(hash));
    }

    #[test]
    fn other_texts_are_not_a_hash() {
        let good = Hash::of(b"").to_string();
        for text in ["", "sha256:", &good[1..], &format!("{good}="), &good.replace("sha256", "sha512")] {
            assert_eq!(text.parse::<Hash>(), Err(NotAHash), "{text}");
        }
        // The last character holds spare bits: of the spellings that decode alike only one is valid.
        let spellings = (0..64_u8).filter(|sextet| {
            let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            let other = format!("{}{}", &good[..good.len() - 1], char::from(alphabet[usize::from(*sextet)]));
            other.parse::<Hash>().is_ok_and(|hash| hash.to_string() == other)
        });
        assert_eq!(spellings.count(), 16);
    }
}
