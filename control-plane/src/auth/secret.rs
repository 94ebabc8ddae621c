//! Secrets that are shown once and stored as a hash: API keys, and what stands in mailed links. A prefix, for those who look for
//! secrets in places where none should stand; 32 random octets; and four of their hash, which tell a slip of the hand without a
//! question to the database.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::Entropy;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::token_hash;

const SECRET: usize = 32;
const CHECKSUM: usize = 4;

/// A new one, as it is shown.
pub(crate) fn make(prefix: &str, entropy: &Entropy) -> Zeroizing<String> {
    let secret = Zeroizing::new(entropy.bytes::<SECRET>());
    let mut all = Zeroizing::new(Vec::with_capacity(SECRET + CHECKSUM));
    all.extend_from_slice(&*secret);
    all.extend(checksum(prefix, &*secret));
    Zeroizing::new(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(&*all)))
}

/// What a text is stored as, if it has the form of one with this prefix.
pub(crate) fn hash(prefix: &str, text: &str) -> Option<[u8; 32]> {
    let all = Zeroizing::new(URL_SAFE_NO_PAD.decode(text.strip_prefix(prefix)?).ok()?);
    let (secret, sum) = all.split_at_checked(SECRET)?;
    (sum.len() == CHECKSUM && checksum(prefix, secret).eq(sum.iter().copied())).then(|| token_hash(text))
}

fn checksum(prefix: &str, secret: &[u8]) -> impl Iterator<Item = u8> {
    Sha256::new_with_prefix(prefix).chain_update(secret).finalize().into_iter().take(CHECKSUM)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFIX: &str = "abc_";

    #[test]
    fn with_one_wrong_character_or_another_prefix_it_has_not_the_form_of_one() {
        let text = make(PREFIX, &Entropy::new(|bytes| bytes.fill(7)));
        assert_eq!(text.len(), PREFIX.len() + 48);
        assert_eq!(hash(PREFIX, &text), Some(token_hash(&text)));
        assert_eq!(hash("abd_", &text.replace("abc_", "abd_")), None);
        for at in 0..text.len() {
            let mut bent = text.as_bytes().to_vec();
            bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
            assert!(hash(PREFIX, std::str::from_utf8(&bent).unwrap()).is_none(), "{at}");
            assert!(hash(PREFIX, &text[..at]).is_none());
        }
    }
}
