//! What the lease's holder remembers of what it published, and how it follows edits.

use std::sync::Arc;

use contract::{
    Id, Micros, ids,
    snapshot::{head::Totals, tree::Tree},
};
use tokio::time::Instant;

use super::{
    LEASE, LEASE_LASTS, PublishError, apart,
    commit::{KEPT, Of, RENEW},
    draft::Draft,
    shards::Shards,
};
use crate::{
    app::AppState,
    db::System,
    lease::Lease,
    snapshots::{
        gather::{Audience, Gathering},
        heads::Head,
        marks, store,
    },
};

/// What so many versions changed is kept: several times as many as a way between two trees may have.
const CHANGES_KEPT: u64 = 256;
/// Outbox rows that are published together.
const MAX_ROWS: i64 = 10_000;

#[derive(Debug)]
pub(super) struct State {
    pub(super) pool: Id<ids::Pool>,
    /// In which the objects are written.
    pub(super) schema: u16,
    /// None before everything was compiled.
    pub(super) tree: Option<Tree>,
    pub(super) totals: Totals,
    pub(super) head: Option<Head>,
    pub(super) shards: Shards,
}

impl State {
    /// Of one that knows what was published last, and not yet what is in it.
    pub(super) fn before(pool: Id<ids::Pool>, schema: u16, head: Option<Head>) -> Self {
        Self { pool, schema, tree: None, totals: Totals::default(), head, shards: Shards::default() }
    }

    /// Publishes what was changed since, or renews the head where it is time to. After an error this is of no use any more.
    pub(super) async fn publish(&mut self, app: &AppState, lease: Lease, now: Micros) -> Result<(), PublishError> {
        let (system, began) = (System::task(LEASE), Instant::now());
        let mut read = app.db.read(&system).await?;
        let rows = if marks::any_unpublished(&mut read).await? {
            marks::unpublished(&mut read, MAX_ROWS).await?
        } else {
            Vec::new()
        };
        if rows.is_empty() {
            drop(read);
            return self.renew(app, lease, now).await;
        }
        let audience = Audience { vault: Arc::clone(&app.vault), pool: self.pool, schema: self.schema };
        let (numbers, changes): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let mut draft = Draft::new(app.clone(), lease, self.tree.clone(), std::mem::take(&mut self.shards));
        let compiling = apart(Box::pin(async move {
            Gathering { read: &mut read, audience: &audience, draft: &mut draft }.touched(&changes).await?;
            draft.done(&mut read).await
        }));
        let done = lease.while_held(&app.db, LEASE_LASTS, compiling).await??;
        self.commit(app, lease, done, &numbers, (Of::Edits, began)).await
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
