//! What stands in a link: `piv_` and 48 characters, 32 random bytes and four of their hash. Stored as a hash, never shown.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::Entropy;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::auth::token_hash;

const PREFIX: &str = "piv_";
const SECRET: usize = 32;
const CHECKSUM: usize = 4;

pub(super) struct Token(Zeroizing<String>);

impl Token {
    pub(super) fn new(entropy: &Entropy) -> Self {
        let secret = Zeroizing::new(entropy.bytes::<SECRET>());
        let mut all = Zeroizing::new(secret.to_vec());
        all.extend(checksum(&*secret));
        Self(Zeroizing::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(&*all))))
    }

    /// None: a slip, which needs no question to the database.
    pub(super) fn parse(text: String) -> Option<Self> {
        let text = Zeroizing::new(text);
        let all = Zeroizing::new(URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?);
        let (secret, sum) = all.split_at_checked(SECRET)?;
        (sum.len() == CHECKSUM && checksum(secret).eq(sum.iter().copied())).then_some(Self(text))
    }

    pub(super) fn hash(&self) -> [u8; 32] {
        token_hash(&self.0)
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

fn checksum(secret: &[u8]) -> impl Iterator<Item = u8> {
    Sha256::new_with_prefix(PREFIX).chain_update(secret).finalize().into_iter().take(CHECKSUM)
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_with_one_wrong_character_has_not_the_form_of_one() {
        let token = Token::new(&Entropy::new(|bytes| bytes.fill(7)));
        assert_eq!(Token::parse(token.text().to_owned()).map(|again| again.hash()), Some(token.hash()));
        for at in 0..token.text().len() {
            let mut bent = token.text().to_owned().into_bytes();
            bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
            assert!(Token::parse(String::from_utf8(bent).unwrap()).is_none(), "{at}");
            assert!(Token::parse(token.text()[..at].to_owned()).is_none());
        }
        assert!(!format!("{token:?}").contains(&token.text()[4..]));
    }
}
