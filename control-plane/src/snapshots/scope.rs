//! Whose configuration a pool's workers get: of the tenants that it serves, and of those above them what folds onto them.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use contract::{Id, ids};
use uuid::Uuid;

use super::source;
use crate::{
    db::{Read, StoreError},
    pools::{self, Pool},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scope {
    /// The default pool, where no tenant is assigned to any.
    Everyone,
    Some {
        served: HashSet<Uuid>,
        above: HashSet<Uuid>,
    },
}

/// What of a tenant stands in the pool's tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Nothing,
    /// Its own object and list, routes and certificates: those below it may use them.
    Above,
    /// Its domains as well.
    Whole,
}

impl Scope {
    pub(super) async fn read(read: &mut Read, pool: &Pool) -> Result<Self, StoreError> {
        let assigned = pools::assigned(read).await?;
        if assigned.is_empty() && pool.is_default() {
            return Ok(Self::Everyone);
        }
        if !pool.is_default() && !assigned.iter().any(|(_, of)| *of == pool.id.uuid()) {
            return Ok(Self::Some { served: HashSet::new(), above: HashSet::new() });
        }
        let parents: HashMap<Uuid, Option<Uuid>> = source::parents(read).await?.into_iter().collect();
        Ok(Self::of(&parents, &assigned, pool.id, pool.is_default()))
    }

    fn of(
        parents: &HashMap<Uuid, Option<Uuid>>,
        assigned: &[(Uuid, Uuid)],
        pool: Id<ids::Pool>,
        is_default: bool,
    ) -> Self {
        let (served, above) = sets(parents, assigned, pool, is_default);
        Self::Some { served, above }
    }
    fn part(&self, tenant: Uuid) -> Part {
        match self {
            Self::Everyone => Part::Whole,
            Self::Some { served, .. } if served.contains(&tenant) => Part::Whole,
            Self::Some { above, .. } if above.contains(&tenant) => Part::Above,
            Self::Some { .. } => Part::Nothing,
        }
    }

    /// Do its domains stand in the tree?
    pub(super) fn serves(&self, tenant: Uuid) -> bool {
        self.part(tenant) == Part::Whole
    }

    /// Does anything of it?
    pub(super) fn holds(&self, tenant: Uuid) -> bool {
        self.part(tenant) != Part::Nothing
    }

    /// Tenants of which another part stands in the tree than before. `all`: those there are now.
    fn moved(before: &Self, after: &Self, all: &[Uuid]) -> BTreeSet<Uuid> {
        let mut known: BTreeSet<Uuid> = all.iter().copied().collect();
        known.extend(before.members().chain(after.members()));
        known.into_iter().filter(|tenant| before.part(*tenant) != after.part(*tenant)).collect()
    }

    /// It as it is now, and the tenants of which another part stands in the tree than before.
    pub(super) async fn follow(
        self: &Arc<Self>,
        read: &mut Read,
        pool: &Pool,
    ) -> Result<(Arc<Self>, BTreeSet<Uuid>), StoreError> {
        let now = Self::read(read, pool).await?;
        if now == **self {
            return Ok((Arc::clone(self), BTreeSet::new()));
        }
        let all: Vec<_> = source::parents(read).await?.into_iter().map(|(id, _)| id).collect();
        let moved = Self::moved(self, &now, &all);
        Ok((Arc::new(now), moved))
    }

    /// All that it holds anything of; nobody where it holds everyone.
    pub(super) fn members(&self) -> impl Iterator<Item = Uuid> {
        let (served, above) = match self {
            Self::Everyone => (None, None),
            Self::Some { served, above } => (Some(served), Some(above)),
        };
        served.into_iter().chain(above).flatten().copied()
    }
}

/// Whom a pool serves, and who else stands in its tree.
#[derive(Debug)]
pub(crate) struct Extent {
    pub pool: Id<ids::Pool>,
    pub served: HashSet<Uuid>,
    above: HashSet<Uuid>,
}

impl Extent {
    pub(crate) fn holds(&self, tenant: Uuid) -> bool {
        self.served.contains(&tenant) || self.above.contains(&tenant)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = Uuid> {
        self.served.iter().chain(&self.above).copied()
    }
}

/// Of every pool, in the order of their ids.
pub(crate) async fn extents(read: &mut Read) -> Result<Vec<Extent>, StoreError> {
    let (assigned, pools) = (pools::assigned(read).await?, pools::all(read).await?);
    let parents: HashMap<Uuid, Option<Uuid>> = source::parents(read).await?.into_iter().collect();
    let extent = |pool: Pool| {
        let (served, above) = sets(&parents, &assigned, pool.id, pool.is_default());
        Extent { pool: pool.id, served, above }
    };
    Ok(pools.into_iter().map(extent).collect())
}

/// The tenants that a pool serves, and those above them that it does not. Pure: the nearest level that names pools decides; where
/// none does, it is the default pool.
fn sets(
    parents: &HashMap<Uuid, Option<Uuid>>,
    assigned: &[(Uuid, Uuid)],
    pool: Id<ids::Pool>,
    is_default: bool,
) -> (HashSet<Uuid>, HashSet<Uuid>) {
    let mut named: HashMap<Uuid, bool> = HashMap::new();
    for (tenant, of) in assigned {
        *named.entry(*tenant).or_default() |= *of == pool.uuid();
    }
    let (mut served, mut above) = (HashSet::new(), HashSet::new());
    for tenant in parents.keys() {
        let deciding = up(parents, *tenant).find_map(|level| named.get(&level).copied());
        if deciding.unwrap_or(is_default) {
            served.insert(*tenant);
            above.extend(up(parents, *tenant).skip(1));
        }
    }
    above.retain(|tenant| !served.contains(tenant));
    (served, above)
}

/// A tenant and those above it. The tree is three levels deep; a ring that should not be ends too.
fn up(parents: &HashMap<Uuid, Option<Uuid>>, tenant: Uuid) -> impl Iterator<Item = Uuid> {
    std::iter::successors(Some(tenant), |id| parents.get(id).copied().flatten()).take(16)
}

#[cfg(test)]
mod tests {
    use contract::Micros;

    use super::*;

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn pool(n: u8) -> Id<ids::Pool> {
        Id::new(Micros::from_secs(1), [n; 10])
    }

    /// Provider 1; MSPs 2 and 3; customers 20 and 21 of 2, 30 of 3.
    fn tree() -> HashMap<Uuid, Option<Uuid>> {
        [(1, None), (2, Some(1)), (3, Some(1)), (20, Some(2)), (21, Some(2)), (30, Some(3))]
            .map(|(tenant, parent)| (id(tenant), parent.map(id)))
            .into()
    }

    fn sorted(scope: &Scope) -> (Vec<u128>, Vec<u128>) {
        let Scope::Some { served, above } = scope else { panic!("everyone") };
        let sorted = |set: &HashSet<Uuid>| {
            let mut all: Vec<_> = set.iter().map(Uuid::as_u128).collect();
            all.sort_unstable();
            all
        };
        (sorted(served), sorted(above))
    }

    #[test]
    fn the_nearest_level_decides_and_those_above_come_with_it() {
        let (default, east, west) = (pool(1), pool(2), pool(3));
        let assigned = [(id(2), east.uuid()), (id(21), west.uuid()), (id(21), east.uuid()), (id(30), west.uuid())];
        let of = |pool, is_default| sorted(&Scope::of(&tree(), &assigned, pool, is_default));
        assert_eq!(of(default, true), (vec![1, 3], vec![]));
        assert_eq!(of(east, false), (vec![2, 20, 21], vec![1]));
        assert_eq!(of(west, false), (vec![21, 30], vec![1, 2, 3]));
        // The default pool can be named like any other.
        let named = [(id(1), east.uuid()), (id(3), default.uuid())];
        assert_eq!(sorted(&Scope::of(&tree(), &named, default, true)), (vec![3, 30], vec![1]));
    }

    #[test]
    fn what_moves_is_what_has_another_part_in_the_tree() {
        let all: Vec<Uuid> = tree().into_keys().collect();
        let scope = |assigned: &[(Uuid, Uuid)]| Scope::of(&tree(), assigned, pool(1), true);
        let moved = |before: &Scope, after: &Scope| {
            let mut moved: Vec<_> = Scope::moved(before, after, &all).iter().map(Uuid::as_u128).collect();
            moved.sort_unstable();
            moved
        };
        let east = pool(2).uuid();
        let (customer, msp) = (scope(&[(id(20), east)]), scope(&[(id(2), east)]));
        assert_eq!(moved(&Scope::Everyone, &customer), [20]);
        assert_eq!(moved(&customer, &msp), [2, 21]);
        assert_eq!(moved(&msp, &Scope::Everyone), [2, 20, 21]);
        assert_eq!(moved(&Scope::Everyone, &Scope::Everyone), [0; 0]);
        // One that only stands above others is another part than one that is served.
        let provider = scope(&[(id(1), east), (id(30), pool(1).uuid())]);
        assert_eq!(sorted(&provider), (vec![30], vec![1, 3]));
        assert_eq!(moved(&Scope::Everyone, &provider), [1, 2, 3, 20, 21]);
    }
}
