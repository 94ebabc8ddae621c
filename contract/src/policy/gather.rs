//! From what was found to the facts that `recipient` judges: pure, so that a worker with its index and a dry run with the
//! database cannot part ways.

use super::{
    lists::{self, Hit},
    recipient::{CallOut, RecipientKnown, Unasked},
};
use crate::{
    Micros,
    mail::LocalPart,
    snapshot::object::{DomainState, RecipientHash},
};

/// Which local parts a domain takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    Any,
    Listed,
    /// Those that are listed; about the others the next hop is asked.
    CallOut(Unasked),
}

/// What the domain says of a local part. `call_out` is what the next hop said; none: it was not asked yet.
pub fn recipient(
    takes: Takes,
    local: &LocalPart,
    call_out: Option<CallOut>,
    is_listed: impl Fn(&LocalPart) -> bool,
) -> RecipientKnown {
    // RFC 5321 §4.5.1: postmaster is always there.
    if local.as_str().eq_ignore_ascii_case("postmaster") {
        return RecipientKnown::Accepted;
    }
    let otherwise = match takes {
        Takes::Any => return RecipientKnown::Accepted,
        Takes::Listed => RecipientKnown::Unknown,
        Takes::CallOut(unasked) => RecipientKnown::CallOut(call_out.unwrap_or(CallOut::Unasked(unasked))),
    };
    if is_listed(local) {
        RecipientKnown::Listed
    } else if local.without_detail().is_some_and(|user| is_listed(&user)) {
        RecipientKnown::Accepted
    } else {
        otherwise
    }
}

/// By which names a recipient may stand in its domain's list.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    pub as_written: &'a RecipientHash,
    pub without_detail: Option<&'a RecipientHash>,
    /// What it is an alias of.
    pub mailbox: Option<&'a RecipientHash>,
}

/// The deciding entry of each scope, most specific first: recipient (as written, without its detail, the mailbox it is an
/// alias of), domain, and the lists above, which come from the tenant upwards.
pub fn list_hits<'a>(
    domain: Option<&'a lists::Index>,
    names: Names<'a>,
    above: impl Iterator<Item = &'a lists::Index>,
    hit: impl Fn(&lists::Index, Option<&RecipientHash>) -> Option<Hit>,
) -> Vec<Hit> {
    let Names { as_written, without_detail, mailbox } = names;
    let in_domain = domain.into_iter().flat_map(|list| {
        let of = [Some(Some(as_written)), without_detail.map(Some), mailbox.map(Some), Some(None)];
        let hits: Vec<_> = of.into_iter().flatten().filter_map(|of| hit(list, of)).collect();
        hits
    });
    in_domain.chain(above.filter_map(|list| hit(list, None))).collect()
}

/// The end of time.
const NEVER: Micros = Micros::from_micros(i64::MAX);

/// The state of an alias domain, by its own and its primary's.
pub fn alias_state(alias: DomainState, primary: DomainState) -> DomainState {
    match (alias, primary) {
        // A primary that is not proven yet is waited for, however long: the alias is proven.
        (DomainState::Active, DomainState::Pending { .. }) => DomainState::Pending { defer_until: NEVER },
        (state, _) => state,
    }
}
