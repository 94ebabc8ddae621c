//! What hashing a password costs: the parameters of Argon2id, within bounds.

use argon2::{Algorithm, Argon2, Params, Version};
use serde::Deserialize;

/// 19 MiB, two passes, one lane unless set: the first choice of OWASP's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// The least memory of OWASP's list, and 1 GiB: each core that hashes takes so much.
const MEMORY_KIB: std::ops::RangeInclusive<u32> = 7_168..=1_048_576;
const PASSES: std::ops::RangeInclusive<u32> = 1..=20;
const LANES: std::ops::RangeInclusive<u32> = 1..=16;
/// Memory times passes of the weakest line of OWASP's list: 7 MiB, five passes.
const LEAST_WORK: u32 = 7_168 * 5;

impl Default for Written {
    fn default() -> Self {
        Self { memory_kib: 19_456, passes: 2, lanes: 1 }
    }
}

impl Default for Cost {
    fn default() -> Self {
        let Written { memory_kib, passes, lanes } = Written::default();
        Self { memory_kib, passes, lanes }
    }
}

impl Cost {
    /// # Errors
    /// Says which parameter is out of its bounds.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, String> {
        for (name, value, bounds) in
            [("memory_kib", memory_kib, MEMORY_KIB), ("passes", passes, PASSES), ("lanes", lanes, LANES)]
        {
            if !bounds.contains(&value) {
                return Err(format!("{name} is {value}; it must be {} to {}", bounds.start(), bounds.end()));
            }
        }
        if memory_kib * passes < LEAST_WORK {
            return Err(format!(
                "memory_kib times passes is {}; it must be {LEAST_WORK} at least, or guessing is too cheap",
                memory_kib * passes
            ));
        }
        Ok(Self { memory_kib, passes, lanes })
    }

    pub(super) fn argon2(self) -> Argon2<'static> {
        let params =
            Params::new(self.memory_kib, self.passes, self.lanes, None).expect("narrower bounds than Argon2's own");
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
    }

    /// Was the stored hash made at another cost, or by another function?
    pub(super) fn differs_from(self, stored: &str) -> bool {
        let Self { memory_kib, passes, lanes } = self;
        !stored.starts_with(&format!("$argon2id$v=19$m={memory_kib},t={passes},p={lanes}$"))
    }
}

impl TryFrom<Written> for Cost {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        Self::new(written.memory_kib, written.passes, written.lanes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_out_of_bounds_is_named() {
        for (memory, passes, lanes, says) in [
            (7_167, 20, 1, "memory_kib is 7167"),
            (1_048_577, 1, 1, "memory_kib is 1048577"),
            (19_456, 0, 1, "passes is 0"),
            (19_456, 21, 1, "passes is 21"),
            (19_456, 2, 0, "lanes is 0"),
            (19_456, 2, 17, "lanes is 17"),
            (19_456, 1, 1, "memory_kib times passes is 19456"),
        ] {
            let error = Cost::new(memory, passes, lanes).unwrap_err();
            assert!(error.starts_with(says), "{error}");
        }
        // OWASP's list.
        for (memory, passes) in [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5)] {
            assert!(Cost::new(memory, passes, 1).is_ok(), "{memory} {passes}");
        }
        // The largest do not overflow.
        assert!(Cost::new(1_048_576, 20, 16).is_ok());
    }

    #[test]
    fn a_hash_tells_what_it_cost() {
        let cost = Cost::default();
        assert!(!cost.differs_from("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"));
        for other in [
            "$argon2id$v=19$m=19456,t=3,p=1$c2FsdA$aGFzaA",
            "$argon2id$v=19$m=19456,t=2,p=10$c2FsdA$aGFzaA",
            "$argon2id$v=16$m=19456,t=2,p=1$c2FsdA$aGFzaA",
            "$argon2i$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
            "",
        ] {
            assert!(cost.differs_from(other), "{other}");
        }
    }
}
