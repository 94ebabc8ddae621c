//! What an upload may do, and what it did. Decided before anything is written.

use std::collections::HashSet;

use contract::mail::Domain;

use super::read::{Broken, File};
use crate::{
    http::{ApiError, Code, FieldError},
    recipients::{
        key,
        plan::{Bad, Fate, Plan, Wanted},
        view::{RecipientImport, RecipientImportError},
    },
};

/// Broken lines that one answer names.
const MOST_ERRORS: usize = 100;
/// Addresses that one answer and one audit row name.
pub(super) const MOST_NAMED: usize = 100;
/// A replacement removes so many without being asked twice, or a fifth of all.
const FEW: usize = 10;

/// Keys of the recipients whose lines are broken.
pub(super) fn kept(file: &File) -> HashSet<String> {
    file.named.iter().map(key).collect()
}

pub(super) fn wanted(file: &File) -> Vec<Wanted> {
    file.good.iter().map(|line| line.wanted.clone()).collect()
}

/// All broken lines in the order of the file: those that cannot be read, and those that make no sense beside the others.
pub(super) fn broken(file: &File, plan: &Plan) -> Vec<Broken> {
    let mut broken = file.broken.clone();
    broken.extend(file.good.iter().zip(&plan.fates).filter_map(|(line, fate)| {
        let Fate::Bad(bad) = fate else { return None };
        let (column, code, message) = match bad {
            Bad::Conflicts(before) => {
                let before = file.good.get(*before).map_or(0, |before| before.line);
                (1, "conflict", format!("line {before} says otherwise of the same recipient"))
            }
            Bad::AliasOfItself => (line.alias_column, "alias_of_itself", "is no alias of itself".to_owned()),
            Bad::AliasOfAlias => (line.alias_column, "alias_of_alias", "is an alias itself".to_owned()),
            Bad::NoSuchMailbox => (line.alias_column, "no_such_mailbox", "is no recipient of the domain".to_owned()),
        };
        Some(Broken { line: line.line, column, code, message })
    }));
    broken.sort_by_key(|broken| broken.line);
    broken
}

/// A file with broken lines, as a problem: none of it was applied.
pub(super) fn refused(lines: usize, broken: &[Broken]) -> ApiError {
    let errors = broken.iter().take(MOST_ERRORS).map(|broken| {
        let place = format!("line {}, column {}: ", broken.line, broken.column);
        FieldError::new(pointer(broken), broken.code, place + &broken.message)
    });
    ApiError::invalid(errors.collect())
        .detail(format!("{} of {lines} lines are broken; none was applied", broken.len()))
}

fn pointer(broken: &Broken) -> String {
    format!("/{}/{}", broken.line, broken.column)
}

/// Nobody empties a domain by a file that was cut off, or that was another domain's.
pub(super) fn guard(plan: &Plan, there: usize, left: usize, max_removed: Option<usize>) -> Result<(), ApiError> {
    let removed = plan.removed.len();
    let allowed = match max_removed {
        Some(most) => removed <= most,
        None => removed == 0 || (left > 0 && removed <= FEW.max(there / 5)),
    };
    if allowed {
        return Ok(());
    }
    let how = format!("it would remove {removed} of {there} recipients; if that is meant, say max_removed={removed}");
    Err(ApiError::new(Code::TooManyRemoved).detail(how))
}

/// What the answer says.
pub(super) fn view(
    mode: &str,
    dry_run: bool,
    file: &File,
    plan: &Plan,
    broken: &[Broken],
    domain: &Domain,
) -> RecipientImport {
    let count = |fate: &Fate| plan.fates.iter().filter(|one| *one == fate).count();
    RecipientImport {
        dry_run,
        mode: mode.to_owned(),
        lines: file.lines,
        added: count(&Fate::Add),
        changed: count(&Fate::Change),
        unchanged: count(&Fate::Stays),
        repeated: count(&Fate::Repeated),
        removed: plan.removed.len(),
        removed_addresses: plan.removed.iter().take(MOST_NAMED).map(|key| format!("{key}@{domain}")).collect(),
        broken: broken.len(),
        errors: broken
            .iter()
            .take(MOST_ERRORS)
            .map(|broken| RecipientImportError {
                line: broken.line,
                column: broken.column,
                code: broken.code.to_owned(),
                message: broken.message.clone(),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_a_few_go_only_if_that_is_said() {
        let gone = |n: usize| Plan { fates: vec![], removed: (0..n).map(|n| n.to_string()).collect() };
        for (removed, there, max_removed, allowed) in [
            (0, 0, None, true),
            (10, 20, None, true),
            (11, 20, None, false),
            (20, 100, None, true),
            (21, 100, None, false),
            (1, 1, None, false),
            (1, 1, Some(1), true),
            (21, 100, Some(21), true),
            (21, 100, Some(20), false),
            (1, 100, Some(0), false),
        ] {
            let outcome = guard(&gone(removed), there, there - removed, max_removed);
            assert_eq!(outcome.is_ok(), allowed, "{removed} of {there}, {max_removed:?}");
        }
    }
}
