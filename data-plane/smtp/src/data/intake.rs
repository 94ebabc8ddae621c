//! Content as it is handed on: scanned, counted, and swallowed beyond the limit of size.

use super::{Facts, Scan};

#[derive(Debug)]
pub(super) struct Intake {
    scan: Scan,
    max_size_bytes: u64,
    swallowing: bool,
}

impl Intake {
    pub(super) fn new(max_size_bytes: u64, installation: &str) -> Self {
        Self { scan: Scan::new(installation), max_size_bytes, swallowing: false }
    }

    pub(super) fn hand_on(&mut self, slice: Option<&[u8]>, content: &mut impl FnMut(&[u8])) {
        let Some(slice) = slice.filter(|slice| !slice.is_empty()) else {
            return;
        };
        self.scan.content(slice);
        self.swallowing |= self.scan.facts().size_bytes > self.max_size_bytes;
        if !self.swallowing {
            content(slice);
        }
    }

    /// The message is over.
    pub(super) fn end(&mut self) {
        self.scan.end();
    }

    pub(super) fn swallow(&mut self) {
        self.swallowing = true;
    }

    pub(super) fn is_swallowing(&self) -> bool {
        self.swallowing
    }

    pub(super) fn facts(&self) -> &Facts {
        self.scan.facts()
    }

    pub(super) fn into_facts(self) -> Facts {
        self.scan.into_facts()
    }
}
