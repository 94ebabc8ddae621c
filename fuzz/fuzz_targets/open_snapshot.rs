//! A snapshot by somebody who may sign: no panic, and whatever is taken is consistent. The input's form is in `attacker`.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../contract/tests/it/attacker.rs"]
mod attacker;

fuzz_target!(|data: &[u8]| {
    let _ = attacker::read(data).check();
    if let Ok(jws) = std::str::from_utf8(data) {
        attacker::check_head(jws);
    }
});
