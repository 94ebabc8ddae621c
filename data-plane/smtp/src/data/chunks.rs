//! Content that comes in counted chunks (RFC 3030 §2). No octet of it is looked at to find an end, and no dot is taken away;
//! what is scanned goes on over the seams, so that a CR and its LF may come in two chunks.

use super::{Facts, intake::Intake};

/// A message that comes by BDAT.
#[derive(Debug)]
pub struct Chunks {
    intake: Intake,
}

impl Chunks {
    /// `installation` is what loop detection looks for in Received fields.
    pub fn new(max_size_bytes: u64, installation: &str) -> Self {
        Self { intake: Intake::new(max_size_bytes, installation) }
    }

    /// Takes octets of a chunk; the caller has counted them.
    pub fn take(&mut self, octets: &[u8], mut content: impl FnMut(&[u8])) {
        self.intake.hand_on(Some(octets), &mut content);
    }

    /// The last chunk is whole.
    pub fn end(mut self) -> Facts {
        self.intake.end();
        self.intake.into_facts()
    }

    pub fn swallow(&mut self) {
        self.intake.swallow();
    }

    pub fn is_swallowing(&self) -> bool {
        self.intake.is_swallowing()
    }

    pub fn facts(&self) -> &Facts {
        self.intake.facts()
    }
}
