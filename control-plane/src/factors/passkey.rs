//! Passkeys and security keys: what an authenticator is asked, and whether its answer is good.
//!
//! User verification is always asked for (a PIN, a finger), so a passkey alone is two factors: something one has and
//! something one knows or is.

use contract::{Id, ids};
use url::Url;
use uuid::Uuid;
use webauthn_rs::prelude::{
    CredentialID, DiscoverableKey, Passkey, PublicKeyCredential, RegisterPublicKeyCredential, RequestChallengeResponse,
    Webauthn, WebauthnBuilder,
};

use super::ticket::{Ceremony, LIFETIME};
use crate::{
    app::App,
    http::{ApiError, Code},
};

/// What verifies them. None where `public_url` names an address: authenticators know names only.
pub(crate) fn relying_party(public_url: &Url) -> Option<Webauthn> {
    let host = public_url.domain()?;
    let origin = public_url.origin().ascii_serialization().parse().ok()?;
    WebauthnBuilder::new(host, &origin).ok()?.rp_name("Postern").timeout(LIFETIME).build().ok()
}

fn party(app: &App) -> Result<&Webauthn, ApiError> {
    app.passkeys.as_ref().ok_or_else(|| ApiError::new(Code::PasskeysUnavailable).detail("public_url has no host name"))
}

/// The host they are made for.
pub(super) fn host(app: &App) -> &str {
    app.config.public_url.host_str().unwrap_or_default()
}

/// Asks for a new key.
pub(super) fn register(
    app: &App,
    person: Id<ids::Person>,
    email: &str,
    known: Vec<CredentialID>,
) -> Result<(serde_json::Value, Ceremony), ApiError> {
    let (asked, state) =
        party(app)?.start_passkey_registration(person.uuid(), email, email, Some(known)).map_err(ApiError::internal)?;
    let mut asked = serde_json::to_value(asked).map_err(ApiError::internal)?;
    // So that it can be used without typing an address; a security key without room for it does without.
    if let Some(selection) = asked.pointer_mut("/publicKey/authenticatorSelection") {
        selection["residentKey"] = serde_json::Value::from("preferred");
    }
    Ok((asked, Ceremony::Register { person, state }))
}

/// Asks for one of these keys.
pub(super) fn verify(
    app: &App,
    person: Id<ids::Person>,
    keys: &[Passkey],
) -> Result<(RequestChallengeResponse, Ceremony), ApiError> {
    if keys.is_empty() {
        return Err(ApiError::new(Code::NoFactor));
    }
    let (asked, state) = party(app)?.start_passkey_authentication(keys).map_err(ApiError::internal)?;
    Ok((asked, Ceremony::Verify { person, state }))
}

/// Asks for any key of this installation.
pub(super) fn discover(app: &App) -> Result<(RequestChallengeResponse, Ceremony), ApiError> {
    let (mut asked, state) = party(app)?.start_discoverable_authentication().map_err(ApiError::internal)?;
    // A button is pressed for it; the quiet form in a field of text is the page's own choice.
    asked.mediation = None;
    Ok((asked, Ceremony::Discover { state }))
}

/// The new key, if the answer to [`register`] is good.
pub(super) fn registered(
    app: &App,
    ceremony: &Ceremony,
    answer: &RegisterPublicKeyCredential,
) -> Result<Option<Passkey>, ApiError> {
    let Ceremony::Register { state, .. } = ceremony else { return Ok(None) };
    Ok(told(party(app)?.finish_passkey_registration(answer, state)))
}

/// Who shows a key: what the authenticator says, not yet verified.
pub(super) fn claimed(app: &App, answer: &PublicKeyCredential) -> Result<Option<(Uuid, Vec<u8>)>, ApiError> {
    Ok(told(party(app)?.identify_discoverable_authentication(answer)).map(|(person, key)| (person, key.to_vec())))
}

/// The key with its counter moved on, if the answer is good.
pub(super) fn verified(
    app: &App,
    ceremony: Ceremony,
    answer: &PublicKeyCredential,
    mut key: Passkey,
) -> Result<Option<Passkey>, ApiError> {
    let party = party(app)?;
    let result = match ceremony {
        Ceremony::Register { .. } => return Ok(None),
        Ceremony::Verify { state, .. } => party.finish_passkey_authentication(answer, &state),
        Ceremony::Discover { state } => {
            party.finish_discoverable_authentication_v2(answer, state, DiscoverableKey::from(&key))
        }
    };
    let Some(result) = told(result).filter(webauthn_rs::prelude::AuthenticationResult::user_verified) else {
        return Ok(None);
    };
    Ok(key.update_credential(&result).map(|_| key))
}

/// An answer that is not good is nothing out of the ordinary; why, is for the log.
fn told<T>(result: Result<T, webauthn_rs::prelude::WebauthnError>) -> Option<T> {
    result.inspect_err(|error| tracing::debug!(%error, "an authenticator's answer is not good")).ok()
}
