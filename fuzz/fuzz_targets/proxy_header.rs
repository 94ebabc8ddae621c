//! A balancer's header: whatever comes, no panic, nothing taken beyond it, and the same when more stands behind it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smtp::{Input, proxy};

fuzz_target!(|data: &[u8]| {
    let take = |octets: &[u8]| {
        let mut input = Input::new();
        input.extend(octets);
        let header = proxy::take(&mut input);
        (header, octets.len() - input.len())
    };
    let (header, taken) = take(data);
    assert_eq!(taken > 0, matches!(header, Ok(Some(_))));
    assert!(taken <= proxy::MAX_OCTETS);
    if header != Ok(None) {
        assert_eq!(take(&[data, b"\r\nx"].concat()), (header, taken));
    }
});
