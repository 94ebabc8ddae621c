//! When a name passes. Pure.

use std::{ops::RangeInclusive, time::Duration};

use contract::Micros;

use crate::domains::Finding;

/// So long the old proof is gone and the new one stands, at each look.
const PASSES_AFTER: Duration = Duration::from_hours(72);
/// What nobody looked at for longer begins anew: it may have been well in between.
const UNSEEN: Duration = Duration::from_hours(3);
const CONTESTED: RangeInclusive<Duration> = Duration::from_mins(30)..=Duration::from_hours(1);
/// Both proofs stand: nothing is under way.
const BOTH: RangeInclusive<Duration> = Duration::from_hours(5)..=Duration::from_hours(7);

/// How far it has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Contest {
    /// Since when each look found the old proof gone and the new one there.
    pub since: Option<Micros>,
    /// The last of these looks.
    pub seen_at: Option<Micros>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The new proof is gone.
    Over,
    /// And when it is looked at next.
    GoesOn(Contest, Micros),
    Passes,
}

pub(super) fn judge(before: Contest, claim: Finding, held: Finding, now: Micros, chance: u32) -> Step {
    use Finding::{DnsUnavailable, HeldElsewhere, NotChecked, Proven, RecordMissing, ValueDiffers, Wildcard};
    let next = |range: &RangeInclusive<Duration>| {
        let (least, most) = (*range.start(), *range.end());
        now + least + most.saturating_sub(least).mul_f64(f64::from(chance) / f64::from(u32::MAX))
    };
    let is_followed = before.seen_at.is_some_and(|at| now.since(at) <= UNSEEN);
    let followed = if is_followed { before } else { Contest::default() };
    match (claim, held) {
        (RecordMissing | ValueDiffers | Wildcard, _) => Step::Over,
        // No answer says nothing, for or against, for as long as it is bridged by those that do.
        (DnsUnavailable | HeldElsewhere | NotChecked, _) | (Proven, DnsUnavailable | HeldElsewhere | NotChecked) => {
            Step::GoesOn(followed, next(&CONTESTED))
        }
        (Proven, Proven) => Step::GoesOn(Contest::default(), next(&BOTH)),
        (Proven, RecordMissing | ValueDiffers | Wildcard) => match followed.since {
            Some(since) if now.since(since) >= PASSES_AFTER => Step::Passes,
            since => {
                let contest = Contest { since: since.or(Some(now)), seen_at: Some(now) };
                Step::GoesOn(contest, next(&CONTESTED))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Micros = Micros::from_secs(1_800_000_000);

    fn finding() -> impl Strategy<Value = Finding> {
        use Finding::{DnsUnavailable, Proven, RecordMissing, ValueDiffers, Wildcard};
        proptest::sample::select(vec![Proven, RecordMissing, ValueDiffers, Wildcard, DnsUnavailable])
    }

    proptest! {
        /// Whatever is seen, and however long nobody looks: a name passes only where every look of three days that had an answer
        /// saw the old proof gone and the new one there, none more than three hours after the one before.
        #[test]
        fn a_name_passes_only_after_three_days_without_the_old_proof(
            looks in proptest::collection::vec(
                (prop_oneof![9 => Just(Finding::Proven), 1 => finding()],
                    prop_oneof![19 => Just(Finding::RecordMissing), 1 => finding()],
                    any::<u32>(), proptest::option::weighted(0.01, 3..100u64)), 1..400),
        ) {
            let (mut now, mut contest) = (NOW, Contest::default());
            let mut run: Vec<Micros> = Vec::new();
            for (claim, held, chance, away) in looks {
                let known = claim != Finding::DnsUnavailable && held != Finding::DnsUnavailable;
                let good = claim == Finding::Proven && known && held != Finding::Proven;
                if run.last().is_some_and(|last| now.since(*last) > UNSEEN) || (!good && (known || claim != Finding::DnsUnavailable && claim != Finding::Proven)) {
                    run.clear();
                }
                if claim == Finding::DnsUnavailable || (claim == Finding::Proven && held == Finding::DnsUnavailable) {
                    // Nothing was seen.
                } else if good {
                    run.push(now);
                }
                match judge(contest, claim, held, now, chance) {
                    Step::Over => { contest = Contest::default(); prop_assert!(run.is_empty()); now = now + UNSEEN; }
                    Step::GoesOn(after, next) => {
                        prop_assert_eq!(after.since, run.first().copied());
                        contest = after;
                        now = next;
                    }
                    Step::Passes => {
                        prop_assert!(now.since(run[0]) >= PASSES_AFTER);
                        return Ok(());
                    }
                }
                now = now + Duration::from_hours(away.unwrap_or(0));
            }
        }
    }

    #[test]
    fn three_days_of_looks_are_enough_and_one_of_the_old_proof_begins_anew() {
        let look = |contest, held, now| judge(contest, Finding::Proven, held, now, 9);
        let (mut contest, mut now) = (Contest::default(), NOW);
        let mut passed = None;
        for n in 0..400 {
            let held = if n == 50 { Finding::Proven } else { Finding::ValueDiffers };
            match look(contest, held, now) {
                Step::GoesOn(after, next) => (contest, now) = (after, if n == 50 { now + UNSEEN / 2 } else { next }),
                Step::Passes => {
                    passed = Some(n);
                    break;
                }
                Step::Over => panic!("the new proof stands"),
            }
        }
        assert!(passed.is_some_and(|n| n > 50 + 72), "{passed:?}");
        assert_eq!(judge(contest, Finding::RecordMissing, Finding::RecordMissing, now, 9), Step::Over);
    }
}
