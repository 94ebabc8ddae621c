//! Asks for all that one answer shows, at once and with one end.

use std::time::Duration;

use checks::{
    Outcome,
    dns::{Failure, Mx},
    ownership::{self, Ownership},
};

use crate::{
    app::App,
    domains::{Domain, proof},
    hex,
};

/// For all questions together: somebody waits for the answer.
const LONGEST: Duration = Duration::from_secs(5);

/// What DNS said, and what the proof should say.
pub(crate) struct Found {
    pub proof: String,
    pub ownership: Ownership,
    pub proofs: Outcome<Vec<Vec<u8>>>,
    pub mx: Outcome<Vec<Mx>>,
    pub txt: Outcome<Vec<Vec<u8>>>,
}

/// Five questions at most, past our own cache. Never while a transaction is open.
pub(crate) async fn look(app: &App, domain: &Domain) -> Found {
    let proof = proof::expected(&app.vault, domain.tenant, &domain.name);
    let sibling = hex::digits(&app.entropy.bytes::<8>());
    let record = ownership::record_name(&domain.name);
    let (ownership, proofs, mx, txt) = tokio::join!(
        tokio::time::timeout(LONGEST, ownership::ownership(&app.dns, &domain.name, &proof, &sibling)),
        tokio::time::timeout(LONGEST, app.dns.txt_now(&record)),
        tokio::time::timeout(LONGEST, app.dns.mx_now(&domain.name)),
        tokio::time::timeout(LONGEST, app.dns.txt_now(domain.name.as_ascii())),
    );
    Found {
        ownership: ownership.unwrap_or(Ownership::Unknown(Failure::Timeout)),
        proofs: proofs.unwrap_or(Outcome::Unavailable(Failure::Timeout)),
        mx: mx.unwrap_or(Outcome::Unavailable(Failure::Timeout)),
        txt: txt.unwrap_or(Outcome::Unavailable(Failure::Timeout)),
        proof,
    }
}
