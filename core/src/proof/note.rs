//! Signed notes: a text and who stands by it, in the form of
//! [C2SP signed-note](https://c2sp.org/signed-note), with Ed25519 keys.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use crate::model::Hash;

/// The longest note, in bytes, that is signed or read: room for the 16 signatures that the
/// specification demands, even if all are post-quantum ones.
pub const MAX_BYTES: usize = 128 * 1024;

/// The most signatures a note may carry.
pub const MAX_SIGNATURES: usize = 32;

/// The longest name of a key, in bytes.
pub const MAX_NAME: usize = 256;

/// The specification's number for Ed25519. It is hashed into the key id.
const ED25519: u8 = 1;

/// What opens a signature line: an em dash and a space.
const DASH: &str = "\u{2014} ";

/// Why a note cannot be signed or must not be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// More than [`MAX_BYTES`] or [`MAX_SIGNATURES`].
    #[error("the note is too large")]
    TooLarge,
    /// Not a text, a blank line and signature lines.
    #[error("not a signed note")]
    Malformed,
    /// A text ends in a newline and has no other control character.
    #[error("this text cannot be the text of a note")]
    BadText,
    /// A name is 1 to [`MAX_NAME`] bytes without spaces, plus signs and control characters.
    #[error("this cannot be the name of a key")]
    BadName,
    /// Not `name+id+key`, or the id is not that of the key.
    #[error("not the text of a verifier key")]
    BadKey,
    /// Nobody known has signed the note.
    #[error("no known key has signed the note")]
    Unsigned,
    /// A signature in the name of a known key was not made by it.
    #[error("the signature of {name} is false")]
    BadSignature {
        /// Name of the key.
        name: String,
    },
}

/// A key whose signatures are believed, under the name it signs with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    key: VerifyingKey,
    id: [u8; 4],
}

impl Verifier {
    /// Verifier of what `key` signs as `name`.
    ///
    /// # Errors
    /// [`NoteError::BadName`].
    pub fn new(name: &str, key: VerifyingKey) -> Result<Verifier, NoteError> {
        if is_name(name) { Ok(Verifier::named(name.to_owned(), key)) } else { Err(NoteError::BadName) }
    }

    /// [`Verifier::new`] for a name that is known to be one.
    pub(super) fn named(name: String, key: VerifyingKey) -> Verifier {
        let id = key_id(&name, &key);
        Verifier { name, key, id }
    }

    /// Name that the key signs with.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key.
    pub fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// The key as text: name, id in hexadecimal and key in base64, joined by `+`. This is what
    /// other tools call a *vkey*.
    pub fn to_vkey(&self) -> String {
        let key = STANDARD.encode(tagged(&self.key));
        format!("{}+{:08x}+{key}", self.name, u32::from_be_bytes(self.id))
    }

    /// Reads what [`Verifier::to_vkey`] writes, in exactly that spelling.
    ///
    /// # Errors
    /// [`NoteError::BadKey`].
    pub fn from_vkey(text: &str) -> Result<Verifier, NoteError> {
        // Only the last part may contain a plus sign itself.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(_), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::BadKey);
        };
        let mut bytes = [0; 33];
        let decoded = STANDARD.decode_slice(key, &mut bytes);
        let [ED25519, key @ ..] = &bytes else {
            return Err(NoteError::BadKey);
        };
        let key = VerifyingKey::from_bytes(key).map_err(|_| NoteError::BadKey)?;
        let verifier = Verifier::new(name, key).map_err(|_| NoteError::BadKey)?;
        if decoded == Ok(33) && verifier.to_vkey() == text { Ok(verifier) } else { Err(NoteError::BadKey) }
    }

    fn verifies(&self, text: &str, signature: &[u8]) -> bool {
        // Strict, so that no second spelling of a signature and no weak key passes.
        Signature::from_slice(signature)
            .and_then(|signature| self.key.verify_strict(text.as_bytes(), &signature))
            .is_ok()
    }
}

/// Signs `text` with `key` as `name`, and gives the note: text, blank line, signature line.
///
/// # Errors
/// [`NoteError::BadName`], [`NoteError::BadText`], [`NoteError::TooLarge`].
pub fn sign(text: &str, name: &str, key: &SigningKey) -> Result<String, NoteError> {
    if !is_name(name) {
        return Err(NoteError::BadName);
    }
    if !text.ends_with('\n') || has_control(text) {
        return Err(NoteError::BadText);
    }
    let note = sign_sound(text, name, key);
    if note.len() > MAX_BYTES { Err(NoteError::TooLarge) } else { Ok(note) }
}

/// [`sign`] for a text and a name that are known to be sound.
pub(super) fn sign_sound(text: &str, name: &str, key: &SigningKey) -> String {
    let mut signed = key_id(name, &key.verifying_key()).to_vec();
    signed.extend(key.sign(text.as_bytes()).to_bytes());
    let mut note = String::with_capacity(text.len() + name.len() + 128);
    // Writing to a String cannot fail.
    let _ = writeln!(note, "{text}\n{DASH}{name} {}", STANDARD.encode(signed));
    note
}

/// Gives the text of a note, with its final newline, if at least one of `known` has signed it
/// and no signature in the name of one of them is false. Signatures of others are ignored.
///
/// # Errors
/// [`NoteError::TooLarge`], [`NoteError::Malformed`], [`NoteError::BadSignature`],
/// [`NoteError::Unsigned`].
pub fn open<'n>(note: &'n str, known: &[Verifier]) -> Result<&'n str, NoteError> {
    if note.len() > MAX_BYTES {
        return Err(NoteError::TooLarge);
    }
    if has_control(note) {
        return Err(NoteError::Malformed);
    }
    // The text may have blank lines of its own; the last one ends it.
    let blank = note.rfind("\n\n").ok_or(NoteError::Malformed)?;
    let (text, signatures) = (&note[..=blank], &note[blank + 2..]);
    let lines = signatures.strip_suffix('\n').ok_or(NoteError::Malformed)?;
    if lines.split('\n').count() > MAX_SIGNATURES {
        return Err(NoteError::TooLarge);
    }

    let mut signed = false;
    for line in lines.split('\n') {
        let (name, id, signature) = signature_line(line).ok_or(NoteError::Malformed)?;
        let mut same = known.iter().filter(|key| key.name == name && key.id == id).peekable();
        if same.peek().is_none() {
            continue;
        }
        if !same.any(|key| key.verifies(text, &signature)) {
            return Err(NoteError::BadSignature { name: name.to_owned() });
        }
        signed = true;
    }
    if signed { Ok(text) } else { Err(NoteError::Unsigned) }
}

/// Name, key id and signature of a line such as `— name base64`.
fn signature_line(line: &str) -> Option<(&str, [u8; 4], Vec<u8>)> {
    let (name, signed) = line.strip_prefix(DASH)?.split_once(' ')?;
    let signed = STANDARD.decode(signed).ok()?;
    let (id, signature) = signed.split_first_chunk()?;
    (is_name(name) && !signature.is_empty()).then(|| (name, *id, signature.to_vec()))
}

/// The first four bytes of a digest over name and key: it tells keys apart, and proves nothing.
fn key_id(name: &str, key: &VerifyingKey) -> [u8; 4] {
    let [a, b, c, d, ..] = Hash::of_parts(&[name.as_bytes(), b"\n", &tagged(key)]).0;
    [a, b, c, d]
}

/// The key's bytes after the number of its algorithm.
fn tagged(key: &VerifyingKey) -> [u8; 33] {
    let mut bytes = [ED25519; 33];
    bytes[1..].copy_from_slice(key.as_bytes());
    bytes
}

fn is_name(name: &str) -> bool {
    let bad = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    (1..=MAX_NAME).contains(&name.len()) && !name.contains(bad)
}

/// Whether `text` has an ASCII control character below U+0020 other than the newline.
fn has_control(text: &str) -> bool {
    text.bytes().any(|byte| byte < 0x20 && byte != b'\n')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use signed_note::{Note, StandardSigner, StandardVerifier, VerifierList};

    use super::*;

    const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const PETERS_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\
        \n\
        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    fn verifier(name: &str, seed: u8) -> Verifier {
        Verifier::new(name, key(seed).verifying_key()).unwrap()
    }

    /// `note` with the signature line of another note under the same text.
    fn countersigned(note: &str, other: &str) -> String {
        format!("{note}{}\n", other.trim_end().rsplit_once('\n').unwrap().1)
    }

    /// A signature line of 64 bytes from a key nobody knows.
    fn stranger(n: u8) -> String {
        format!("{DASH}stranger {}\n", STANDARD.encode([n; 68]))
    }

    #[test]
    fn the_note_of_the_specification_s_library_opens() {
        let peter = Verifier::from_vkey(PETER).unwrap();
        assert_eq!(peter.name(), "PeterNeumann");
        assert_eq!(peter.to_vkey(), PETER);
        let text = open(PETERS_NOTE, &[verifier("other", 1), peter]).unwrap();
        assert!(text.starts_with("If you") && text.ends_with("problem is.\n"));
    }

    #[test]
    fn only_the_exact_text_of_a_verifier_key_is_read() {
        let other_alg = {
            let mut bytes = STANDARD.decode(PETER.rsplit_once('+').unwrap().1).unwrap();
            bytes[0] = 4;
            let id = u32::from_be_bytes(Hash::of_parts(&[b"PeterNeumann\n", &bytes]).0[..4].try_into().unwrap());
            format!("PeterNeumann+{id:08x}+{}", STANDARD.encode(bytes))
        };
        for text in [
            "",
            "+",
            "++",
            "PeterNeumann+c74f20a3",
            "PeterNeumann+c74f20a3+",
            &PETER.replace("c74f", "C74F"),
            &PETER.replace("c74f", "c74e"),
            &PETER.replace("Peter", "Patter"),
            &PETER.replace("Peter", "Pet er"),
            &format!("{PETER}="),
            &format!("{PETER}AAAA"),
            &PETER[..PETER.len() - 4],
            &other_alg,
        ] {
            assert_eq!(Verifier::from_vkey(text), Err(NoteError::BadKey), "{text}");
        }
    }

    #[test]
    fn unknown_signatures_are_ignored_and_known_ones_must_verify() {
        let text = "one\n\ntwo\n";
        let (ours, theirs) = (sign(text, "a", &key(1)).unwrap(), sign(text, "b", &key(2)).unwrap());
        let both = countersigned(&ours, &theirs);
        let (a, b) = (verifier("a", 1), verifier("b", 2));
        assert_eq!(open(&both, std::slice::from_ref(&a)), Ok(text));
        assert_eq!(open(&both, std::slice::from_ref(&b)), Ok(text));
        assert_eq!(open(&both, &[b.clone(), a.clone()]), Ok(text));
        assert_eq!(open(&both, &[verifier("b", 1), verifier("a", 2)]), Err(NoteError::Unsigned));
        assert_eq!(open(&both, &[]), Err(NoteError::Unsigned));

        // b's signature is of another text: who knows b must not believe the note at all.
        let false_b = countersigned(&ours, &sign("another\n", "b", &key(2)).unwrap());
        assert_eq!(open(&false_b, std::slice::from_ref(&a)), Ok(text));
        let error = NoteError::BadSignature { name: "b".to_owned() };
        assert_eq!(open(&false_b, &[a, b]), Err(error));
    }

    #[test]
    fn texts_and_names_that_would_not_come_back_are_not_signed() {
        for text in ["", "a", "a\r\n", "a\tb\n", "\0\n"] {
            assert_eq!(sign(text, "a", &key(1)), Err(NoteError::BadText), "{text:?}");
        }
        for name in ["", "a b", "a+b", "a\u{3000}b", "a\nb", "a\u{85}", &"n".repeat(MAX_NAME + 1)] {
            assert_eq!(sign("a\n", name, &key(1)), Err(NoteError::BadName), "{name:?}");
        }
        let long = format!("{}\n", "a".repeat(MAX_BYTES - 100));
        assert_eq!(sign(&long, "a", &key(1)), Err(NoteError::TooLarge));
        for text in ["\n", "\n\n", "巡查\n\n\u{2014} a b\n\n", "\u{2014} x y\n"] {
            let note = sign(text, "a", &key(1)).unwrap();
            assert_eq!(open(&note, &[verifier("a", 1)]), Ok(text));
        }
    }

    #[test]
    fn what_is_not_a_note_is_malformed() {
        let good = sign("a\n", "a", &key(1)).unwrap();
        let known = [verifier("a", 1)];
        for note in [
            "",
            "\n",
            "\n\n",
            "a\n\n",
            "a\n\n\n",
            good.trim_end(),
            &good.replace("\n\n", "\n"),
            &good.replace('\n', "\r\n"),
            &good.replace(DASH, "- "),
            &good.replace(" a ", "  "),
            &good.replace(" a ", " a  "),
            &format!("{good}{DASH}b \n"),
            &format!("{good}{DASH}b AAAA\n"),
            &format!("{good}{DASH}b AAAAAA==\n"),
            &format!("{good}{DASH}b+ AAAAAAAA\n"),
        ] {
            assert_eq!(open(note, &known), Err(NoteError::Malformed), "{note:?}");
        }
        // A signature that is too short or too long is of no key, not a panic.
        let id = STANDARD.encode([&known[0].id[..], &[0; 63]].concat());
        let error = Err(NoteError::BadSignature { name: "a".to_owned() });
        assert_eq!(open(&format!("a\n\n{DASH}a {id}\n"), &known), error);
    }

    #[test]
    fn a_note_has_bounds() {
        let good = sign("a\n", "a", &key(1)).unwrap();
        let known = [verifier("a", 1)];
        let full = good.clone() + &(1..32).map(stranger).collect::<String>();
        assert_eq!(open(&full, &known), Ok("a\n"));
        assert_eq!(open(&(full + &stranger(99)), &known), Err(NoteError::TooLarge));
        let long = format!("{}{good}", "a".repeat(MAX_BYTES));
        assert_eq!(open(&long, &known), Err(NoteError::TooLarge));
    }

    #[test]
    fn a_weak_key_signs_nothing() {
        // The neutral point as key and as R: without the strict check, S = 0 "signs" every text.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let weak = Verifier::new("weak", VerifyingKey::from_bytes(&neutral).unwrap()).unwrap();
        let signature = STANDARD.encode([&weak.id[..], &neutral, &[0; 32]].concat());
        let note = format!("a\n\n{DASH}weak {signature}\n");
        assert!(matches!(open(&note, &[weak]), Err(NoteError::BadSignature { .. })));
    }

    proptest! {
        #[test]
        fn our_notes_and_those_of_signed_note_are_the_same(
            seed in any::<[u8; 32]>(),
            name in "[a-z巡查/.]{1,20}",
            lines in proptest::collection::vec("[ -~é—]{0,20}", 1..5),
        ) {
            let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
            let key = SigningKey::from_bytes(&seed);
            let ours = sign(&text, &name, &key).unwrap();
            let verifier = Verifier::new(&name, key.verifying_key()).unwrap();
            let vkey = verifier.to_vkey();
            prop_assert_eq!(&Verifier::from_vkey(&vkey).unwrap(), &verifier);

            let known = VerifierList::new(vec![Box::new(StandardVerifier::new(&vkey).unwrap())]);
            let read = Note::from_bytes(ours.as_bytes()).unwrap();
            prop_assert_eq!(read.verify(&known).unwrap().0.len(), 1);
            prop_assert_eq!(read.text(), text.as_bytes());

            let id = vkey.split('+').nth(1).unwrap();
            let secret = STANDARD.encode([&[ED25519][..], &seed].concat());
            let signer = StandardSigner::new(&format!("PRIVATE+KEY+{name}+{id}+{secret}")).unwrap();
            let mut theirs = Note::new(text.as_bytes(), &[]).unwrap();
            theirs.add_sigs(&[&signer]).unwrap();
            let theirs = String::from_utf8(theirs.to_bytes()).unwrap();
            prop_assert_eq!(open(&theirs, &[verifier]), Ok(text.as_str()));
            prop_assert_eq!(theirs, ours);
        }

        #[test]
        fn a_note_with_a_flipped_bit_does_not_open(at in 0..10_000usize, bit in 0..8u8) {
            let mut bytes = sign("size 12\nroot\n", "xuncha/1", &key(1)).unwrap().into_bytes();
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            if let Ok(note) = String::from_utf8(bytes) {
                prop_assert!(open(&note, &[verifier("xuncha/1", 1)]).is_err());
            }
        }

        #[test]
        fn no_text_makes_open_panic(note in "(a|\n|\u{2014} | |\\+|AAAA|=|\\PC){0,40}") {
            prop_assert!(open(&note, &[verifier("a", 1)]).is_err());
            prop_assert!(Verifier::from_vkey(&note).is_err());
        }
    }
}
