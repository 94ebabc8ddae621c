//! Routes as an MSP knows them: presets, MX, a trial from a worker's place, how hops fare, spread by weight.

use std::net::Ipv4Addr;

use pretend::{
    ca::Ca,
    hop::{Hop, Stage},
};
use serde_json::{Value, json};
use tests::System;

fn message(n: usize) -> Vec<u8> {
    format!("Message-ID: <{n}@sender.example>\r\n\r\nhello\r\n").into_bytes()
}

const ANNA: &[&str] = &["anna@acme.example"];

/// A test of the route, once a worker takes errands.
async fn tried(system: &System, route: &str, body: &Value) -> Value {
    let path = format!("/v1/routes/{route}/test");
    let deadline = tokio::time::Instant::now() + pretend::wait::BOUND;
    loop {
        let answer = system.rest.call("POST", &path, Some(body.clone())).await;
        if answer.status == 200 {
            return answer.body;
        }
        assert_eq!(answer.body["code"], "no_worker", "{}", answer.body);
        assert!(tokio::time::Instant::now() < deadline, "{}", answer.body);
        // It says so with its next report.
        system.rest.until_worker("worker-1", "alive", |worker| worker["is_alive"] == true).await;
    }
}

#[tokio::test]
async fn a_preset_makes_the_host_of_each_domain_and_another_kind_follows_its_mx() {
    let system = System::start().await;
    let acme = system.acme().await;
    system.dns.address_of("acme-example.mail.protection.outlook.com", Ipv4Addr::LOCALHOST);
    system.dns.mx("office.example", 10, "mail.office.example").address_of("mail.office.example", Ipv4Addr::LOCALHOST);
    let path = format!("/v1/routes/{}", acme.route);
    let edit = system.rest.patch(&path, json!({ "kind": "microsoft365" })).await;
    system.rest.until_applied(edit.version()).await;
    let mut client = system.smtp().await;
    // Nobody answers at port 25 here, or nobody with the certificate that it must have.
    client.send_message("x@sender.example", ANNA, &message(1)).await.expect("451");
    let found = system.rest.until_messages("message_id=1@sender.example", 1).await;
    let hop = &found[0]["next_hop"];
    assert_eq!((&hop["host"], &hop["port"]), (&json!("acme-example.mail.protection.outlook.com"), &json!(25)));

    let mx = json!({ "kind": "mx", "mx": { "domain": "office.example", "port": system.hop.port() } });
    let edit = system.rest.patch(&path, mx).await;
    system.rest.until_applied(edit.version()).await;
    client.send_message("x@sender.example", ANNA, &message(2)).await.expect("250");
    assert_eq!(system.hop.messages().len(), 1);
    let found = system.rest.until_messages("message_id=2@sender.example", 1).await;
    assert_eq!(found[0]["next_hop"]["host"], "mail.office.example");
    system.end().await;
}

#[tokio::test]
async fn a_route_is_tried_from_a_workers_place_and_its_hops_health_is_shown() {
    let system = System::start().await;
    let acme = system.acme().await;
    let (good, bad) = (Hop::start().await, Hop::start().await);
    let ca = Ca::new();
    good.offer_tls(&ca.issue(&["mail.acme.example"]));
    bad.on(Stage::Connect).raw(b"HTTP/1.1 200 OK\r\nx-secret: 42\r\n\r\n");
    system.dns.address_of("mail.acme.example", Ipv4Addr::LOCALHOST);
    let tls = json!({ "level": "verified", "trust": "authorities", "authorities_pem": ca.pem() });
    let hops = json!([
        { "host": "mail.acme.example", "port": good.port(), "priority": 20, "tls": tls },
        { "host": "127.0.0.1", "port": bad.port(), "tls": { "level": "none" } },
    ]);
    system.reroute(&acme, hops).await;
    let found = tried(&system, &acme.route, &json!({ "recipient": "anna@acme.example" })).await;
    assert_eq!(found["verdict"], "works_in_part", "{found:#}");
    assert_eq!((&found["hops"][0]["verdict"], &found["hops"][1]["verdict"]), (&json!("fails"), &json!("accepts")));
    assert_eq!(found["hops"][0]["summary"], "not SMTP");
    assert!(!found.to_string().contains("x-secret"), "{found:#}");
    assert_eq!(found["hops"][1]["tls"]["verifies"], json!(true));
    assert!(good.all_messages().is_empty());

    let mut client = system.smtp().await;
    client.send_message("x@sender.example", ANNA, &message(1)).await.expect("250");
    assert_eq!(good.messages().len(), 1);
    let path = format!("/v1/routes/{}/health", acme.route);
    let state = |hops: &Value, port: u16| {
        hops["hops"].as_array()?.iter().find(|hop| hop["port"] == port)?["state"].as_str().map(str::to_owned)
    };
    let both = |seen: &Value| Some((state(seen, bad.port())?, state(seen, good.port())?));
    let states = system.rest.until("both hops in the route's health", &path, both).await;
    assert_eq!(states, ("failing".to_owned(), "up".to_owned()));
    system.end().await;
}

#[tokio::test]
async fn equal_priority_is_spread_by_weight_as_the_api_says() {
    let system = System::start().await;
    let acme = system.acme().await;
    let heavy = Hop::start().await;
    let hop = |port: u16, weight: u16| json!({ "host": "127.0.0.1", "port": port, "weight": weight, "tls": { "level": "none" } });
    system.reroute(&acme, json!([hop(system.hop.port(), 1), hop(heavy.port(), 9)])).await;
    let mut client = system.smtp().await;
    for n in 0..100 {
        client.send_message("x@sender.example", ANNA, &message(n)).await.expect("250");
    }
    let (light, heavy) = (system.hop.messages().len(), heavy.messages().len());
    assert_eq!(light + heavy, 100);
    // Ten are expected; that it is none, or half of them, happens once in 30,000 runs or far less.
    assert!(light > 0 && light < 50, "{light} of 100");
    system.end().await;
}
