//! Memory: one budget for all messages, scratch files beyond a size, and senders that are slow.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use contract::policy::{Disposition, Reason, Rule};
use pretend::{client::Client, gate::Gate, hop::Stage};

use super::world::{ANNA, World, message, try_start, without_received};

const MIB: u64 = 1024 * 1024;

fn of_size(id: &str, octets: usize) -> Vec<u8> {
    let mut content = message(id);
    content.extend(b"0123456789012345678901234567890123456789\r\n".repeat(octets / 42));
    content
}

#[tokio::test]
async fn one_network_holds_a_quarter_of_the_budget_and_the_session_goes_on() {
    let world = World::with(|plan| plan.config = Box::new(|config| config.delivery.budget_bytes = 4 * MIB)).await;
    // The answer to a chunk says that it is held; octets after DATA may still be on their way when another message comes.
    let mut holding = world.envelope().await;
    holding.say(&format!("RCPT TO:<{}>", ANNA[0])).await.expect("250");
    let held = of_size("held", 600_000);
    holding.send(format!("BDAT {}\r\n", held.len()).as_bytes()).await;
    holding.send(&held).await;
    holding.reply().await.expect("250");
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.send_message("x@sender.example", ANNA, &of_size("large", 900_000)).await.expect("452 4.3.1");
    client.send_message("x@sender.example", ANNA, &message("small")).await.expect("250");
    let event = world.event(|event| event.disposition == Disposition::Deferred).await;
    assert_eq!((event.rule, event.reason), (Rule::Limits, Reason::Memory));
    assert!(event.size_bytes.unwrap() > 800_000, "it was swallowed to its end");
    // All of it was given back.
    holding.say("BDAT 0 LAST").await.expect("250");
    client.send_message("x@sender.example", ANNA, &of_size("fits", 1_000_000)).await.expect("250");
}

/// More than a quarter of the budget would be deferred for ever.
#[tokio::test]
async fn what_can_never_fit_is_said_at_ehlo_and_refused_for_good() {
    let world = World::with(|plan| plan.config = Box::new(|config| config.delivery.budget_bytes = 4 * MIB)).await;
    let mut client = world.client().await;
    let ehlo = client.say("EHLO client.example").await;
    assert_eq!(ehlo.parameter("SIZE"), Some("1048576"));
    client.say("MAIL FROM:<x@sender.example> SIZE=1048577").await.expect("552 5.3.4");
    client.send_message("x@sender.example", ANNA, &of_size("one", 2_000_000)).await.expect("552 5.3.4");
    let event = world.event(|_| true).await;
    assert_eq!((event.disposition, event.reason), (Disposition::Refused, Reason::TooLarge));
    // Just above it nothing is cut off and sent as if it were whole.
    client.send_message("x@sender.example", ANNA, &of_size("two", 1_048_700)).await.expect("552 5.3.4");
    assert!(world.hop.messages().is_empty());
    client.send_message("x@sender.example", ANNA, &message("three")).await.expect("250");
}

#[tokio::test]
async fn a_budget_that_holds_no_message_is_named_at_the_start() {
    let plane = crate::control::plane::Plane::start().await;
    let started = try_start(&plane, |config| config.delivery.budget_bytes = 100_000).await;
    assert!(started.unwrap_err().to_string().contains("delivery.budget_bytes"));
}

#[tokio::test]
async fn what_is_given_up_in_the_middle_is_given_back() {
    let world = World::with(|plan| plan.config = Box::new(|config| config.delivery.budget_bytes = 4 * MIB)).await;
    for n in 0..8 {
        let mut client = world.at_data(ANNA).await;
        client.send(&of_size("half", 900_000)).await;
        if n % 2 == 0 {
            client.reset();
        } else {
            drop(client);
        }
        let id = n;
        world.plane.until("the sender gone", |plan| (plan.events.len() > id).then_some(())).await;
    }
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.send_message("x@sender.example", ANNA, &of_size("whole", 900_000)).await.expect("250");
}

#[tokio::test]
async fn a_large_message_waits_in_a_file_without_a_name() {
    let dir = tempfile::tempdir().unwrap();
    let scratch = dir.path().to_owned();
    let world = World::with(|plan| {
        plan.config = Box::new(move |config| config.delivery.scratch_dir = Some(scratch));
    })
    .await;
    let gate = Gate::new();
    world.hop.on(Stage::Data).once().hold(&gate);
    let large = of_size("large", 3_000_000);
    let mut client = world.at_data(ANNA).await;
    client.send(&pretend::client::stuffed(&large)).await;
    gate.until_waiting(1).await;
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "there is nothing to clean up, whatever happens");
    assert!(is_open_below(dir.path()), "and yet it is there");
    gate.open();
    client.reply().await.expect("250");
    assert_eq!(without_received(&world.hop.messages()[0].bytes), large);
    until_released(dir.path()).await;
}

async fn until_released(dir: &std::path::Path) {
    let deadline = tokio::time::Instant::now() + pretend::wait::BOUND;
    while is_open_below(dir) {
        assert!(tokio::time::Instant::now() < deadline, "a scratch file is still open");
        tokio::task::yield_now().await;
    }
}

/// Does this process hold a file of that directory open?
fn is_open_below(dir: &std::path::Path) -> bool {
    let open = std::fs::read_dir("/proc/self/fd").unwrap();
    open.flatten().any(|fd| std::fs::read_link(fd.path()).is_ok_and(|file| file.starts_with(dir)))
}

#[tokio::test]
async fn a_scratch_directory_that_cannot_be_written_is_named_at_the_start() {
    let plane = crate::control::plane::Plane::start().await;
    let started = try_start(&plane, |config| {
        config.delivery.scratch_dir = Some(PathBuf::from("/nonexistent/scratch"));
    })
    .await;
    assert!(started.unwrap_err().to_string().contains("/nonexistent/scratch"));
}

#[tokio::test]
async fn two_hundred_slow_senders_of_large_messages_stay_within_the_budget_and_honest_ones_are_served() {
    const BUDGET: u64 = 24 * MIB;
    let dir = tempfile::tempdir().unwrap();
    let scratch = dir.path().to_owned();
    let world = World::with(|plan| {
        plan.config = Box::new(|config| {
            config.delivery.budget_bytes = BUDGET;
            config.delivery.scratch_dir = Some(scratch);
            config.smtp.listen = vec![SocketAddr::from(([127, 0, 0, 1], 0)), "[::1]:0".parse().unwrap()];
        });
    })
    .await;
    let addresses = world.worker.smtp_addresses().await;
    let (slow_at, honest_at) = (addresses[0], addresses[1]);
    let gate = Gate::new();
    // A tenth of 10 MiB.
    let block: Arc<[u8]> = b"0123456789012345678901234567890123456789\r\n".repeat(24_966).into();
    let mut slow = tokio::task::JoinSet::new();
    for n in 0..200 {
        let (gate, block) = (gate.clone(), Arc::clone(&block));
        slow.spawn(async move {
            let mut client = Client::connect(slow_at).await.patience(Duration::from_mins(2));
            client.say("EHLO slow.example").await.expect("250");
            client.say("MAIL FROM:<slow@sender.example>").await.expect("250");
            client.say("RCPT TO:<anna@acme.example>").await.expect("250");
            client.say("DATA").await.expect("354");
            client.send(&message(&format!("slow.{n}"))).await;
            // A tenth now, together 200 MiB; the rest when the honest ones are through.
            client.send(&block).await;
            gate.passed().await;
            // One in ten goes on to the end.
            if n % 10 > 0 {
                return 0;
            }
            for _ in 0..9 {
                client.send(&block).await;
            }
            client.send(b".\r\n").await;
            client.reply().await.code
        });
    }
    gate.until_waiting(200).await;
    assert!(held_below(dir.path()) <= BUDGET / 4, "{} octets", held_below(dir.path()));
    for n in 0..10 {
        let mut honest = Client::connect(honest_at).await;
        honest.say("EHLO honest.example").await.expect("250");
        let content = of_size(&format!("honest.{n}"), 200_000);
        honest.send_message("h@honest.example", ANNA, &content).await.expect("250");
    }
    gate.open();
    let codes = slow.join_all().await;
    // None of 10 MiB fits into a quarter of the budget, ever: each hears so, and its session goes on.
    assert_eq!(codes.iter().filter(|code| **code == 552).count(), 20, "{codes:?}");
    until_released(dir.path()).await;
    assert_eq!(world.hop.messages().len(), 10);
}

/// Octets in open files of that directory.
fn held_below(dir: &std::path::Path) -> u64 {
    let open = std::fs::read_dir("/proc/self/fd").unwrap();
    let below = open.flatten().filter(|fd| std::fs::read_link(fd.path()).is_ok_and(|file| file.starts_with(dir)));
    below.filter_map(|fd| std::fs::metadata(fd.path()).ok()).map(|file| file.len()).sum()
}

#[tokio::test]
async fn a_message_that_comes_too_slowly_or_takes_too_long_ends_the_session() {
    let limits: [fn(&mut worker::Config); 3] = [
        |config| {
            config.smtp.rate_grace_s = 0;
            config.smtp.min_rate_bytes_s = 1_000_000;
        },
        |config| config.smtp.max_message_s = 1,
        |config| config.smtp.data_timeout_s = 1,
    ];
    for (n, limit) in limits.into_iter().enumerate() {
        let world = World::with(|plan| plan.config = Box::new(limit)).await;
        let mut client = world.at_data(ANNA).await;
        if n < 2 {
            // An octet now and then, until nobody takes it any more.
            let trickled = client.trickle(&[b'x'; 1_000], 1, Duration::from_millis(20)).await;
            assert!(trickled.is_err(), "{n}: it is still listened to");
        }
        let said = client.until_closed().await;
        assert!(said.is_empty() || said.starts_with(b"421 4.4.2"), "{n}: {}", said.escape_ascii());
        let event = world.event(|_| true).await;
        let reason = if n < 2 { Reason::TooSlow } else { Reason::Timeout };
        assert_eq!((event.disposition, event.rule, event.reason), (Disposition::Aborted, Rule::Limits, reason), "{n}");
        assert!(world.hop.connections().is_empty());
    }
}
