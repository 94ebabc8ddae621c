//! Somebody shows a factor: whose it would have to be is known, whether it is good is found out here.

use std::time::Duration;

use contract::{Id, ids};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use webauthn_rs::prelude::PublicKeyCredential;

use super::{
    Method, passkey, recovery, store,
    ticket::{self, Ceremony},
    totp,
};
use crate::{
    app::App,
    db::{Read, StoreError, Tx},
    http::{ApiError, Code, FieldError},
    vault::Purpose,
};

/// What is shown: exactly one of these.
#[derive(Default, Clone)]
pub(crate) struct ShownBody {
    pub totp_code: Option<String>,
    pub recovery_code: Option<String>,
    pub passkey: Option<PasskeyAnswer>,
}

/// What `navigator.credentials` gave.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeyAnswer {
    /// As it came with the options.
    #[schema(example = "pcy_AbCd…", max_length = 32_768)]
    pub ceremony: String,
    /// The credential (`PublicKeyCredential.toJSON()`), as `WebAuthn` writes it.
    #[schema(value_type = Object, example = json!({ "id": "…", "rawId": "…", "type": "public-key", "response": {} }))]
    pub credential: serde_json::Value,
}

impl std::fmt::Debug for ShownBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ShownBody(…)")
    }
}

impl std::fmt::Debug for PasskeyAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasskeyAnswer(…)")
    }
}

/// A factor that is shown, parsed.
pub(crate) enum Shown {
    Totp(String),
    RecoveryCode(String),
    Passkey { ceremony: String, answer: Box<PublicKeyCredential> },
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.method().name())
    }
}

impl ShownBody {
    pub(crate) fn parse(self) -> Result<Shown, ApiError> {
        match (self.totp_code, self.recovery_code, self.passkey) {
            (Some(code), None, None) => Ok(Shown::Totp(code)),
            (None, Some(code), None) => Ok(Shown::RecoveryCode(code)),
            (None, None, Some(passkey)) => {
                let answer = parse_answer(passkey.credential, "/passkey/credential")?;
                Ok(Shown::Passkey { ceremony: passkey.ceremony, answer: Box::new(answer) })
            }
            _ => Err(ApiError::invalid(vec![FieldError::new(
                "/totp_code",
                "required",
                "one of totp_code, recovery_code and passkey, and only one",
            )])),
        }
    }
}

/// A credential of `WebAuthn`.
pub(super) fn parse_answer<T: serde::de::DeserializeOwned>(
    credential: serde_json::Value,
    pointer: &str,
) -> Result<T, ApiError> {
    // The parser's words may quote what was sent.
    serde_json::from_value(credential).map_err(|_| ApiError::field(pointer, "is no credential as WebAuthn writes it"))
}

/// Codes of an app that are looked at in such a time for one person, from wherever strangers' come, or with one device the
/// person is known by; recovery codes as many again. A guess of an app's code is right once in 333,333 times.
const GUESSES: i64 = 30;
const WINDOW: Duration = Duration::from_hours(1);

impl Shown {
    /// Counts a code before it is looked at, by a person, a device or a session. False: there were too many. The transaction
    /// must commit whatever comes of it.
    pub(super) async fn count(&self, tx: &mut Tx, by: uuid::Uuid) -> Result<bool, StoreError> {
        match self {
            Self::Totp(_) => count_in_window(tx, b"totp", by, WINDOW, GUESSES).await,
            Self::RecoveryCode(_) => count_in_window(tx, b"recovery", by, WINDOW, GUESSES).await,
            Self::Passkey { .. } => Ok(true),
        }
    }

    pub(crate) fn method(&self) -> Method {
        match self {
            Self::Totp(_) => Method::Totp,
            Self::RecoveryCode(_) => Method::RecoveryCode,
            Self::Passkey { .. } => Method::Passkey,
        }
    }

    /// Is it good, for this person? What is good once is spent by it. `begin` of the transaction is the caller's, as is what
    /// follows from no.
    pub(crate) async fn spend(self, app: &App, tx: &mut Tx, person: Id<ids::Person>) -> Result<bool, ApiError> {
        match self {
            Self::Totp(code) => {
                let Some(secret) = sealed_secret(tx, person).await? else { return Ok(false) };
                let opened = open_secret(app, person, &secret)?;
                match totp::matching_step(&opened, &code, tx.now()) {
                    Some(step) => Ok(store::spend_step(tx, person, &secret, step).await?),
                    None => Ok(false),
                }
            }
            Self::RecoveryCode(code) => {
                Ok(store::spend_code(tx, person, &recovery::hash(&app.vault, person, &code)).await?)
            }
            Self::Passkey { ceremony, answer } => {
                let over = || ApiError::new(Code::CeremonyOver);
                let opened = ticket::open::<Ceremony>(&app.vault, tx.now(), &ceremony).ok_or_else(over)?;
                if !opened.count(tx).await? {
                    return Err(over());
                }
                match &opened.body {
                    Ceremony::Verify { person: asked, .. } if *asked == person => {}
                    _ => return Err(over()),
                }
                spend_passkey(app, tx, person, opened.body, &answer).await
            }
        }
    }
}

/// Counts something about something, in windows of time. False: there was too much of it in this one.
pub(super) async fn count_in_window(
    tx: &mut Tx,
    what: &[u8],
    about: uuid::Uuid,
    window: Duration,
    most: i64,
) -> Result<bool, StoreError> {
    let now = tx.now();
    let number = now.as_micros().div_euclid(i64::try_from(window.as_micros()).unwrap_or(i64::MAX));
    let mut hash = Sha256::new();
    hash.update(what);
    hash.update(about.as_bytes());
    hash.update(number.to_be_bytes());
    store::count_try(tx, &hash.finalize().into(), now + window, most).await
}

/// The key that is shown is one of the person's, and the answer is good.
pub(super) async fn spend_passkey(
    app: &App,
    tx: &mut Tx,
    person: Id<ids::Person>,
    ceremony: Ceremony,
    answer: &PublicKeyCredential,
) -> Result<bool, ApiError> {
    let rows = store::passkeys(tx, person).await?;
    let host = passkey::host(app);
    let row = rows.into_iter().find(|row| row.credential_id == answer.raw_id && row.rp_id == host);
    let Some(row) = row else { return Ok(false) };
    let Some(key) = passkey::verified(app, ceremony, answer, row.key()?)? else { return Ok(false) };
    let after = serde_json::to_string(&key).map_err(ApiError::internal)?;
    Ok(store::use_passkey(tx, row.id, &row.credential, &after).await?)
}

async fn sealed_secret(read: &mut Read, person: Id<ids::Person>) -> Result<Option<Vec<u8>>, StoreError> {
    let totp = store::totp(read, person).await?;
    Ok(totp.filter(|totp| totp.confirmed_at.is_some()).and_then(|totp| totp.sealed))
}

pub(super) fn open_secret(
    app: &App,
    person: Id<ids::Person>,
    sealed: &[u8],
) -> Result<zeroize::Zeroizing<Vec<u8>>, StoreError> {
    let context = person.uuid();
    let opened = app.vault.open_with(Purpose::TotpSecret, context.as_bytes(), sealed);
    opened.map_err(StoreError::corrupt("totp.sealed"))
}
