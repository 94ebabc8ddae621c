//! Access tokens: short JWTs (`EdDSA`) that say who, which session and until when, and nothing about grants.

use std::{collections::HashMap, time::Duration};

use contract::{Id, Micros, ids};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::keys::SigningKey;

const AUDIENCE: &str = "postern-api";
/// RFC 9068 §2.1
const TYPE: &str = "at+jwt";

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    aud: String,
    sub: Id<ids::Person>,
    sid: Id<ids::Session>,
    iat: i64,
    exp: i64,
}

/// What a good token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    pub person: Id<ids::Person>,
    pub session: Id<ids::Session>,
}

/// Makes and checks access tokens.
pub struct Tokens {
    issuer: String,
    key_id: String,
    signing: EncodingKey,
    verifying: HashMap<String, DecodingKey>,
}

impl Tokens {
    /// The first key signs; all of them verify.
    pub fn new(issuer: String, current: &SigningKey, previous: &[SigningKey]) -> Self {
        let verifying = std::iter::once(current).chain(previous);
        Self {
            issuer,
            key_id: current.id.clone(),
            signing: EncodingKey::from_ed_der(&current.pkcs8),
            verifying: verifying.map(|key| (key.id.clone(), DecodingKey::from_ed_der(&key.public))).collect(),
        }
    }

    /// The token, and when it ends.
    pub fn issue(
        &self,
        who: Identity,
        now: Micros,
        lifetime: Duration,
    ) -> Result<(String, Micros), jsonwebtoken::errors::Error> {
        let expires_at = Micros::from_secs((now + lifetime).as_secs());
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            sub: who.person,
            sid: who.session,
            iat: now.as_secs(),
            exp: expires_at.as_secs(),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.key_id.clone());
        header.typ = Some(TYPE.to_owned());
        Ok((jsonwebtoken::encode(&header, &claims, &self.signing)?, expires_at))
    }

    /// None for anything that is not a token of ours, for this API, now.
    pub fn verify(&self, token: &str, now: Micros) -> Option<Identity> {
        if token.len() > 2_048 {
            return None;
        }
        let header = jsonwebtoken::decode_header(token).ok()?;
        if header.typ.as_deref() != Some(TYPE) {
            return None;
        }
        let key = self.verifying.get(header.kid.as_deref()?)?;
        // One algorithm, whatever the header says.
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[&self.issuer]);
        validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        // By our own clock, below.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, key, &validation).ok()?.claims;
        let now = now.as_secs();
        // Another replica's clock may be a little ahead.
        let timely = now < claims.exp && claims.iat <= now.saturating_add(30) && claims.exp > claims.iat;
        timely.then_some(Identity { person: claims.sub, session: claims.sid })
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").field("issuer", &self.issuer).field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(seed: u8) -> Tokens {
        let entropy = contract::Entropy::new(move |bytes| bytes.fill(seed));
        Tokens::new("https://a.example".into(), &SigningKey::generate(&entropy, Micros::from_secs(1)), &[])
    }

    const LIFETIME: Duration = Duration::from_mins(10);
    const NOW: Micros = Micros::from_secs(1_800_000_000);

    fn who() -> Identity {
        Identity { person: Id::new(NOW, [1; 10]), session: Id::new(NOW, [2; 10]) }
    }

    #[test]
    fn a_token_is_good_for_its_time_and_only_unchanged() {
        let tokens = tokens(1);
        let (token, expires_at) = tokens.issue(who(), NOW, LIFETIME).unwrap();
        assert_eq!(tokens.verify(&token, NOW), Some(who()));
        assert_eq!(tokens.verify(&token, expires_at), None);
        assert_eq!(tokens.verify(&token, NOW - Duration::from_mins(1)), None);
        for at in 0..token.len() {
            let mut bent = token.clone().into_bytes();
            bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
            let bent = String::from_utf8(bent).unwrap();
            // The last digit of a base64 text has bits that mean nothing; such a spelling must not pass either.
            assert!(tokens.verify(&bent, NOW).is_none(), "{at}");
        }
    }

    #[test]
    fn tokens_of_another_key_issuer_type_or_algorithm_are_refused() {
        let ours = tokens(1);
        let mut other = tokens(2);
        assert_eq!(ours.verify(&other.issue(who(), NOW, LIFETIME).unwrap().0, NOW), None);
        other.key_id.clone_from(&ours.key_id);
        assert_eq!(ours.verify(&other.issue(who(), NOW, LIFETIME).unwrap().0, NOW), None);
        let mut issuer = tokens(1);
        issuer.issuer = "https://b.example".into();
        assert_eq!(ours.verify(&issuer.issue(who(), NOW, LIFETIME).unwrap().0, NOW), None);

        let claims = serde_json::json!({ "iss": "https://a.example", "aud": AUDIENCE, "sub": who().person,
            "sid": who().session, "iat": NOW.as_secs(), "exp": NOW.as_secs() + 60 });
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(ours.key_id.clone());
        header.typ = Some(TYPE.into());
        let confused = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(&[1; 32])).unwrap();
        assert_eq!(ours.verify(&confused, NOW), None);
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(ours.key_id.clone());
        header.typ = Some("JWT".into());
        let other_type = jsonwebtoken::encode(&header, &claims, &ours.signing).unwrap();
        assert_eq!(ours.verify(&other_type, NOW), None);
        for nonsense in ["", ".", "..", "a.b.c", "eyJhbGciOiJub25lIn0.e30."] {
            assert_eq!(ours.verify(nonsense, NOW), None);
        }
    }
}
