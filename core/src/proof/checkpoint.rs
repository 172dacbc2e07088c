//! Checkpoints: the server's signed word on the whole tree at one size, in the form of
//! [C2SP tlog-checkpoint](https://c2sp.org/tlog-checkpoint).

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{SigningKey, VerifyingKey};
use uuid::Uuid;

use super::note::{self, NoteError, Verifier};
use super::tree::{MAX_SIZE, empty_root};
use crate::model::Hash;

/// Which tree: a ledger begins a new one only when it starts a new epoch.
///
/// In text `xuncha/<ledger>/<epoch>`, in exactly one spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The ledger.
    pub ledger: Uuid,
    /// Which of its epochs.
    pub epoch: u32,
}

/// Text that is not an [`Origin`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the origin of a xuncha ledger")]
pub struct NotAnOrigin;

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "xuncha/{}/{}", self.ledger.hyphenated(), self.epoch)
    }
}

impl FromStr for Origin {
    type Err = NotAnOrigin;

    fn from_str(text: &str) -> Result<Origin, NotAnOrigin> {
        let rest = text.strip_prefix("xuncha/").ok_or(NotAnOrigin)?;
        let (ledger, epoch) = rest.split_once('/').ok_or(NotAnOrigin)?;
        let ledger = ledger.parse().map_err(|_| NotAnOrigin)?;
        let epoch = epoch.parse().map_err(|_| NotAnOrigin)?;
        let origin = Origin { ledger, epoch };
        // The parsers allow braces, capitals, a plus sign and leading zeros.
        if origin.to_string() == text { Ok(origin) } else { Err(NotAnOrigin) }
    }
}

/// Who signs for `ledger`: the name `xuncha/<ledger>`, the same in every epoch, with `key`.
/// Its [`Verifier::to_vkey`] is what an operator gives to witnesses and auditors.
pub fn ledger_verifier(ledger: Uuid, key: &VerifyingKey) -> Verifier {
    Verifier::named(signer_name(ledger), *key)
}

/// Without the epoch, so that one verifier key serves the ledger for life.
fn signer_name(ledger: Uuid) -> String {
    format!("xuncha/{}", ledger.hyphenated())
}

/// What a tree was at one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Checkpoint {
    /// Which tree.
    pub origin: Origin,
    /// Number of entries, at most [`MAX_SIZE`].
    pub size: u64,
    /// Root over them.
    pub root: Hash,
}

/// Why a checkpoint must not be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The note around it does not open.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The right key has signed something that is not a checkpoint.
    #[error("the note is not a checkpoint")]
    Malformed,
    /// The right key has signed a checkpoint of another ledger.
    #[error("the checkpoint is of another ledger")]
    OtherLedger,
}

impl Checkpoint {
    /// The checkpoint as a note signed with the ledger's `key`.
    ///
    /// Whoever calls this promises that the tree begins with every tree signed before in the same
    /// epoch: two checkpoints that contradict each other are proof of a server that lies.
    pub fn sign(&self, key: &SigningKey) -> String {
        note::sign_sound(&self.text(), &signer_name(self.origin.ledger), key)
    }

    /// Reads a checkpoint of `ledger` out of a note signed with the ledger's `key`. Other
    /// signatures are ignored, and so are extension lines: witnesses and later versions add them.
    ///
    /// # Errors
    /// Why the note must not be believed.
    pub fn open(note: &str, key: &VerifyingKey, ledger: Uuid) -> Result<Checkpoint, CheckpointError> {
        let text = note::open(note, &[ledger_verifier(ledger, key)])?;
        let checkpoint = Checkpoint::from_text(text).ok_or(CheckpointError::Malformed)?;
        // One key may serve two ledgers by mistake; a checkpoint must still not pass for both.
        if checkpoint.origin.ledger != ledger {
            return Err(CheckpointError::OtherLedger);
        }
        Ok(checkpoint)
    }

    fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root.0))
    }

    fn from_text(text: &str) -> Option<Checkpoint> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let origin = lines.next()?.parse().ok()?;
        let size = lines.next()?.parse().ok()?;
        let mut root = [0; 32];
        STANDARD.decode_slice(lines.next()?, &mut root).ok()?;
        let checkpoint = Checkpoint { origin, size, root: Hash(root) };
        // Comparing with what we would write refuses every second spelling of a number or a root.
        let sound = text.starts_with(&checkpoint.text())
            && lines.all(|extension| !extension.is_empty())
            && size <= MAX_SIZE
            && (size > 0 || checkpoint.root == empty_root());
        sound.then_some(checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use signed_note::{Note, StandardVerifier, VerifierList};

    use super::*;

    const LEDGER: Uuid = Uuid::from_u128(0x0198_1111_2222_7333_8444_5555_6666_7777);

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[7; 32])
    }

    fn checkpoint(size: u64) -> Checkpoint {
        let root = if size == 0 { empty_root() } else { Hash::of(b"root") };
        Checkpoint { origin: Origin { ledger: LEDGER, epoch: 3 }, size, root }
    }

    fn open(note: &str) -> Result<Checkpoint, CheckpointError> {
        Checkpoint::open(note, &key().verifying_key(), LEDGER)
    }

    /// Signs any text in the ledger's name.
    fn signed(text: &str) -> String {
        note::sign(text, &signer_name(LEDGER), &key()).unwrap()
    }

    #[test]
    fn a_checkpoint_is_written_as_the_specification_says() {
        let note = checkpoint(20_852_163).sign(&key());
        let (text, signature) = note.split_once("\n\n").unwrap();
        assert_eq!(
            text,
            "xuncha/01981111-2222-7333-8444-555566667777/3\n20852163\n\
             SBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I="
        );
        assert!(signature.starts_with("\u{2014} xuncha/01981111-2222-7333-8444-555566667777 "));
    }

    #[test]
    fn a_checkpoint_opens_with_its_key_and_ledger_only() {
        for size in [0, 1, 1000, MAX_SIZE] {
            assert_eq!(open(&checkpoint(size).sign(&key())), Ok(checkpoint(size)));
        }
        let note = checkpoint(9).sign(&key());
        let unsigned = Err(CheckpointError::Note(NoteError::Unsigned));
        let other_key = SigningKey::from_bytes(&[8; 32]).verifying_key();
        assert_eq!(Checkpoint::open(&note, &other_key, LEDGER), unsigned);
        assert_eq!(Checkpoint::open(&note, &key().verifying_key(), Uuid::nil()), unsigned);
        assert_eq!(
            open(&note.replace("\n9\n", "\n8\n")),
            Err(CheckpointError::Note(NoteError::BadSignature { name: signer_name(LEDGER) }))
        );
    }

    #[test]
    fn one_key_does_not_carry_a_checkpoint_into_another_ledger() {
        let other = Checkpoint { origin: Origin { ledger: Uuid::nil(), epoch: 1 }, ..checkpoint(9) };
        assert_eq!(open(&signed(&other.text())), Err(CheckpointError::OtherLedger));
    }

    #[test]
    fn extension_lines_are_ignored() {
        let text = format!("{}later\nand more\n", checkpoint(9).text());
        assert_eq!(open(&signed(&text)), Ok(checkpoint(9)));
    }

    #[test]
    fn another_spelling_is_not_a_checkpoint() {
        let good = checkpoint(9).text();
        let root = STANDARD.encode(checkpoint(9).root.0);
        let beyond = (MAX_SIZE + 1).to_string();
        for text in [
            "\n",
            "\n\n\n",
            &good[1..],
            &format!("{good}\n"),
            &format!("{good}\nlater\n"),
            &good.replace("\n9\n", "\n09\n"),
            &good.replace("\n9\n", "\n+9\n"),
            &good.replace("\n9\n", "\n-9\n"),
            &good.replace("\n9\n", "\n9 \n"),
            &good.replace("\n9\n", "\n\n"),
            &good.replace("\n9\n", "\n0\n"),
            &good.replace("\n9\n", &format!("\n{beyond}\n")),
            &good.replace("\n9\n", "\n99999999999999999999\n"),
            &good.replace("/3\n", "/03\n"),
            &good.replace("/3\n", "/3/4\n"),
            &good.replace("/3\n", "\n"),
            &good.replace("/3\n", "/4294967296\n"),
            &good.replace("-", ""),
            &good.replace(&root, ""),
            &good.replace(&root, root.trim_end_matches('=')),
            &good.replace(&root, &format!("{root}AAAA")),
            &good.replace(&root, &STANDARD.encode([0; 31])),
            &good.replace(&root, &STANDARD.encode([0; 33])),
            &good.replace(&root, &checkpoint(9).root.to_string()),
        ] {
            assert_eq!(open(&signed(text)), Err(CheckpointError::Malformed), "{text:?}");
        }
    }

    #[test]
    fn an_origin_has_one_spelling() {
        let origin = checkpoint(1).origin;
        assert_eq!(origin.to_string().parse(), Ok(origin));
        for text in [
            origin.to_string().to_uppercase(),
            origin.to_string().replace("xuncha", "Xuncha"),
            format!("xuncha/{{{LEDGER}}}/3"),
            format!("xuncha/{LEDGER}/+3"),
            format!("xuncha/{LEDGER}/"),
            format!("xuncha/{LEDGER}"),
            String::new(),
        ] {
            assert_eq!(text.parse::<Origin>(), Err(NotAnOrigin), "{text}");
        }
    }

    proptest! {
        #[test]
        fn other_tools_read_our_checkpoints(
            ledger in any::<u128>().prop_map(Uuid::from_u128),
            epoch in any::<u32>(),
            size in 1..=MAX_SIZE,
            root in any::<[u8; 32]>().prop_map(Hash),
        ) {
            let checkpoint = Checkpoint { origin: Origin { ledger, epoch }, size, root };
            let note = checkpoint.sign(&key());
            let public = key().verifying_key();
            prop_assert_eq!(Checkpoint::open(&note, &public, ledger), Ok(checkpoint));

            let vkey = ledger_verifier(ledger, &public).to_vkey();
            let known = VerifierList::new(vec![Box::new(StandardVerifier::new(&vkey).unwrap())]);
            let theirs = Note::from_bytes(note.as_bytes()).unwrap();
            prop_assert!(theirs.verify(&known).is_ok());
            prop_assert_eq!(theirs.text().to_vec(), checkpoint.text().into_bytes());
        }
    }
}
