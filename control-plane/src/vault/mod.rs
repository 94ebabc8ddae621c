//! The master key, and what hangs on it: sealing of secrets at rest, and keys derived for one purpose each.

mod file;

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf::{HKDF_SHA256, Prk},
};
use contract::Entropy;
use zeroize::Zeroizing;

pub use file::{MasterKeyError, load_or_make, parse};

/// What a secret is for. A value sealed for one purpose does not open for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Private keys in the table `keys`: access tokens, root, snapshots.
    SigningKey,
    /// Stored answers of idempotent requests; the request's own key is mixed in.
    IdempotentAnswer,
    /// Tells that database and master key belong together.
    Check,
    /// Authenticity of list cursors.
    Cursor,
    /// TXT values that prove a domain.
    DomainProof,
    /// Keys of pools; pool and version are mixed in.
    PoolKey,
    /// Mail on its way; its id is mixed in.
    Mail,
    /// Private keys of TLS certificates; the certificate's id is mixed in.
    CertificateKey,
    /// The refresh token that comes after another; that one is mixed in.
    RefreshToken,
    /// What a client carries from one step of a sign-in to the next.
    Ticket,
    /// Secrets of authenticator apps; the person is mixed in.
    TotpSecret,
    /// Hashes of recovery codes; the person is mixed in.
    RecoveryCode,
    /// Under which guesses at an account are counted.
    AccountKey,
    /// Authenticity of cookies of known devices.
    Device,
    /// Addresses that a link was asked for; the row's id is mixed in.
    PasswordReset,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::SigningKey => b"postern signing key",
            Self::IdempotentAnswer => b"postern idempotent answer",
            Self::Check => b"postern check",
            Self::Cursor => b"postern cursor",
            Self::DomainProof => b"postern domain proof",
            Self::PoolKey => b"postern pool key",
            Self::Mail => b"postern mail",
            Self::CertificateKey => b"postern certificate key",
            Self::RefreshToken => b"postern refresh token",
            Self::Ticket => b"postern ticket",
            Self::TotpSecret => b"postern totp secret",
            Self::RecoveryCode => b"postern recovery code",
            Self::AccountKey => b"postern account key",
            Self::Device => b"postern device",
            Self::PasswordReset => b"postern password reset",
        }
    }
}

/// Seals and opens. Whoever holds it holds the master key.
pub struct Vault {
    master: Prk,
    entropy: Entropy,
}

/// The value was not sealed with this master key for this purpose, or was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value does not open: another master key, or it was changed")]
pub struct OpenError;

/// First byte of everything sealed: how the rest is to be read.
const VERSION: u8 = 1;

impl Vault {
    pub fn new(master_key: &[u8; 32], entropy: Entropy) -> Self {
        // The key is uniformly random already; expansion alone makes keys of it (RFC 5869 §3.3).
        Self { master: Prk::new_less_safe(HKDF_SHA256, master_key), entropy }
    }

    /// A key for one purpose, the same at every start. `context` parts more of them.
    pub fn derive(&self, purpose: Purpose, context: &[u8]) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        self.master
            .expand(&[purpose.label(), context], HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut *key))
            .expect("32 bytes are within what HKDF can give");
        key
    }

    pub fn seal(&self, purpose: Purpose, secret: &[u8]) -> Vec<u8> {
        self.seal_with(purpose, b"", secret)
    }

    pub fn open(&self, purpose: Purpose, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        self.open_with(purpose, b"", sealed)
    }

    /// As [`Vault::seal`], with something that must be known again to open it.
    pub fn seal_with(&self, purpose: Purpose, context: &[u8], secret: &[u8]) -> Vec<u8> {
        let nonce = self.entropy.bytes::<NONCE_LEN>();
        let mut out = Vec::with_capacity(1 + NONCE_LEN + secret.len() + 16);
        out.push(VERSION);
        out.extend_from_slice(&nonce);
        let mut body = secret.to_vec();
        self.key(purpose, context)
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from([VERSION]), &mut body)
            .expect("AES-GCM takes anything shorter than 64 GiB");
        out.append(&mut body);
        out
    }

    pub fn open_with(&self, purpose: Purpose, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (version, rest) = sealed.split_first().ok_or(OpenError)?;
        let (nonce, body) = rest.split_at_checked(NONCE_LEN).ok_or(OpenError)?;
        if *version != VERSION {
            return Err(OpenError);
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| OpenError)?;
        let mut body = Zeroizing::new(body.to_vec());
        let length = self
            .key(purpose, context)
            .open_in_place(nonce, Aad::from([VERSION]), &mut body)
            .map_err(|_| OpenError)?
            .len();
        body.truncate(length);
        Ok(body)
    }

    fn key(&self, purpose: Purpose, context: &[u8]) -> LessSafeKey {
        let key = self.derive(purpose, context);
        LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &*key).expect("AES-256 takes 32 bytes"))
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(key: u8) -> Vault {
        let counter = std::sync::atomic::AtomicU8::new(0);
        let entropy = Entropy::new(move |bytes| bytes.fill(counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed)));
        Vault::new(&[key; 32], entropy)
    }

    #[test]
    fn what_is_sealed_opens_only_whole_and_for_its_purpose_context_and_key() {
        let vault = vault(1);
        let sealed = vault.seal_with(Purpose::SigningKey, b"a", b"secret");
        assert_eq!(&**vault.open_with(Purpose::SigningKey, b"a", &sealed).unwrap(), b"secret");
        assert_eq!(vault.open_with(Purpose::SigningKey, b"b", &sealed), Err(OpenError));
        assert_eq!(vault.open_with(Purpose::Cursor, b"a", &sealed), Err(OpenError));
        assert_eq!(super::tests::vault(2).open_with(Purpose::SigningKey, b"a", &sealed), Err(OpenError));
        for at in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[at] ^= 1;
            assert_eq!(vault.open_with(Purpose::SigningKey, b"a", &bent), Err(OpenError), "byte {at}");
            assert_eq!(vault.open_with(Purpose::SigningKey, b"a", &sealed[..at]), Err(OpenError), "cut at {at}");
        }
    }

    #[test]
    fn the_same_secret_is_never_sealed_the_same_way_twice() {
        let vault = vault(1);
        assert_ne!(vault.seal(Purpose::Check, b"x"), vault.seal(Purpose::Check, b"x"));
    }
}
