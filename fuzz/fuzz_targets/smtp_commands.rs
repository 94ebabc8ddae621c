//! Anything a sender says, in any split (0xff divides what one read gives): no panic, no message without its DATA or
//! its last BDAT; and a chunk's octets are never commands.
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
    let last = wire.windows(4).filter(|window| window.eq_ignore_ascii_case(b"LAST")).count();
    assert!(driver.messages.len() <= lines + last);
    if driver.is_closed() {
        assert!(driver.send(b"NOOP\r\n").is_empty());
    }

    // The same octets as content: whatever they look like, they are one message, and the session goes on behind it.
    let mut driver = driver::Driver::open();
    let mut content = Vec::new();
    for piece in data.split(|&octet| octet == 0xff) {
        driver.send(format!("BDAT {}\r\n", piece.len()).as_bytes());
        driver.send(piece);
        content.extend_from_slice(piece);
    }
    if !driver.is_closed() {
        driver.send(b"BDAT 0 LAST\r\n");
        assert_eq!(driver.messages.len(), 1);
        assert_eq!(driver.messages[0].content, content);
        assert_eq!(driver.send(b"NOOP\r\n"), ["250 2.0.0 ok"]);
    }
});
