//! Slow senders of large messages hold what the budget allows and no more; honest ones are served meanwhile.

use std::net::SocketAddr;

use pretend::{client::Client, gate::Gate};
use tests::{Options, System};

const BUDGET: u64 = 24 * 1024 * 1024;

#[tokio::test]
async fn two_hundred_slow_senders_stay_within_the_budget_and_honest_ones_are_served() {
    let system = System::start_with(Options {
        worker: Box::new(|config| {
            config.delivery.budget_bytes = BUDGET;
            config.smtp.listen = vec![SocketAddr::from(([127, 0, 0, 1], 0)), "[::1]:0".parse().unwrap()];
        }),
        ..Options::default()
    })
    .await;
    system.acme().await;
    let addresses = system.smtp_addresses().await;
    let (v4, v6) = (addresses[0], addresses[1]);
    let gate = Gate::new();
    let mut slow = tokio::task::JoinSet::new();
    for n in 0..200 {
        let gate = gate.clone();
        slow.spawn(async move {
            let mut client = Client::connect(v4).await;
            client.say("EHLO slow.example").await.expect("250");
            client.say("MAIL FROM:<slow@sender.example>").await.expect("250");
            client.say("RCPT TO:<anna@acme.example>").await.expect("250");
            client.say("DATA").await.expect("354");
            client.send(format!("Message-ID: <{n}@slow.example>\r\n\r\n").as_bytes()).await;
            // Together about eight times the budget, and more to come that never does.
            client.send(&b"0123456789012345678901234567890123456789\r\n".repeat(24_000)).await;
            gate.passed().await;
            client.send(b"\r\n.\r\n").await;
            client.reply().await.code
        });
    }
    gate.until_waiting(200).await;
    // Another network: a quarter of the budget is the most that one may hold.
    for n in 0..10 {
        let mut honest = Client::connect(v6).await;
        honest.say("EHLO honest.example").await.expect("250");
        let message = format!("Message-ID: <{n}@honest.example>\r\n\r\n{}", "honest\r\n".repeat(20_000));
        honest.send_message("h@honest.example", &["anna@acme.example"], message.as_bytes()).await.expect("250");
    }
    gate.open();
    let codes = slow.join_all().await;
    let taken = codes.iter().filter(|code| **code == 250).count();
    let put_off = codes.iter().filter(|code| **code == 452).count();
    assert_eq!(taken + put_off, 200, "{codes:?}");
    // A quarter of the budget, at about a megabyte each.
    assert!(taken <= 7 && put_off >= 193, "{taken} taken");
    system.end().await;
}
