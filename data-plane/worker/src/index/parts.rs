//! Parts of a snapshot as the index needs them, or which key is to blame.

use std::sync::Arc;

use contract::{
    mail::Domain,
    policy::{Folded, lists},
    snapshot::{
        Verified,
        object::{Alias, AliasDomain, Key, ListScope, ShardPrefix},
        open::{Members, Part, Snapshot},
    },
};

use super::{InstallationLevel, served::Shards};

/// What was asked for cannot be used, because of this key.
#[derive(Debug, Clone)]
pub(super) struct Bad {
    pub key: String,
    pub message: String,
}

pub(super) fn installation_level(snapshot: &Verified<Snapshot>) -> InstallationLevel {
    let installation = snapshot.installation();
    // Every shard is there: `open` rejects a snapshot without one.
    let shards = installation.list.iter().filter_map(|prefix| {
        match snapshot.get(&Key::List(ListScope::Installation, *prefix).to_string()) {
            Some(Part::List(shard)) => Some(&**shard),
            _ => None,
        }
    });
    let folded = Folded::default().overlaid_by(&(), &installation.policy);
    InstallationLevel {
        id: installation.id,
        effective: Arc::clone(&folded.effective),
        folded,
        list: lists::Index::merged(shards),
        allowed_hop_ranges: installation.allowed_hop_ranges.clone().into(),
        postmaster: installation.postmaster.clone(),
    }
}

pub(super) fn part<'a>(snapshot: &'a Verified<Snapshot>, key: &Key) -> Result<&'a Part, Bad> {
    let key = key.to_string();
    match snapshot.get(&key) {
        Some(part) => Ok(part),
        None if snapshot.errors().contains_key(&*key) => Err(Bad { key, message: "cannot be read".to_owned() }),
        None => Err(Bad { key, message: "is named, but not there (dangling)".to_owned() }),
    }
}

/// Is the primary a domain of the same tenant, and no alias itself?
pub(super) fn has_primary(snapshot: &Verified<Snapshot>, alias: &AliasDomain) -> Result<(), Bad> {
    let key = Key::Domain(alias.name.clone()).to_string();
    let message = match part(snapshot, &Key::Domain(alias.primary.clone()))? {
        Part::Domain(primary) if primary.tenant == alias.tenant => return Ok(()),
        Part::AliasDomain(_) => "its primary is an alias domain itself",
        _ => "its primary is no domain of the same tenant",
    };
    Err(Bad { key, message: message.to_owned() })
}

pub(super) fn recipients(
    snapshot: &Verified<Snapshot>,
    name: &Domain,
    shards: &[ShardPrefix],
) -> Result<Shards<Members>, Bad> {
    let shard = |prefix: &ShardPrefix| match part(snapshot, &Key::Recipients(name.clone(), *prefix))? {
        Part::Recipients(members) => Ok((*prefix, members.clone())),
        _ => Err(misplaced(&Key::Recipients(name.clone(), *prefix))),
    };
    shards.iter().map(shard).collect()
}

/// None where there are none.
pub(super) fn aliases(
    snapshot: &Verified<Snapshot>,
    name: &Domain,
    shards: &[ShardPrefix],
) -> Result<Option<Shards<Arc<[Alias]>>>, Bad> {
    let shard = |prefix: &ShardPrefix| match part(snapshot, &Key::Aliases(name.clone(), *prefix))? {
        Part::Aliases(aliases) => Ok((*prefix, Arc::clone(aliases))),
        _ => Err(misplaced(&Key::Aliases(name.clone(), *prefix))),
    };
    let all: Shards<_> = shards.iter().map(shard).collect::<Result<_, _>>()?;
    Ok((!all.is_empty()).then_some(all))
}

/// None for an empty list. One of a single shard is shared with the snapshot.
pub(super) fn list(
    snapshot: &Verified<Snapshot>,
    scope: &ListScope,
    shards: &[ShardPrefix],
) -> Result<Option<Arc<lists::Index>>, Bad> {
    let shard = |prefix: &ShardPrefix| match part(snapshot, &Key::List(scope.clone(), *prefix))? {
        Part::List(shard) => Ok(shard),
        _ => Err(misplaced(&Key::List(scope.clone(), *prefix))),
    };
    let all: Vec<_> = shards.iter().map(shard).collect::<Result<_, _>>()?;
    Ok(match &all[..] {
        [] => None,
        [one] => Some(Arc::clone(one)),
        several => Some(Arc::new(lists::Index::merged(several.iter().map(|shard| &***shard)))),
    })
}

/// `open` has compared keys with what stands under them.
fn misplaced(key: &Key) -> Bad {
    Bad { key: key.to_string(), message: "is of another kind".to_owned() }
}
