//! Active domains that pass to another tenant: let go of, or lost.

use std::time::Duration;

use pretend::hop::Hop;
use serde_json::{Value, json};

use crate::{
    harness::{EMAIL, PASSWORD, Plane, Reply, on_both},
    people::{Somebody, admin, grant, person, tree},
    rivals::{letters, through},
};

on_both! {
    alone:
    a_name_passes_after_three_days_without_the_old_proof
    one_look_at_the_old_proof_begins_anew
    three_days_are_counted_against_one_holder_and_against_the_next_anew
    a_record_that_a_tenant_of_before_left_in_dns_wins_no_name_back
}

on_both! {
    a_name_that_is_let_go_of_is_the_next_ones_at_once
    only_whoever_administers_the_tenant_lets_go_of_a_name
}

const NAME: &str = "wanted.example";
const RECORD: &str = "_postern.wanted.example";

/// Whoever has the name, and whoever shows a proof of it.
struct Two {
    holder: Somebody,
    claimant: Somebody,
    held: Value,
    claim: Value,
}

fn path(domain: &Value) -> String {
    format!("/v1/domains/{}", domain["id"].as_str().unwrap())
}

fn value(domain: &Value) -> &str {
    domain["verification"]["record_value"].as_str().unwrap()
}

async fn two(plane: &Plane) -> Two {
    let tree = tree(plane).await;
    let [a, b] = [0, 2].map(|n| tree.customers[n].tenant.clone());
    let [holder, claimant] =
        [admin(plane, &a, "first@north.example").await, admin(plane, &b, "last@south.example").await];
    let register = async |tenant: &str| {
        plane.post("/v1/domains").json(&json!({ "tenant_id": tenant, "name": NAME })).send().await.expect(201)
    };
    let held = register(&a).await;
    plane.dns.txt(RECORD, value(&held));
    assert_eq!(act(plane, plane.token(), &held, "verify").await.expect(200)["state"], "active");
    let claim = register(&b).await;
    Two { holder, claimant, held, claim }
}

async fn act(plane: &Plane, token: &str, domain: &Value, verb: &str) -> Reply {
    plane.post(&format!("{}/{verb}", path(domain))).with_token(token).send().await
}

/// The old proof goes, the new one comes.
async fn contest(plane: &Plane, two: &Two) {
    plane.dns.clear(RECORD);
    plane.dns.txt(RECORD, value(&two.claim));
    act(plane, plane.token(), &two.claim, "verify").await.problem(409, "domain_held_elsewhere");
    plane.run_jobs().await;
}

/// An hour later, and its looks.
async fn hours(plane: &mut Plane, n: usize) {
    for _ in 0..n {
        plane.clock.advance(Duration::from_mins(61));
        plane.run_jobs().await;
    }
    plane.renew(EMAIL, PASSWORD).await;
}

async fn shown(plane: &Plane, domain: &Value) -> (Value, bool) {
    let shown = plane.get(&path(domain)).send().await.expect(200);
    (shown["state"].clone(), shown["verification"]["contested_since"].is_string())
}

async fn a_name_passes_after_three_days_without_the_old_proof() {
    let hop = Hop::start().await;
    let mut plane = Plane::start_with(through(&hop, control_plane::mail_out::Language::En)).await;
    let two = two(&plane).await;
    contest(&plane, &two).await;
    assert_eq!(shown(&plane, &two.held).await, (json!("active"), true));
    letters(&hop, 1).await;
    hours(&mut plane, 69).await;
    assert_eq!(shown(&plane, &two.held).await, (json!("active"), true), "not before 72 hours");
    hours(&mut plane, 4).await;
    assert_eq!(shown(&plane, &two.held).await, (json!("pending"), false));
    assert_eq!(shown(&plane, &two.claim).await, (json!("active"), false));
    assert_eq!(plane.count("SELECT COUNT(*) FROM domains WHERE state = 'active'").await, 1);
    plane.run_jobs().await;
    let told = letters(&hop, 2).await;
    assert!(told.iter().all(|(to, _)| *to == [two.holder.email.as_str()]), "{told:?}");
    for words in ["If both stays so for 72 hours", "For 72 hours the DNS record"] {
        assert!(told.iter().any(|(_, text)| text.contains(words)), "{words}: {told:?}");
    }

    let log = async |by: &Somebody, domain: &Value| {
        let token = plane.sign_in(&by.email, PASSWORD).await;
        let path = format!("/v1/audit?target_id={}", domain["id"].as_str().unwrap());
        let log = plane.get(&path).with_token(&token).send().await.expect(200);
        let rows = log["data"].as_array().unwrap().clone();
        (rows.iter().map(|row| row["action"].as_str().unwrap().to_owned()).collect::<Vec<_>>(), log.to_string())
    };
    let (actions, text) = log(&two.holder, &two.held).await;
    for action in ["domain.contested", "domain.passed"] {
        assert_eq!(actions.iter().filter(|one| *one == action).count(), 1, "{actions:?}");
    }
    assert!(!actions.contains(&"domain.taken".to_owned()), "told once");
    let mails: String = told.into_iter().map(|(_, text)| text).collect();
    let names = |by: &Somebody, domain: &Value| {
        [
            by.id.clone(),
            by.email.clone(),
            domain["id"].as_str().unwrap().to_owned(),
            domain["tenant_id"].as_str().unwrap().to_owned(),
        ]
    };
    for name in names(&two.claimant, &two.claim) {
        assert!(!text.contains(&name) && !mails.contains(&name), "{name}: {text}");
    }
    let (actions, text) = log(&two.claimant, &two.claim).await;
    assert!(actions.contains(&"domain.activate".to_owned()), "{actions:?}");
    for name in names(&two.holder, &two.held) {
        assert!(!text.contains(&name), "{name}: {text}");
    }
}

async fn one_look_at_the_old_proof_begins_anew() {
    let mut plane = Plane::start().await;
    let two = two(&plane).await;
    contest(&plane, &two).await;
    hours(&mut plane, 60).await;
    plane.dns.txt(RECORD, value(&two.held));
    hours(&mut plane, 1).await;
    assert_eq!(shown(&plane, &two.held).await, (json!("active"), false));
    plane.dns.clear(RECORD);
    plane.dns.txt(RECORD, value(&two.claim));
    // Both stood: it is looked at less often.
    hours(&mut plane, 8).await;
    assert_eq!(shown(&plane, &two.held).await, (json!("active"), true));
    hours(&mut plane, 20).await;
    assert_eq!(shown(&plane, &two.held).await, (json!("active"), true), "it began anew");
    // Without the new proof nothing is under way, nor without whoever showed it.
    plane.dns.clear(RECORD);
    hours(&mut plane, 2).await;
    assert_eq!(shown(&plane, &two.held).await, (json!("active"), false));
    contest(&plane, &two).await;
    assert_eq!(shown(&plane, &two.held).await, (json!("active"), true));
    plane.delete(&path(&two.claim)).send().await.expect(200);
    plane.run_jobs().await;
    assert_eq!(shown(&plane, &two.held).await, (json!("active"), false));
}

async fn a_name_that_is_let_go_of_is_the_next_ones_at_once(plane: Plane) {
    let two = two(&plane).await;
    plane.dns.txt(RECORD, value(&two.claim));
    let recipient = json!({ "address": format!("anna@{NAME}") });
    plane.post(&format!("{}/recipients", path(&two.held))).json(&recipient).send().await.expect(201);
    let reply = act(&plane, &two.holder.token, &two.held, "release").await;
    assert!(reply.header("config-version").is_some());
    let released = reply.expect(200);
    assert_eq!((&released["state"], &released["activated_at"]), (&json!("pending"), &Value::Null));
    let again = act(&plane, &two.holder.token, &two.held, "release").await;
    assert_eq!((again.status.as_u16(), again.header("config-version"), &again.body), (200, None, &released));
    // Both proofs stand; whoever let go does not come back by itself.
    plane.run_jobs().await;
    assert_eq!(shown(&plane, &two.claim).await.0, "active");
    assert_eq!(shown(&plane, &two.held).await.0, "pending");
    let kept = plane.get(&format!("{}/recipients", path(&two.held))).send().await.expect(200);
    assert_eq!(kept["data"].as_array().map(Vec::len), Some(1));
}

async fn only_whoever_administers_the_tenant_lets_go_of_a_name(plane: Plane) {
    let two = two(&plane).await;
    let tenant = two.held["tenant_id"].as_str().unwrap();
    let keeper = person(&plane, tenant, "keeper@north.example").await;
    grant(&plane, &keeper, "domain_admin", two.held["id"].as_str().unwrap(), json!({})).await;
    act(&plane, &keeper.token, &two.held, "release").await.problem(403, "forbidden");
    act(&plane, &two.claimant.token, &two.held, "release").await.problem(404, "not_found");
    let stale = plane.post(&format!("{}/release", path(&two.held))).header("if-match", "\"r99\"");
    stale.send().await.problem(412, "precondition_failed");
    let alias = json!({ "tenant_id": tenant, "name": "alias.example", "alias_of": two.held["id"] });
    plane.post("/v1/domains").json(&alias).send().await.expect(201);
    act(&plane, &two.holder.token, &two.held, "release").await.problem(409, "has_alias_domains");
    assert_eq!(shown(&plane, &two.held).await.0, "active");
}

async fn three_days_are_counted_against_one_holder_and_against_the_next_anew() {
    let mut plane = Plane::start().await;
    let two = two(&plane).await;
    let third = plane.post("/v1/tenants").json(&json!({ "name": "third" })).send().await.expect(201);
    let body = json!({ "tenant_id": third["id"], "name": NAME });
    let third = plane.post("/v1/domains").json(&body).send().await.expect(201);
    contest(&plane, &two).await;
    plane.dns.txt(RECORD, value(&third));
    act(&plane, plane.token(), &third, "verify").await.problem(409, "domain_held_elsewhere");
    hours(&mut plane, 74).await;
    let mut claims = [&two.claim, &third];
    if shown(&plane, &third).await.0 == "active" {
        claims.reverse();
    }
    let [winner, other] = claims;
    assert_eq!(shown(&plane, winner).await.0, "active");
    // The winner takes its record away, as people do.
    plane.dns.clear(RECORD);
    plane.dns.txt(RECORD, value(other));
    hours(&mut plane, 6).await;
    assert_eq!(shown(&plane, winner).await, (json!("active"), true), "its three days begin with its own loss");
    hours(&mut plane, 70).await;
    assert_eq!(shown(&plane, other).await.0, "active");
}

async fn a_record_that_a_tenant_of_before_left_in_dns_wins_no_name_back() {
    let mut plane = Plane::start().await;
    let tree = tree(&plane).await;
    let [from, to] = [0, 1].map(|n| tree.customers[n].tenant.clone());
    let register = || plane.post("/v1/domains").json(&json!({ "tenant_id": from, "name": NAME })).send();
    let moved = register().await.expect(201);
    plane.dns.txt(RECORD, value(&moved));
    act(&plane, plane.token(), &moved, "verify").await.expect(200);
    let to = json!({ "tenant_id": to });
    plane.post(&format!("{}/move", path(&moved))).json(&to).send().await.expect(200);
    let again = register().await.expect(201);
    assert_eq!(value(&again), value(&moved), "the value is the tenant's");
    act(&plane, plane.token(), &again, "verify").await.problem(409, "domain_held_elsewhere");
    // The value of before has not counted for the new tenant for a while.
    plane.clock.advance(Duration::from_hours(31 * 24));
    plane.renew(EMAIL, PASSWORD).await;
    act(&plane, plane.token(), &again, "verify").await.problem(409, "domain_held_elsewhere");
    hours(&mut plane, 76).await;
    assert_eq!(shown(&plane, &moved).await, (json!("active"), false));
}
