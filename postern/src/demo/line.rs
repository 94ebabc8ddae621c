//! One act, one line; what differs from what it says stands below it.

use std::{fmt::Write, time::Duration};

use super::stage::Voice;

/// What is told about an act.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub act: &'static str,
    pub sent: String,
    pub heard: String,
    /// What the next hop got.
    pub hop: String,
    pub rule: String,
    pub tls: String,
    pub took: Option<Duration>,
    pub message: String,
    wrong: Vec<String>,
}

impl Line {
    pub(super) fn new(act: &'static str, sent: impl Into<String>) -> Self {
        Self { act, sent: sent.into(), ..Self::default() }
    }

    /// Holds this, or is it marked?
    pub(super) fn must(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.wrong.push(otherwise());
        }
    }

    /// Did all go as it says?
    pub(super) fn tell(&self, voice: Voice) -> bool {
        let mark = if self.wrong.is_empty() { "✓" } else { "✗" };
        let mut text = format!("{mark} {:<18}", self.act);
        let took = self.took.map_or_else(String::new, |took| format!("{} ms", took.as_millis()));
        let parts = [&self.sent, &self.heard, &self.hop, &self.rule, &self.tls, &took, &self.message];
        let told: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).map(String::as_str).collect();
        text.push_str(&told.join(" → "));
        for wrong in &self.wrong {
            let _ = write!(text, "\n    differs: {wrong}");
        }
        voice.say(&text);
        self.wrong.is_empty()
    }
}

/// `615 B`, `10.0 MiB`.
pub(super) fn size(bytes: usize) -> String {
    match bytes {
        0..10_240 => format!("{bytes} B"),
        10_240..1_048_576 => format!("{} KiB", bytes / 1024),
        _ => {
            let tenths = (bytes * 10 + 524_288) / 1_048_576;
            format!("{}.{} MiB", tenths / 10, tenths % 10)
        }
    }
}
