//! Two control planes over one PostgreSQL are one to their clients; a lease has one holder.

use std::{sync::Arc, time::Duration};

use control_plane::{
    Secret,
    db::{Ambient, Db, Place, StoreError, Which},
    lease::Lease,
};
use pretend::{
    clock::TestClock,
    gate::Gate,
    postgres::{Database, Engine},
};
use serde_json::json;

use crate::harness::{EMAIL, PASSWORD, Plane, on_both, runs_on};

on_both! {
    what_went_out_of_use_while_nobody_published_is_swept
}

on_both! {
    alone:
    another_master_key_is_told_at_the_start
}

/// The first has the database, and is dropped last.
async fn two() -> Option<(Plane, Plane)> {
    if !runs_on(Engine::Postgres).await {
        return None;
    }
    let database = crate::postgres::database().await?;
    let clock = TestClock::at_present();
    let url = database.url.clone();
    let start = async |database: Option<Database>| {
        let url = url.clone();
        Plane::start_on(database, tempfile::tempdir().unwrap(), clock.clone(), move |config| {
            config.database.url = Some(Secret(url));
            config.master_key = Some(Secret("5a".repeat(32)));
        })
        .await
    };
    // At once: the first start has to be made by one of them.
    Some(tokio::join!(start(Some(database)), start(None)))
}

#[tokio::test]
async fn replicas_know_each_others_sessions_and_their_ends() {
    let Some((one, two)) = two().await else { return };
    assert_eq!(one.running.installation, two.running.installation);
    let token = one.sign_in(EMAIL, PASSWORD).await;
    let me = two.get("/v1/me").with_token(&token).send().await.expect(200);
    assert_eq!(me["email"], EMAIL);
    one.delete("/v1/sessions/current").with_token(&token).send().await.expect(204);
    two.get("/v1/me").with_token(&token).send().await.problem(401, "unauthenticated");
    // A cursor of one is good at the other.
    for i in 0..3 {
        one.post("/v1/tenants").json(&json!({ "name": format!("t{i}") })).send().await.expect(201);
    }
    let page = one.get("/v1/tenants?limit=2").send().await.expect(200);
    let next = format!("/v1/tenants?limit=2&cursor={}", page["next_cursor"].as_str().unwrap());
    two.get(&next).send().await.expect(200);
}

#[tokio::test]
async fn one_key_at_two_replicas_makes_one_thing() {
    let Some((one, two)) = two().await else { return };
    let token = one.sign_in(EMAIL, PASSWORD).await;
    for round in 0..5 {
        let name = format!("raced{round}");
        let calls = (0..8).map(|i| {
            let plane = if i % 2 == 0 { &one } else { &two };
            let call = plane.post("/v1/tenants").with_token(&token).header("idempotency-key", &name);
            call.json(&json!({ "name": name })).send()
        });
        let replies = futures::future::join_all(calls).await;
        let made: Vec<_> = replies.iter().filter(|reply| reply.status == 201).collect();
        assert!(!made.is_empty());
        assert!(made.iter().all(|reply| reply.text == made[0].text));
        for reply in replies.iter().filter(|reply| reply.status != 201) {
            reply.problem(409, "idempotency_in_progress");
        }
        let all = two.get(&format!("/v1/tenants?name={name}")).send().await.expect(200);
        assert_eq!(all["data"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn two_that_look_for_gaps_record_one() {
    let Some((one, two)) = two().await else { return };
    let worker = crate::doors::worker_token(&one).await;
    for n in 1..=20_u128 {
        let batch = json!({ "schema": 1, "stream": uuid::Uuid::from_u128(n), "first_seq": 1, "events": [{}] });
        let pushed = two.post("/worker/v1/events").with_token(&worker).json(&batch).send().await;
        assert_eq!(pushed.status, 200, "{}", pushed.text);
    }
    one.clock.advance(Duration::from_secs(40));
    tokio::join!(one.run_jobs(), two.run_jobs());
    let token = one.sign_in(EMAIL, PASSWORD).await;
    let gaps = two.get("/v1/gaps").with_token(&token).send().await.expect(200);
    assert_eq!(gaps["data"].as_array().unwrap().len(), 20);
}

#[tokio::test]
async fn two_proofs_of_one_name_at_once_make_one_active_domain() {
    let Some((one, two)) = two().await else { return };
    let mut domains = Vec::new();
    for name in ["a", "b"] {
        let tenant = one.post("/v1/tenants").json(&json!({ "name": name })).send().await.expect(201)["id"].clone();
        let body = json!({ "tenant_id": tenant, "name": "acme.example" });
        let made = one.post("/v1/domains").json(&body).send().await.expect(201);
        let record = made["verification"].clone();
        for plane in [&one, &two] {
            plane.dns.txt(record["record_name"].as_str().unwrap(), record["record_value"].as_str().unwrap());
        }
        domains.push(format!("/v1/domains/{}/verify", made["id"].as_str().unwrap()));
    }
    let (first, second) = tokio::join!(one.post(&domains[0]).send(), two.post(&domains[1]).send());
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{} {}", first.text, second.text);
}

#[tokio::test]
async fn one_replica_looks_at_active_domains_at_a_time() {
    let Some((one, two)) = two().await else { return };
    let tenant = one.post("/v1/tenants").json(&json!({ "name": "acme" })).send().await.expect(201)["id"].clone();
    let body = json!({ "tenant_id": tenant, "name": "acme.example" });
    let made = one.post("/v1/domains").json(&body).send().await.expect(201);
    let record = made["verification"].clone();
    let name = record["record_name"].as_str().unwrap();
    // Each has a name server of its own, which tells who asked.
    for plane in [&one, &two] {
        plane.dns.txt(name, record["record_value"].as_str().unwrap());
    }
    let path = format!("/v1/domains/{}", made["id"].as_str().unwrap());
    assert_eq!(one.post(&format!("{path}/verify")).send().await.expect(200)["state"], "active");
    let before = [&one, &two].map(|plane| plane.dns.queries_for(name));
    one.clock.advance(Duration::from_hours(27));
    tokio::join!(one.run_jobs(), two.run_jobs());
    let asked = [&one, &two].map(|plane| plane.dns.queries_for(name));
    let of = [asked[0] - before[0], asked[1] - before[1]];
    assert!((of[0] == 0) != (of[1] == 0), "{of:?}");
}

async fn another_master_key_is_told_at_the_start() {
    let plane = Plane::start().await;
    let error = plane.restart_fails(|config| config.master_key = Some(Secret("00".repeat(32)))).await;
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(cause, "the master key does not belong to this database");
}

async fn a_lease_has_one_holder_at_a_time(place: Place) {
    let clock = TestClock::at_present();
    let ambient = Arc::new(Ambient::new(clock.clock(), pretend::clock::entropy()));
    let db = Db::open(&place, Which::Main, ambient).await.unwrap();
    let [a, b] = [1, 2].map(|n| uuid::Builder::from_random_bytes([n; 16]).into_uuid());
    let minute = Duration::from_mins(1);
    let first = Lease::take(&db, "work", a, minute).await.unwrap().unwrap();
    assert!(Lease::take(&db, "work", b, minute).await.unwrap().is_none());
    assert!(Lease::take(&db, "other", b, minute).await.unwrap().is_some());
    // Renewed by its holder, the number stays.
    assert_eq!(Lease::take(&db, "work", a, minute).await.unwrap().unwrap().fence(), first.fence());
    clock.advance(minute);
    let second = Lease::take(&db, "work", b, minute).await.unwrap().unwrap();
    assert!(second.fence() > first.fence());
    // The first holder's late release takes nothing from the second.
    first.release(&db).await.unwrap();
    assert!(Lease::take(&db, "work", a, minute).await.unwrap().is_none());
    second.release(&db).await.unwrap();
    assert!(Lease::take(&db, "work", a, minute).await.unwrap().unwrap().fence() > second.fence());
    db.close().await;
}

/// Work that takes far longer than the lease lasts, and another replica that wants it all the time.
async fn a_lease_is_held_while_the_work_lasts(place: Place) {
    let open = async |clock: contract::Clock| {
        let ambient = Arc::new(Ambient::new(clock, pretend::clock::entropy()));
        Db::open(&place, Which::Main, ambient).await.unwrap()
    };
    let db = open(pretend::clock::system_clock()).await;
    let [a, b] = [1, 2].map(|n| uuid::Builder::from_random_bytes([n; 16]).into_uuid());
    let lasting = Duration::from_millis(900);
    let lease = Lease::take(&db, "work", a, lasting).await.unwrap().unwrap();
    let done = Gate::new();
    let (work, wanted) = (lease.while_held(&db, lasting, done.passed()), async {
        let taken = async {
            while Lease::take(&db, "work", b, lasting).await.unwrap().is_none() {
                tokio::task::yield_now().await;
            }
        };
        assert!(tokio::time::timeout(lasting * 3, taken).await.is_err(), "taken from its holder");
        done.open();
    });
    let (work, ()) = tokio::join!(work, wanted);
    work.unwrap();

    // Taken all the same, by one whose clock is far ahead: what the work would come to is nobody's.
    let ahead = TestClock::at_present();
    ahead.advance(Duration::from_hours(1));
    let ahead = open(ahead.clock()).await;
    let lease = Lease::take(&db, "work", a, lasting).await.unwrap().unwrap();
    assert!(Lease::take(&ahead, "work", b, lasting).await.unwrap().is_some());
    let never = std::future::pending::<()>();
    let lost = lease.while_held(&db, lasting, never).await;
    assert!(matches!(lost, Err(StoreError::Stale)), "{lost:?}");
    db.close().await;
    ahead.close().await;
}

#[tokio::test]
async fn a_lease_on_sqlite_is_held_while_the_work_lasts() {
    let dir = tempfile::tempdir().unwrap();
    a_lease_is_held_while_the_work_lasts(Place::Sqlite(dir.path().join("main.db"))).await;
}

#[tokio::test]
async fn a_lease_on_postgresql_is_held_while_the_work_lasts() {
    if let Some(database) = crate::postgres::database().await {
        a_lease_is_held_while_the_work_lasts(Place::Postgres(database.url.clone())).await;
    }
}

#[tokio::test]
async fn one_that_cannot_publish_lets_the_other_try() {
    let Some((one, two)) = two().await else { return };
    let made = one.post("/v1/tenants").json(&json!({ "name": "acme" })).send().await;
    one.until_published(made.header("config-version").unwrap()).await;
    let fence = "SELECT fence FROM leases WHERE name = 'publisher'";
    let before = one.count(fence).await;
    let edit = "UPDATE installation SET policy = 'nonsense';
        INSERT INTO outbox (kind, changed_at) VALUES ('installation', 0)";
    one.tamper(edit, edit).await;
    // What neither can read goes from one to the other and back.
    let passed_on = async { while one.count(fence).await < before + 2 {} };
    tokio::time::timeout(pretend::wait::BOUND, passed_on).await.expect("another holder, and another");
    let policy = "UPDATE installation SET policy = '{}'";
    one.tamper(policy, policy).await;
    let token = two.sign_in(EMAIL, PASSWORD).await;
    let made = two.post("/v1/tenants").with_token(&token).json(&json!({ "name": "next" })).send().await;
    one.until_published(made.header("config-version").unwrap()).await;
}

/// Objects of a head whose publisher is gone: whoever comes next knows them only from the table.
async fn what_went_out_of_use_while_nobody_published_is_swept(plane: Plane) {
    let made = plane.post("/v1/tenants").json(&json!({ "name": "acme" })).send().await;
    let version = made.header("config-version").unwrap().to_owned();
    plane.until_published(&version).await;
    let hash = "ab".repeat(32);
    plane
        .tamper(
            &format!("INSERT INTO pool_objects (pool_id, hash, bytes) SELECT id, x'{hash}', x'00' FROM pools"),
            &format!(
                "INSERT INTO pool_objects (pool_id, hash, bytes)
                    SELECT id, decode('{hash}', 'hex'), decode('00', 'hex') FROM pools"
            ),
        )
        .await;
    let in_use = "SELECT COUNT(*) FROM pool_objects WHERE dropped_at IS NULL";
    let dropped = "SELECT COUNT(*) FROM pool_objects WHERE dropped_at IS NOT NULL";
    let (before, gone) = (plane.count(in_use).await, plane.count(dropped).await);
    let plane = plane.restart().await;
    let made = plane.post("/v1/tenants").json(&json!({ "name": "next" })).send().await;
    plane.until_published(made.header("config-version").unwrap()).await;
    // The stray one went, the new tenant's came, and a root took another's place; the rest is as it was.
    assert_eq!((plane.count(in_use).await, plane.count(dropped).await), (before, gone + 2));
}

#[tokio::test]
async fn a_lease_on_sqlite_has_one_holder_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    a_lease_has_one_holder_at_a_time(Place::Sqlite(dir.path().join("main.db"))).await;
}

#[tokio::test]
async fn a_lease_on_postgresql_has_one_holder_at_a_time() {
    if let Some(database) = crate::postgres::database().await {
        a_lease_has_one_holder_at_a_time(Place::Postgres(database.url.clone())).await;
    }
}
