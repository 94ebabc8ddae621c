//! The trace: who sent what to whom, what was decided by which rule, and what the next hop said.

pub mod api;
mod store;
mod view;

pub(crate) use store::STATEMENTS;

/// Characters of a subject that are compared: an index has no room for more.
const SUBJECT: usize = 200;

/// A subject as searches compare it: in lower case, with single spaces.
pub(crate) fn folded(subject: &str) -> String {
    let words: Vec<_> =
        subject.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    words.join(" ").to_lowercase().chars().take(SUBJECT).collect()
}

#[cfg(test)]
mod tests {
    use super::folded;

    #[test]
    fn subjects_that_look_alike_are_alike() {
        assert_eq!(folded(" Re:\t Your\r\n  INVOICE\0 "), "re: your invoice");
        assert_eq!(folded(&"ß".repeat(300)).chars().count(), 200);
        assert_eq!(folded(""), "");
    }
}
