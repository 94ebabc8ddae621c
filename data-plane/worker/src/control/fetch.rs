//! Fetching what a head names. An edit moves what changed and the objects it touched; a cold start moves whole subtrees, some
//! at once; and where neither can be had, one goes down the tree, from node to node.

use bytes::Bytes;
use contract::{
    snapshot::{
        Verified,
        hash::Hash,
        head::Head,
        open::{Opening, Refusal, Snapshot},
    },
    worker_api::MAX_OBJECT_NAMES,
};
use reqwest::StatusCode;
use tokio::task::{JoinError, JoinSet};

use super::{client::CallError, identity::Identity};

/// Packs asked for at once: one is read while others are under way.
const PACKS: usize = 3;

#[derive(Debug)]
pub(super) enum Fetch {
    Call(CallError),
    Refused(Refusal),
    CutShort(JoinError),
}

/// One snapshot being fetched.
pub(super) struct Fetching<'a> {
    pub identity: &'a Identity,
    pub token: &'a str,
    /// Octets that came.
    pub bytes: u64,
}

impl Fetching<'_> {
    pub(super) async fn snapshot(
        &mut self,
        head: &Verified<Head>,
        before: Option<&Verified<Snapshot>>,
    ) -> Result<Verified<Snapshot>, Fetch> {
        let by_changes = match before {
            Some(before) => self.by_changes(head, before).await?,
            None => None,
        };
        let mut opening = by_changes.map_or_else(|| Opening::new(head, before), Ok).map_err(Fetch::Refused)?;
        loop {
            let mut wanted = opening.wanted();
            if wanted.is_empty() {
                return opening.finish().map_err(Fetch::Refused);
            }
            if wanted.packs.is_empty() {
                wanted.names.truncate(MAX_OBJECT_NAMES);
                opening = self.objects(opening, wanted.names).await?;
            } else {
                opening = self.packs(opening, wanted.packs).await?;
            }
        }
    }

    /// By what changed since the snapshot that is held. None where the control plane does not know the way from there, or
    /// what it says does not lead to what the head names: then the tree itself is asked for.
    async fn by_changes(
        &mut self,
        head: &Verified<Head>,
        before: &Verified<Snapshot>,
    ) -> Result<Option<Opening>, Fetch> {
        let asked = self.identity.client().changes(self.token, before.head().root, head.root).await;
        let (changes, objects) = match asked {
            Ok(answer) => answer,
            Err(error) if can_do_without(&error) => return Ok(None),
            Err(error) => return Err(Fetch::Call(error)),
        };
        self.bytes += changes.len() as u64;
        let Some(opening) = Opening::by_changes(head, before, &changes).map_err(Fetch::Refused)? else {
            metrics::counter!("postern_snapshot_changes_unusable_total").increment(1);
            return Ok(None);
        };
        self.supply(opening, objects).await.map(|(opening, _)| Some(opening))
    }

    /// One round of nodes and objects.
    async fn objects(&mut self, opening: Opening, names: Vec<Hash>) -> Result<Opening, Fetch> {
        let objects = match self.identity.client().objects(self.token, names).await {
            Ok(objects) => objects,
            // Not kept any more, or never there: start over from the newest head, and say so if that leads here again.
            Err(CallError::Status { status: StatusCode::NOT_FOUND, .. }) => {
                return Err(Fetch::Refused(opening.gone()));
            }
            Err(error) => return Err(Fetch::Call(error)),
        };
        // Who answers with something else would be asked the same for ever.
        match self.supply(opening, objects).await? {
            (_, false) => Err(Fetch::Call(CallError::Malformed)),
            (opening, true) => Ok(opening),
        }
    }

    /// And whether anything of it was wanted. Thousands of objects are not read on a thread that mail waits for.
    async fn supply(&mut self, mut opening: Opening, objects: Vec<(Hash, Bytes)>) -> Result<(Opening, bool), Fetch> {
        self.bytes += objects.iter().map(|(_, bytes)| bytes.len() as u64).sum::<u64>();
        let read = tokio::task::spawn_blocking(move || {
            let mut any = false;
            for (name, object) in objects {
                any |= opening.supply(name, &object)?;
            }
            Ok((opening, any))
        });
        read.await.map_err(Fetch::CutShort)?.map_err(Fetch::Refused)
    }

    /// All these subtrees.
    async fn packs(&mut self, mut opening: Opening, tops: Vec<Hash>) -> Result<Opening, Fetch> {
        let (mut tops, mut under_way) = (tops.into_iter(), JoinSet::new());
        loop {
            while under_way.len() < PACKS
                && let Some(top) = tops.next()
            {
                let (client, token) = (self.identity.client().clone(), self.token.to_owned());
                under_way.spawn(async move { (top, client.pack(&token, top).await) });
            }
            let Some(done) = under_way.join_next().await else { return Ok(opening) };
            let (top, answer) = done.map_err(Fetch::CutShort)?;
            let parts = match answer {
                Ok(parts) => parts,
                // Not kept, or there are none: whichever it is, names say it.
                Err(error) if can_do_without(&error) => {
                    opening.without_packs();
                    return Ok(opening);
                }
                Err(error) => return Err(Fetch::Call(error)),
            };
            self.bytes += parts.iter().map(|(_, bytes)| bytes.len() as u64).sum::<u64>();
            // Thousands of objects: not on a thread that others wait for.
            let read = tokio::task::spawn_blocking(move || opening.supply_pack(top, parts).map(|()| opening));
            opening = read.await.map_err(Fetch::CutShort)?.map_err(Fetch::Refused)?;
        }
    }
}

/// A control plane of before has no such call, and what stands before one may not let it through. Names do for all of it.
const fn can_do_without(error: &CallError) -> bool {
    match error {
        CallError::Status { status, .. } => status.as_u16() != StatusCode::UNAUTHORIZED.as_u16(),
        CallError::Malformed | CallError::Oversize => true,
        CallError::Unreachable(_) => false,
    }
}
