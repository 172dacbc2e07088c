//! Checking inclusion and consistency proofs, as RFC 9162 does. Whatever is passed in, nothing
//! here panics, and no loop is longer than a tree is high.

use super::tree::{empty_root, node_hash};
use crate::model::Hash;

/// Why a proof, or a set of peaks, proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The entry is not in a tree of that size at all.
    #[error("entry {index} lies beyond a tree of {size}")]
    Beyond {
        /// Index of the entry, counted from 0.
        index: u64,
        /// Number of leaves in the tree.
        size: u64,
    },
    /// The tree that should be the newer one is the smaller one.
    #[error("a tree of {old} cannot have become one of {new}")]
    Shrunk {
        /// Number of leaves in the older tree.
        old: u64,
        /// Number of leaves in the newer tree.
        new: u64,
    },
    /// A proof for these sizes has more or fewer hashes.
    #[error("{given} hashes are not what a proof for these sizes consists of")]
    Length {
        /// Number of hashes in the proof.
        given: usize,
    },
    /// The proof does not lead to the root, or of two roots, to the newer one.
    #[error("the proof does not lead to the root")]
    Root,
    /// The proof does not lead to the older root: the past was changed.
    #[error("the proof does not lead to the older root")]
    OldRoot,
    /// A tree of this size has another number of peaks, or is larger than [`MAX_SIZE`](super::MAX_SIZE).
    #[error("{given} peaks do not make a tree of {size}")]
    Peaks {
        /// Number of leaves in the tree.
        size: u64,
        /// Number of peaks given.
        given: usize,
    },
}

/// Checks that `leaf` is at `index` in the tree of `size` with this `root` (RFC 9162, 2.1.3.2).
///
/// `size` and `root` must come from one verified checkpoint: a root alone does not bind a size.
///
/// # Errors
/// What does not fit. Never panics, whatever is passed in.
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Beyond { index, size });
    }
    let mut climb = Climb { at: index, last: size - 1, given: proof.len() };
    let mut hash = *leaf;
    for sibling in proof {
        hash = match climb.step()? {
            Side::Left => node_hash(sibling, &hash),
            Side::Right => node_hash(&hash, sibling),
        };
    }
    climb.arrived()?;
    if hash == *root { Ok(()) } else { Err(ProofError::Root) }
}

/// Checks that the tree of `new_size` with `new_root` begins with the one of `old_size` with
/// `old_root` (RFC 9162, 2.1.4.2). The empty tree begins every tree, by an empty proof.
///
/// Each size and root must come from one verified checkpoint: a root alone does not bind a size.
///
/// # Errors
/// What does not fit. Never panics, whatever is passed in.
pub fn verify_consistency(
    old_size: u64,
    old_root: &Hash,
    new_size: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    let given = proof.len();
    if old_size > new_size {
        return Err(ProofError::Shrunk { old: old_size, new: new_size });
    }
    if old_size == 0 && *old_root != empty_root() {
        return Err(ProofError::OldRoot);
    }
    if old_size == 0 || old_size == new_size {
        return if given != 0 {
            Err(ProofError::Length { given })
        } else if old_size == new_size && old_root != new_root {
            Err(ProofError::Root)
        } else {
            Ok(())
        };
    }

    // The climb begins at the smallest peak of the old tree. If that is its only peak it is the
    // old root itself, which the proof leaves out.
    let low = (old_size - 1).trailing_ones();
    let (start, rest) = if old_size.is_power_of_two() {
        (old_root, proof)
    } else {
        proof.split_first().ok_or(ProofError::Length { given })?
    };
    let mut climb = Climb { at: (old_size - 1) >> low, last: (new_size - 1) >> low, given };
    let (mut old, mut new) = (*start, *start);
    for sibling in rest {
        match climb.step()? {
            Side::Left => {
                old = node_hash(sibling, &old);
                new = node_hash(sibling, &new);
            }
            // What stands on the right came later than the old tree.
            Side::Right => new = node_hash(&new, sibling),
        }
    }
    climb.arrived()?;
    if old != *old_root {
        Err(ProofError::OldRoot)
    } else if new != *new_root {
        Err(ProofError::Root)
    } else {
        Ok(())
    }
}

/// On which side of the path a sibling stands.
enum Side {
    Left,
    Right,
}

/// A walk from a node up to the root: `fn` and `sn` of RFC 9162.
struct Climb {
    /// Position of the node on its level.
    at: u64,
    /// Position of the last node of that level.
    last: u64,
    /// Number of hashes in the proof, for the error.
    given: usize,
}

impl Climb {
    /// Goes up past one sibling.
    fn step(&mut self) -> Result<Side, ProofError> {
        if self.last == 0 {
            return Err(ProofError::Length { given: self.given });
        }
        let side = if self.at & 1 == 1 {
            Side::Left
        } else if self.at == self.last {
            // The last node without a right sibling rises until it is a right child itself.
            let rise = self.at.trailing_zeros();
            self.at >>= rise;
            self.last >>= rise;
            Side::Left
        } else {
            Side::Right
        };
        self.at >>= 1;
        self.last >>= 1;
        Ok(side)
    }

    /// Whether the root has been reached.
    fn arrived(&self) -> Result<(), ProofError> {
        if self.last == 0 { Ok(()) } else { Err(ProofError::Length { given: self.given }) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tree::tests::{Kept, leaf};
    use super::super::tree::{consistency_proof, inclusion_proof, root_at};
    use super::*;

    fn flipped(hash: &Hash, bit: usize) -> Hash {
        let mut hash = *hash;
        hash.0[bit / 8 % 32] ^= 1 << (bit % 8);
        hash
    }

    /// Where the siblings of the leaf at `index` stand, from the root down: on its right (true)
    /// or left. Two sizes with the same answer share their proofs.
    fn sides(index: u64, size: u64) -> Vec<bool> {
        if size == 1 {
            return Vec::new();
        }
        let middle = size.next_power_of_two() / 2;
        let (right, mut below) =
            if index < middle { (true, sides(index, middle)) } else { (false, sides(index - middle, size - middle)) };
        below.insert(0, right);
        below
    }

    #[test]
    fn every_honest_proof_of_a_small_tree_is_accepted() {
        let kept = Kept::of_size(70);
        let roots: Vec<_> = (0..=70).map(|size| root_at(&kept, size).unwrap()).collect();
        for new in 0..=70u64 {
            let root = &roots[new as usize];
            for index in 0..new {
                let proof = inclusion_proof(&kept, index, new).unwrap();
                assert_eq!(verify_inclusion(&leaf(index), index, new, &proof, root), Ok(()));
            }
            for old in 0..=new {
                let proof = consistency_proof(&kept, old, new).unwrap();
                let old_root = &roots[old as usize];
                assert_eq!(verify_consistency(old, old_root, new, root, &proof), Ok(()));
            }
        }
    }

    #[test]
    fn a_proof_fits_no_other_index_and_only_sizes_of_the_same_shape() {
        let kept = Kept::of_size(34);
        for size in 1..=34 {
            let root = root_at(&kept, size).unwrap();
            for index in 0..size {
                let proof = inclusion_proof(&kept, index, size).unwrap();
                let fits = |at, of| verify_inclusion(&leaf(index), at, of, &proof, &root).is_ok();
                for other in 0..40 {
                    assert_eq!(fits(other, size), other == index);
                    let same = other > index && sides(index, other) == sides(index, size);
                    assert_eq!(fits(index, other), same, "{index} of {size} in {other}");
                }
            }
        }
    }

    #[test]
    fn a_consistency_proof_fits_no_other_older_size() {
        let kept = Kept::of_size(34);
        for new in 1..=34 {
            let root = root_at(&kept, new).unwrap();
            for old in 1..=new {
                let old_root = root_at(&kept, old).unwrap();
                let proof = consistency_proof(&kept, old, new).unwrap();
                for other in 0..40 {
                    let fits = verify_consistency(other, &old_root, new, &root, &proof).is_ok();
                    assert_eq!(fits, other == old, "{old} to {new} as {other}");
                }
            }
        }
    }

    #[test]
    fn a_rewritten_past_has_no_proof() {
        let honest = Kept::of_size(20);
        for old in 1..20u64 {
            let old_root = root_at(&honest, old).unwrap();
            for changed in 0..old {
                let mut forged = Kept::default();
                for index in 0..20 {
                    forged.push(if index == changed { Hash::of(b"forged") } else { leaf(index) });
                }
                let root = root_at(&forged, 20).unwrap();
                // Neither its own proof nor that of the honest tree hides the change.
                let own = consistency_proof(&forged, old, 20).unwrap();
                let copied = consistency_proof(&honest, old, 20).unwrap();
                for proof in [own, copied] {
                    assert!(verify_consistency(old, &old_root, 20, &root, &proof).is_err());
                }
            }
        }
    }

    #[test]
    fn empty_and_equal_trees_need_no_hashes() {
        let (empty, a, b) = (empty_root(), Hash::of(b"a"), Hash::of(b"b"));
        let length = Err(ProofError::Length { given: 1 });
        assert_eq!(verify_consistency(0, &empty, 0, &empty, &[]), Ok(()));
        assert_eq!(verify_consistency(0, &empty, 9, &a, &[]), Ok(()));
        assert_eq!(verify_consistency(0, &empty, u64::MAX, &a, &[]), Ok(()));
        assert_eq!(verify_consistency(0, &empty, 9, &a, &[b]), length);
        assert_eq!(verify_consistency(0, &empty, 0, &a, &[]), Err(ProofError::Root));
        assert_eq!(verify_consistency(0, &a, 0, &a, &[]), Err(ProofError::OldRoot));
        assert_eq!(verify_consistency(0, &a, 9, &b, &[]), Err(ProofError::OldRoot));
        assert_eq!(verify_consistency(9, &a, 9, &a, &[]), Ok(()));
        assert_eq!(verify_consistency(9, &a, 9, &b, &[]), Err(ProofError::Root));
        assert_eq!(verify_consistency(9, &a, 9, &a, &[b]), length);
        let shrunk = Err(ProofError::Shrunk { old: 9, new: 8 });
        assert_eq!(verify_consistency(9, &a, 8, &b, &[]), shrunk);
        // Without hashes nothing else is consistent, not even with itself as the old root.
        for old in 1..9 {
            let none = Err(ProofError::Length { given: 0 });
            assert_eq!(verify_consistency(old, &a, 9, &a, &[]), none);
        }
        let beyond = Err(ProofError::Beyond { index: 0, size: 0 });
        assert_eq!(verify_inclusion(&a, 0, 0, &[], &empty), beyond);
        assert_eq!(verify_inclusion(&a, 0, 1, &[], &a), Ok(()));
        assert_eq!(verify_inclusion(&a, 0, 1, &[b], &a), length);
    }

    proptest! {
        #[test]
        fn a_tampered_inclusion_proof_is_rejected(
            size in 1..300u64, index in any::<u64>(), bit in 0..256usize, pick in any::<usize>(),
        ) {
            let kept = Kept::of_size(size);
            let (index, root) = (index % size, kept.frontier.root());
            let proof = inclusion_proof(&kept, index, size).unwrap();
            let leaf = leaf(index);
            let fits = |leaf: &Hash, index, proof: &[Hash], root: &Hash| {
                verify_inclusion(leaf, index, size, proof, root).is_ok()
            };
            prop_assert!(fits(&leaf, index, &proof, &root));
            prop_assert!(!fits(&flipped(&leaf, bit), index, &proof, &root));
            prop_assert!(!fits(&leaf, index, &proof, &flipped(&root, bit)));
            prop_assert!(!fits(&leaf, index ^ 1 << (bit % 64), &proof, &root));
            for changed in changes(&proof, bit, pick) {
                prop_assert!(!fits(&leaf, index, &changed, &root));
            }
        }

        #[test]
        fn a_tampered_consistency_proof_is_rejected(
            new in 2..300u64, old in any::<u64>(), bit in 0..256usize, pick in any::<usize>(),
        ) {
            let kept = Kept::of_size(new);
            let old = 1 + old % (new - 1);
            let (old_root, root) = (root_at(&kept, old).unwrap(), kept.frontier.root());
            let proof = consistency_proof(&kept, old, new).unwrap();
            let fits = |old, old_root: &Hash, root: &Hash, proof: &[Hash]| {
                verify_consistency(old, old_root, new, root, proof).is_ok()
            };
            prop_assert!(fits(old, &old_root, &root, &proof));
            prop_assert!(!fits(old, &flipped(&old_root, bit), &root, &proof));
            prop_assert!(!fits(old, &old_root, &flipped(&root, bit), &proof));
            prop_assert!(!fits(old ^ 1 << (bit % 64), &old_root, &root, &proof));
            for changed in changes(&proof, bit, pick) {
                prop_assert!(!fits(old, &old_root, &root, &changed));
            }
        }

        #[test]
        fn nonsense_is_rejected_without_a_panic(
            a in size(), b in size(),
            hashes in proptest::collection::vec(any::<[u8; 32]>().prop_map(Hash), 2..140),
        ) {
            let (x, y) = (&hashes[0], &hashes[1]);
            for given in 2..hashes.len() {
                let proof = &hashes[given..];
                prop_assert!(verify_inclusion(x, a, b, proof, y).is_err());
                prop_assert!(verify_consistency(a, x, b, y, proof).is_err());
            }
            prop_assert!(verify_inclusion(x, a, b, &[], y).is_err());
            prop_assert!(verify_consistency(a, x, b, y, &[]).is_err());
        }

        #[test]
        fn the_largest_sizes_ask_for_proofs_of_64_hashes(filler in any::<[u8; 32]>().prop_map(Hash)) {
            // Not the length is wrong then, but the root.
            let (x, y) = (Hash::of(b"x"), Hash::of(b"y"));
            let proof = [filler; 64];
            prop_assert_eq!(verify_inclusion(&x, 0, u64::MAX, &proof, &y), Err(ProofError::Root));
            let error = verify_consistency(1, &x, u64::MAX, &y, &proof);
            prop_assert_eq!(error, Err(ProofError::Root));
            prop_assert_eq!(
                verify_inclusion(&x, u64::MAX - 1, u64::MAX, &proof[..63], &y),
                Err(ProofError::Root)
            );
        }
    }

    /// Any size, but often a telling one.
    fn size() -> impl Strategy<Value = u64> {
        prop_oneof![
            0..10u64,
            u64::MAX - 3..=u64::MAX,
            (1u64 << 63) - 2..(1 << 63) + 2,
            (0..64u32).prop_map(|level| 1 << level),
            any::<u64>(),
        ]
    }

    /// Every way to spoil a proof: a flipped bit, one hash too few or too many, two exchanged.
    fn changes(proof: &[Hash], bit: usize, pick: usize) -> Vec<Vec<Hash>> {
        let mut longer = proof.to_vec();
        longer.push(Hash::of(b"more"));
        let mut changes = vec![longer];
        if proof.is_empty() {
            return changes;
        }
        let pick = pick % proof.len();
        let mut bent = proof.to_vec();
        bent[pick] = flipped(&bent[pick], bit);
        let mut shorter = proof.to_vec();
        shorter.remove(pick);
        let mut turned = proof.to_vec();
        turned.rotate_left(1);
        changes.extend([bent, shorter]);
        if turned != proof {
            changes.push(turned);
        }
        changes
    }
}
