//! The signed push: one signature over the hashes of many ops.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{DeviceKey, PublicKey, Signature};
use crate::model::{DeviceId, Hash, LedgerId};

/// What a phone sends: op texts as they were written, and one signature over their hashes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Push {
    /// Who sends.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub device: DeviceId,
    /// Op texts, in the device's order.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Object>))]
    pub ops: Vec<Box<RawValue>>,
    /// Signature over [`push_message`].
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub sig: Signature,
}

impl Push {
    /// Signs `texts`, which must each be one JSON value.
    ///
    /// # Errors
    /// When a text is not JSON at all.
    pub fn sign(ledger: LedgerId, key: &DeviceKey, texts: Vec<String>) -> serde_json::Result<Push> {
        let device = key.public().device();
        let ops = texts.into_iter().map(RawValue::from_string).collect::<serde_json::Result<Vec<_>>>()?;
        let hashes = hashes_of(&ops);
        let sig = key.sign(&push_message(ledger, &device, &hashes));
        Ok(Push { device, ops, sig })
    }

    /// Hashes of the op texts, in order.
    pub fn hashes(&self) -> Vec<Hash> {
        hashes_of(&self.ops)
    }

    /// True when `key` is the device's and signed exactly these texts for `ledger`.
    pub fn is_signed_by(&self, key: &PublicKey, ledger: LedgerId) -> bool {
        self.is_signed_over(&self.hashes(), key, ledger)
    }

    /// [`Push::is_signed_by`] for a caller that has the hashes already; they must be these texts'.
    pub fn is_signed_over(&self, hashes: &[Hash], key: &PublicKey, ledger: LedgerId) -> bool {
        key.device() == self.device && key.verifies(&push_message(ledger, &self.device, hashes), &self.sig)
    }
}

fn hashes_of(ops: &[Box<RawValue>]) -> Vec<Hash> {
    ops.iter().map(|op| Hash::of(op.get().as_bytes())).collect()
}

/// The bytes a push signature covers: `xuncha-push-1`, the ledger, the device and the op hashes,
/// one a line, each line ended by a line feed.
///
/// ```
/// use xuncha_core::model::{DeviceId, Hash, LedgerId};
/// let ledger: LedgerId = "01976b2e-7c00-7000-8000-000000000001".parse().unwrap();
/// let device = DeviceId(Hash::of(b"key"));
/// let message = xuncha_core::op::push_message(ledger, &device, &[Hash::of(b"op")]);
/// let lines: Vec<_> = std::str::from_utf8(&message).unwrap().lines().collect();
/// assert_eq!(lines[0], "xuncha-push-1");
/// assert_eq!(lines[1], ledger.to_string());
/// assert_eq!(lines[3], Hash::of(b"op").to_string());
/// ```
pub fn push_message(ledger: LedgerId, device: &DeviceId, hashes: &[Hash]) -> Vec<u8> {
    let mut message = format!("xuncha-push-1\n{ledger}\n{device}\n");
    for hash in hashes {
        message.push_str(&hash.to_string());
        message.push('\n');
    }
    message.into_bytes()
}

/// The bytes a new device signs to show that it holds its key: `xuncha-enrol-1`, the ledger, the
/// hash of the enrolment code and the public key, one a line, each line ended by a line feed.
pub fn enrol_message(ledger: LedgerId, code: &str, key: &PublicKey) -> Vec<u8> {
    format!("xuncha-enrol-1\n{ledger}\n{}\n{key}\n", Hash::of(code.as_bytes())).into_bytes()
}

/// The bytes a device signs under a bundle: `xuncha-bundle-1`, the ledger, the device and the hash of
/// the manifest's text, one a line, each line ended by a line feed.
pub fn bundle_message(ledger: LedgerId, device: &DeviceId, manifest: &Hash) -> Vec<u8> {
    format!("xuncha-bundle-1\n{ledger}\n{device}\n{manifest}\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    #[test]
    fn the_signature_covers_the_ledger_and_every_byte_of_every_op() {
        let key = DeviceKey::from_seed(&Zeroizing::new([1; 32]));
        let (ours, theirs) = (LedgerId(uuid::Uuid::from_u128(1)), LedgerId(uuid::Uuid::from_u128(2)));
        let push = Push::sign(ours, &key, vec![r#"{"a":1}"#.into(), r#"{"b":2}"#.into()]).unwrap();
        assert!(push.is_signed_by(&key.public(), ours));
        assert!(!push.is_signed_by(&key.public(), theirs));

        let wire = serde_json::to_string(&push).unwrap();
        let back: Push = serde_json::from_str(&wire).unwrap();
        assert!(back.is_signed_by(&key.public(), ours));
        for (from, to) in [(r#"{"a":1}"#, r#"{"a": 1}"#), (r#"{"a":1},"#, ""), (r#"{"b":2}"#, r#"{"b":3}"#)] {
            let forged: Push = serde_json::from_str(&wire.replace(from, to)).unwrap();
            assert!(!forged.is_signed_by(&key.public(), ours), "{from} -> {to}");
        }
    }
}
