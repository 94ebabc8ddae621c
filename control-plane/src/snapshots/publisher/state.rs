//! What the lease's holder remembers of what it published to a pool, and how it follows edits.

use std::{collections::BTreeSet, sync::Arc};

use contract::{
    Micros,
    snapshot::{head::Totals, tree::Tree},
};
use tokio::time::Instant;

use super::{
    LEASE, LEASE_LASTS, PublishError, apart,
    commit::{KEPT, Of, RENEW, Rows},
    draft::{Done, Draft},
    shards::Shards,
};
use crate::{
    app::AppState,
    db::{Read, System},
    lease::Lease,
    outbox::Change,
    pools::Pool,
    snapshots::{
        gather::{Audience, Gathering},
        heads::Head,
        marks,
        scope::Scope,
        store,
    },
};

/// What so many versions changed is kept: several times as many as a way between two trees may have.
const CHANGES_KEPT: u64 = 256;
/// Outbox rows that are published together.
const MAX_ROWS: i64 = 10_000;

#[derive(Debug)]
pub(super) struct State {
    pub(super) pool: Pool,
    pub(super) scope: Arc<Scope>,
    /// In which the objects are written.
    pub(super) schema: u16,
    /// None before everything was compiled.
    pub(super) tree: Option<Tree>,
    pub(super) totals: Totals,
    pub(super) head: Option<Head>,
    pub(super) shards: Shards,
    /// Outbox rows that the head holds and that wait for other pools.
    pub(super) covered: BTreeSet<i64>,
}

impl State {
    /// Of one that knows what was published last, and not yet what is in it.
    pub(super) fn before(pool: Pool, scope: Arc<Scope>, schema: u16, head: Option<Head>) -> Self {
        let (totals, shards) = (Totals::default(), Shards::default());
        Self { pool, scope, schema, tree: None, totals, head, shards, covered: BTreeSet::new() }
    }

    /// Publishes what was changed since, or renews the head where it is time to. `elsewhere`: does every other pool's head hold a
    /// row? Gives the rows that all of them hold now. After an error this is of no use any more.
    pub(super) async fn publish(
        &mut self,
        app: &AppState,
        lease: Lease,
        now: Micros,
        elsewhere: impl Fn(i64) -> bool,
    ) -> Result<Vec<i64>, PublishError> {
        let began = Instant::now();
        let mut read = app.db.read(&System::task(LEASE)).await?;
        let rows = if marks::any_unpublished(&mut read).await? {
            marks::unpublished(&mut read, MAX_ROWS).await?
        } else {
            Vec::new()
        };
        let finished: Vec<i64> = rows.iter().map(|(number, _)| *number).filter(|number| elsewhere(*number)).collect();
        let new = rows.into_iter().filter(|(number, _)| !self.covered.contains(number));
        let (covered, changes): (Vec<i64>, Vec<Change>) = new.unzip();
        if covered.is_empty() && finished.is_empty() {
            drop(read);
            self.renew(app, lease, now).await?;
            return Ok(finished);
        }
        let (scope, done) = self.compiled(app, lease, read, changes).await?;
        self.scope = scope;
        let rows = Rows { covered, finished };
        self.commit(app, lease, done, &rows, (Of::Edits, began)).await?;
        Ok(rows.finished)
    }

    /// `read`: where the rows were found, so that no change is seen whose row was not.
    async fn compiled(
        &mut self,
        app: &AppState,
        lease: Lease,
        mut read: Read,
        changes: Vec<Change>,
    ) -> Result<(Arc<Scope>, Done), PublishError> {
        let (pool, scope, schema) = (self.pool.clone(), Arc::clone(&self.scope), self.schema);
        let vault = Arc::clone(&app.vault);
        let shards = std::mem::take(&mut self.shards);
        let mut draft = Draft::new(app.clone(), lease, self.pool.id, self.tree.clone(), shards);
        let compiling = apart(Box::pin(async move {
            // A tenant is new or gone, or its pools are others.
            let (scope, moved) = if changes.iter().any(|change| matches!(change, Change::Tenant(_))) {
                scope.follow(&mut read, &pool).await?
            } else {
                (scope, BTreeSet::new())
            };
            let audience = Audience { vault, pool: pool.id, scope: Arc::clone(&scope), schema };
            Gathering { read: &mut read, audience: &audience, draft: &mut draft }.touched(&changes, &moved).await?;
            Ok((scope, draft.done(&mut read).await?))
        }));
        lease.while_held(&app.db, LEASE_LASTS, compiling).await?
    }

    async fn renew(&mut self, app: &AppState, lease: Lease, now: Micros) -> Result<(), PublishError> {
        let Some(head) = self.head.as_ref().filter(|head| now.since(head.issued_at) >= RENEW) else {
            return Ok(());
        };
        let (at, root) = (head.at, head.root);
        let mut tx = app.db.begin(&System::task(LEASE)).await?;
        lease.check(&mut tx).await?;
        let head = self.sign(app, &mut tx, at, root, self.totals).await?;
        store::put_head(&mut tx, &head).await?;
        store::sweep_objects(&mut tx, now - KEPT).await?;
        store::sweep_changes(&mut tx, now - KEPT, &head, CHANGES_KEPT).await?;
        tx.commit().await?;
        self.head = Some(head);
        app.heads.look_now();
        Ok(())
    }
}
