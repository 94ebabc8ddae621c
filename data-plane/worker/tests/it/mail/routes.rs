//! Routes seen from a worker's place: a trial on an errand, how hops fare, shares of a limit.

use std::net::Ipv4Addr;

use contract::{
    errand::{HopReport, HopVerdict, Outcome, StepKind, Task},
    policy::{Disposition, Reason},
    snapshot::object::{HopTls, NextHop, Route, Trust},
    worker_api::HopHealth,
};
use pretend::{
    ca::Ca,
    dns::Dns,
    gate::Gate,
    hop::{Hop, Stage},
};

use super::world::{ANNA, World, message, next_hop};
use crate::control::plane::id;

/// A control plane that has errands and hears of hops.
fn of_today(world: &World) {
    world.plane.plan().takes_reports_of_hops = true;
}

async fn today(change: impl FnOnce(&mut super::world::Plan)) -> World {
    let world = World::with(change).await;
    of_today(&world);
    world
}

async fn trial(world: &World, hops: Vec<NextHop>, within_ms: u32) -> Vec<HopReport> {
    let route = Route { id: id(6), hops, max_connections: None, certificate: None };
    let task = Task::TestRoute { route, recipient: "anna@acme.example".parse().unwrap() };
    match world.plane.send_on_errand(serde_json::to_value(task).unwrap(), within_ms).await {
        Outcome::Route { hops } => hops,
        other @ Outcome::NotUnderstood => panic!("{other:?}"),
    }
}

fn steps(report: &HopReport) -> Vec<(StepKind, bool)> {
    report.steps.iter().map(|step| (step.step, step.ok)).collect()
}

#[tokio::test]
async fn a_trial_speaks_up_to_rcpt_and_tells_each_step() {
    let dns = Dns::start().await;
    dns.address_of("mail.acme.example", Ipv4Addr::LOCALHOST);
    let servers = vec![dns.address()];
    let world = today(|plan| plan.config = Box::new(move |config| config.dns.servers = servers)).await;
    let ca = Ca::new();
    world.hop.offer_tls(&ca.issue(&["mail.acme.example"]));
    let hop = |tls| NextHop { host: "mail.acme.example".to_owned(), ..next_hop(world.hop.address(), tls) };
    let trusted = Trust::Authorities { pem: ca.pem() };
    let found = trial(&world, vec![hop(HopTls::Verified { server_name: None, trust: trusted })], 15_000).await;
    let report = &found[0];
    let expected = [
        StepKind::Addresses,
        StepKind::Connect,
        StepKind::Banner,
        StepKind::Ehlo,
        StepKind::Starttls,
        StepKind::Tls,
        StepKind::Ehlo,
        StepKind::Mail,
        StepKind::Rcpt,
    ];
    assert_eq!(steps(report), expected.map(|step| (step, true)), "{report:#?}");
    assert_eq!(report.verdict, HopVerdict::Accepts);
    assert!(report.extensions.iter().any(|line| line == "PIPELINING"), "{report:?}");
    let tls = report.tls.as_ref().unwrap();
    assert_eq!((tls.verifies, &tls.names[..]), (true, &["mail.acme.example".to_owned()][..]), "{tls:?}");
    assert!(tls.version.starts_with("TLSv1") && tls.not_after.is_some() && !tls.issuer.is_empty());

    // The public does not know this authority: a level that does not ask goes on and says so, another ends there.
    let web_pki = HopTls::Verified { server_name: None, trust: Trust::WebPki };
    let found = trial(&world, vec![hop(HopTls::Opportunistic), hop(web_pki)], 15_000).await;
    assert_eq!(found[0].verdict, HopVerdict::Accepts);
    assert!(!found[0].tls.as_ref().unwrap().verifies);
    assert_eq!((found[1].verdict, found[1].steps.last().unwrap().step), (HopVerdict::Fails, StepKind::Tls));

    world.hop.on(Stage::Rcpt).reply("550 5.1.1 nobody here");
    let found = trial(&world, vec![hop(HopTls::None)], 15_000).await;
    let last = found[0].steps.last().unwrap();
    assert_eq!(
        (found[0].verdict, last.code, last.text.as_str()),
        (HopVerdict::RefusesRecipient, Some(550), "5.1.1 nobody here")
    );
    assert!(world.hop.all_messages().is_empty());
    world.hop.until_heard("QUIT").await;
    let seen = world.hop.connections();
    assert!(seen.iter().any(|connection| connection.heard("MAIL FROM:<>")));
    assert!(!seen.iter().any(|connection| connection.heard("DATA")));
    assert!(seen.iter().all(|connection| connection.violations.is_empty()));
}

#[tokio::test]
async fn what_is_no_smtp_is_never_quoted_and_an_address_inside_is_never_spoken_to() {
    let world = today(|plan| plan.allowed = vec!["127.0.0.1/32".parse().unwrap()]).await;
    let secret = Hop::start().await;
    secret.on(Stage::Connect).raw(b"SSH-2.0-secret_of_the_house\r\n");
    let slow = Hop::start().await;
    slow.on(Stage::Connect).trickle(std::time::Duration::from_millis(300));
    let inside = NextHop { host: "127.0.0.2".to_owned(), ..next_hop(world.hop.address(), HopTls::None) };
    let itself = next_hop(world.worker.smtp_addresses().await[0], HopTls::None);
    let at = |hop: &Hop| next_hop(hop.address(), HopTls::None);
    let found = trial(&world, vec![at(&secret), inside, at(&slow), itself, at(&world.hop)], 2_000).await;
    let last: Vec<_> = found.iter().map(|report| report.steps.last().unwrap()).collect();
    assert_eq!((last[0].step, last[0].text.as_str()), (StepKind::Banner, "not SMTP"));
    assert!(!format!("{found:?}").contains("secret_of_the_house"));
    assert_eq!((last[1].step, last[1].ok), (StepKind::Addresses, false), "{:?}", last[1]);
    assert_eq!((last[2].step, last[2].ok), (StepKind::Banner, false), "{:?}", last[2]);
    assert!(last[3].text.contains("this worker itself"), "{:?}", last[3]);
    // One that hangs takes nobody else's time.
    assert_eq!(found[4].verdict, HopVerdict::Accepts);
}

#[tokio::test]
async fn a_trial_follows_mx_records_and_says_why_it_cannot() {
    let dns = Dns::start().await;
    dns.mx("office.example", 10, "first.example").address_of("first.example", Ipv4Addr::LOCALHOST);
    dns.null_mx("quiet.example");
    let servers = vec![dns.address()];
    let world = today(|plan| plan.config = Box::new(move |config| config.dns.servers = servers)).await;
    let mx = |domain: &str| NextHop {
        host: domain.to_owned(),
        mx: true,
        ..next_hop(world.hop.address(), HopTls::Opportunistic)
    };
    let found = trial(&world, vec![mx("office.example"), mx("quiet.example")], 15_000).await;
    assert_eq!((found[0].host.as_str(), found[0].mx_of.as_deref()), ("first.example", Some("office.example")));
    assert_eq!((found[0].steps[0].step, found[0].verdict), (StepKind::Mx, HopVerdict::Accepts));
    assert_eq!(steps(&found[1]), [(StepKind::Mx, false)]);
    assert!(found[1].summary.contains("takes no mail"), "{:?}", found[1]);
}

#[tokio::test]
async fn an_errand_of_a_later_release_is_answered_too() {
    let world = World::new().await;
    of_today(&world);
    let outcome = world.plane.send_on_errand(serde_json::json!({ "task": "read_minds" }), 15_000).await;
    assert_eq!(outcome, Outcome::NotUnderstood);
}

/// The last that was said of the hop, once it is as wanted.
async fn health(world: &World, wanted: impl Fn(&HopHealth) -> bool) -> HopHealth {
    world
        .plane
        .until("a report of the hop", |plan| {
            plan.statuses.iter().rev().flat_map(|status| &status.hops).find(|hop| wanted(hop)).cloned()
        })
        .await
}

#[tokio::test]
async fn how_a_hop_fares_is_told_with_the_next_report() {
    let world = World::new().await;
    of_today(&world);
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.send_message("x@sender.example", ANNA, &message("one")).await.expect("250");
    let up = health(&world, |hop| hop.connected == 1).await;
    assert_eq!((up.route, up.port, up.tls.as_str(), up.failed), (id(6), world.hop.port(), "opportunistic", 0));
    assert!(up.connect_ms.is_some() && up.last_connected_at.is_some() && up.rests_until.is_none());
    world.hop.restart().await.unwrap();
    world.hop.on(Stage::Connect).reply_and_close("554 5.3.2 not today");
    for n in 0..5 {
        client.send_message("x@sender.example", ANNA, &message(&n.to_string())).await.expect("451");
    }
    let down = health(&world, |hop| hop.failed == 5).await;
    assert!(down.rests_until.is_some() && down.last_failed_at.is_some(), "{down:?}");
    assert!(down.last_error.unwrap().contains("not today"));
    // Told once: what changes nothing is not told again.
    let told = world.plane.plan().statuses.len();
    world.plane.until("two more reports", |plan| (plan.statuses.len() >= told + 2).then_some(())).await;
    assert!(world.plane.plan().statuses[told..].iter().skip(1).all(|status| status.hops.is_empty()));
}

/// A control plane of before refuses fields it does not know: it never sees one, and is never asked for errands.
#[tokio::test]
async fn a_control_plane_of_before_hears_nothing_that_it_would_refuse() {
    let world = World::new().await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.send_message("x@sender.example", ANNA, &message("one")).await.expect("250");
    let told = world.plane.plan().statuses.len();
    world.plane.until("two more reports", |plan| (plan.statuses.len() >= told + 2).then_some(())).await;
    assert_eq!(world.plane.plan().errands_fetched, 0);
    // And one that is rolled back is heard out: the worker takes its words back.
    of_today(&world);
    world.plane.until("more words", |plan| plan.statuses.last()?.takes_errands.then_some(())).await;
    world.plane.plan().takes_reports_of_hops = false;
    world.plane.until("fewer words", |plan| (!plan.statuses.last()?.takes_errands).then_some(())).await;
}

#[tokio::test]
async fn a_limit_of_the_route_is_shared_by_the_workers_of_the_pool() {
    let mut world = World::with(|plan| {
        plan.max_connections = Some(4);
        plan.config = Box::new(|config| config.delivery.slot_timeout_s = 1);
    })
    .await;
    world.plane.plan().live_workers = Some(4);
    let told = world.plane.plan().statuses.len();
    world.plane.until("its share is known", |plan| (plan.statuses.len() >= told + 2).then_some(())).await;
    let gate = Gate::new();
    world.hop.on(Stage::Dot).hold(&gate);
    let mut first = world.at_data(ANNA).await;
    first.send(&[&message("one")[..], b".\r\n"].concat()).await;
    gate.until_waiting(1).await;
    let mut second = world.client().await;
    second.say("EHLO client.example").await.expect("250");
    second.send_message("x@sender.example", ANNA, &message("two")).await.expect("451 4.4.5");
    let event = world.event(|event| event.disposition == Disposition::Deferred).await;
    assert_eq!(event.reason, Reason::HopBusy);
    // Two workers go: the share grows, and the connection in use stays.
    world.republish(|plan| plan.max_connections = Some(8)).await;
    let mut third = world.at_data(ANNA).await;
    third.send(&[&message("three")[..], b".\r\n"].concat()).await;
    gate.until_waiting(2).await;
    gate.open();
    first.reply().await.expect("250");
    third.reply().await.expect("250");
}
