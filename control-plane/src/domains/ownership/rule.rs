//! What a look at an active domain comes to: the mark, and when it is looked at next. Pure.

use std::{ops::RangeInclusive, time::Duration};

use contract::Micros;

use crate::domains::{Check, Finding};

/// So long the proof is missing, at each look that had an answer, before it is taken for lost: longer than a zone is half
/// moved, or a record that was deleted by mistake stays unnoticed.
const LOST_AFTER: Duration = Duration::from_hours(24);
/// What was not looked at for longer than this may have been well in between, and its day begins anew: a control plane that was
/// down, a backup that was restored.
const UNSEEN: Duration = Duration::from_hours(3);
/// A good one.
const DAILY: RangeInclusive<Duration> = Duration::from_hours(22)..=Duration::from_hours(26);
/// One that is missing and may be a slip.
const SUSPECT: RangeInclusive<Duration> = Duration::from_mins(30)..=Duration::from_hours(1);
/// One that nobody could tell about.
const UNKNOWN: RangeInclusive<Duration> = Duration::from_hours(4)..=Duration::from_hours(8);
/// One that is lost: `verify` looks at once.
const LOST: RangeInclusive<Duration> = Duration::from_hours(5)..=Duration::from_hours(7);

/// `chance` is random: what was looked at together is not so again.
pub(super) fn judge(before: &Check, finding: Finding, now: Micros, chance: u32) -> Check {
    // One that is lost stays so until it is seen well, however seldom it is looked at.
    let is_followed = before.lost_at.is_some() || before.checked_at.is_some_and(|at| now.since(at) <= UNSEEN);
    let missing = before.missing_since.map(|since| if is_followed { since } else { now });
    let (missing_since, lost_at) = match finding {
        Finding::Proven => (None, None),
        Finding::RecordMissing | Finding::ValueDiffers | Finding::Wildcard => {
            let since = missing.unwrap_or(now);
            let is_lost = now.since(since) >= LOST_AFTER;
            (Some(since), before.lost_at.or_else(|| is_lost.then_some(now)))
        }
        // No answer says nothing, for or against.
        Finding::DnsUnavailable | Finding::HeldElsewhere | Finding::NotChecked => (missing, before.lost_at),
    };
    let pause = match (missing_since, lost_at, finding) {
        (_, Some(_), _) => LOST,
        (Some(_), None, _) => SUSPECT,
        (None, None, Finding::DnsUnavailable) => UNKNOWN,
        (None, None, _) => DAILY,
    };
    let next_check_at = Some(now + within(&pause, chance));
    Check { checked_at: Some(now), finding: Some(finding), next_check_at, missing_since, lost_at }
}

/// When a good one is looked at next.
pub(super) fn daily(now: Micros, chance: u32) -> Micros {
    now + within(&DAILY, chance)
}

fn within(range: &RangeInclusive<Duration>, chance: u32) -> Duration {
    let (least, most) = (*range.start(), *range.end());
    least + most.saturating_sub(least).mul_f64(f64::from(chance) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: Duration = Duration::from_hours(1);
    const NOW: Micros = Micros::from_secs(1_800_000_000);

    fn check(missing: Option<Duration>, lost: Option<Duration>) -> Check {
        let ago = |ago: Option<Duration>| ago.map(|ago| NOW - ago);
        let checked_at = Some(NOW - HOUR);
        Check { checked_at, missing_since: ago(missing), lost_at: ago(lost), ..Check::default() }
    }

    fn unseen(mut check: Check) -> Check {
        check.checked_at = Some(NOW - 4 * HOUR);
        check
    }

    #[test]
    fn what_is_missing_for_a_day_is_lost_and_no_answer_is_none() {
        use Finding::{DnsUnavailable, Proven, RecordMissing, ValueDiffers, Wildcard};
        let hours = |n| Some(HOUR * n);
        let table = [
            ("well", check(None, None), Proven, check(None, None), DAILY),
            ("nobody answers", check(None, None), DnsUnavailable, check(None, None), UNKNOWN),
            ("missing at once", check(None, None), RecordMissing, check(hours(0), None), SUSPECT),
            ("still missing", check(hours(23), None), ValueDiffers, check(hours(23), None), SUSPECT),
            ("missing, nobody answers", check(hours(23), None), DnsUnavailable, check(hours(23), None), SUSPECT),
            ("a day, nobody answers", check(hours(25), None), DnsUnavailable, check(hours(25), None), SUSPECT),
            ("a slip", check(hours(23), None), Proven, check(None, None), DAILY),
            ("lost", check(hours(24), None), Wildcard, check(hours(24), hours(0)), LOST),
            ("long lost", check(hours(90), hours(66)), RecordMissing, check(hours(90), hours(66)), LOST),
            ("lost, nobody answers", check(hours(90), hours(66)), DnsUnavailable, check(hours(90), hours(66)), LOST),
            ("nobody looked", unseen(check(hours(23), None)), RecordMissing, check(hours(0), None), SUSPECT),
            ("nor is there an answer", unseen(check(hours(30), None)), DnsUnavailable, check(hours(0), None), SUSPECT),
            (
                "lost, and nobody looked",
                unseen(check(hours(90), hours(66))),
                Wildcard,
                check(hours(90), hours(66)),
                LOST,
            ),
            ("back", check(hours(90), hours(66)), Proven, check(None, None), DAILY),
        ];
        let mut wrong = Vec::new();
        for (name, before, finding, expected, pause) in table {
            let after = judge(&before, finding, NOW, 7);
            let next = after.next_check_at.map(|next| next.since(NOW)).unwrap_or_default();
            let marks = (after.missing_since, after.lost_at) == (expected.missing_since, expected.lost_at);
            let seen = (after.finding, after.checked_at) == (Some(finding), Some(NOW));
            if !(marks && seen && pause.contains(&next)) {
                wrong.push((name, after));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    fn finding() -> impl Strategy<Value = Finding> {
        use Finding::{DnsUnavailable, Proven, RecordMissing, ValueDiffers, Wildcard};
        proptest::sample::select(vec![Proven, RecordMissing, ValueDiffers, Wildcard, DnsUnavailable, DnsUnavailable])
    }

    proptest! {
        /// Whatever DNS says over the days: lost is what was missing at two looks a day apart, and proven at none between.
        #[test]
        fn lost_is_what_no_look_of_a_day_found(looks in proptest::collection::vec((finding(), any::<u32>()), 1..60)) {
            let (mut now, mut check) = (NOW, Check::default());
            let mut history: Vec<(Micros, Finding)> = Vec::new();
            for (finding, chance) in looks {
                history.push((now, finding));
                check = judge(&check, finding, now, chance);
                let run = history.iter().rposition(|(_, seen)| *seen == Finding::Proven).map_or(0, |n| n + 1);
                let missing: Vec<Micros> = history.iter().skip(run)
                    .filter(|(_, seen)| *seen != Finding::DnsUnavailable).map(|(at, _)| *at).collect();
                let lost = missing.iter().find(|at| missing.first().is_some_and(|first| at.since(*first) >= LOST_AFTER));
                prop_assert_eq!(check.lost_at, lost.copied());
                prop_assert_eq!(check.missing_since, missing.first().copied());
                let next = check.next_check_at.unwrap_or(now);
                prop_assert!((*SUSPECT.start()..=*DAILY.end()).contains(&next.since(now)));
                now = next;
            }
        }

        /// However long nobody looks now and then: lost is what was seen to be missing, at most three hours apart, for a day.
        #[test]
        fn a_time_that_nobody_saw_makes_no_loss(
            looks in proptest::collection::vec((finding(), any::<u32>(), proptest::option::weighted(0.05, 4..100u32)), 1..80),
        ) {
            let (mut now, mut check) = (NOW, Check::default());
            let mut followed: Vec<(Micros, Finding)> = Vec::new();
            for (finding, chance, away) in looks {
                if followed.last().is_some_and(|(at, _)| now.since(*at) > UNSEEN) || finding == Finding::Proven {
                    followed.clear();
                }
                followed.push((now, finding));
                let was_lost = check.lost_at.is_some();
                check = judge(&check, finding, now, chance);
                if check.lost_at.is_some() && !was_lost {
                    let first = followed.iter().map(|(at, _)| *at).next().unwrap_or(now);
                    prop_assert!(now.since(first) >= LOST_AFTER, "{first:?} {now:?}");
                }
                now = check.next_check_at.unwrap_or(now) + away.unwrap_or(0) * HOUR;
            }
        }
    }
}
