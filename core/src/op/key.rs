//! Device keys: Ed25519, with the algorithm named in every text form.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::model::{DeviceId, Hash};

/// A device's secret key. Its seed is wiped from memory when dropped and never printed.
#[derive(Clone)]
pub struct DeviceKey(SigningKey);

impl DeviceKey {
    /// The key grown from 32 random bytes.
    pub fn from_seed(seed: &Zeroizing<[u8; 32]>) -> DeviceKey {
        DeviceKey(SigningKey::from_bytes(seed))
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs `message`.
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }

    /// The key as the proof room takes it, for the ledger's own key.
    pub fn signing_key(&self) -> &SigningKey {
        &self.0
    }
}

impl fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceKey({})", self.public())
    }
}

/// A public key. In text `ed25519:` and 43 characters of unpadded base64url.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(pub VerifyingKey);

/// A signature. In text `ed25519:` and 86 characters of unpadded base64url.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub [u8; 64]);

/// Text that is not a key or signature in its one spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an ed25519: key or signature")]
pub struct NotAKey;

impl PublicKey {
    /// The fingerprint: SHA-256 of the key's text form, prefix included.
    pub fn device(&self) -> DeviceId {
        DeviceId(Hash::of(self.to_string().as_bytes()))
    }

    /// True when `signature` is this key's over `message` (strict: no malleable or weak forms).
    pub fn verifies(&self, message: &[u8], signature: &Signature) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        self.0.verify_strict(message, &signature).is_ok()
    }
}

fn decode<const N: usize>(text: &str) -> Result<[u8; N], NotAKey> {
    let digits = text.strip_prefix("ed25519:").ok_or(NotAKey)?;
    let bytes = URL_SAFE_NO_PAD.decode(digits).map_err(|_| NotAKey)?;
    bytes.try_into().map_err(|_| NotAKey)
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ed25519:{}", URL_SAFE_NO_PAD.encode(self.0.as_bytes()))
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ed25519:{}", URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl FromStr for PublicKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<PublicKey, NotAKey> {
        VerifyingKey::from_bytes(&decode(text)?).map(PublicKey).map_err(|_| NotAKey)
    }
}

impl FromStr for Signature {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Signature, NotAKey> {
        decode(text).map(Signature)
    }
}

macro_rules! as_text {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

as_text!(PublicKey, Signature);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_verifies_only_its_own_message_and_key() {
        let key = DeviceKey::from_seed(&Zeroizing::new([7; 32]));
        let other = DeviceKey::from_seed(&Zeroizing::new([8; 32]));
        let signature = key.sign(b"message");
        assert!(key.public().verifies(b"message", &signature));
        assert!(!key.public().verifies(b"Message", &signature));
        assert!(!other.public().verifies(b"message", &signature));
    }

    #[test]
    fn text_forms_round_trip_and_hide_the_seed() {
        let key = DeviceKey::from_seed(&Zeroizing::new([7; 32]));
        assert_eq!(key.public().to_string().parse(), Ok(key.public()));
        let signature = key.sign(b"");
        assert_eq!(signature.to_string().parse(), Ok(signature));
        assert!(format!("{key:?}").starts_with("DeviceKey(ed25519:"));
        assert_eq!("ed25519:AAAA".parse::<PublicKey>(), Err(NotAKey));
    }
}
