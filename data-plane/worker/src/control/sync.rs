//! Taking snapshots: poll the head, check it, fetch what is missing, build the index, swap. A refused head changes
//! nothing; the refusal is counted, logged once and reported.

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::{
    Clock, Entropy, Micros,
    snapshot::{
        Verified,
        open::{After, Held, Refusal, Snapshot, open_head},
    },
    worker_api::{HeadVersion, RefusedHead},
};
use reqwest::StatusCode;
use tokio::sync::watch;

use super::{
    Report,
    client::{CallError, HeadAnswer},
    fetch::{Fetch, Fetching},
    identity::{Identity, IdentityError},
};
use crate::index::{Builder, Current};

#[derive(Debug, thiserror::Error)]
enum SyncError {
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error("the head could not be fetched")]
    Head(#[source] CallError),
    #[error("a part of the snapshot could not be fetched")]
    Objects(#[source] CallError),
    #[error("refused: {0}")]
    Refused(Refusal, Option<HeadVersion>),
    #[error("reading was cut short")]
    CutShort(#[source] tokio::task::JoinError),
}

const BACKOFF_MIN: Duration = Duration::from_millis(200);
const BACKOFF_MAX: Duration = Duration::from_secs(15);
const BACKOFF_EXPIRED: Duration = Duration::from_secs(5);

/// Runs for the life of the worker.
pub(crate) async fn sync(
    identity: Arc<Identity>,
    current: Arc<Current>,
    report: watch::Sender<Report>,
    clock: Clock,
    entropy: Entropy,
    poll: Duration,
) {
    let mut taken = Taken {
        snapshot: None,
        builder: Builder::default(),
        etag: None,
        signs_for_nonces: true,
        entropy: entropy.clone(),
        issued_at: Micros::EPOCH,
    };
    let mut backoff = BACKOFF_MIN;
    let mut last_failure = String::new();
    loop {
        match taken.next(&identity, &current, &report, &clock, poll).await {
            Ok(()) => {
                backoff = BACKOFF_MIN;
                last_failure.clear();
                continue;
            }
            Err(mut error) => {
                if let SyncError::Head(CallError::Oversize) = &error {
                    error = SyncError::Refused(Refusal::Oversize, None);
                }
                if let SyncError::Refused(refusal, version) = &error {
                    metrics::counter!("postern_snapshot_refused_total", "refusal" => refusal.name()).increment(1);
                    let refused = RefusedHead { version: *version, refusal: refusal.name().to_owned() };
                    report.send_modify(|report| report.refused = Some(refused));
                }
                if matches!(&error, SyncError::Refused(refusal, None) if is_final(*refusal)) {
                    backoff = BACKOFF_MIN;
                }
                // A publisher that was away signs anew in a moment.
                if matches!(&error, SyncError::Refused(Refusal::Expired, _)) {
                    backoff = backoff.min(BACKOFF_EXPIRED);
                }
                // The same failure again says nothing new.
                let failure = chain(&error);
                if failure != last_failure {
                    tracing::warn!(error = failure, "no new configuration; going on with what is there");
                    last_failure = failure;
                }
            }
        }
        let jitter = Duration::from_millis(u64::from(entropy.bytes::<1>()[0]));
        tokio::time::sleep(backoff + jitter).await;
        backoff = (backoff * 2).min(BACKOFF_MAX);
    }
}

/// The whole chain of causes, once, where it is handled.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

struct Taken {
    snapshot: Option<Verified<Snapshot>>,
    builder: Builder,
    etag: Option<String>,
    /// A control plane of before does not know what a nonce is.
    signs_for_nonces: bool,
    entropy: Entropy,
    issued_at: Micros,
}

impl Taken {
    async fn next(
        &mut self,
        identity: &Identity,
        current: &Current,
        report: &watch::Sender<Report>,
        clock: &Clock,
        poll: Duration,
    ) -> Result<(), SyncError> {
        let (token, membership, keys) = identity.token().await?;
        let held = self.snapshot.as_ref().map(|snapshot| Held::from(snapshot.head()));
        let at = held.map(|held| held.at);
        let nonce =
            (held.is_none() && self.signs_for_nonces).then(|| URL_SAFE_NO_PAD.encode(self.entropy.bytes::<16>()));
        let asked = identity.client().head(&token, at, nonce.as_deref(), self.etag.as_deref(), poll).await;
        let answer = match asked {
            Ok(answer) => answer,
            // Said by a control plane itself, and not by whatever stands before it and passes on no parameters.
            Err(CallError::Status { status: StatusCode::BAD_REQUEST, code: Some(code), .. })
                if nonce.is_some() && code == "invalid_query" =>
            {
                metrics::counter!("postern_snapshot_without_nonce_total").increment(1);
                tracing::warn!("this control plane signs for no nonce: its newest head is taken as it is");
                self.signs_for_nonces = false;
                return Ok(());
            }
            Err(error) => {
                if matches!(&error, CallError::Status { status: StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, .. })
                {
                    identity.discard_token().await;
                }
                return Err(SyncError::Head(error));
            }
        };
        let HeadAnswer::New { jws, etag } = answer else { return Ok(()) };
        let refused = |refusal| SyncError::Refused(refusal, None);
        let after = match (&held, &nonce) {
            (Some(held), _) => After::Held(held),
            (None, Some(nonce)) => After::Nonce(nonce),
            (None, None) => After::Nothing,
        };
        let head = match open_head(&jws, &keys, &membership.audience, after, clock.now()) {
            Ok(head) => head,
            Err(refusal) => {
                if is_final(refusal) {
                    self.etag = etag;
                }
                return Err(refused(refusal));
            }
        };
        let (at, issued_at) = (head.at(), head.issued_at);
        if held.is_some_and(|held| held.at == at && held.root == head.root) {
            // Signed again: the same configuration, confirmed.
            current.renewed(issued_at, clock.now());
            self.issued_at = issued_at;
            self.etag = etag;
            report.send_modify(|report| report.refused = None);
            self.keys_again(identity, current, report, clock).await;
            return Ok(());
        }
        let mut fetching = Fetching { identity, token: &token, bytes: 0 };
        let snapshot = fetching.snapshot(&head, self.snapshot.as_ref()).await.map_err(|error| match error {
            Fetch::Call(error) => SyncError::Objects(error),
            Fetch::Refused(refusal) => SyncError::Refused(refusal, Some(at)),
            Fetch::CutShort(error) => SyncError::CutShort(error),
        })?;
        let fetched_bytes = fetching.bytes;
        if self.builder.lacks_keys(&snapshot) {
            self.fetch_keys(identity).await;
        }
        // All domains may have to be folded again: not on a thread that mail waits for.
        let mut builder = std::mem::take(&mut self.builder);
        let built = tokio::task::spawn_blocking(move || {
            let index = builder.build(&snapshot);
            (builder, snapshot, index)
        });
        let (builder, snapshot, index) = built.await.map_err(SyncError::CutShort)?;
        self.builder = builder;
        let errors: Vec<_> = self.builder.errors(&snapshot).collect();
        metrics::counter!("postern_snapshot_fetched_bytes_total").increment(fetched_bytes);
        metrics::counter!("postern_snapshots_taken_total").increment(1);
        tracing::info!(version = %at, changed = snapshot.changes(), fetched_bytes, errors = errors.len(), "configuration taken");
        current.set(index, issued_at, clock.now());
        self.snapshot = Some(snapshot);
        self.issued_at = issued_at;
        self.etag = etag;
        report.send_modify(|report| *report = Report { running: Some(at), refused: None, errors });
        Ok(())
    }
}

impl Taken {
    /// Gets the keys of the pool. Without them the configuration is taken all the same: what they would open is reported.
    async fn fetch_keys(&mut self, identity: &Identity) -> bool {
        match identity.pool_keys().await {
            Ok(keys) => {
                self.builder.use_keys(keys);
                true
            }
            Err(error) => {
                tracing::warn!(
                    error = chain(&error),
                    "the keys of the pool could not be fetched; tried again in a minute"
                );
                false
            }
        }
    }

    /// What could not be opened may be, now: asked with each renewal of the head.
    async fn keys_again(
        &mut self,
        identity: &Identity,
        current: &Current,
        report: &watch::Sender<Report>,
        clock: &Clock,
    ) {
        let lacking = self.snapshot.as_ref().is_some_and(|snapshot| self.builder.lacks_keys(snapshot));
        if !lacking || !self.fetch_keys(identity).await {
            return;
        }
        let Some(snapshot) = &self.snapshot else { return };
        let index = self.builder.build(snapshot);
        let errors = self.builder.errors(snapshot).collect();
        current.set(index, self.issued_at, clock.now());
        report.send_modify(|report| report.errors = errors);
    }
}

/// The head is what its signer meant, and not for us: the next poll waits for another. One that may have been changed on
/// its way is asked for again; one that is expired too: the same content signed anew is what is hoped for, and a poll that
/// holds the old one may wait for it at a replica that does not publish.
const fn is_final(refusal: Refusal) -> bool {
    matches!(
        refusal,
        Refusal::WrongAudience | Refusal::RolledBack | Refusal::Forked | Refusal::UnknownSchema | Refusal::Shrunk
    )
}
