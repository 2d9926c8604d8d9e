//! Random texts for names and passwords.

use std::sync::{Mutex, PoisonError};

use rand::RngExt;

const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// Lower-case letters and digits without those that could form words.
pub(crate) fn text(length: usize) -> String {
    let mut generator = rand::rng();
    (0..length)
        .filter_map(|_| LETTERS.get(generator.random_range(0..LETTERS.len())).copied().map(char::from))
        .collect()
}

/// Passwords that were made, with the namespaces they are for.
static PASSWORDS: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

/// A password for something in a namespace. Tests may ask for it, to search for it where it must not be.
pub(crate) fn password(namespace: &str, length: usize) -> String {
    let password = text(length);
    let mut all = PASSWORDS.lock().unwrap_or_else(PoisonError::into_inner);
    all.push((namespace.to_owned(), password.clone()));
    password
}

/// The passwords that this process has made, with their namespaces.
pub fn passwords() -> Vec<(String, String)> {
    PASSWORDS.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Random bytes.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_the_wanted_length_and_differ() {
        assert_eq!(text(8).len(), 8);
        assert_ne!(text(16), text(16));
        assert_ne!(bytes::<16>(), bytes::<16>());
    }
}
