//! Passwords: the rule, and Argon2id in a bounded pool, so that guessing never takes the memory or all the cores.

use std::sync::Arc;

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use contract::Entropy;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::http::{ApiError, Code};

/// Characters, alone.
pub const SHORTEST: usize = 15;
/// Characters beside a second factor.
pub const SHORTEST_BESIDE_FACTOR: usize = 10;
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

    /// Why it cannot be a new password. Not looked at when one signs in: then it is only right or wrong.
    pub fn refusal(&self, email: &str) -> Option<String> {
        self.refusal_below(SHORTEST, email)
    }

    /// As [`Password::refusal`], for somebody with a second factor.
    pub fn refusal_beside_factor(&self, email: &str) -> Option<String> {
        self.refusal_below(SHORTEST_BESIDE_FACTOR, email)
    }

    /// Good beside a second factor only.
    pub fn is_short(&self) -> bool {
        self.0.chars().count() < SHORTEST
    }

    fn refusal_below(&self, shortest: usize, email: &str) -> Option<String> {
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
    /// Verified against where there is no account, so that both take equal time.
    decoy: Arc<str>,
}

impl Hasher {
    pub fn new(entropy: Entropy) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        // Any hash with our parameters will do; the salt is as public as every salt.
        let decoy = hash(b"nobody has this password", &entropy.bytes::<16>());
        Self {
            cores: Arc::new(Semaphore::new(cores)),
            queue: Arc::new(Semaphore::new(cores + QUEUE)),
            entropy,
            decoy: decoy.into(),
        }
    }

    pub async fn hash(&self, password: Password) -> Result<String, ApiError> {
        let salt = self.entropy.bytes::<16>();
        self.work(move || hash(password.0.as_bytes(), &salt)).await
    }

    /// `stored` is none for an account that does not exist: then the answer is no, and takes as long.
    pub async fn verify(&self, password: Password, stored: Option<String>) -> Result<bool, ApiError> {
        let decoy = Arc::clone(&self.decoy);
        self.work(move || {
            let hash = stored.as_deref().unwrap_or(&decoy);
            let right =
                password.0.len() <= LONGEST && Argon2::default().verify_password(password.0.as_bytes(), hash).is_ok();
            right && stored.is_some()
        })
        .await
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

/// Argon2id, 19 MiB, two passes, one lane: the first choice of OWASP's list.
fn hash(password: &[u8], salt: &[u8]) -> String {
    Argon2::default()
        .hash_password_with_salt(password, salt)
        .expect("a salt of 16 bytes and any password will do")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hasher() -> Hasher {
        Hasher::new(Entropy::new(|bytes| bytes.fill(3)))
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
            assert_eq!(Password::new(text.into()).refusal(email).is_none(), good, "{text}");
        }
        assert!(Password::new("abcdefgh".repeat(200)).refusal("a@b.example").is_some());
    }
}
