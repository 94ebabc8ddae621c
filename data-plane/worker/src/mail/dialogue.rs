//! The SMTP dialogue of one transaction, for the trace: lines, never content. Bounded.

use contract::events::{Line, Speaker};
use tokio::time::Instant;

/// Lines kept of one transaction; a hundred recipients need about four hundred.
const MAX_LINES: usize = 1_000;
const MAX_TEXT: usize = 512;

#[derive(Debug)]
pub(crate) struct Dialogue {
    began: Instant,
    lines: Vec<(Line, About)>,
}

/// Whose business a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    Everybody,
    /// The recipient with this number, as the sender named them.
    Recipient(usize),
    /// Those whom the message went to: whatever a next hop says may name them.
    Group,
}

impl Dialogue {
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), lines: Vec::new() }
    }

    pub(crate) fn add(&mut self, from: Speaker, text: &str, about: About) {
        if self.lines.len() < MAX_LINES {
            let at_us = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
            let text = match text.char_indices().nth(MAX_TEXT) {
                Some((end, _)) => text.get(..end).unwrap_or_default().to_owned(),
                None => text.to_owned(),
            };
            self.lines.push((Line { at_us, from, text }, about));
        }
    }

    /// The lines as one tenant may see them: the delivery only if it was theirs, and of others' recipients only that they
    /// were there.
    pub(crate) fn seen_by(&self, in_group: bool, may_see: impl Fn(usize) -> bool) -> Vec<Line> {
        let seen = |(line, about): &(Line, About)| match *about {
            About::Group if !in_group => None,
            About::Recipient(number) if !may_see(number) => {
                Some(Line { text: "… (a recipient of someone else)".to_owned(), ..line.clone() })
            }
            About::Everybody | About::Group | About::Recipient(_) => Some(line.clone()),
        };
        self.lines.iter().filter_map(seen).collect()
    }
}
