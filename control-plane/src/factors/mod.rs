//! Second factors: codes by time (TOTP), passkeys and security keys (`WebAuthn`), recovery codes.
//!
//! `totp`, `passkey` and `recovery` know one kind each; `proof` checks what somebody shows, `ticket` seals what is carried
//! from one step to the next, `api` is one's own factors, `second` the second step of a sign-in.

pub mod api;
pub mod enrol;
mod passkey;
mod proof;
mod recovery;
pub mod second;
pub mod step_up;
mod store;
mod ticket;
mod totp;

use contract::{Id, ids};

use crate::db::{Db, Read, StoreError, System};
pub(crate) use passkey::relying_party;
pub(crate) use proof::Shown;
pub(crate) use second::{Account, second_step};
pub(crate) use step_up::step_up_required;
pub(crate) use store::{STATEMENTS, sweep};

/// How somebody shows who they are, as sessions and problems name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Password,
    Totp,
    Passkey,
    RecoveryCode,
}

impl Method {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Totp => "totp",
            Self::Passkey => "passkey",
            Self::RecoveryCode => "recovery_code",
        }
    }
}

/// What a person has set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Held {
    pub totp: bool,
    /// Those that are good for today's `public_url`.
    pub passkeys: i64,
    pub recovery_codes: i64,
}

impl Held {
    /// Recovery codes stand in for a factor and are none.
    pub(crate) fn any(self) -> bool {
        self.totp || self.passkeys > 0
    }

    /// What the second step can be made with.
    pub(crate) fn methods(self) -> Vec<&'static str> {
        let all = [
            (self.totp, Method::Totp),
            (self.passkeys > 0, Method::Passkey),
            (self.any() && self.recovery_codes > 0, Method::RecoveryCode),
        ];
        all.into_iter().filter(|(held, _)| *held).map(|(_, method)| method.name()).collect()
    }
}

/// What the person has; `host` is that of `public_url`.
pub(crate) async fn held(read: &mut Read, person: Id<ids::Person>, host: &str) -> Result<Held, StoreError> {
    store::held(read, person, host).await
}

/// Says in the log how many passkeys another `public_url` has made void. Nothing is deleted: with the old one they are good.
pub(crate) async fn tell_of_void_passkeys(db: &Db, host: &str) -> Result<(), StoreError> {
    let void = store::void_passkeys(&mut db.read(&System::task("start")).await?, host).await?;
    if void > 0 {
        tracing::warn!(
            void,
            host,
            "passkeys were made for another public_url and are good for nothing while this one stands"
        );
    }
    Ok(())
}
