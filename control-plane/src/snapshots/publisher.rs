//! Takes outbox rows to a new head. One replica at a time, under a lease that is renewed while it compiles and whose fence
//! is checked in the transaction that writes. Edits made close together are published together; an edit compiles only what
//! it touches.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use contract::{
    Id, Micros, ids,
    snapshot::{
        changes::{MAX_BYTES, encode},
        hash::Hash,
        head::{self, Totals},
        object::{Key, SCHEMAS},
        tree::{Changes, EntryRef, Tree},
    },
    worker_api::HeadVersion,
};

use super::{
    RINGS,
    compile::{CompileError, Compiled},
    gather::{Audience, everything, touched},
    heads::{Head, Peak},
    store::{self, InUse},
};
use crate::{
    app::AppState,
    audit,
    db::{Read, StoreError, System},
    installation,
    lease::Lease,
    pool_keys, workers,
};

const LEASE: &str = "publisher";
const LEASE_LASTS: Duration = Duration::from_secs(10);
/// At most four versions a second.
const PACE: Duration = Duration::from_millis(250);
/// A head is signed again so often, and expires so much later.
const RENEW: Duration = Duration::from_mins(1);
const EXPIRES: Duration = Duration::from_mins(15);
/// What a head of the last day names is kept.
const KEPT: Duration = Duration::from_hours(24);
/// Audited deletions of so long explain fewer tenants and domains.
const DELETIONS: Duration = Duration::from_hours(7 * 24);
const MAX_ROWS: i64 = 10_000;

#[derive(Debug, thiserror::Error)]
pub(super) enum PublishError {
    #[error("the database failed")]
    Store(#[from] StoreError),
    #[error("the configuration cannot be compiled")]
    Compile(#[from] CompileError),
    #[error("the head cannot be signed")]
    Seal(#[from] contract::snapshot::seal::SealError),
    #[error("there is no pool")]
    NoPool,
    #[error("compiling was cut short")]
    CutShort(#[source] tokio::task::JoinError),
}

/// Runs until the stop.
pub async fn run(app: AppState) {
    let mut state = None;
    let mut failing = false;
    loop {
        match turn(&app, &mut state).await {
            Ok(()) => failing = false,
            Err(error) => {
                // What is in memory may not be what is stored: begin anew.
                state = None;
                let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                if std::mem::replace(&mut failing, true) {
                    tracing::debug!(%error, cause, "still cannot publish");
                } else {
                    tracing::warn!(%error, cause, "cannot publish; tried again");
                }
            }
        }
        tokio::select! {
            () = tokio::time::sleep(PACE) => {}
            () = app.stopping.cancelled() => break,
        }
    }
    // Whoever comes next, this one started again perhaps, need not wait for its end.
    if let Some(State { lease, .. }) = state
        && let Err(error) = lease.release(&app.db).await
    {
        tracing::debug!(%error, "the lease ends by itself");
    }
}

/// What the lease's holder remembers of what it published.
#[derive(Debug)]
struct State {
    lease: Lease,
    leased_until: Micros,
    tree: Tree,
    totals: Totals,
    head: Option<Head>,
    /// Keys of shards, by their owner: what is not compiled again is gone.
    shards: HashMap<String, BTreeSet<Arc<str>>>,
    pool: Id<ids::Pool>,
    /// In which the objects are written.
    schema: u16,
}

async fn turn(app: &AppState, held: &mut Option<State>) -> Result<(), PublishError> {
    let now = app.clock.now();
    if let Some(state) = held.as_mut().filter(|state| state.leased_until > now + LEASE_LASTS / 2) {
        return state.go_on(app, now).await;
    }
    let Some(lease) = Lease::take(&app.db, LEASE, app.replica, LEASE_LASTS).await? else {
        *held = None;
        return Ok(());
    };
    let leased_until = now + LEASE_LASTS;
    if let Some(state) = held.as_mut().filter(|state| state.lease.fence() == lease.fence()) {
        (state.lease, state.leased_until) = (lease, leased_until);
        state.go_on(app, now).await
    } else {
        let mut state = State::anew(app, lease, leased_until).await?;
        state.publish(app, now).await?;
        *held = Some(state);
        Ok(())
    }
}

impl State {
    /// Compiles everything. What is stored already keeps its version; what differs makes a new one.
    async fn anew(app: &AppState, lease: Lease, leased_until: Micros) -> Result<Self, PublishError> {
        let (mut state, first) = lease
            .while_held(&app.db, LEASE_LASTS, apart(Self::compiled_anew(app.clone(), lease, leased_until)))
            .await??;
        let First { rows, changes, objects, tree, nodes, unused } = first;
        state.commit(app, tree, nodes, objects, &changes, &rows, unused).await?;
        Ok(state)
    }

    /// The schema that all live workers read. With one that reads none of ours, the newest: that one is told so.
    async fn schema(read: &mut Read, pool: Id<ids::Pool>, now: Micros) -> Result<u16, StoreError> {
        let [newest, ..] = SCHEMAS;
        Ok(workers::schema_for_all(read, pool, now - workers::SEEN_WITHIN, &SCHEMAS).await?.unwrap_or(newest))
    }

    async fn compiled_anew(app: AppState, lease: Lease, leased_until: Micros) -> Result<(Self, First), PublishError> {
        let system = System::task(LEASE);
        let pool = workers::default_pool(&mut app.db.read(&system).await?).await?.ok_or(PublishError::NoPool)?;
        pool_keys::ensure(&app.db, &app.vault, pool).await?;
        let mut read = app.db.read(&system).await?;
        let rows: Vec<i64> = store::unpublished(&mut read, i64::MAX).await?.into_iter().map(|(seq, _)| seq).collect();
        let head = store::heads(&mut read).await?.into_iter().find(|head| head.pool == pool && head.ring == RINGS[0]);
        let stored = store::object_names(&mut read).await?;
        let schema = Self::schema(&mut read, pool, app.clock.now()).await?;
        let audience = Audience { vault: Arc::clone(&app.vault), pool, schema };
        let compiled = everything(&mut read, &audience).await?;
        drop(read);
        let mut state = Self {
            lease,
            leased_until,
            tree: Tree::empty().0,
            totals: Totals::default(),
            head,
            shards: HashMap::new(),
            pool,
            schema,
        };
        let (changes, mut objects) = state.changes(compiled);
        let (tree, mut nodes) = state.tree.update(&changes);
        // What is stored and in use stays as it is. What is not in this tree went out of use while nobody published.
        for pieces in [&mut objects, &mut nodes] {
            pieces.retain(|(hash, _)| stored.get(hash) != Some(&InUse(true)));
        }
        let mut live: HashSet<Hash> = dropped(&tree, &Tree::empty().0).into_iter().collect();
        live.insert(tree.hash());
        let in_use = stored.into_iter().filter(|(_, in_use)| *in_use == InUse(true));
        let unused = in_use.map(|(hash, _)| hash).filter(|hash| !live.contains(hash)).collect();
        Ok((state, First { rows, changes, objects, tree, nodes, unused }))
    }

    /// Publishes what there is; everything, where a worker came that does not read what is written, or the last such went.
    async fn go_on(&mut self, app: &AppState, now: Micros) -> Result<(), PublishError> {
        let schema = Self::schema(&mut app.db.read(&System::task(LEASE)).await?, self.pool, now).await?;
        if schema != self.schema {
            tracing::info!(from = self.schema, to = schema, "objects are written in the schema that all workers read");
            *self = Self::anew(app, self.lease, self.leased_until).await?;
        }
        self.publish(app, now).await
    }

    async fn publish(&mut self, app: &AppState, now: Micros) -> Result<(), PublishError> {
        let system = System::task(LEASE);
        let mut read = app.db.read(&system).await?;
        let rows = if store::any_unpublished(&mut read).await? {
            store::unpublished(&mut read, MAX_ROWS).await?
        } else {
            Vec::new()
        };
        if rows.is_empty() {
            drop(read);
            return self.renew(app, now).await;
        }
        let audience = Audience { vault: Arc::clone(&app.vault), pool: self.pool, schema: self.schema };
        let (numbers, changes): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let compiling = apart(async move { touched(&mut read, &audience, &changes).await });
        let compiled = self.lease.while_held(&app.db, LEASE_LASTS, compiling).await??;
        let (changes, objects) = self.changes(compiled);
        let (tree, nodes) = self.tree.update(&changes);
        let unused = dropped(&self.tree, &tree);
        self.commit(app, tree, nodes, objects, &changes, &numbers, unused).await
    }

    /// What the tree has to learn, and the objects' bytes.
    fn changes(&mut self, compiled: Compiled) -> (Changes, Vec<(Hash, Vec<u8>)>) {
        let mut changes = Changes::new();
        for owner in compiled.owners {
            for key in self.shards.remove(&owner).unwrap_or_default() {
                changes.insert(key, None);
            }
        }
        for key in compiled.gone {
            changes.insert(key.to_string().into(), None);
        }
        let mut objects = Vec::new();
        for piece in compiled.pieces {
            let key: Arc<str> = piece.key.to_string().into();
            if matches!(piece.key, Key::Recipients(..) | Key::Aliases(..) | Key::List(..))
                && let Some((owner, _)) = key.rsplit_once('/')
            {
                self.shards.entry(format!("{owner}/")).or_default().insert(Arc::clone(&key));
            }
            let size = u32::try_from(piece.bytes.len()).unwrap_or(u32::MAX);
            changes.insert(key, Some((piece.hash, size)));
            objects.push((piece.hash, piece.bytes));
        }
        // What is as it was does not move.
        changes.retain(|key, value| self.tree.get(key).map(|entry| (entry.hash, entry.size)) != *value);
        let new: BTreeSet<Hash> = changes.values().flatten().map(|(hash, _)| *hash).collect();
        objects.retain(|(hash, _)| new.contains(hash));
        (changes, objects)
    }

    #[expect(clippy::too_many_arguments, reason = "all that one version writes")]
    async fn commit(
        &mut self,
        app: &AppState,
        tree: Tree,
        nodes: Vec<(Hash, Vec<u8>)>,
        objects: Vec<(Hash, Vec<u8>)>,
        changes: &Changes,
        rows: &[i64],
        unused: Vec<Hash>,
    ) -> Result<(), PublishError> {
        let same = self.head.as_ref().is_some_and(|head| head.root == tree.hash());
        let totals = counted(&self.tree, self.totals, changes);
        let system = System::task(LEASE);
        let mut tx = app.db.begin(&system).await?;
        self.lease.check(&mut tx).await?;
        let epoch = installation::load(&mut tx).await?.epoch;
        // First what goes: what comes back in the same edit stays.
        store::drop_objects(&mut tx, &unused).await?;
        store::put_objects(&mut tx, nodes.iter().chain(&objects)).await?;
        let at = match &self.head {
            Some(head) if same && head.at.epoch == number(epoch) => head.at,
            Some(head) if head.at.epoch == number(epoch) => {
                HeadVersion { epoch: head.at.epoch, version: head.at.version + 1 }
            }
            _ => HeadVersion { epoch: number(epoch), version: 1 },
        };
        let head = self.sign(app, &mut tx, at, tree.hash(), totals).await?;
        store::put_head(&mut tx, &head).await?;
        // Of a holder that begins, the tree in memory is not the one that was published.
        let followed = self.head.as_ref().map(|head| head.root).filter(|root| *root == self.tree.hash() && !same);
        if let Some(before) = followed {
            let encoded = encode(changes);
            if encoded.len() <= MAX_BYTES {
                store::put_changes(&mut tx, &head, before, encoded).await?;
            }
        }
        store::mark_all(&mut tx, rows, &head).await?;
        self.lease.extend(&mut tx, LEASE_LASTS).await?;
        tx.commit().await?;
        let moved: usize = nodes.iter().chain(&objects).map(|(_, bytes)| bytes.len()).sum();
        tracing::info!(version = %head.at, edits = rows.len(), objects = objects.len(), bytes = moved, "published");
        app.metrics.with(|| {
            metrics::counter!("postern_snapshot_versions_total").increment(1);
            metrics::counter!("postern_snapshot_new_bytes_total").increment(moved as u64);
        });
        (self.tree, self.totals, self.head) = (tree, totals, Some(head));
        app.heads.look_now();
        Ok(())
    }

    async fn renew(&mut self, app: &AppState, now: Micros) -> Result<(), PublishError> {
        let Some(head) = self.head.as_ref().filter(|head| now.since(head.issued_at) >= RENEW) else {
            return Ok(());
        };
        let (at, root) = (head.at, head.root);
        let mut tx = app.db.begin(&System::task(LEASE)).await?;
        self.lease.check(&mut tx).await?;
        let head = self.sign(app, &mut tx, at, root, self.totals).await?;
        store::put_head(&mut tx, &head).await?;
        store::sweep_objects(&mut tx, now - KEPT).await?;
        store::sweep_changes(&mut tx, now - KEPT).await?;
        tx.commit().await?;
        self.head = Some(head);
        app.heads.look_now();
        Ok(())
    }

    async fn sign(
        &self,
        app: &AppState,
        read: &mut Read,
        at: HeadVersion,
        root: Hash,
        totals: Totals,
    ) -> Result<Head, PublishError> {
        let issued_at = app.clock.now();
        let peak = peak_after(self.head.as_ref().map(|head| head.peak), totals, issued_at);
        let lowest_totals = lowest(read, peak.totals, issued_at - DELETIONS).await?;
        let ring = RINGS[0];
        let jws = app.signing.head(&head::Head {
            installation: app.installation,
            pool: self.pool,
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
        Ok(Head { pool: self.pool, ring, at, root, issued_at, jws: jws.into(), peak })
    }
}

/// What the first commit of a holder needs.
struct First {
    rows: Vec<i64>,
    changes: Changes,
    objects: Vec<(Hash, Vec<u8>)>,
    tree: Tree,
    nodes: Vec<(Hash, Vec<u8>)>,
    /// Of an earlier holder, and in use no more.
    unused: Vec<Hash>,
}

/// On a thread of its own: a large installation compiles for seconds, and requests must be answered meanwhile.
async fn apart<T: Send + 'static>(
    work: impl Future<Output = Result<T, PublishError>> + Send + 'static,
) -> Result<T, PublishError> {
    let runtime = tokio::runtime::Handle::current();
    let done = tokio::task::spawn_blocking(move || runtime.block_on(work)).await;
    done.unwrap_or_else(|error| Err(PublishError::CutShort(error)))
}

fn number(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

/// Totals after a change, without a walk over the tree.
fn counted(before: &Tree, totals: Totals, changes: &Changes) -> Totals {
    let mut totals = totals;
    for (key, value) in changes {
        let count = match key.split('/').next() {
            Some("tenant") => &mut totals.tenants,
            Some("domain") => &mut totals.domains,
            _ => continue,
        };
        match (before.get(key).is_some(), value.is_some()) {
            (false, true) => *count += 1,
            (true, false) => *count = count.saturating_sub(1),
            _ => {}
        }
    }
    totals
}

/// Names of nodes and objects that are in the old tree and not in the new one.
fn dropped(before: &Tree, after: &Tree) -> Vec<Hash> {
    let mut gone = Vec::new();
    Tree::diff(before, after, &mut |old: Option<EntryRef<'_>>, _| gone.extend(old.map(|entry| entry.hash)));
    Tree::dropped_nodes(before, after, &mut |hash| gone.push(hash));
    gone
}

/// The lowest totals that audited deletions explain; none where there were none.
async fn lowest(read: &mut Read, peak: Totals, since: Micros) -> Result<Option<Totals>, StoreError> {
    let (tenants, domains) = audit::deletions(read, since).await?;
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
