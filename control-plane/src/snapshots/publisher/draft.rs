//! What was compiled and is in no head yet. Of an object that is written its key, hash and size stay here; what is not
//! written yet hardly grows beyond a MiB. A draft that comes to nothing leaves objects behind that no tree names: whoever
//! publishes next begins anew, and sweeps them.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use contract::{
    Id, ids,
    snapshot::{
        hash::Hash,
        tree::{Changes, Entry, EntryRef, Tree},
    },
};

use super::{LEASE, PublishError, shards::Shards};
use crate::{
    app::AppState,
    db::{Read, StoreError, System},
    lease::Lease,
    snapshots::{compile::Compiled, store},
};

/// Octets that are written by one transaction.
const PART_BYTES: usize = 1024 * 1024;
/// Names that are looked up or read at once.
const NAMES: usize = 5_000;
/// How often a part is tried to be written while others hold the database.
const TRIES: u32 = 5;

type Bytes = (Hash, Vec<u8>);

pub(in crate::snapshots) struct Draft {
    app: AppState,
    lease: Lease,
    pool: Id<ids::Pool>,
    /// What it follows on. None: on nothing, and what the store has already is left out.
    before: Option<Tree>,
    shards: Shards,
    changes: Changes,
    waiting: Vec<Bytes>,
    waiting_bytes: usize,
    moved: Moved,
}

/// New objects, and octets of objects and nodes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moved {
    pub objects: usize,
    pub bytes: usize,
}

/// What a commit needs.
pub(super) struct Done {
    pub tree: Tree,
    pub shards: Shards,
    pub changes: Changes,
    /// Objects and nodes that are not written yet.
    pub waiting: Vec<Bytes>,
    /// In use no more once the head moves.
    pub unused: Vec<Hash>,
    pub moved: Moved,
}

impl Draft {
    pub(super) fn new(app: AppState, lease: Lease, pool: Id<ids::Pool>, before: Option<Tree>, shards: Shards) -> Self {
        Self {
            app,
            lease,
            pool,
            before,
            shards,
            changes: Changes::new(),
            waiting: Vec::new(),
            waiting_bytes: 0,
            moved: Moved::default(),
        }
    }

    /// Takes in what was compiled. `read` is the view of the store that all of this draft is made from.
    pub(in crate::snapshots) async fn take(&mut self, read: &mut Read, compiled: Compiled) -> Result<(), PublishError> {
        if self.app.stopping.is_cancelled() {
            return Err(PublishError::Stopping);
        }
        let mut new = self.learn(compiled);
        self.leave_out_stored(read, &mut new).await?;
        self.moved.objects += new.len();
        self.wait(new);
        if self.waiting_bytes >= PART_BYTES { self.write().await } else { Ok(()) }
    }

    /// What the tree has to learn; gives the objects that are new to it.
    fn learn(&mut self, compiled: Compiled) -> Vec<Bytes> {
        let nothing = Tree::empty().0;
        let tree = self.before.as_ref().unwrap_or(&nothing);
        let mut changes = Changes::new();
        for owner in compiled.owners {
            changes.extend(self.shards.take(&owner, tree).into_iter().map(|key| (key, None)));
        }
        changes.extend(compiled.gone.into_iter().map(|key| (key.to_string().into(), None)));
        let mut objects = Vec::new();
        for piece in compiled.pieces {
            let key: Arc<str> = piece.key.to_string().into();
            self.shards.note(&piece.key, &key);
            let size = u32::try_from(piece.bytes.len()).unwrap_or(u32::MAX);
            changes.insert(key, Some((piece.hash, size)));
            objects.push((piece.hash, piece.bytes));
        }
        // What is as it was does not move.
        changes.retain(|key, value| tree.get(key).map(|entry| (entry.hash, entry.size)) != *value);
        let new: BTreeSet<Hash> = changes.values().flatten().map(|(hash, _)| *hash).collect();
        objects.retain(|(hash, _)| new.contains(hash));
        self.changes.append(&mut changes);
        objects
    }

    /// A tree that follows on another has in use what that one has. One that follows on nothing asks the store.
    async fn leave_out_stored(&self, read: &mut Read, new: &mut Vec<Bytes>) -> Result<(), StoreError> {
        if self.before.is_some() {
            return Ok(());
        }
        let mut stored = HashSet::new();
        for some in new.chunks(NAMES) {
            let names: Vec<_> = some.iter().map(|(name, _)| *name).collect();
            stored.extend(store::in_use(read, self.pool, &names).await?);
        }
        new.retain(|(name, _)| !stored.contains(name));
        Ok(())
    }

    fn wait(&mut self, mut new: Vec<Bytes>) {
        let bytes: usize = new.iter().map(|(_, bytes)| bytes.len()).sum();
        self.waiting_bytes += bytes;
        self.moved.bytes += bytes;
        self.waiting.append(&mut new);
    }

    /// Writes what waits, in short transactions: edits go on meanwhile.
    async fn write(&mut self) -> Result<(), PublishError> {
        let mut waiting = std::mem::take(&mut self.waiting).into_iter().peekable();
        self.waiting_bytes = 0;
        while waiting.peek().is_some() {
            let (mut part, mut size) = (Vec::new(), 0);
            while size < PART_BYTES
                && let Some(object) = waiting.next()
            {
                size += object.1.len();
                part.push(object);
            }
            self.write_part(&part).await?;
        }
        Ok(())
    }

    async fn write_part(&self, part: &[Bytes]) -> Result<(), StoreError> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.try_to_write(part).await {
                // All that was compiled so far would be compiled again.
                Err(StoreError::Busy(_)) if tries < TRIES && !self.app.stopping.is_cancelled() => {}
                done => return done,
            }
        }
    }

    async fn try_to_write(&self, part: &[Bytes]) -> Result<(), StoreError> {
        let mut tx = self.app.db.begin(&System::task(LEASE)).await?;
        self.lease.check(&mut tx).await?;
        store::put_objects(&mut tx, self.pool, part.iter()).await?;
        tx.commit().await
    }

    /// Makes the tree.
    pub(super) async fn done(mut self, read: &mut Read) -> Result<Done, PublishError> {
        let (tree, mut nodes) = if let Some(before) = &self.before {
            before.update(&self.changes)
        } else {
            let all = self.changes.iter();
            let entries =
                all.filter_map(|(key, value)| value.map(|(hash, size)| Entry::new(Arc::clone(key), hash, size)));
            Tree::build(entries.collect())
        };
        self.leave_out_stored(read, &mut nodes).await?;
        let mut unused = match &self.before {
            Some(before) => dropped(before, &tree),
            None => strays(read, self.pool, &tree).await?,
        };
        // What comes back in the same version stays.
        let kept: HashSet<Hash> = nodes.iter().map(|(name, _)| *name).collect();
        unused.retain(|name| !kept.contains(name));
        self.wait(nodes);
        if self.waiting_bytes >= PART_BYTES {
            self.write().await?;
        }
        let Self { shards, changes, waiting, moved, .. } = self;
        Ok(Done { tree, shards, changes, waiting, unused, moved })
    }
}

/// Names of nodes and objects that are in the old tree and not in the new one.
fn dropped(before: &Tree, after: &Tree) -> Vec<Hash> {
    let mut gone = Vec::new();
    Tree::diff(before, after, &mut |old: Option<EntryRef<'_>>, _| gone.extend(old.map(|entry| entry.hash)));
    Tree::dropped_nodes(before, after, &mut |hash| gone.push(hash));
    gone
}

/// What the store has in use and no tree names: of an earlier holder, or of one that was killed before its head came.
async fn strays(read: &mut Read, pool: Id<ids::Pool>, tree: &Tree) -> Result<Vec<Hash>, StoreError> {
    let mut live = HashSet::new();
    tree.for_each(&mut |entry| live.extend([entry.hash]));
    tree.nodes(&mut |name| live.extend([name]));
    let (mut strays, mut after) = (Vec::new(), Vec::new());
    loop {
        let page = store::names_in_use(read, pool, &after, i64::try_from(NAMES).unwrap_or(i64::MAX)).await?;
        let Some(last) = page.last() else { return Ok(strays) };
        after = last.as_bytes().to_vec();
        strays.extend(page.into_iter().filter(|name| !live.contains(name)));
    }
}
