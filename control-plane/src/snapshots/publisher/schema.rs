//! Which schema objects are written in: the newest that all live workers of the pool read.

use std::time::Duration;

use contract::{Id, Micros, ids, snapshot::object::SCHEMAS};

use crate::{
    db::{Read, StoreError},
    workers,
};

/// So long no older worker was seen before a newer schema is written.
const OLDER_GONE: Duration = Duration::from_mins(5);

/// `written`: in which they are now. `up_since`: since when this process could have been heard by workers.
pub(super) async fn schema(
    read: &mut Read,
    pool: Id<ids::Pool>,
    written: Option<u16>,
    now: Micros,
    up_since: Micros,
) -> Result<u16, StoreError> {
    let live = workers::snapshot_schemas(read, pool, now - workers::SEEN_WITHIN).await?;
    let lately = workers::snapshot_schemas(read, pool, now - OLDER_GONE).await?;
    Ok(newest_for(&live, &lately, written, now.since(up_since) >= workers::SEEN_WITHIN))
}

/// Down at once, when somebody is there who reads no newer one; up only when nobody was for a while who does not. Never up
/// before this process was there for long enough to be heard: after a pause of the control plane all workers are yet to
/// come. With a worker that reads none of ours, the newest: that one is told so.
fn newest_for(live: &[Vec<u16>], lately: &[Vec<u16>], written: Option<u16>, had_time_to_come: bool) -> u16 {
    let [newest, ..] = SCHEMAS;
    let for_all = |theirs: &[Vec<u16>]| {
        SCHEMAS.into_iter().find(|ours| theirs.iter().all(|theirs| theirs.contains(ours))).unwrap_or(newest)
    };
    match written.filter(|written| SCHEMAS.contains(written)) {
        None => for_all(live),
        Some(written) if !had_time_to_come => for_all(live).min(written),
        Some(written) => for_all(live).min(for_all(lately).max(written)),
    }
}

#[cfg(test)]
mod tests {
    use contract::snapshot::object::{ROUTES_APART, TENANTS_HELD};

    use super::*;

    #[test]
    fn the_newest_that_all_read_is_written_and_a_pause_of_everybody_changes_nothing() {
        let (one, both, two, other) =
            (vec![ROUTES_APART], vec![TENANTS_HELD, ROUTES_APART], vec![TENANTS_HELD], vec![99]);
        let (none, of_one, of_both) = (vec![], vec![one.clone()], vec![both.clone()]);
        let mixed = vec![both.clone(), one.clone()];
        let table = [
            // Seen now, seen lately, written, had time, expected.
            (&none, &none, None, false, TENANTS_HELD),
            (&of_one, &of_one, None, false, ROUTES_APART),
            (&none, &none, Some(ROUTES_APART), false, ROUTES_APART),
            (&none, &none, Some(ROUTES_APART), true, TENANTS_HELD),
            (&none, &none, Some(99), false, TENANTS_HELD),
            // The first that comes after a pause is not all of them.
            (&of_both, &of_both, Some(ROUTES_APART), false, ROUTES_APART),
            (&of_both, &of_both, Some(ROUTES_APART), true, TENANTS_HELD),
            // One of before was there a minute ago.
            (&of_both, &mixed, Some(ROUTES_APART), true, ROUTES_APART),
            (&of_both, &mixed, Some(TENANTS_HELD), true, TENANTS_HELD),
            (&none, &of_one, Some(ROUTES_APART), true, ROUTES_APART),
            (&mixed, &mixed, Some(TENANTS_HELD), true, ROUTES_APART),
            (&mixed, &mixed, Some(TENANTS_HELD), false, ROUTES_APART),
            (&vec![both, two.clone()], &none, Some(ROUTES_APART), true, TENANTS_HELD),
            (&vec![one, two], &none, Some(ROUTES_APART), true, TENANTS_HELD),
            (&vec![other], &none, Some(ROUTES_APART), true, TENANTS_HELD),
        ];
        for (live, lately, written, had_time, expected) in table {
            assert_eq!(
                newest_for(live, lately, written, had_time),
                expected,
                "{live:?} {lately:?} {written:?} {had_time}"
            );
        }
    }
}
