//! Who this worker is: a key made in memory, an enrolment, and short-lived tokens bought with signed assertions.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use contract::{
    Clock, Entropy,
    events::SCHEMA as EVENT_SCHEMA,
    snapshot::{
        object::SCHEMAS,
        open::{Audience, TrustedKeys, open_pool_keys},
        pool_key::{PoolKey, PoolKeys},
    },
    worker_api::{ASSERTION_TYPE, Assertion, Enrol, Enrolled, EventsAck, JoinToken, POOL_KEY_INFO, WrappedPoolKey},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::StatusCode;
use rustls::crypto::{
    aws_lc_rs::hpke::DH_KEM_X25519_HKDF_SHA256_AES_256 as SUITE,
    hpke::{EncapsulatedSecret, Hpke},
};
use tokio::{sync::Mutex, time::Instant};
use zeroize::Zeroizing;

use super::{Client, client::CallError};
use crate::events::{Pushed, Refusal, Uplink};

/// What it takes to join.
#[derive(Debug)]
pub(crate) struct Joining {
    pub token: JoinToken,
    /// As it was handed out: the control plane gets it whole.
    pub token_text: String,
    pub name: String,
}

/// An enrolled worker.
#[derive(Debug)]
pub(crate) struct Identity {
    client: Client,
    joining: Joining,
    clock: Clock,
    entropy: Entropy,
    state: Mutex<State>,
    enrolments: AtomicU64,
}

struct State {
    key: EncodingKey,
    public_key: String,
    enrolled: Option<Arc<Membership>>,
    token: Option<(String, Instant)>,
    /// Enrolments so far: when one was revoked, another is made only while the join token allows.
    keys: Option<TrustedKeys>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("enrolled", &self.enrolled).finish_non_exhaustive()
    }
}

/// What the enrolment said.
#[derive(Debug, Clone)]
pub(crate) struct Membership {
    pub enrolled: Enrolled,
    pub audience: Audience,
}

/// Why this worker has no token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IdentityError {
    #[error("the call failed")]
    Call(#[from] CallError),
    /// The root key is not the one that the join token names, or the list of keys is not signed by it.
    #[error("the control plane's keys are not those of the join token: {0}")]
    Untrusted(#[from] contract::snapshot::open::Refusal),
    #[error("a key could not be made")]
    Key,
    /// Signed as it should be, and for somebody else, or not to be opened.
    #[error("the keys of the pool cannot be used: {0}")]
    PoolKeys(&'static str),
}

impl Identity {
    pub(crate) fn new(client: Client, joining: Joining, clock: Clock, entropy: Entropy) -> Result<Self, IdentityError> {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| IdentityError::Key)?;
        let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).map_err(|_| IdentityError::Key)?;
        let state = State {
            key: EncodingKey::from_ed_der(document.as_ref()),
            public_key: URL_SAFE_NO_PAD.encode(pair.public_key().as_ref()),
            enrolled: None,
            token: None,
            keys: None,
        };
        Ok(Self { client, joining, clock, entropy, state: Mutex::new(state), enrolments: AtomicU64::new(0) })
    }

    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    /// A token that is good for some time yet, the membership, and the keys that count now.
    pub(crate) async fn token(&self) -> Result<(String, Arc<Membership>, TrustedKeys), IdentityError> {
        let mut state = self.state.lock().await;
        let membership = match &state.enrolled {
            Some(membership) => Arc::clone(membership),
            None => self.enrol(&mut state).await?,
        };
        if let (Some((token, until)), Some(keys)) = (&state.token, &state.keys)
            && *until > Instant::now()
        {
            return Ok((token.clone(), membership, keys.clone()));
        }
        match self.client.token(self.assertion(&state, &membership)?).await {
            Ok(grant) => {
                let keys = TrustedKeys::open(
                    self.joining.token.root_sha256,
                    &membership.enrolled.root_public_key,
                    &grant.keys,
                )?;
                // Renewed well before its end: a poll in flight may take most of a minute.
                let lifetime =
                    Duration::from_secs(u64::from(grant.expires_in_s)).saturating_sub(Duration::from_secs(90));
                state.token = Some((grant.access_token.clone(), Instant::now() + lifetime));
                state.keys = Some(keys.clone());
                Ok((grant.access_token, membership, keys))
            }
            Err(error) => {
                // Unknown or revoked: swept after a day away, or deleted by an administrator. Enrol anew; a join token
                // that is spent or deleted ends it there.
                if matches!(&error, CallError::Status { status: StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, .. })
                {
                    state.enrolled = None;
                    state.token = None;
                }
                Err(error.into())
            }
        }
    }

    /// The keys of the pool, wrapped for a key that is made for this call and gone after it.
    pub(crate) async fn pool_keys(&self) -> Result<PoolKeys, IdentityError> {
        let (token, membership, _) = self.token().await?;
        let (public, secret) = SUITE.generate_key_pair().map_err(|_| IdentityError::Key)?;
        let public = URL_SAFE_NO_PAD.encode(public.0);
        let answer = self.client.pool_keys(&token, public.clone()).await?;
        let Enrolled { worker, pool, root_public_key, .. } = &membership.enrolled;
        let list = open_pool_keys(self.joining.token.root_sha256, root_public_key, &answer.keys)?;
        let ours = (membership.audience.installation, *pool, *worker, public);
        if (list.installation, list.pool, list.worker, list.public_key) != ours {
            return Err(IdentityError::PoolKeys("they are wrapped for another call"));
        }
        let open = |key: &WrappedPoolKey| {
            let aad = WrappedPoolKey::associated_data(*pool, key.version);
            let encapsulated = EncapsulatedSecret(URL_SAFE_NO_PAD.decode(&key.encapsulated).ok()?);
            let wrapped = URL_SAFE_NO_PAD.decode(&key.wrapped).ok()?;
            let opened = SUITE.open(&encapsulated, POOL_KEY_INFO, aad.as_bytes(), &wrapped, &secret).ok()?;
            let opened: [u8; 32] = Zeroizing::new(opened).as_slice().try_into().ok()?;
            Some(PoolKey::new(key.version, Zeroizing::new(opened)))
        };
        let keys = list.keys.iter().map(open).collect::<Option<Vec<_>>>();
        let keys = keys.ok_or(IdentityError::PoolKeys("one does not open"))?;
        Ok(keys.into_iter().collect())
    }

    /// The token was refused: get another at the next call.
    pub(crate) async fn discard_token(&self) {
        self.state.lock().await.token = None;
    }

    async fn enrol(&self, state: &mut State) -> Result<Arc<Membership>, IdentityError> {
        let enrolled = self
            .client
            .enrol(&Enrol {
                join_token: self.joining.token_text.clone(),
                name: self.joining.name.clone(),
                public_key: state.public_key.clone(),
                software_version: env!("CARGO_PKG_VERSION").to_owned(),
                snapshot_schemas: SCHEMAS.to_vec(),
                event_schemas: vec![EVENT_SCHEMA],
            })
            .await?;
        let keys = TrustedKeys::open(self.joining.token.root_sha256, &enrolled.root_public_key, &enrolled.keys)?;
        let audience = Audience { installation: keys.installation(), pool: enrolled.pool, ring: enrolled.ring };
        tracing::info!(worker = %enrolled.worker, pool = %enrolled.pool, "enrolled");
        let membership = Arc::new(Membership { enrolled, audience });
        self.enrolments.fetch_add(1, Ordering::SeqCst);
        state.enrolled = Some(Arc::clone(&membership));
        state.keys = Some(keys);
        Ok(membership)
    }

    fn assertion(&self, state: &State, membership: &Membership) -> Result<String, IdentityError> {
        let iat = self.clock.now().as_secs();
        let claims = Assertion {
            iss: membership.enrolled.worker,
            aud: membership.enrolled.audience.clone(),
            jti: URL_SAFE_NO_PAD.encode(self.entropy.bytes::<16>()),
            iat,
            exp: iat + 60,
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(ASSERTION_TYPE.to_owned());
        jsonwebtoken::encode(&header, &claims, &state.key).map_err(|_| IdentityError::Key)
    }
}

impl Uplink for Identity {
    async fn upload(&self, body: Bytes) -> Pushed {
        let later = |error: &dyn std::fmt::Display| {
            tracing::debug!(%error, "events could not be sent yet");
            Refusal::Later
        };
        let (token, ..) = self.token().await.map_err(|error| later(&error))?;
        let answer: Result<EventsAck, CallError> = self.client.events(&token, body).await;
        match answer {
            Ok(ack) => Ok(ack),
            Err(CallError::Status { status: StatusCode::CONFLICT, expected_seq: Some(next), .. }) => {
                Err(Refusal::Expected(next))
            }
            Err(CallError::Status { status: StatusCode::UNAUTHORIZED, .. }) => {
                self.discard_token().await;
                Err(Refusal::Later)
            }
            Err(CallError::Status { status: StatusCode::FORBIDDEN, .. }) => Err(Refusal::NotOurs),
            Err(CallError::Status { status, text, .. })
                if matches!(
                    status,
                    StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY
                ) =>
            {
                Err(Refusal::Never(format!("{status} {text}")))
            }
            Err(error) => Err(later(&error)),
        }
    }
    fn era(&self) -> u64 {
        self.enrolments.load(Ordering::SeqCst)
    }
}
