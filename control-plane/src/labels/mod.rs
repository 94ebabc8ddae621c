//! Labels, names and references: what the owner of a thing writes on it for people and for their own programs.

mod store;
mod view;

use std::collections::BTreeMap;

use crate::http::{ApiError, Code, FieldError, Patch};
pub(crate) use store::{STATEMENTS, remove, replace};
pub(crate) use view::{LabelsUpdate, LabelsView};

/// Name to value.
pub type Labels = BTreeMap<String, String>;
/// Labels in a merge patch: a null takes one off.
pub type LabelsPatch = BTreeMap<String, Option<String>>;

const MOST: usize = 32;

/// Checks labels given at `/labels`; adds what is wrong with them.
pub fn check(labels: &Labels, errors: &mut Vec<FieldError>) {
    if labels.len() > MOST {
        errors.push(FieldError::invalid("/labels", format!("at most {MOST} labels")));
    }
    for (name, value) in labels {
        let at = || format!("/labels/{}", name.replace('~', "~0").replace('/', "~1"));
        let good = (1..=63).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-/".contains(&b))
            && name.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric);
        if !good {
            let message = "a name has 1 to 63 of a-z, 0-9, . _ - /, and begins with a-z or 0-9";
            errors.push(FieldError::invalid(at(), message));
        }
        if value.len() > 255 || value.chars().any(char::is_control) {
            errors.push(FieldError::invalid(at(), "a value has at most 255 bytes and no control characters"));
        }
    }
}

/// The labels after a patch.
pub fn patched(patch: Patch<LabelsPatch>, current: &Labels) -> Labels {
    match patch {
        Patch::Keep => current.clone(),
        Patch::Clear => Labels::new(),
        Patch::Set(changes) => {
            let mut labels = current.clone();
            for (name, value) in changes {
                match value {
                    Some(value) => drop(labels.insert(name, value)),
                    None => drop(labels.remove(&name)),
                }
            }
            labels
        }
    }
}

/// Checks a text for people: a name, a comment.
pub fn check_text(text: &str, most: usize, pointer: &str, errors: &mut Vec<FieldError>) {
    if text.trim().is_empty() {
        errors.push(FieldError::invalid(pointer, "cannot be empty"));
    } else if text.chars().count() > most {
        errors.push(FieldError::invalid(pointer, format!("at most {most} characters")));
    } else if text.chars().any(char::is_control) || text.trim() != text {
        errors.push(FieldError::invalid(pointer, "no control characters, no space at either end"));
    }
}

/// The names that things bear: at most as many characters.
pub const NAME: usize = 200;
/// The number in the owner's own system.
pub const EXTERNAL_REF: usize = 128;

/// `name:value` of `?label=`.
pub fn filter(text: Option<&str>) -> Result<Option<(String, String)>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    let (name, value) = text.split_once(':').ok_or_else(|| {
        ApiError::new(Code::InvalidQuery).errors(vec![FieldError::invalid("?label", "expected name:value")])
    })?;
    Ok(Some((name.to_owned(), value.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_adds_changes_and_takes_off() {
        let current: Labels = [("a", "1"), ("b", "2")].map(|(n, v)| (n.to_owned(), v.to_owned())).into();
        let patch = Patch::Set([("a".to_owned(), None), ("c".to_owned(), Some("3".to_owned()))].into());
        let expected: Labels = [("b", "2"), ("c", "3")].map(|(n, v)| (n.to_owned(), v.to_owned())).into();
        assert_eq!(patched(patch, &current), expected);
        assert_eq!(patched(Patch::Keep, &current), current);
        assert!(patched(Patch::Clear, &current).is_empty());
    }

    #[test]
    fn bad_labels_are_named_one_by_one() {
        let labels: Labels = [("ok/1", "x"), ("Bad", "x"), ("-a", "x"), ("c", "line\nbreak")]
            .map(|(n, v)| (n.to_owned(), v.to_owned()))
            .into();
        let mut errors = Vec::new();
        check(&labels, &mut errors);
        let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/labels/-a", "/labels/Bad", "/labels/c"]);
    }
}
