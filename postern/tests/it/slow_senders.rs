//! Large messages from many slow senders at once: a worker's memory stays within its budget, and honest senders are
//! served meanwhile. In one process and small, it is a scenario of the crate `tests`; here it is the full size.

use std::{fs, net::SocketAddr, time::Duration};

use pretend::{client::Client, dns::Dns, gate::Gate, hop::Hop};
use serde_json::json;

use crate::{
    customer,
    process::{self, Place},
};

const MIB: u64 = 1024 * 1024;
const BUDGET: u64 = 64 * MIB;
/// What sessions need beside messages: buffers of sockets, tasks, the allocator's own.
const BESIDE: u64 = 48 * MIB;
const SLOW: usize = 200;
const LINE: &[u8] = b"0123456789012345678901234567890123456789012345678901234567890123456789012345\r\n";

/// The most memory a process ever had.
fn peak_bytes(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux says so");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}

/// 10 MiB, the first of them before the gate.
async fn slow(address: SocketAddr, n: usize, gate: Gate) -> u16 {
    let mut client = Client::connect(address).await.patience(Duration::from_mins(5));
    client.say("EHLO slow.example").await.expect("250");
    client.say("MAIL FROM:<slow@sender.example>").await.expect("250");
    client.say("RCPT TO:<anna@acme.example>").await.expect("250");
    client.say("DATA").await.expect("354");
    client.send(format!("Message-ID: <{n}@slow.example>\r\n\r\n").as_bytes()).await;
    let block = LINE.repeat(840);
    for part in 0..160 {
        if part == 16 {
            gate.passed().await;
        }
        client.send(&block).await;
    }
    client.send(b".\r\n").await;
    client.reply().await.code
}

/// From another network than the slow ones: one may hold a quarter of the budget at most.
async fn honest(address: SocketAddr, n: usize) {
    // Served means taken: how fast is a matter of the machine, which the slow ones keep busy as well.
    let mut client = Client::connect(address).await.patience(Duration::from_mins(2));
    client.say("EHLO honest.example").await.expect("250");
    let message = format!("Message-ID: <{n}@honest.example>\r\n\r\n{}", "honest\r\n".repeat(20_000));
    client.send_message("h@honest.example", &["anna@acme.example"], message.as_bytes()).await.expect("250");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "2 GiB of mail: for a release build"]
async fn two_hundred_messages_of_10_mib_at_once_stay_within_the_budget() {
    let (place, dns, hop) = (Place::new(), Dns::start().await, Hop::start().await);
    let database = tests::database::chosen().await;
    let settings = process::control_plane(&place.path().join("data"), process::free(), dns.address())
        + &process::database(database.as_ref());
    let control_plane = place.start("control-plane", "control-plane", &settings).await;
    let api = control_plane.address("api");
    let rest = customer::sign_in(api).await;
    let token = rest.post("/v1/join-tokens", json!({ "name": "this" })).await.text("token");
    let version = customer::onboard(&rest, hop.address()).await;
    let settings = process::joining("worker", api, &token, process::free(), dns.address())
        .replace("listen = [\"127.0.0.1:0\"]", "listen = [\"127.0.0.1:0\", \"[::1]:0\"]")
        + &format!("[worker.delivery]\nbudget_bytes = {BUDGET}\n");
    let worker = place.start("worker", "worker", &settings).await;
    rest.until_applied(version).await;
    let (v4, v6) = (worker.addresses("smtp")[0], worker.addresses("smtp")[1]);
    for n in 0..10 {
        honest(v6, n).await;
    }
    let before = peak_bytes(worker.pid());

    let gate = Gate::new();
    let mut senders = tokio::task::JoinSet::new();
    for n in 0..SLOW {
        senders.spawn(slow(v4, n, gate.clone()));
    }
    gate.until_waiting(SLOW).await;
    for n in 10..20 {
        honest(v6, n).await;
    }
    gate.open();
    for n in 20..30 {
        honest(v6, n).await;
    }
    let codes = senders.join_all().await;
    let grown = peak_bytes(worker.pid()) - before;
    let taken = codes.iter().filter(|code| **code == 250).count();
    let put_off = codes.iter().filter(|code| **code == 452).count();
    println!("{taken} taken, {put_off} put off; the worker grew by {} MiB", grown / MIB);
    assert_eq!(taken + put_off, SLOW, "{codes:?}");
    assert!(grown < BUDGET + BESIDE, "{} MiB", grown / MIB);
    assert_eq!(hop.messages().len(), 30 + taken);
    worker.end().await;
    control_plane.end().await;
}
