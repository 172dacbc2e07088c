//! What may be a password, and how one is kept.

use std::sync::OnceLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error as HashError, PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use xuncha_core::host::Host;

/// Fewest and most characters. Long rather than odd, as NIST SP 800-63B has it.
const CHARACTERS: std::ops::RangeInclusive<usize> = 10..=200;

/// Fewest different characters.
const DIFFERENT: usize = 5;

/// Memory in KiB and passes of argon2id, as OWASP recommends. A password remembers its own, so these may be raised.
const COST: (u32, u32) = (19 * 1024, 2);

/// Why `password` will not do for somebody of this name; none when it will.
pub(super) fn misfit(password: &str, name: &str) -> Option<&'static str> {
    let characters = password.chars().count();
    let mut different: Vec<char> = password.chars().collect();
    different.sort_unstable();
    different.dedup();
    if !CHARACTERS.contains(&characters) {
        Some("must have 10 to 200 characters")
    } else if different.len() < DIFFERENT {
        Some("is too easy to guess")
    } else if !name.is_empty() && password.to_lowercase().contains(&name.to_lowercase()) {
        Some("must not hold the name")
    } else {
        None
    }
}

/// The password as it is kept: argon2id with a salt of its own, in PHC form; none where it cannot be made.
pub(super) fn hash(host: &Host, password: &str) -> Option<String> {
    let (memory, passes) = COST;
    let params = Params::new(memory, passes, 1, None).ok()?;
    let salt: [u8; 16] = host.bytes();
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash: PasswordHash = argon2.hash_password_with_salt(password.as_bytes(), &salt).ok()?;
    Some(hash.to_string())
}

/// True when `password` is the one that was kept; none when what was kept cannot be read.
pub(super) fn fits(password: &str, kept: &str) -> Option<bool> {
    let kept = PasswordHash::new(kept).ok()?;
    match Argon2::default().verify_password(password.as_bytes(), &kept) {
        Ok(()) => Some(true),
        Err(HashError::PasswordInvalid) => Some(false),
        Err(_) => None,
    }
}

/// Takes as long as a wrong password does, for somebody who has none.
pub(super) fn pretend(host: &Host, password: &str) {
    static NOBODYS: OnceLock<Option<String>> = OnceLock::new();
    let nobodys = NOBODYS.get_or_init(|| {
        let secret: [u8; 16] = host.bytes();
        hash(host, &format!("{secret:?}"))
    });
    if let Some(kept) = nobodys {
        // Whatever it says: nobody has this password.
        let _ = fits(password, kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_long_varied_and_not_the_name() {
        for (password, wanted) in [
            ("kurz", Some("must have 10 to 200 characters")),
            ("aaaaaaaaaaaaaa", Some("is too easy to guess")),
            ("abababababcc", Some("is too easy to guess")),
            ("我是王敏2026年9月", Some("must not hold the name")),
            ("春眠不觉晓处处闻啼鸟", None),
            ("correct horse battery", None),
        ] {
            assert_eq!(misfit(password, "王敏"), wanted, "{password}");
        }
        assert_eq!(misfit("this is WANG min", "Wang Min"), Some("must not hold the name"));
        assert!(misfit(&"长密码不一样".repeat(40), "").is_some());
    }

    #[test]
    fn a_password_is_kept_as_argon2id_with_a_salt_of_its_own() {
        let host = Host::system();
        let (one, two) = (hash(&host, "春眠不觉晓处处闻啼鸟").unwrap(), hash(&host, "春眠不觉晓处处闻啼鸟").unwrap());
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_ne!(one, two);
        assert_eq!(fits("春眠不觉晓处处闻啼鸟", &one), Some(true));
        assert_eq!(fits("春眠不觉晓处处闻啼", &one), Some(false));
        assert_eq!(fits("x", "nonsense"), None);
        pretend(&host, "x");
    }
}
