//! Passwords: the rule, and Argon2id in a bounded pool, so that guessing never takes the memory or all the cores.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use argon2::{PasswordHasher, PasswordVerifier};
use aws_lc_rs::digest;
use contract::Entropy;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::Cost;
use crate::http::{ApiError, Code};

/// Characters of a password that is all there is.
pub const SHORTEST: usize = 15;
/// Characters of one that a second factor stands beside.
pub const SHORTEST_WITH_FACTOR: usize = 10;
/// Bytes. Longer ones cost only time.
pub const LONGEST: usize = 1_024;
/// Hashes that may wait for a core.
const QUEUE: usize = 64;

/// A password as it was typed. Never logged, never stored.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// As lists of exposed passwords name one. It is as secret as the password.
    pub(crate) fn sha1(&self) -> Zeroizing<[u8; 20]> {
        let mut sha1 = Zeroizing::new([0; 20]);
        let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, self.0.as_bytes());
        sha1.copy_from_slice(digest.as_ref());
        sha1
    }

    /// Good beside a second factor only.
    pub fn is_short(&self) -> bool {
        self.0.chars().count() < SHORTEST
    }

    /// Why it cannot be a new password. Not looked at when one signs in: then it is only right or wrong.
    /// `has_factor`: a second factor stands beside it.
    pub fn refusal(&self, email: &str, has_factor: bool) -> Option<String> {
        let shortest = if has_factor { SHORTEST_WITH_FACTOR } else { SHORTEST };
        let length = self.0.chars().count();
        let local = email.split('@').next().unwrap_or(email);
        let lower = self.0.to_lowercase();
        if length < shortest {
            Some(format!("a password has at least {shortest} characters"))
        } else if self.0.len() > LONGEST {
            Some(format!("a password has at most {LONGEST} bytes"))
        } else if lower == email.to_lowercase() || (local.len() >= shortest && lower == local.to_lowercase()) {
            Some("a password is not the e-mail address".to_owned())
        } else if distinct(&self.0) < 5 {
            Some("a password has at least 5 different characters".to_owned())
        } else {
            None
        }
    }
}

fn distinct(text: &str) -> usize {
    text.chars().collect::<std::collections::HashSet<_>>().len()
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

/// Hashes and verifies. Cheap to clone.
#[derive(Clone)]
pub struct Hasher {
    cores: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    entropy: Entropy,
    cost: Cost,
    /// Verified against where there is no account, so that both take equal time.
    decoy: Arc<str>,
    /// Verified so far, decoys too.
    verified: Arc<AtomicU64>,
}

impl Hasher {
    pub fn new(cost: Cost, entropy: Entropy) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        // Any hash at our cost will do; the salt is as public as every salt.
        let decoy = hash(cost, b"nobody has this password", &entropy.bytes::<16>());
        Self {
            cores: Arc::new(Semaphore::new(cores)),
            queue: Arc::new(Semaphore::new(cores + QUEUE)),
            entropy,
            cost,
            decoy: decoy.into(),
            verified: Arc::default(),
        }
    }

    pub async fn hash(&self, password: Password) -> Result<String, ApiError> {
        let (cost, salt) = (self.cost, self.entropy.bytes::<16>());
        self.work(move || hash(cost, password.0.as_bytes(), &salt)).await
    }

    /// `stored` is none for an account that does not exist: then the answer is no, and takes as long.
    pub async fn verify(&self, password: Password, stored: Option<String>) -> Result<bool, ApiError> {
        let (cost, decoy, verified) = (self.cost, Arc::clone(&self.decoy), Arc::clone(&self.verified));
        self.work(move || {
            verified.fetch_add(1, Ordering::Relaxed);
            let hash = stored.as_deref().unwrap_or(&decoy);
            // The hash says what it cost; what is set is for new ones.
            let right =
                password.0.len() <= LONGEST && cost.argon2().verify_password(password.0.as_bytes(), hash).is_ok();
            right && stored.is_some()
        })
        .await
    }

    /// How many were verified since the start: as many where there is no account as where there is one.
    pub fn verified(&self) -> u64 {
        self.verified.load(Ordering::Relaxed)
    }

    /// Was it hashed at another cost than new passwords are? Whoever knows the password hashes it anew.
    pub fn is_outdated(&self, stored: &str) -> bool {
        self.cost.differs_from(stored)
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
        let overloaded = || ApiError::new(Code::Overloaded).retry_after_s(2);
        let place = Arc::clone(&self.queue).try_acquire_owned().map_err(|_| overloaded())?;
        let core = Arc::clone(&self.cores).acquire_owned().await.map_err(ApiError::internal)?;
        // The permits go with the work: a caller that leaves does not make room before it is done.
        let done = tokio::task::spawn_blocking(move || {
            let value = work();
            drop((core, place));
            value
        });
        done.await.map_err(ApiError::internal)
    }
}

impl std::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hasher").field("waiting", &self.queue.available_permits()).finish_non_exhaustive()
    }
}

fn hash(cost: Cost, password: &[u8], salt: &[u8]) -> String {
    cost.argon2()
        .hash_password_with_salt(password, salt)
        .expect("a salt of 16 bytes and any password will do")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hasher() -> Hasher {
        Hasher::new(Cost::default(), Entropy::new(|bytes| bytes.fill(3)))
    }

    #[tokio::test]
    async fn the_right_password_opens_and_no_other() {
        let hasher = hasher();
        let stored = hasher.hash(Password::new("correct horse battery".into())).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        let verify = |text: &str, stored: Option<String>| hasher.verify(Password::new(text.into()), stored);
        assert!(verify("correct horse battery", Some(stored.clone())).await.unwrap());
        assert!(!verify("correct horse batterx", Some(stored.clone())).await.unwrap());
        assert!(!verify("", Some(stored)).await.unwrap());
        assert!(!verify("nobody has this password", None).await.unwrap());
        assert!(!verify("x", Some("not a hash".into())).await.unwrap());
    }

    #[tokio::test]
    async fn a_hash_of_another_cost_still_opens_and_is_outdated() {
        let entropy = || Entropy::new(|bytes| bytes.fill(3));
        let dearer = Hasher::new(Cost::new(12_288, 4, 2).unwrap(), entropy());
        let stored = hasher().hash(Password::new("correct horse battery".into())).await.unwrap();
        assert!(dearer.verify(Password::new("correct horse battery".into()), Some(stored.clone())).await.unwrap());
        assert!(!dearer.verify(Password::new("correct horse batterx".into()), Some(stored.clone())).await.unwrap());
        assert!(dearer.is_outdated(&stored) && !hasher().is_outdated(&stored));
        let anew = dearer.hash(Password::new("correct horse battery".into())).await.unwrap();
        assert!(anew.starts_with("$argon2id$v=19$m=12288,t=4,p=2$"), "{anew}");
        // Who has no account waits as long as who has a new one.
        assert!(dearer.decoy.starts_with("$argon2id$v=19$m=12288,t=4,p=2$"), "{}", dearer.decoy);
    }

    #[tokio::test]
    async fn a_full_queue_is_said_at_once() {
        let hasher = hasher();
        let all = u32::try_from(hasher.queue.available_permits()).unwrap();
        let _taken = hasher.queue.try_acquire_many(all).unwrap();
        let error = hasher.verify(Password::new("x".into()), None).await.unwrap_err();
        assert_eq!(error.code(), Code::Overloaded);
    }

    #[test]
    fn weak_passwords_are_refused_with_a_reason() {
        let long_mail = "a.very.long.name@example.com";
        for (text, email, good) in [
            ("fourteen chars", "a@example.com", false),
            ("fifteen chars!!", "a@example.com", true),
            ("fünfzehn Zeichen", "a@example.com", true),
            ("aaaaaaaaaaaaaaaaaa", "a@example.com", false),
            ("A.Very.Long.Name@example.com", long_mail, false),
            ("a.very.long.name", long_mail, false),
        ] {
            assert_eq!(Password::new(text.into()).refusal(email, false).is_none(), good, "{text}");
        }
        assert!(Password::new("abcdefgh".repeat(200)).refusal("a@b.example", false).is_some());
        assert!(Password::new("ten chars!".into()).refusal("a@b.example", true).is_none());
        assert!(Password::new("nine char".into()).refusal("a@b.example", true).is_some());
    }
}
