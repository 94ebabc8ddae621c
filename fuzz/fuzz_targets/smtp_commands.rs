//! Anything a sender says, in any split (0xff divides what one read gives): no panic, no message without its DATA.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../data-plane/smtp/tests/it/driver.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod driver;

fuzz_target!(|data: &[u8]| {
    let mut driver = driver::Driver::greeted();
    for piece in data.split(|&octet| octet == 0xff) {
        driver.send(piece);
    }
    let wire: Vec<u8> = data.iter().copied().filter(|&octet| octet != 0xff).collect();
    let lines = wire.windows(6).filter(|window| window[..4].eq_ignore_ascii_case(b"DATA")).count();
    assert!(driver.messages.len() <= lines);
    if driver.is_closed() {
        assert!(driver.send(b"NOOP\r\n").is_empty());
    }
});
