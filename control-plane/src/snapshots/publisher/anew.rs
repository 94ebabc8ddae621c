//! How a holder of the lease begins with a pool: with everything that is for it.

use std::sync::Arc;

use contract::Micros;
use tokio::time::Instant;

use super::{
    LEASE, LEASE_LASTS, PublishError, apart,
    commit::Of,
    draft::{Done, Draft},
    schema,
    shards::Shards,
    state::State,
};
use crate::{
    app::AppState,
    db::System,
    lease::Lease,
    pool_keys,
    pools::Pool,
    snapshots::{
        RINGS,
        gather::{Audience, Gathering},
        marks,
        scope::Scope,
        signing, store,
    },
};

impl State {
    /// Compiles everything that is for a pool. What is stored already keeps its version; what differs makes a new one.
    pub(super) async fn anew(
        app: &AppState,
        lease: Lease,
        pool: &Pool,
        up_since: Micros,
    ) -> Result<Self, PublishError> {
        let began = Instant::now();
        let work = Box::pin(compiled(app.clone(), lease, pool.clone(), up_since));
        let (mut state, rows, done) = lease.while_held(&app.db, LEASE_LASTS, apart(work)).await??;
        state.commit(app, lease, done, &rows, (Of::Everything, began)).await?;
        Ok(state)
    }
}

/// With the outbox rows that it covers.
async fn compiled(
    app: AppState,
    lease: Lease,
    pool: Pool,
    up_since: Micros,
) -> Result<(State, Vec<i64>, Done), PublishError> {
    let system = System::task(LEASE);
    pool_keys::ensure(&app.db, &app.vault, pool.id).await?;
    let mut read = app.db.read(&system).await?;
    // Of the same moment as all that is compiled: what changes meanwhile has a row that is not among these.
    let rows = marks::unpublished_numbers(&mut read).await?;
    let head = store::heads(&mut read).await?.into_iter().find(|head| head.pool == pool.id && head.ring == RINGS[0]);
    let written = head.as_ref().and_then(|head| signing::claims(&head.jws).ok()).map(|claims| claims.schema);
    let schema = schema::schema(&mut read, pool.id, written, app.clock.now(), up_since).await?;
    let scope = Arc::new(Scope::read(&mut read, &pool).await?);
    let audience = Audience { vault: Arc::clone(&app.vault), pool: pool.id, scope: Arc::clone(&scope), schema };
    let mut draft = Draft::new(app.clone(), lease, pool.id, None, Shards::default());
    Gathering { read: &mut read, audience: &audience, draft: &mut draft }.everything().await?;
    let done = draft.done(&mut read).await?;
    Ok((State::before(pool, scope, schema, head), rows, done))
}
