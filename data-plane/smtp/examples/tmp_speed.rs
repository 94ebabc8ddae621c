use std::time::Instant;
use smtp::{client::{Encoder, Newlines}, data::Receiver};
fn main() {
    let line = b"The quick brown fox jumps over the lazy dog, and writes to a@a.example .\r\n";
    let mut m = b"Received: from a by b\r\nSubject: x\r\nMessage-ID: <a@b>\r\n\r\n".to_vec();
    while m.len() < 4096 { m.extend_from_slice(line); }
    let mut w = m.clone(); w.extend_from_slice(b".\r\n");
    let n = 200_000;
    let t = Instant::now(); let mut total = 0usize;
    for _ in 0..n { let mut r = Receiver::new(u64::MAX, "ins_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f"); let (k, _) = r.take(&w, |s| total += s.len()); total += k; }
    let e = t.elapsed(); println!("receive {:?} per 4k message, {:.0} MB/s {total}", e / n, (w.len() as f64 * n as f64) / e.as_secs_f64() / 1e6);
    let t = Instant::now(); total = 0;
    for _ in 0..n { let mut enc = Encoder::new(Newlines::Strict); for s in enc.encode(&m) { total += s.unwrap().len(); } total += enc.finish().unwrap().len(); }
    let e = t.elapsed(); println!("encode {:?} per 4k message, {:.0} MB/s {total}", e / n, (m.len() as f64 * n as f64) / e.as_secs_f64() / 1e6);
}
