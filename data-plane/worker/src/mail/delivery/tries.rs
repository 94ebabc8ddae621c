//! One hop of a way after the other, each with a connection. One that was used before and died while it waited is replaced
//! by a fresh one, once: the hop is not to blame.

use std::{borrow::Cow, sync::Arc, time::Duration};

use contract::snapshot::object::NextHop;
use tokio::time::Instant;

use super::{
    Deliverer, Unusable, Way,
    connection::Lent,
    hops::{Limit, Target},
};

/// A connection that was used before is given so long to answer: one that died in silence leaves time for a fresh one.
const REUSED_TIMEOUT: Duration = Duration::from_secs(20);

pub(super) struct Tries<'a> {
    deliverer: &'a Deliverer,
    way: &'a Way,
    deadline: Instant,
    hops: std::vec::IntoIter<Cow<'a, NextHop>>,
    /// Tried once more, on a fresh connection.
    again: Option<Arc<Target>>,
    use_idle: bool,
}

impl Deliverer {
    /// And why some hops of the way are not known.
    pub(super) async fn tries<'a>(&'a self, way: &'a Way, deadline: Instant) -> (Tries<'a>, Option<Unusable>) {
        let (hops, unknown) = self.order(&way.route, deadline).await;
        let hops = hops.into_iter();
        (Tries { deliverer: self, way, deadline, hops, again: None, use_idle: true }, unknown)
    }
}

impl Tries<'_> {
    /// Whom to try now; none when all were.
    pub(super) fn next(&mut self) -> Option<Arc<Target>> {
        self.use_idle = self.again.is_none();
        if let Some(target) = self.again.take() {
            return Some(target);
        }
        let hop = self.hops.next()?;
        Some(self.deliverer.hops.target(&hop, Limit::of(&self.way.route), self.way.certificate.as_ref()))
    }

    /// A connection to it, within what a try may take.
    pub(super) async fn connection(&self, target: &Arc<Target>) -> Result<Lent, Unusable> {
        let Deliverer { hops, outside, .. } = self.deliverer;
        let (owner, allowed) = (self.way.owner, &self.way.allowed);
        let get = async {
            let place = hops.place(target).await?;
            if self.use_idle
                && let Some(connection) = hops.idle(target, owner, allowed).await
            {
                return Ok(Lent { connection, place });
            }
            let connection = hops.fresh(outside, target, owner, allowed, self.deadline).await?;
            Ok(Lent { connection, place })
        };
        tokio::time::timeout_at(self.deadline, get).await.unwrap_or(Err(Unusable::Timeout))
    }

    /// Until when such a connection may answer.
    pub(super) fn patience(&self, reused: bool) -> Instant {
        if reused { self.deadline.min(Instant::now() + REUSED_TIMEOUT) } else { self.deadline }
    }

    /// Its connection was of no use. True: it comes again.
    pub(super) fn failed(&mut self, target: &Arc<Target>, reused: bool) -> bool {
        self.again = (reused && self.use_idle).then(|| Arc::clone(target));
        self.again.is_some()
    }
}
