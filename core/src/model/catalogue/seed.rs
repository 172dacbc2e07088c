//! The catalogue that a new ledger begins with: the ten actions, as `core/catalogue` has them.

use std::sync::{Arc, LazyLock};

use super::{Catalogue, load};

/// The files, the head first.
const FILES: &[(&str, &str)] = &[
    ("catalogue.json", include_str!("../../../catalogue/catalogue.json")),
    ("a1.json", include_str!("../../../catalogue/a1.json")),
    ("a2.json", include_str!("../../../catalogue/a2.json")),
    ("a3.json", include_str!("../../../catalogue/a3.json")),
    ("a4.json", include_str!("../../../catalogue/a4.json")),
    ("a5.json", include_str!("../../../catalogue/a5.json")),
    ("a6.json", include_str!("../../../catalogue/a6.json")),
    ("a7.json", include_str!("../../../catalogue/a7.json")),
    ("a8.json", include_str!("../../../catalogue/a8.json")),
    ("a9.json", include_str!("../../../catalogue/a9.json")),
    ("a10.json", include_str!("../../../catalogue/a10.json")),
];

/// The catalogue that a new ledger begins with; an administrator may put another in its place.
///
/// # Panics
/// Never in a build that passed its tests: they load it.
pub fn seed_catalogue() -> Arc<Catalogue> {
    static SEED: LazyLock<Arc<Catalogue>> = LazyLock::new(|| match load(FILES) {
        Ok(catalogue) => Arc::new(catalogue),
        Err(faults) => panic!("the built-in catalogue is wrong: {faults:?}"),
    });
    SEED.clone()
}
