//! Active domains are looked at again, with DNS and a clock that go on.

use std::{collections::BTreeSet, time::Duration};

use pretend::dns::{Dns, Failing};
use serde_json::{Value, json};

use crate::harness::{EMAIL, PASSWORD, Plane, on_both};

on_both! {
    an_ownership_that_is_lost_is_told_and_one_that_is_back_is_as_well
    what_nobody_followed_is_not_lost
    what_is_closing_anyway_is_not_told
    no_answer_is_no_loss_and_takes_none_back
    a_call_looks_at_an_active_domain_at_once
    the_schedule_asks_only_about_what_is_due
    domains_that_never_had_a_time_get_one_evenly_and_are_not_all_asked_about
}

on_both! {
    alone:
    who_asks_for_no_proof_looks_at_none
}

const HOUR: Duration = Duration::from_hours(1);
/// By then each domain was looked at again.
const DAY_AND_MORE: Duration = Duration::from_hours(27);

/// A domain that was proven a moment ago.
struct Proven {
    path: String,
    id: String,
    record: String,
    value: String,
}

async fn proven(plane: &Plane, name: &str) -> Proven {
    let tenant = plane.post("/v1/tenants").json(&json!({ "name": name })).send().await.expect(201)["id"].clone();
    let made = plane.post("/v1/domains").json(&json!({ "tenant_id": tenant, "name": name })).send().await.expect(201);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let id = text(&made["id"]);
    let record = &made["verification"];
    let proven = Proven {
        path: format!("/v1/domains/{id}"),
        id,
        record: text(&record["record_name"]),
        value: text(&record["record_value"]),
    };
    proven.prove(&plane.dns);
    let active = plane.post(&format!("{}/verify", proven.path)).send().await.expect(200);
    assert_eq!((&active["state"], &active["ownership_lost_at"]), (&json!("active"), &Value::Null));
    proven
}

impl Proven {
    fn prove(&self, dns: &Dns) {
        dns.txt(&self.record, &self.value);
    }

    async fn read(&self, plane: &Plane, token: &str) -> Value {
        let reply = plane.get(&self.path).with_token(token).send().await;
        // Registered, activated: no look moves it.
        assert_eq!(reply.header("etag"), Some("\"r2\""));
        let view = reply.expect(200);
        assert_eq!(view["state"], "active");
        view
    }

    /// Entries of the audit log with this action, the newest first.
    async fn log(&self, plane: &Plane, token: &str, action: &str) -> Vec<Value> {
        let path = format!("/v1/audit?target_id={}&action={action}", self.id);
        let log = plane.get(&path).with_token(token).send().await.expect(200);
        log["data"].as_array().unwrap().clone()
    }
}

/// Time goes on, what is due is done, and somebody looks.
async fn later(plane: &Plane, by: Duration) -> String {
    plane.clock.advance(by);
    plane.run_jobs().await;
    plane.sign_in(EMAIL, PASSWORD).await
}

/// The same, with looks on the way: nothing is lost that nobody followed.
async fn followed(plane: &Plane, by: Duration) -> String {
    let end = plane.clock.now() + by;
    while plane.clock.now() < end {
        plane.clock.advance((2 * HOUR).min(end.since(plane.clock.now())));
        plane.run_jobs().await;
    }
    plane.sign_in(EMAIL, PASSWORD).await
}

fn time(value: &Value) -> contract::Micros {
    let format = &time::format_description::well_known::Rfc3339;
    let time = time::OffsetDateTime::parse(value.as_str().unwrap(), format).unwrap();
    contract::Micros::from_micros(i64::try_from(time.unix_timestamp_nanos() / 1_000).unwrap())
}

/// Codes and messages of the status page that are about ownership.
async fn told(plane: &Plane, token: &str) -> Vec<String> {
    let status = plane.get("/v1/status").with_token(token).send().await.expect(200);
    let problems = status["problems"].as_array().unwrap().iter();
    problems
        .filter(|problem| problem["code"] == "ownership_lost")
        .map(|problem| problem["message"].as_str().unwrap().to_owned())
        .collect()
}

async fn lost(plane: &Plane, token: &str, is_lost: bool) -> BTreeSet<String> {
    let path = format!("/v1/domains?ownership_lost={is_lost}");
    let list = plane.get(&path).with_token(token).send().await.expect(200);
    list["data"].as_array().unwrap().iter().map(|domain| domain["name"].as_str().unwrap().to_owned()).collect()
}

async fn metric(plane: &Plane) -> String {
    let metrics = plane.get("/metrics").anonymously().send().await.text;
    let line = metrics.lines().find(|line| line.starts_with("postern_domains_ownership_lost ")).unwrap_or_default();
    line.to_owned()
}

async fn an_ownership_that_is_lost_is_told_and_one_that_is_back_is_as_well(plane: Plane) {
    let (acme, other) = (proven(&plane, "acme.example").await, proven(&plane, "other.example").await);
    let outbox = plane.count("SELECT COUNT(*) FROM outbox").await;
    plane.dns.clear(&acme.record);

    let token = later(&plane, DAY_AND_MORE).await;
    let missing = acme.read(&plane, &token).await;
    let of = |view: &Value, name: &str| view["verification"][name].clone();
    assert_eq!((of(&missing, "result"), &missing["ownership_lost_at"]), (json!("record_missing"), &Value::Null));
    assert_eq!(of(&missing, "missing_since"), of(&missing, "checked_at"));
    let soon = plane.clock.now() + HOUR;
    assert!(time(&of(&missing, "next_check_at")) <= soon, "looked at again within an hour: {missing}");
    let well = other.read(&plane, &token).await;
    assert_eq!((of(&well, "result"), of(&well, "missing_since")), (json!("proven"), Value::Null));
    assert!(told(&plane, &token).await.is_empty());

    // Something else in its place is as good as nothing.
    plane.dns.txt(&acme.record, "postern-domain-verification=another");
    let token = followed(&plane, 23 * HOUR).await;
    let still = acme.read(&plane, &token).await;
    assert_eq!(
        (of(&still, "result"), of(&still, "missing_since")),
        (json!("value_differs"), of(&missing, "checked_at"))
    );
    assert_eq!(still["ownership_lost_at"], Value::Null, "less than a day");
    // So is what anybody below the name could have.
    plane.dns.clear(&acme.record).txt("*.acme.example", &acme.value);
    let token = later(&plane, 2 * HOUR).await;
    let gone = acme.read(&plane, &token).await;
    assert_eq!((of(&gone, "result"), &gone["ownership_lost_at"]), (json!("wildcard"), &of(&gone, "checked_at")));
    let messages = told(&plane, &token).await;
    assert_eq!(messages, ["Domains whose owner DNS no longer proves: 1 (acme.example)."]);
    assert_eq!(lost(&plane, &token, true).await, BTreeSet::from(["acme.example".to_owned()]));
    assert_eq!(lost(&plane, &token, false).await, BTreeSet::from(["other.example".to_owned()]));
    assert_eq!(metric(&plane).await, "postern_domains_ownership_lost 1");
    // Told once, however often it is looked at.
    let token = later(&plane, 8 * HOUR).await;
    assert_eq!(acme.read(&plane, &token).await["ownership_lost_at"], gone["ownership_lost_at"]);
    let log = acme.log(&plane, &token, "domain.ownership_lost").await;
    let [entry] = log.as_slice() else { panic!("{log:?}") };
    assert_eq!((&entry["actor"]["kind"], &entry["after"]["result"]), (&json!("system"), &json!("wildcard")));
    assert_eq!(entry["after"]["ownership_lost_at"], gone["ownership_lost_at"]);

    plane.dns.clear("*.acme.example");
    acme.prove(&plane.dns);
    let token = later(&plane, 8 * HOUR).await;
    let back = acme.read(&plane, &token).await;
    assert_eq!((&back["ownership_lost_at"], of(&back, "missing_since")), (&Value::Null, Value::Null));
    assert_eq!(of(&back, "result"), "proven");
    let log = acme.log(&plane, &token, "domain.ownership_regained").await;
    let [entry] = log.as_slice() else { panic!("{log:?}") };
    assert_eq!(
        (&entry["actor"]["kind"], &entry["before"]["ownership_lost_at"]),
        (&json!("system"), &gone["ownership_lost_at"])
    );
    assert!(told(&plane, &token).await.is_empty() && lost(&plane, &token, true).await.is_empty());
    assert_eq!(metric(&plane).await, "postern_domains_ownership_lost 0");
    // Workers heard of none of it: mail flowed on.
    assert_eq!(plane.count("SELECT COUNT(*) FROM outbox").await, outbox);
}

/// A control plane that was down for a day has seen no day of it.
async fn what_nobody_followed_is_not_lost(plane: Plane) {
    let acme = proven(&plane, "acme.example").await;
    plane.dns.clear(&acme.record);
    let token = later(&plane, DAY_AND_MORE).await;
    assert!(acme.read(&plane, &token).await["verification"]["missing_since"].is_string());
    let token = later(&plane, 30 * HOUR).await;
    let view = acme.read(&plane, &token).await;
    assert_eq!(view["ownership_lost_at"], Value::Null, "{view}");
    assert_eq!(view["verification"]["missing_since"], view["verification"]["checked_at"], "its day begins anew");
    let token = followed(&plane, 25 * HOUR).await;
    assert!(acme.read(&plane, &token).await["ownership_lost_at"].is_string());
}

/// Whoever leaves takes the zone along, and nobody need hear of that.
async fn what_is_closing_anyway_is_not_told(plane: Plane) {
    let (acme, other) = (proven(&plane, "acme.example").await, proven(&plane, "other.example").await);
    plane.dns.clear(&acme.record).clear(&other.record);
    let token = followed(&plane, 2 * DAY_AND_MORE).await;
    assert_eq!(lost(&plane, &token, true).await.len(), 2);
    let tenant = acme.read(&plane, &token).await["tenant_id"].as_str().unwrap().to_owned();
    plane.delete(&format!("/v1/tenants/{tenant}")).with_token(&token).send().await.expect(200);
    assert_eq!(told(&plane, &token).await, ["Domains whose owner DNS no longer proves: 1 (other.example)."]);
    assert_eq!(lost(&plane, &token, true).await, BTreeSet::from(["other.example".to_owned()]));
    plane.delete(&other.path).with_token(&token).send().await.expect(200);
    assert!(told(&plane, &token).await.is_empty() && lost(&plane, &token, true).await.is_empty());
    assert_eq!(metric(&plane).await, "postern_domains_ownership_lost 0");
}

async fn no_answer_is_no_loss_and_takes_none_back(plane: Plane) {
    let acme = proven(&plane, "acme.example").await;
    let state = async |token: &str| {
        let view = acme.read(&plane, token).await;
        let of = |name: &str| view["verification"][name].clone();
        (
            of("result").as_str().unwrap().to_owned(),
            of("missing_since").is_string(),
            view["ownership_lost_at"].is_string(),
        )
    };
    let is = |result: &str, missing: bool, lost: bool| (result.to_owned(), missing, lost);
    for (failing, name) in [(Failing::ServFail, &*acme.record), (Failing::Refused, &*acme.record)] {
        plane.dns.fail(name, failing);
        for _ in 0..3 {
            let token = later(&plane, DAY_AND_MORE).await;
            assert_eq!(state(&token).await, is("dns_unavailable", false, false), "{failing:?}");
        }
    }
    plane.dns.heal(&acme.record).clear(&acme.record);
    let token = later(&plane, 9 * HOUR).await;
    assert_eq!(state(&token).await, is("record_missing", true, false));
    // A day of silence makes nothing of one look.
    plane.dns.fail(&acme.record, Failing::ServFail);
    let token = followed(&plane, DAY_AND_MORE).await;
    assert_eq!(state(&token).await, is("dns_unavailable", true, false));
    plane.dns.heal(&acme.record);
    let token = later(&plane, HOUR).await;
    assert_eq!(state(&token).await, is("record_missing", true, true));
    plane.dns.fail(&acme.record, Failing::ServFail);
    let token = later(&plane, 8 * HOUR).await;
    assert_eq!(state(&token).await, is("dns_unavailable", true, true));
    assert_eq!(acme.log(&plane, &token, "domain.ownership_regained").await, Vec::<Value>::new());
}

async fn a_call_looks_at_an_active_domain_at_once(plane: Plane) {
    let acme = proven(&plane, "acme.example").await;
    let verify =
        async |token: &str| plane.post(&format!("{}/verify", acme.path)).with_token(token).send().await.expect(200);
    plane.dns.clear(&acme.record);
    let looked = verify(plane.token()).await;
    assert_eq!((&looked["state"], &looked["verification"]["result"]), (&json!("active"), &json!("record_missing")));
    assert_eq!(
        (looked["verification"]["missing_since"].is_string(), &looked["ownership_lost_at"]),
        (true, &Value::Null)
    );
    acme.prove(&plane.dns);
    let looked = verify(plane.token()).await;
    assert_eq!(
        (&looked["verification"]["result"], &looked["verification"]["missing_since"]),
        (&json!("proven"), &Value::Null)
    );

    plane.dns.clear(&acme.record);
    verify(plane.token()).await;
    let token = followed(&plane, 25 * HOUR).await;
    assert!(acme.read(&plane, &token).await["ownership_lost_at"].is_string());
    acme.prove(&plane.dns);
    let back = verify(&token).await;
    assert_eq!((&back["ownership_lost_at"], &back["verification"]["result"]), (&Value::Null, &json!("proven")));
    acme.read(&plane, &token).await;
    // By whom it was found.
    let log = acme.log(&plane, &token, "domain.ownership_regained").await;
    assert_eq!(log.iter().map(|entry| &entry["actor"]["name"]).collect::<Vec<_>>(), [EMAIL]);
    assert_eq!(acme.log(&plane, &token, "domain.ownership_lost").await[0]["actor"]["kind"], "system");
    assert_eq!(acme.log(&plane, &token, "domain.verify").await.len(), 5);
}

async fn the_schedule_asks_only_about_what_is_due(plane: Plane) {
    let (acme, other) = (proven(&plane, "acme.example").await, proven(&plane, "other.example").await);
    let pending = plane.post("/v1/tenants").json(&json!({ "name": "late" })).send().await.expect(201)["id"].clone();
    plane.post("/v1/domains").json(&json!({ "tenant_id": pending, "name": "late.example" })).send().await.expect(201);
    let asked = || (plane.dns.queries_for(&acme.record), plane.dns.queries_for(&other.record));
    let before = asked();
    later(&plane, 20 * HOUR).await;
    assert_eq!(asked(), before, "not within a day");
    let token = later(&plane, 7 * HOUR).await;
    let (first, second) = asked();
    assert!(first > before.0 && second > before.1);
    let (one, two) = (acme.read(&plane, &token).await, other.read(&plane, &token).await);
    let next = |view: &Value| time(&view["verification"]["next_check_at"]);
    assert_ne!(next(&one), next(&two), "they part");
    for view in [&one, &two] {
        let pause = next(view).since(plane.clock.now());
        assert!((22 * HOUR..=26 * HOUR).contains(&pause), "{pause:?}");
    }
    // One that is suspected is looked at alone.
    plane.dns.clear(&acme.record);
    plane.post(&format!("{}/verify", acme.path)).with_token(&token).send().await.expect(200);
    let before = asked();
    later(&plane, HOUR).await;
    assert!(asked().0 > before.0);
    assert_eq!(asked().1, before.1);
}

async fn domains_that_never_had_a_time_get_one_evenly_and_are_not_all_asked_about(plane: Plane) {
    let mut domains = Vec::new();
    for n in 0..5 {
        domains.push(proven(&plane, &format!("d{n}.example")).await);
    }
    // As a release of before leaves them.
    let forgotten = "UPDATE domains SET next_check_at = NULL WHERE state = 'active'";
    plane.tamper(forgotten, forgotten).await;
    let asked: Vec<_> = domains.iter().map(|domain| plane.dns.queries_for(&domain.record)).collect();
    let token = later(&plane, Duration::from_secs(1)).await;
    let mut times = Vec::new();
    for (domain, asked) in domains.iter().zip(asked) {
        assert_eq!(plane.dns.queries_for(&domain.record), asked, "it was given a time, no more");
        times.push(time(&domain.read(&plane, &token).await["verification"]["next_check_at"]));
    }
    times.sort_unstable();
    for pair in times.windows(2) {
        // A thousand of them make a day.
        assert_eq!(pair[1].since(pair[0]), Duration::from_millis(86_400));
    }
    let first = times[0].since(plane.clock.now());
    assert!(first <= Duration::from_millis(86_400), "{first:?}");
}

async fn who_asks_for_no_proof_looks_at_none() {
    let plane = Plane::start_with(|config| config.accept_domains_without_proof = true).await;
    let tenant = plane.post("/v1/tenants").json(&json!({ "name": "acme" })).send().await.expect(201)["id"].clone();
    let body = json!({ "tenant_id": tenant, "name": "acme.example" });
    let made = plane.post("/v1/domains").json(&body).send().await.expect(201);
    let path = format!("/v1/domains/{}", made["id"].as_str().unwrap());
    let looked = plane.post(&format!("{path}/verify")).send().await.expect(200);
    assert_eq!(looked["verification"], made["verification"]);
    later(&plane, DAY_AND_MORE).await;
    let token = later(&plane, DAY_AND_MORE).await;
    assert_eq!(plane.get(&path).with_token(&token).send().await.expect(200), made);
    assert_eq!(plane.dns.queries(), 0);
    // With the switch off again it was never proven, and that is told in time.
    let plane = plane.restart().await;
    plane.run_jobs().await;
    later(&plane, HOUR).await;
    let token = followed(&plane, 25 * HOUR).await;
    let view = plane.get(&path).with_token(&token).send().await.expect(200);
    assert_eq!((&view["state"], &view["verification"]["result"]), (&json!("active"), &json!("record_missing")));
    assert!(view["ownership_lost_at"].is_string(), "{view}");
}
