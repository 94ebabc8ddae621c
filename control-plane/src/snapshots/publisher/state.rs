//! What the lease's holder remembers of what it published to a pool, and how it follows edits.

use std::{collections::BTreeSet, sync::Arc};

use contract::{
    Micros,
    snapshot::{head::Totals, tree::Tree},
};
use tokio::time::Instant;

use super::{
    LEASE, LEASE_LASTS, PublishError, apart,
    commit::{KEPT, Of, RENEW},
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
        RINGS,
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
    /// When what nobody needs was last swept.
    swept_at: Option<Micros>,
}

impl State {
    /// Of one that knows what was published last, and not yet what is in it.
    pub(super) fn before(pool: Pool, scope: Arc<Scope>, schema: u16, head: Option<Head>) -> Self {
        let (totals, shards) = (Totals::default(), Shards::default());
        Self { pool, scope, schema, tree: None, totals, head, shards, swept_at: None }
    }

    /// Publishes what was changed since, or renews the head where it is time to. After an error this is of no use any more.
    pub(super) async fn publish(&mut self, app: &AppState, lease: Lease, now: Micros) -> Result<(), PublishError> {
        let began = Instant::now();
        let mut read = app.db.read(&System::task(LEASE)).await?;
        let rows = marks::unpublished(&mut read, self.pool.id, RINGS[0], MAX_ROWS).await?;
        if rows.is_empty() {
            drop(read);
            self.renew(app, lease, now).await?;
        } else {
            let (numbers, changes): (Vec<i64>, Vec<Change>) = rows.into_iter().unzip();
            let (scope, done) = self.compiled(app, lease, read, changes).await?;
            self.scope = scope;
            self.commit(app, lease, done, &numbers, (Of::Edits, began)).await?;
        }
        self.sweep(app, lease, now).await
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
        let Some(head) = self.head.as_ref().filter(|head| head.is_old(now)) else { return Ok(()) };
        let (at, root) = (head.at, head.root);
        let mut tx = app.db.begin(&System::task(LEASE)).await?;
        lease.check(&mut tx).await?;
        let head = self.sign(app, &mut tx, at, root, self.totals).await?;
        store::put_head(&mut tx, &head).await?;
        tx.commit().await?;
        self.head = Some(head);
        app.heads.look_now();
        Ok(())
    }

    /// As often as heads are renewed, however much is edited.
    async fn sweep(&mut self, app: &AppState, lease: Lease, now: Micros) -> Result<(), PublishError> {
        let Some(head) = &self.head else { return Ok(()) };
        if self.swept_at.is_some_and(|swept_at| now.since(swept_at) < RENEW) {
            return Ok(());
        }
        let mut tx = app.db.begin(&System::task(LEASE)).await?;
        lease.check(&mut tx).await?;
        store::sweep_objects(&mut tx, now - KEPT).await?;
        store::sweep_changes(&mut tx, now - KEPT, head, CHANGES_KEPT).await?;
        marks::published_elsewhere(&mut tx, RINGS[0]).await?;
        tx.commit().await?;
        self.swept_at = Some(now);
        Ok(())
    }
}
