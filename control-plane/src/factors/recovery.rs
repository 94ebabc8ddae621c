//! Recovery codes: 80 random bits each, shown once, good once. What is stored is of no use without the master key.

use aws_lc_rs::hmac;
use contract::{Entropy, Id, ids};

use super::totp::base32;
use crate::vault::{Purpose, Vault};

/// Codes that somebody gets at a time.
pub(super) const HOW_MANY: usize = 10;
const BYTES: usize = 10;
const GROUP: usize = 4;

/// New ones, as they are shown: `abcd-efgh-ijkl-mnop`.
pub(super) fn make(entropy: &Entropy) -> Vec<String> {
    (0..HOW_MANY).map(|_| show(&base32(&entropy.bytes::<BYTES>()).to_ascii_lowercase())).collect()
}

fn show(plain: &str) -> String {
    let digits: Vec<char> = plain.chars().collect();
    let groups: Vec<String> = digits.chunks(GROUP).map(|group| group.iter().collect()).collect();
    groups.join("-")
}

/// Under which a code is stored. Written with or without hyphens, in capitals or not, it is the same one.
pub(super) fn hash(vault: &Vault, person: Id<ids::Person>, code: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &*vault.derive(Purpose::RecoveryCode, person.uuid().as_bytes()));
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    hmac::sign(&key, plain.to_ascii_lowercase().as_bytes()).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use contract::Micros;

    use super::*;

    #[test]
    fn a_code_is_the_same_however_it_is_typed_and_another_for_each_person() {
        let entropy = Entropy::new(|bytes| bytes.fill(7));
        let vault = Vault::new(&[1; 32], entropy.clone());
        let [anna, ben] = [1, 2].map(|n| Id::<ids::Person>::new(Micros::EPOCH, [n; 10]));
        let codes = make(&entropy);
        assert_eq!((codes.len(), codes[0].len()), (HOW_MANY, 19));
        let stored = hash(&vault, anna, &codes[0]);
        assert_eq!(hash(&vault, anna, &codes[0].replace('-', " ").to_uppercase()), stored);
        assert_ne!(hash(&vault, ben, &codes[0]), stored);
        assert_ne!(hash(&vault, anna, &codes[0][1..]), stored);
    }
}
