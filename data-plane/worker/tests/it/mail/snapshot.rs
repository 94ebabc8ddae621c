//! The configuration a transaction runs under, and what is asked of DNS about its sender.

use std::time::Duration;

use contract::policy::{Disposition, Reason, Rule};
use pretend::dns::{Dns, Failing};

use super::world::{ANNA, World, message};

#[tokio::test]
async fn a_transaction_keeps_the_configuration_it_began_with() {
    let mut world = World::new().await;
    let mut client = world.envelope().await;
    world.republish(|plan| plan.listed = vec!["bert"]).await;
    client.say("RCPT TO:<anna@acme.example>").await.expect("250");
    client.say("DATA").await.expect("354");
    client.send(&[&message("one")[..], b".\r\n"].concat()).await;
    client.reply().await.expect("250");
    assert_eq!(world.event(|_| true).await.config, "1.1");
    client.say("MAIL FROM:<x@sender.example>").await.expect("250");
    client.say("RCPT TO:<anna@acme.example>").await.expect("550 5.1.1");
    client.say("RCPT TO:<bert@acme.example>").await.expect("250");
    drop(client);
    assert_eq!(world.event(|event| event.config == "1.2").await.recipients.len(), 2);
}

#[tokio::test]
async fn a_configuration_that_nobody_has_confirmed_for_too_long_means_451() {
    let world = World::with(|plan| plan.config = Box::new(|config| config.snapshot.too_old_s = 0)).await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.say("MAIL FROM:<x@sender.example>").await.expect("451 4.3.2");
    client.say("RCPT TO:<anna@acme.example>").await.expect("503");
    client.say("NOOP").await.expect("250");
}

/// A world that looks at null MX, and its name server.
async fn world() -> (World, Dns) {
    let dns = Dns::start().await;
    dns.null_mx("null.example").mx("good.example", 10, "mx.good.example");
    let servers = vec![dns.address()];
    let world = World::with(|plan| {
        plan.policy.reject_null_mx_sender = None;
        plan.config = Box::new(move |config| {
            config.dns.servers = servers;
            config.dns.timeout_ms = 20_000;
        });
    })
    .await;
    (world, dns)
}

async fn rcpt(world: &World, from: &str, to: &str) -> pretend::client::Reply {
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.say(&format!("MAIL FROM:<{from}>")).await.expect("250");
    client.say(&format!("RCPT TO:<{to}>")).await
}

/// A5.4, A5.5.
#[tokio::test]
async fn a_sender_that_takes_no_mail_is_refused_and_nobody_else() {
    let (world, dns) = world().await;
    rcpt(&world, "x@null.example", "anna@acme.example").await.expect("550 5.7.27");
    let event = world.event(|_| true).await;
    let expected = (Disposition::Refused, Rule::NullMx, Reason::SenderTakesNoMail);
    assert_eq!((event.disposition, event.rule, event.reason), expected);
    rcpt(&world, "x@good.example", "anna@acme.example").await.expect("250");
    rcpt(&world, "x@nowhere.example", "anna@acme.example").await.expect("250");
    rcpt(&world, "", "anna@acme.example").await.expect("250");
    // Not known is not yes.
    dns.null_mx("failing.example").fail("failing.example", Failing::ServFail);
    rcpt(&world, "x@failing.example", "anna@acme.example").await.expect("250");
}

#[tokio::test]
async fn a_name_server_that_says_nothing_holds_nobody_up_for_long() {
    let (world, dns) = world().await;
    dns.null_mx("silent.example").fail("silent.example", Failing::Silence);
    let mut client = world.client().await.patience(Duration::from_secs(15));
    client.say("EHLO client.example").await.expect("250");
    client.say("MAIL FROM:<x@silent.example>").await.expect("250");
    // It is asked while the sender thinks.
    let deadline = tokio::time::Instant::now() + pretend::wait::BOUND;
    while dns.queries_for("silent.example") == 0 {
        assert!(tokio::time::Instant::now() < deadline);
        tokio::task::yield_now().await;
    }
    client.say("RCPT TO:<anna@acme.example>").await.expect("250");
    client.say("RCPT TO:<bert@acme.example>").await.expect("250");
}

#[tokio::test]
async fn a_policy_that_does_not_look_does_not_ask() {
    let (mut world, dns) = world().await;
    world.republish(|plan| plan.policy.reject_null_mx_sender = Some(false)).await;
    rcpt(&world, "x@null.example", "anna@acme.example").await.expect("250");
    assert_eq!(dns.queries(), 0);
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.send_message("x@null.example", ANNA, &message("one")).await.expect("250");
}
