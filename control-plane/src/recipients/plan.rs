//! What becomes of many recipients at once. Pure: what is there and what is wanted in, what to do out.

use std::collections::{HashMap, HashSet};

use contract::{Id, ids, mail::LocalPart};

use super::{Alias, AliasHop, key};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// What is there stays as it is.
    Add,
    /// What is not wanted goes, what is wanted otherwise changes.
    Replace,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub local_part: LocalPart,
    pub alias: Option<Alias>,
}

/// A recipient that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Existing {
    pub id: Id<ids::Recipient>,
    /// Key of the mailbox it is an alias of.
    pub alias: Option<(String, AliasHop)>,
}

/// What becomes of one that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    Add,
    Change,
    Stays,
    /// It was wanted before, just so.
    Repeated,
    Bad(Bad),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Bad {
    /// It was wanted before, otherwise: there.
    Conflicts(usize),
    AliasOfItself,
    AliasOfAlias,
    NoSuchMailbox,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    /// One for each that is wanted.
    pub fates: Vec<Fate>,
    /// Keys of those that go, sorted.
    pub removed: Vec<String>,
}

/// `kept` are keys that stay whatever is wanted: their lines were broken, which says nothing against them.
pub(super) fn plan(
    mode: Mode,
    wanted: &[Wanted],
    existing: &HashMap<String, Existing>,
    kept: &HashSet<String>,
) -> Plan {
    let keys: Vec<String> = wanted.iter().map(|one| key(&one.local_part)).collect();
    let mut first: HashMap<&str, usize> = HashMap::with_capacity(wanted.len());
    for (at, key) in keys.iter().enumerate() {
        first.entry(key).or_insert(at);
    }
    let there = |key: &str| existing.get(key).filter(|_| mode == Mode::Add || kept.contains(key));
    let fates = wanted
        .iter()
        .zip(&keys)
        .enumerate()
        .map(|(at, (one, own))| {
            let before = first.get(own.as_str()).copied().filter(|before| *before != at);
            if let Some(before) = before {
                let same = wanted.get(before).is_some_and(|before| before.alias == one.alias);
                return if same { Fate::Repeated } else { Fate::Bad(Bad::Conflicts(before)) };
            }
            let target = one.alias.as_ref().map(|alias| (key(&alias.of), alias.hop_sees));
            if let Some((target, _)) = &target {
                if target == own {
                    return Fate::Bad(Bad::AliasOfItself);
                }
                // In `Add` what is there stays what it is, whatever is wanted of it.
                let is_alias = match (there(target), first.get(target.as_str()).and_then(|at| wanted.get(*at))) {
                    (Some(existing), _) => existing.alias.is_some(),
                    (None, Some(wanted)) => wanted.alias.is_some(),
                    (None, None) => return Fate::Bad(Bad::NoSuchMailbox),
                };
                if is_alias {
                    return Fate::Bad(Bad::AliasOfAlias);
                }
            }
            match existing.get(own) {
                None => Fate::Add,
                Some(existing) if existing.alias == target || mode == Mode::Add => Fate::Stays,
                Some(_) => Fate::Change,
            }
        })
        .collect();
    let mut removed: Vec<String> = match mode {
        Mode::Add => Vec::new(),
        Mode::Replace => {
            existing.keys().filter(|key| !first.contains_key(key.as_str()) && !kept.contains(*key)).cloned().collect()
        }
    };
    removed.sort_unstable();
    Plan { fates, removed }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(text: &str) -> Vec<Wanted> {
        text.split_whitespace()
            .map(|one| {
                let (local, of) = one.split_once('>').map_or((one, None), |(local, of)| (local, Some(of)));
                let alias = of.map(|of| Alias { of: of.parse().unwrap(), hop_sees: AliasHop::AsWritten });
                Wanted { local_part: local.parse().unwrap(), alias }
            })
            .collect()
    }

    fn existing(text: &str) -> HashMap<String, Existing> {
        wanted(text)
            .into_iter()
            .map(|one| {
                let alias = one.alias.map(|alias| (key(&alias.of), alias.hop_sees));
                (key(&one.local_part), Existing { id: Id::new(contract::Micros::EPOCH, [0; 10]), alias })
            })
            .collect()
    }

    #[test]
    fn what_becomes_of_each_by_table() {
        use super::Bad::{AliasOfAlias, AliasOfItself, Conflicts, NoSuchMailbox};
        use Fate::{Add, Bad, Change, Repeated, Stays};
        type Row = (Mode, &'static str, &'static str, &'static [Fate], &'static [&'static str]);
        let table: [Row; 9] = [
            (Mode::Add, "", "a B a A", &[Add, Add, Repeated, Repeated], &[]),
            (Mode::Add, "A c", "a b", &[Stays, Add], &[]),
            (Mode::Replace, "A c d", "a b", &[Stays, Add], &["c", "d"]),
            (Mode::Add, "a", "x>a y>b b z>q", &[Add, Add, Add, Bad(NoSuchMailbox)], &[]),
            (Mode::Replace, "a", "x>a", &[Bad(NoSuchMailbox)], &["a"]),
            (Mode::Add, "a x>a", "y>x x z>z", &[Bad(AliasOfAlias), Stays, Bad(AliasOfItself)], &[]),
            (Mode::Replace, "a x>a", "a y>x x", &[Stays, Add, Change], &[]),
            (Mode::Replace, "a x>a", "a x", &[Stays, Change], &[]),
            (Mode::Replace, "x", "a x>a x", &[Add, Change, Bad(Conflicts(1))], &[]),
        ];
        for (mode, before, after, fates, removed) in table {
            let plan = plan(mode, &wanted(after), &existing(before), &HashSet::new());
            assert_eq!(
                (&plan.fates[..], plan.removed.iter().map(String::as_str).collect::<Vec<_>>()),
                (fates, removed.to_vec()),
                "{before} → {after}"
            );
        }
    }

    #[test]
    fn whose_line_is_broken_stays() {
        let kept = HashSet::from(["b".to_owned()]);
        let plan = plan(Mode::Replace, &wanted("a x>b"), &existing("a b c"), &kept);
        assert_eq!((plan.fates, plan.removed), (vec![Fate::Stays, Fate::Add], vec!["c".to_owned()]));
    }
}
