//! The RFC 6962 tree over SHA-256: growing it, and building proofs from it. Checking them is
//! next door, in `verify.rs`: a phone needs only that.
//!
//! A *complete node* at (level, position) is the hash over the leaves
//! `position << level .. (position + 1) << level`; level 0 is the leaves. A complete node never
//! changes again, which is why a store may keep nothing else.

use super::ProofError;
use crate::model::Hash;

/// The largest tree: what still fits the signed 64-bit integers of SQL.
pub const MAX_SIZE: u64 = i64::MAX as u64;

/// Hash of the ledger entry whose op text and facts text have the digests `op` and `facts`.
///
/// The leading 0 (a node has 1) keeps a node from being passed off as an entry: both are
/// 64 bytes long.
pub fn leaf_hash(op: &Hash, facts: &Hash) -> Hash {
    Hash::of_parts(&[&[0], &op.0, &facts.0])
}

/// Hash of the node above `left` and `right`.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash::of_parts(&[&[1], &left.0, &right.0])
}

/// Root of the tree without leaves.
pub fn empty_root() -> Hash {
    Hash::of(b"")
}

/// The complete nodes that are the peaks of a tree of `size`, largest first, as
/// (level, position). At most 64; none for the empty tree.
pub fn peaks(size: u64) -> Vec<(u8, u64)> {
    (0..64u8).rev().filter(|level| size >> level & 1 == 1).map(|level| (level, (size >> level) - 1)).collect()
}

/// Root over peaks given from the right (smallest) to the left.
fn fold_peaks(from_right: impl Iterator<Item = Hash>) -> Hash {
    from_right.reduce(|right, left| node_hash(&left, &right)).unwrap_or_else(empty_root)
}

/// A growing tree, of which only the peaks are held: 32 bytes per bit of its size.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    /// Largest first; always as many as `size` has bits set.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The tree without leaves.
    pub fn new() -> Frontier {
        Frontier::default()
    }

    /// The tree of `size` whose peaks, in the order of [`peaks`], have these hashes.
    ///
    /// # Errors
    /// [`ProofError::Peaks`] if their number is not that of such a tree. Whether they are the
    /// *right* hashes shows only when [`Frontier::root`] is compared with a checkpoint.
    pub fn from_peaks(size: u64, peaks: Vec<Hash>) -> Result<Frontier, ProofError> {
        if size > MAX_SIZE || peaks.len() != size.count_ones() as usize {
            return Err(ProofError::Peaks { size, given: peaks.len() });
        }
        Ok(Frontier { size, peaks })
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Root of the tree as it is now.
    pub fn root(&self) -> Hash {
        fold_peaks(self.peaks.iter().rev().copied())
    }

    /// Hashes of the peaks, in the order of [`peaks`].
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Adds a leaf at index [`Frontier::size`]. Reports every node of level 1 and above that it
    /// completes as (level, position, hash), lowest first; the leaf itself, level 0, is not
    /// reported, since the caller has it.
    pub fn push(&mut self, leaf: Hash, mut completed: impl FnMut(u8, u64, Hash)) {
        // Adding 1 carries through the trailing ones of the size: each is a peak that merges.
        let kept = self.peaks.len() - self.size.trailing_ones() as usize;
        let mut hash = leaf;
        for (level, left) in (1..).zip(self.peaks.drain(kept..).rev()) {
            hash = node_hash(&left, &hash);
            completed(level, self.size >> level, hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }
}

/// Where complete nodes are read from.
pub trait Nodes {
    /// What can go wrong when a node is read.
    type Error;

    /// The complete node at (level, position); level 0 is the leaf hashes.
    ///
    /// # Errors
    /// Whatever keeps the store from it; above all that its tree does not reach that far.
    fn node(&self, level: u8, position: u64) -> Result<Hash, Self::Error>;
}

/// Why a proof could not be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BuildError<E> {
    /// No such proof exists, whatever the tree holds.
    #[error(transparent)]
    Impossible(ProofError),
    /// A node could not be read.
    #[error("a node of the tree could not be read")]
    Nodes(#[source] E),
}

/// The root of the first `size` leaves.
///
/// # Errors
/// Those of reading the nodes, at most 64.
pub fn root_at<N: Nodes>(nodes: &N, size: u64) -> Result<Hash, N::Error> {
    range_root(nodes, 0, size)
}

/// Root of the subtree over the leaves `start..end`, which must begin where RFC 6962 cuts a
/// tree: then `start` is a multiple of the subtree's largest peak.
fn range_root<N: Nodes>(nodes: &N, start: u64, end: u64) -> Result<Hash, N::Error> {
    let mut hashes = Vec::new();
    for (level, position) in peaks(end - start) {
        hashes.push(nodes.node(level, (start >> level) + position)?);
    }
    Ok(fold_peaks(hashes.into_iter().rev()))
}

/// Number of leaves left of where RFC 6962 cuts a tree: the largest power of two below `size`,
/// which must be 2 or more.
fn cut(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// Proof that the leaf at `index` is in the tree of the first `size` leaves, from the leaf
/// upwards. Reads a number of nodes logarithmic in `size`.
///
/// # Errors
/// [`BuildError::Impossible`] if `index` is not below `size`; those of reading the nodes.
pub fn inclusion_proof<N: Nodes>(nodes: &N, index: u64, size: u64) -> Result<Vec<Hash>, BuildError<N::Error>> {
    if index >= size {
        return Err(BuildError::Impossible(ProofError::Beyond { index, size }));
    }
    let read = |start, end| range_root(nodes, start, end).map_err(BuildError::Nodes);
    let (mut start, mut end, mut proof) = (0, size, Vec::new());
    while end - start > 1 {
        let middle = start + cut(end - start);
        if index < middle {
            proof.push(read(middle, end)?);
            end = middle;
        } else {
            proof.push(read(start, middle)?);
            start = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// Proof that the tree of the first `new` leaves begins with the one of the first `old`.
/// Empty if `old` is 0 or equals `new`. Reads a number of nodes logarithmic in `new`.
///
/// # Errors
/// [`BuildError::Impossible`] if `old` is above `new`; those of reading the nodes.
pub fn consistency_proof<N: Nodes>(nodes: &N, old: u64, new: u64) -> Result<Vec<Hash>, BuildError<N::Error>> {
    if old > new {
        return Err(BuildError::Impossible(ProofError::Shrunk { old, new }));
    }
    if old == 0 {
        return Ok(Vec::new());
    }
    let read = |start, end| range_root(nodes, start, end).map_err(BuildError::Nodes);
    let (mut start, mut end, mut proof) = (0, new, Vec::new());
    while end != old {
        let middle = start + cut(end - start);
        if old <= middle {
            proof.push(read(middle, end)?);
            end = middle;
        } else {
            proof.push(read(start, middle)?);
            start = middle;
        }
    }
    // If start is 0 this node is the old root, which the verifier has.
    if start != 0 {
        proof.push(read(start, end)?);
    }
    proof.reverse();
    Ok(proof)
}

#[cfg(test)]
pub(super) mod tests {
    use std::cell::Cell;
    use std::collections::HashMap;

    use ct_merkle::mem_backed_tree::MemoryBackedTree;
    use proptest::prelude::*;
    use sha2::Sha256;

    use super::*;

    /// A store of complete nodes in memory that counts its reads.
    #[derive(Default)]
    pub(crate) struct Kept {
        nodes: HashMap<(u8, u64), Hash>,
        pub(crate) frontier: Frontier,
        reads: Cell<usize>,
    }

    impl Kept {
        pub(crate) fn of_size(size: u64) -> Kept {
            let mut kept = Kept::default();
            for index in 0..size {
                kept.push(leaf(index));
            }
            kept
        }

        pub(crate) fn push(&mut self, leaf: Hash) {
            self.nodes.insert((0, self.frontier.size()), leaf);
            let Kept { nodes, frontier, .. } = self;
            frontier.push(leaf, |level, position, hash| {
                let before = nodes.insert((level, position), hash);
                assert_eq!(before, None, "a complete node is reported once");
            });
        }

        fn reads_of<T>(&self, build: impl FnOnce(&Kept) -> T) -> (T, usize) {
            self.reads.set(0);
            let built = build(self);
            (built, self.reads.get())
        }
    }

    impl Nodes for Kept {
        type Error = (u8, u64);

        fn node(&self, level: u8, position: u64) -> Result<Hash, (u8, u64)> {
            self.reads.set(self.reads.get() + 1);
            self.nodes.get(&(level, position)).copied().ok_or((level, position))
        }
    }

    /// The two digests of the entry at `index`.
    fn entry(index: u64) -> (Hash, Hash) {
        (Hash::of(&index.to_be_bytes()), Hash::of(&index.to_le_bytes()))
    }

    pub(crate) fn leaf(index: u64) -> Hash {
        let (op, facts) = entry(index);
        leaf_hash(&op, &facts)
    }

    /// The same tree as [`Kept::of_size`], by another hand.
    fn oracle(size: u64) -> MemoryBackedTree<Sha256, Vec<u8>> {
        let mut tree = MemoryBackedTree::new();
        for index in 0..size {
            let (op, facts) = entry(index);
            tree.push([op.0, facts.0].concat());
        }
        tree
    }

    fn bytes(proof: &[Hash]) -> Vec<u8> {
        proof.iter().flat_map(|hash| hash.0).collect()
    }

    #[test]
    fn the_known_answers_of_certificate_transparency_come_out() {
        let leaves: [&[u8]; 8] = [b"", b"\x00", b"\x10", b" !", b"01", b"@ABC", b"PQRSTUVW", b"`abcdefghijklmno"];
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut tree = Frontier::new();
        assert_eq!(tree.root().to_hex(), roots[0]);
        assert_eq!(tree.root(), empty_root());
        for (data, root) in leaves.iter().zip(&roots[1..]) {
            tree.push(Hash::of_parts(&[&[0], data]), |_, _, _| {});
            assert_eq!(tree.root().to_hex(), *root);
        }
    }

    #[test]
    fn every_small_tree_is_that_of_ct_merkle() {
        let mut kept = Kept::default();
        for size in 0..=70u64 {
            let oracle = oracle(size);
            let root = kept.frontier.root();
            assert_eq!(root.0, oracle.root().as_bytes()[..]);
            assert_eq!(root_at(&kept, size), Ok(root));
            for index in 0..size {
                let proof = inclusion_proof(&kept, index, size).unwrap();
                let theirs = oracle.prove_inclusion(index as usize);
                assert_eq!(bytes(&proof), theirs.as_bytes(), "{index} of {size}");
            }
            for old in 1..=size {
                let proof = consistency_proof(&kept, old, size).unwrap();
                let theirs = oracle.prove_consistency((size - old) as usize);
                assert_eq!(bytes(&proof), theirs.as_bytes(), "{old} to {size}");
            }
            kept.push(leaf(size));
        }
    }

    #[test]
    fn what_is_not_in_the_tree_has_no_proof() {
        let kept = Kept::of_size(5);
        let beyond = |index, size| BuildError::Impossible(ProofError::Beyond { index, size });
        assert_eq!(inclusion_proof(&kept, 5, 5), Err(beyond(5, 5)));
        assert_eq!(inclusion_proof(&kept, 0, 0), Err(beyond(0, 0)));
        let shrunk = BuildError::Impossible(ProofError::Shrunk { old: 5, new: 4 });
        assert_eq!(consistency_proof(&kept, 5, 4), Err(shrunk));
        assert_eq!(consistency_proof(&kept, 0, 5), Ok(vec![]));
        assert_eq!(consistency_proof(&kept, 5, 5), Ok(vec![]));
        // Sizes that the store has not reached are the store's error, however large they are.
        assert_eq!(root_at(&kept, 6), Err((1, 2)));
        assert_eq!(root_at(&kept, u64::MAX), Err((63, 0)));
        assert_eq!(inclusion_proof(&kept, 0, u64::MAX), Err(BuildError::Nodes((62, 2))));
        assert!(consistency_proof(&kept, 3, u64::MAX).is_err());
    }

    #[test]
    fn a_frontier_is_carried_on_from_its_peaks() {
        let kept = Kept::of_size(100);
        let mut grown = Frontier::new();
        for size in 0..100 {
            let loaded = peaks(size).into_iter().map(|(level, at)| kept.node(level, at).unwrap());
            let mut loaded = Frontier::from_peaks(size, loaded.collect()).unwrap();
            assert_eq!(loaded, grown);
            loaded.push(leaf(size), |_, _, _| {});
            grown.push(leaf(size), |_, _, _| {});
            assert_eq!(loaded.root(), grown.root());
        }
    }

    #[test]
    fn peaks_that_are_too_many_or_too_few_are_refused() {
        let hash = Hash::of(b"");
        for (size, given) in [(0, 1), (1, 0), (3, 1), (3, 3), (u64::MAX, 64), (MAX_SIZE + 1, 1)] {
            let error = Err(ProofError::Peaks { size, given });
            assert_eq!(Frontier::from_peaks(size, vec![hash; given]), error);
        }
        // The largest tree still takes a leaf without running over.
        let mut largest = Frontier::from_peaks(MAX_SIZE, vec![hash; 63]).unwrap();
        let mut highest = 0;
        largest.push(hash, |level, position, _| {
            assert_eq!(position, MAX_SIZE >> level);
            highest = level;
        });
        assert_eq!((largest.size(), highest), (MAX_SIZE + 1, 63));
        assert_eq!(peaks(u64::MAX).len(), 64);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn larger_trees_are_those_of_ct_merkle(
            size in 71..3000u64, index in any::<u64>(), old in any::<u64>(),
        ) {
            let (index, old) = (index % size, 1 + old % size);
            let (kept, oracle) = (Kept::of_size(size), oracle(size));
            prop_assert_eq!(kept.frontier.root().0.to_vec(), oracle.root().as_bytes().to_vec());
            let high = size.ilog2() as usize + 1;

            let (root, reads) = kept.reads_of(|kept| root_at(kept, size));
            prop_assert_eq!(root, Ok(kept.frontier.root()));
            prop_assert!(reads <= high);

            let (proof, reads) = kept.reads_of(|kept| inclusion_proof(kept, index, size));
            let theirs = oracle.prove_inclusion(index as usize);
            prop_assert_eq!(&bytes(&proof.unwrap())[..], theirs.as_bytes());
            prop_assert!(reads <= 2 * high);

            let (proof, reads) = kept.reads_of(|kept| consistency_proof(kept, old, size));
            let theirs = oracle.prove_consistency((size - old) as usize);
            prop_assert_eq!(&bytes(&proof.unwrap())[..], theirs.as_bytes());
            prop_assert!(reads <= 2 * high);
        }
    }
}
