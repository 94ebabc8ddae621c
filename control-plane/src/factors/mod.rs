//! Second factors: codes by time (TOTP), passkeys and security keys (`WebAuthn`), recovery codes.
//!
//! `totp`, `passkey` and `recovery` know one kind each; `proof` checks what somebody shows, `ticket` seals what is carried
//! from one step to the next, `api` is one's own factors, `second` the second step of a sign-in, `void` what another `public_url`
//! makes of passkeys.

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
pub mod void;

use contract::{Id, ids};

use crate::db::{Read, StoreError, Tx};
pub(crate) use passkey::relying_party;
pub(crate) use proof::Shown;
pub(crate) use second::second_step;
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
    /// Those that were made for another: they cannot be shown here, and are held all the same.
    pub void_passkeys: i64,
    pub recovery_codes: i64,
}

impl Held {
    /// Recovery codes stand in for a factor and are none. What cannot be shown here counts: the password alone does not become
    /// enough by another `public_url`.
    pub(crate) fn any(self) -> bool {
        self.usable() || self.void_passkeys > 0
    }

    /// Is there one that can be shown here?
    pub(crate) fn usable(self) -> bool {
        self.totp || self.passkeys > 0
    }

    /// How many there are.
    pub(crate) fn count(self) -> i64 {
        i64::from(self.totp) + self.passkeys + self.void_passkeys
    }

    /// What the second step can be made with. Empty where all that is left are passkeys of another `public_url`.
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

/// Takes away all that a person has set up; what there was.
pub(crate) async fn clear(tx: &mut Tx, person: Id<ids::Person>, host: &str) -> Result<Held, StoreError> {
    let held = store::held(tx, person, host).await?;
    store::clear(tx, person).await?;
    Ok(held)
}
