//! The transaction that moves a head, and what a head says.

use std::time::Duration;

use contract::{
    Id, Micros, ids,
    snapshot::{
        changes::{MAX_BYTES, encode},
        hash::Hash,
        head::{self, Totals},
        tree::{Changes, Tree},
    },
    worker_api::HeadVersion,
};
use tokio::time::Instant;

use super::{LEASE, LEASE_LASTS, PublishError, draft::Done, state::State};
use crate::{
    app::AppState,
    audit,
    db::{Read, StoreError, System},
    installation,
    lease::Lease,
    pools,
    snapshots::{
        RINGS,
        heads::{Head, Peak},
        marks, store,
    },
};

/// A head is signed again so often, and expires so much later.
pub(super) const RENEW: Duration = Duration::from_mins(1);
const EXPIRES: Duration = Duration::from_mins(15);
/// What a head of the last day names is kept.
pub(super) const KEPT: Duration = Duration::from_hours(24);
/// Audited deletions of so long explain fewer tenants and domains.
const DELETIONS: Duration = Duration::from_hours(7 * 24);
/// What a commit is about, for metrics.
#[derive(Debug, Clone, Copy)]
pub(super) enum Of {
    Everything,
    Edits,
}

/// Rows that are marked, and names that go out of use, in one transaction.
const AT_ONCE: usize = 10_000;

impl State {
    /// Moves the head to what is done, and marks the outbox rows that it covers.
    pub(super) async fn commit(
        &mut self,
        app: &AppState,
        lease: Lease,
        done: Done,
        rows: &[i64],
        (of, began): (Of, Instant),
    ) -> Result<(), PublishError> {
        let root = done.tree.hash();
        let same = self.head.as_ref().is_some_and(|head| head.root == root);
        let totals = counted(self.tree.as_ref(), self.totals, &done.changes);
        let system = System::task(LEASE);
        let mut tx = app.db.begin(&system).await?;
        lease.check(&mut tx).await?;
        let epoch = number(installation::load(&mut tx).await?.epoch);
        store::put_objects(&mut tx, self.pool.id, done.waiting.iter()).await?;
        let at = match &self.head {
            Some(head) if same && head.at.epoch == epoch => head.at,
            Some(head) if head.at.epoch == epoch => HeadVersion { epoch, version: head.at.version + 1 },
            _ => HeadVersion { epoch, version: 1 },
        };
        let head = match &self.head {
            // Edits of what is another pool's.
            Some(head) if matches!(of, Of::Edits) && at == head.at && !head.is_old(app.clock.now()) => head.clone(),
            _ => {
                let head = self.sign(app, &mut tx, at, root, totals).await?;
                store::put_head(&mut tx, &head).await?;
                head
            }
        };
        // One that begins does not know the tree that was published before.
        let before = self.tree.as_ref().map(Tree::hash);
        if let Some(before) = before.filter(|before| !same && self.head.as_ref().map(|head| head.root) == Some(*before))
        {
            let encoded = encode(&done.changes);
            if encoded.len() <= MAX_BYTES {
                store::put_changes(&mut tx, &head, before, encoded).await?;
            }
        }
        let (rows_now, rows_later) = rows.split_at(rows.len().min(AT_ONCE));
        marks::mark_all(&mut tx, rows_now, &head).await?;
        let (unused_now, unused_later) = done.unused.split_at(done.unused.len().min(AT_ONCE));
        store::drop_objects(&mut tx, self.pool.id, unused_now).await?;
        lease.extend(&mut tx, LEASE_LASTS).await?;
        tx.commit().await?;
        if !same {
            let moved = done.moved;
            let (pool, edits) = (&*self.pool.name, rows.len());
            tracing::info!(pool, version = %head.at, edits, objects = moved.objects, bytes = moved.bytes, "published");
            app.metrics.with(|| {
                let of = match of {
                    Of::Everything => "everything",
                    Of::Edits => "edits",
                };
                let took = began.elapsed().as_secs_f64();
                metrics::histogram!("postern_snapshot_publish_seconds", "of" => of).record(took);
                metrics::counter!("postern_snapshot_versions_total").increment(1);
                metrics::counter!("postern_snapshot_new_bytes_total").increment(moved.bytes as u64);
            });
        }
        app.heads.look_now();
        (self.tree, self.totals, self.head, self.shards) = (Some(done.tree), totals, Some(head.clone()), done.shards);
        // The head is out, and holds these rows and does not name these objects, whenever that is noted. What is not noted now
        // is noted by whoever begins next.
        if let Err(error) = later(app, lease, &head, rows_later, unused_later).await {
            tracing::warn!(%error, "what was published could not be noted to its end");
        }
        Ok(())
    }

    pub(super) async fn sign(
        &self,
        app: &AppState,
        read: &mut Read,
        at: HeadVersion,
        root: Hash,
        totals: Totals,
    ) -> Result<Head, PublishError> {
        let issued_at = app.clock.now();
        let peak = peak_after(self.head.as_ref().map(|head| head.peak), totals, issued_at);
        let lowest_totals = lowest(read, self.pool.id, peak.totals, issued_at - DELETIONS).await?;
        let ring = RINGS[0];
        let jws = app.signing.head(&head::Head {
            installation: app.installation,
            pool: self.pool.id,
            ring,
            epoch: at.epoch,
            version: at.version,
            issued_at,
            expires_at: issued_at + EXPIRES,
            schema: self.schema,
            root,
            totals,
            lowest_totals,
            nonce: None,
        })?;
        Ok(Head { pool: self.pool.id, ring, at, root, issued_at, jws: jws.into(), peak })
    }
}

impl Head {
    /// Is it time to sign it again?
    pub(super) fn is_old(&self, now: Micros) -> bool {
        now.since(self.issued_at) >= RENEW
    }
}

/// In short transactions what is too much for the one that moves the head.
async fn later(app: &AppState, lease: Lease, head: &Head, rows: &[i64], unused: &[Hash]) -> Result<(), StoreError> {
    let system = System::task(LEASE);
    for some in rows.chunks(AT_ONCE) {
        let mut tx = app.db.begin(&system).await?;
        lease.check(&mut tx).await?;
        marks::mark_all(&mut tx, some, head).await?;
        lease.extend(&mut tx, LEASE_LASTS).await?;
        tx.commit().await?;
    }
    for some in unused.chunks(AT_ONCE) {
        let mut tx = app.db.begin(&system).await?;
        lease.check(&mut tx).await?;
        store::drop_objects(&mut tx, head.pool, some).await?;
        lease.extend(&mut tx, LEASE_LASTS).await?;
        tx.commit().await?;
    }
    Ok(())
}

fn number(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

/// Totals after a change, without a walk over the tree.
fn counted(before: Option<&Tree>, totals: Totals, changes: &Changes) -> Totals {
    let mut totals = totals;
    for (key, value) in changes {
        let count = match key.split('/').next() {
            Some("tenant") => &mut totals.tenants,
            Some("domain") => &mut totals.domains,
            _ => continue,
        };
        match (before.and_then(|tree| tree.get(key)).is_some(), value.is_some()) {
            (false, true) => *count += 1,
            (true, false) => *count = count.saturating_sub(1),
            _ => {}
        }
    }
    totals
}

/// The lowest totals that audited deletions explain, and tenants that other pools serve now; none where there were none.
async fn lowest(
    read: &mut Read,
    pool: Id<ids::Pool>,
    peak: Totals,
    since: Micros,
) -> Result<Option<Totals>, StoreError> {
    let (deleted, departed) = (audit::deletions(read, since).await?, pools::departed(read, pool, since).await?);
    let (tenants, domains) = (deleted.0.saturating_add(departed.0), deleted.1.saturating_add(departed.1));
    Ok(((tenants, domains) != (0, 0)).then(|| Totals {
        tenants: peak.tenants.saturating_sub(tenants),
        domains: peak.domains.saturating_sub(domains),
    }))
}

fn peak_after(before: Option<Peak>, totals: Totals, now: Micros) -> Peak {
    match before.filter(|peak| now.since(peak.at) < DELETIONS) {
        Some(peak) if peak.totals.tenants >= totals.tenants && peak.totals.domains >= totals.domains => peak,
        Some(peak) => Peak {
            totals: Totals {
                tenants: peak.totals.tenants.max(totals.tenants),
                domains: peak.totals.domains.max(totals.domains),
            },
            at: now,
        },
        None => Peak { totals, at: now },
    }
}
