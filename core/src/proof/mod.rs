//! What makes the ledger tamper-evident: a Merkle tree, signed checkpoints, and the proofs
//! between them, both to build (server) and to verify (phone, `xuncha verify`). Pure: no I/O,
//! no clock, no randomness.
//!
//! # What this room is
//!
//! Every ledger entry is a leaf of an [RFC 6962](https://www.rfc-editor.org/rfc/rfc6962) tree.
//! A leaf covers two digests, of the op's text and of the facts the server added, so that both
//! texts can be erased one day while leaf, index and every proof stay as they were.
//! A [`Checkpoint`] is the server's signed word on the whole tree at one size. An *inclusion
//! proof* leads from a leaf to a checkpoint's root; a *consistency proof* leads from the root of
//! an older checkpoint to that of a newer one, and so shows that nothing before it was changed.
//! The formats are those of Certificate Transparency and
//! [C2SP](https://c2sp.org) (signed-note, tlog-checkpoint), so that anyone's tools can check ours.
//!
//! # What it is not
//!
//! - Not a store. [`Frontier`] hands out finished nodes and [`Nodes`] reads them back; where they
//!   live is for others to say.
//! - Not a proof of truth. It shows that an entry was there, in which order, and that it was not
//!   rewritten; never that a photo is honest or that a clock was right.
//! - Not a guard against a split view. A server could keep two histories and show each phone its
//!   own; only comparing checkpoints (`seen` in every op, the guard file, a witness) finds that.
//! - **A root does not say how large its tree is.** One proof may fit several sizes. Size and root
//!   must therefore always come together out of one verified checkpoint.
//!
//! ```
//! use ed25519_dalek::SigningKey;
//! use xuncha_core::model::Hash;
//! use xuncha_core::proof::{Checkpoint, Frontier, Origin, leaf_hash, verify_consistency};
//!
//! let key = SigningKey::from_bytes(&[7; 32]); // a real one is drawn at random, once per ledger
//! let origin = Origin { ledger: uuid::Uuid::from_u128(1), epoch: 1 };
//! let first = leaf_hash(&Hash::of(b"an op"), &Hash::of(b"its facts"));
//! let second = leaf_hash(&Hash::of(b"another"), &Hash::of(b"its facts"));
//!
//! let mut tree = Frontier::new();
//! tree.push(first, |_, _, _| {});
//! let old = Checkpoint { origin, size: tree.size(), root: tree.root() };
//! tree.push(second, |_level, _position, _node| { /* a store keeps it */ });
//! let note = Checkpoint { origin, size: tree.size(), root: tree.root() }.sign(&key);
//!
//! let new = Checkpoint::open(&note, &key.verifying_key(), origin.ledger)?;
//! verify_consistency(old.size, &old.root, new.size, &new.root, &[second])?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod checkpoint;
pub mod note;
mod tree;
mod verify;

pub use checkpoint::{Checkpoint, CheckpointError, NotAnOrigin, Origin, ledger_verifier};
pub use tree::{
    BuildError, Frontier, MAX_SIZE, Nodes, consistency_proof, empty_root, inclusion_proof, leaf_hash, node_hash, peaks,
    root_at,
};
pub use verify::{ProofError, verify_consistency, verify_inclusion};
