//! Which schema objects are written in: the newest that all live workers of the pool read.

use contract::{Id, Micros, ids, snapshot::object::SCHEMAS};

use crate::{
    db::{Read, StoreError},
    workers,
};

/// `written`: in which they are now. `up_since`: since when this process could have been heard by workers.
pub(super) async fn schema(
    read: &mut Read,
    pool: Id<ids::Pool>,
    written: Option<u16>,
    now: Micros,
    up_since: Micros,
) -> Result<u16, StoreError> {
    let live = workers::snapshot_schemas(read, pool, now - workers::SEEN_WITHIN).await?;
    Ok(newest_for(&live, written, now.since(up_since) >= workers::SEEN_WITHIN))
}

/// With a worker that reads none of ours, the newest: that one is told so. Where none is there, the newest too, if this
/// process has been up for long enough for them to come: after a pause of the control plane they are all yet to be heard.
fn newest_for(live: &[Vec<u16>], written: Option<u16>, had_time_to_come: bool) -> u16 {
    let [newest, ..] = SCHEMAS;
    match written.filter(|written| SCHEMAS.contains(written)) {
        Some(written) if live.is_empty() && !had_time_to_come => written,
        _ => SCHEMAS.into_iter().find(|ours| live.iter().all(|theirs| theirs.contains(ours))).unwrap_or(newest),
    }
}

#[cfg(test)]
mod tests {
    use contract::snapshot::object::{EMBEDDED_ROUTES, ROUTES_APART};

    use super::*;

    #[test]
    fn the_newest_that_all_read_is_written_and_a_pause_of_everybody_changes_nothing() {
        let (one, both, two, other) =
            (vec![EMBEDDED_ROUTES], vec![ROUTES_APART, EMBEDDED_ROUTES], vec![ROUTES_APART], vec![99]);
        let table = [
            (vec![], None, false, ROUTES_APART),
            (vec![], Some(EMBEDDED_ROUTES), false, EMBEDDED_ROUTES),
            (vec![], Some(EMBEDDED_ROUTES), true, ROUTES_APART),
            (vec![], Some(99), false, ROUTES_APART),
            (vec![both.clone()], Some(EMBEDDED_ROUTES), false, ROUTES_APART),
            (vec![both.clone(), one.clone()], Some(ROUTES_APART), true, EMBEDDED_ROUTES),
            (vec![both, two.clone()], Some(EMBEDDED_ROUTES), true, ROUTES_APART),
            (vec![one, two], Some(EMBEDDED_ROUTES), true, ROUTES_APART),
            (vec![other], Some(EMBEDDED_ROUTES), true, ROUTES_APART),
        ];
        for (live, written, had_time, expected) in table {
            assert_eq!(newest_for(&live, written, had_time), expected, "{live:?} {written:?} {had_time}");
        }
    }
}
