//! A worker that was told to drain: nobody new, and who is there ends after the transaction. RFC 5321 §3.8: 421.

use contract::worker_api::Status;

use super::world::{ANNA, World, message};

async fn ready(world: &World) -> (u16, String) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(format!("http://{}/readyz", world.worker.http_address())).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn told(world: &World, what: &str, wanted: impl Fn(&Status) -> bool) {
    world.plane.until(what, |plan| plan.statuses.last().is_some_and(&wanted).then_some(())).await;
}

#[tokio::test]
async fn it_takes_nobody_new_sees_messages_through_and_takes_mail_again_when_it_may() {
    let world = World::new().await;
    world.plane.plan().passes_over_unknown = true;
    let mut idle = world.envelope().await;
    idle.say("RSET").await.expect("250");
    let mut sending = world.at_data(ANNA).await;
    world.plane.plan().drain = true;

    idle.reply().await.expect("421 4.3.2");
    assert!(idle.until_closed().await.is_empty());
    told(&world, "a session that is not over", |status| status.draining && !status.ready && status.sessions == 1).await;
    assert_eq!(ready(&world).await, (503, "draining\n".to_owned()));
    let mut late = world.client().await;
    late.banner().unwrap().expect("421 4.3.2");
    assert!(late.until_closed().await.is_empty());

    // Another replica is of before, and knows neither of a drain nor of what is told of it.
    world.plane.plan().passes_over_unknown = false;
    world.plane.plan().drain = false;
    let reports = world.plane.plan().statuses.len();
    let old = |plan: &crate::control::plane::Plan| (plan.statuses.len() > reports + 1).then_some(());
    world.plane.until("reports to one of before", old).await;
    assert_eq!(ready(&world).await, (503, "draining\n".to_owned()));
    world.plane.plan().passes_over_unknown = true;
    world.plane.plan().drain = true;

    sending.send(&[&message("last")[..], b".\r\n"].concat()).await;
    sending.reply().await.expect("250");
    sending.reply().await.expect("421 4.3.2");
    told(&world, "the last session over", |status| status.draining && status.sessions == 0).await;
    assert_eq!(world.hop.messages().len(), 1);

    world.plane.plan().drain = false;
    told(&world, "a worker that takes mail", |status| !status.draining && status.ready).await;
    assert_eq!(ready(&world).await.0, 200);
    let mut again = world.client().await;
    again.say("EHLO client.example").await.expect("250");
    again.send_message("x@sender.example", ANNA, &message("again")).await.expect("250");
}

#[tokio::test]
async fn it_tells_what_it_holds_against_what_it_may_hold() {
    let world = World::with(|plan| {
        plan.config = Box::new(|config| {
            config.delivery.budget_bytes = 8 << 20;
            config.smtp.max_connections = 77;
            config.events.buffer_bytes = 1 << 20;
        });
    })
    .await;
    // One of before hears nothing that it would refuse.
    world.plane.until("a report", |plan| plan.statuses.last().map(|status| assert_eq!(status.load, None))).await;
    world.plane.plan().passes_over_unknown = true;
    let mut holding = world.envelope().await;
    holding.say("RCPT TO:<anna@acme.example>").await.expect("250");
    holding.send(&[&b"BDAT 5000\r\n"[..], &[b'x'; 5_000]].concat()).await;
    holding.reply().await.expect("250");
    world.plane.plan().refuse_batches = u32::MAX;
    let held = |status: &Status| {
        let load = status.load?;
        assert_eq!((load.max_sessions, load.max_message_bytes, load.max_event_bytes), (77, 8 << 20, 1 << 20));
        Some((status.sessions, load.message_bytes))
    };
    told(&world, "what is held", |status| held(status) == Some((1, 5_000))).await;
    drop(holding);
    told(&world, "an event that nobody takes", |status| {
        held(status) == Some((0, 0)) && status.load.is_some_and(|load| load.event_bytes > 0)
    })
    .await;
}
