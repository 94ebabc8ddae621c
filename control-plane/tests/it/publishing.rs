//! Publishing by parts: what is compiled page by page is what there is, and what it leaves behind is swept.

use std::collections::{BTreeMap, HashSet};

use contract::{
    mail::Domain,
    snapshot::{
        hash::Hash,
        head::Head,
        names,
        object::{Object, ROUTES_APART},
    },
};
use pretend::postgres::Engine;
use serde_json::{Value, json};

use crate::{
    doors::worker_token,
    harness::{Plane, Reply, on_both},
    heads::{claims, framed, head_with},
    policy::tenant,
};

on_both! {
    of_a_name_the_row_that_counts_is_found_whatever_page_it_is_on
    a_set_that_shrinks_and_grows_leaves_no_shard_behind
    a_mark_of_damage_stays_as_long_as_one_is_damaged
    what_a_tenant_had_goes_with_it
    an_answer_is_never_longer_than_a_worker_reads
    which_head_holds_a_change_is_known_for_a_week
}

/// The same for both engines but for how numbers, ids and octets are made.
async fn fill(plane: &Plane, statements: &[&str]) {
    let on = |engine: Engine| {
        let fill = |text: &&str| {
            match engine {
            Engine::Sqlite => text
                .replace("{numbers}", "(WITH RECURSIVE c (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < 70000) SELECT n FROM c)")
                .replace("{id}", "randomblob(16)")
                .replace("{key}", "randomblob(16)")
                .replace("{five}", "substr('00000' || n, -5)"),
            Engine::Postgres => text
                .replace("{numbers}", "generate_series(0, 70000) AS n")
                .replace("{id}", "gen_random_uuid()")
                .replace("{key}", "decode(md5(CAST(n AS TEXT)), 'hex')")
                .replace("{five}", "lpad(CAST(n AS TEXT), 5, '0')"),
        }
        };
        statements.iter().map(fill).collect::<Vec<_>>().join(";\n")
    };
    plane.tamper(&on(Engine::Sqlite), &on(Engine::Postgres)).await;
}

/// Domains `d<n>.example` of the tenant of this name.
fn domains(tenant: &str, state: &str, created_at: u32, range: std::ops::Range<u32>) -> String {
    format!(
        "INSERT INTO domains (id, tenant_id, name, labels, state, recipients, hash_key, defer_until, revision, created_at)
        SELECT {{id}}, (SELECT id FROM tenants WHERE name = '{tenant}'), 'd' || {{five}} || '.example', '{{}}', '{state}',
            'listed', {{key}}, 0, 1, {created_at}
        FROM {{numbers}} WHERE n >= {} AND n < {}",
        range.start, range.end
    )
}

/// Recipients `r<n>` of the domain of this name.
fn recipients(domain: &str, range: std::ops::Range<u32>) -> String {
    format!(
        "INSERT INTO recipients (id, domain_id, local_part, local_key, created_at)
        SELECT {{id}}, (SELECT id FROM domains WHERE name = '{domain}'), 'r' || n, 'r' || n, 0
        FROM {{numbers}} WHERE n >= {} AND n < {}",
        range.start, range.end
    )
}

/// An edit of anything, so that a head comes.
async fn edited(plane: &Plane, worker: &str) -> Head {
    let made = plane.post("/v1/tenants").json(&json!({ "name": "another" })).send().await;
    head_with(plane, worker, &made).await
}

async fn fetched(plane: &Plane, worker: &str, names: &[Hash]) -> Reply {
    plane.post("/worker/v1/objects").with_token(worker).json(&json!({ "names": names })).send().await
}

/// All objects that a head leads to, by key, fetched as a worker would by names alone; and how many nodes led there.
pub(crate) async fn walk(plane: &Plane, worker: &str, head: &Head) -> (BTreeMap<String, Object>, usize) {
    let (mut level, mut wanted, mut nodes) = (vec![head.root], Vec::new(), 0);
    while !level.is_empty() {
        let mut below = Vec::new();
        for (_, bytes) in all(plane, worker, &level).await {
            let names = names(&bytes).expect("a node");
            below.extend(names.children);
            wanted.extend(names.objects.into_iter().map(|(name, _)| name));
            nodes += 1;
        }
        level = below;
    }
    let objects = all(plane, worker, &wanted).await;
    assert_eq!(objects.len(), wanted.len());
    let objects = objects.into_iter().map(|(_, bytes)| {
        let object: Object = serde_json::from_slice(&zstd::stream::decode_all(&bytes[..]).unwrap()).unwrap();
        (object.key().to_string(), object)
    });
    (objects.collect(), nodes)
}

async fn all(plane: &Plane, worker: &str, names: &[Hash]) -> Vec<(Hash, Vec<u8>)> {
    let mut got = Vec::new();
    while got.len() < names.len() {
        let next = &names[got.len()..names.len().min(got.len() + 10_000)];
        let reply = fetched(plane, worker, next).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        let some = framed(&reply.octets);
        assert!(!some.is_empty());
        got.extend(some);
    }
    got
}

const IN_USE: &str = "SELECT COUNT(*) FROM pool_objects WHERE dropped_at IS NULL";

async fn of_a_name_the_row_that_counts_is_found_whatever_page_it_is_on(plane: Plane) {
    for name in ["One", "Two"] {
        tenant(&plane, json!({ "name": name })).await;
    }
    // Two pages and some; around where the first ends, names that another tenant has as well.
    fill(
        &plane,
        &[
            &domains("One", "active", 9, 0..1_990),
            &domains("One", "pending", 9, 1_990..4_100),
            &domains("Two", "pending", 5, 1_980..2_000),
            &domains("Two", "active", 99, 2_000..2_010),
            &domains("Two", "pending", 50, 2_010..2_020),
            &recipients("d00007.example", 0..51_000),
            &recipients("d00008.example", 0..10),
        ],
    )
    .await;
    let plane = plane.restart().await;
    let worker = worker_token(&plane).await;
    let head = edited(&plane, &worker).await;
    assert_eq!(head.totals.domains, 4_100);
    let (objects, nodes) = walk(&plane, &worker, &head).await;
    let ids: BTreeMap<String, String> = {
        let tenants = plane.get("/v1/tenants").send().await.expect(200);
        let tenants = tenants["data"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        tenants.map(|tenant| (text(&tenant["id"]), text(&tenant["name"]))).collect()
    };
    let mut wrong = Vec::new();
    for n in 0..4_100 {
        let Some(Object::Domain(domain)) = objects.get(&format!("domain/d{n:05}.example")) else {
            panic!("no d{n:05}.example")
        };
        // An active one before a pending one, and of pending ones the first.
        let whose = if (1_990..2_010).contains(&n) { "Two" } else { "One" };
        if ids[&domain.tenant.to_string()] != whose {
            wrong.push(n);
        }
    }
    assert_eq!(wrong, Vec::<i32>::new());
    let count = |name: &str| -> usize {
        let shards = objects.values().filter_map(|object| match object {
            Object::Recipients(shard) if shard.domain == name.parse::<Domain>().unwrap() => Some(shard.hashes.len()),
            _ => None,
        });
        shards.sum()
    };
    assert_eq!((count("d00007.example"), count("d00008.example"), count("d00009.example")), (51_000, 10, 0));
    // What is in use is what the head leads to: nothing was left behind on the way.
    assert_eq!(plane.count(IN_USE).await, i64::try_from(objects.len() + nodes).unwrap());
}

async fn a_set_that_shrinks_and_grows_leaves_no_shard_behind(plane: Plane) {
    let worker = worker_token(&plane).await;
    let acme = tenant(&plane, json!({ "name": "Acme" })).await;
    let body = json!({ "tenant_id": acme, "name": "acme.example" });
    let made = plane.post("/v1/domains").json(&body).send().await.expect(201);
    let path = format!("/v1/domains/{}/recipients", made["id"].as_str().unwrap());
    let shards = async |address: &str| {
        let made = plane.post(&path).json(&json!({ "address": address })).send().await;
        let head = head_with(&plane, &worker, &made).await;
        let (objects, nodes) = walk(&plane, &worker, &head).await;
        assert_eq!(plane.count(IN_USE).await, i64::try_from(objects.len() + nodes).unwrap());
        let shards = objects.into_iter().filter_map(|(key, object)| match object {
            Object::Recipients(shard) => Some((key, shard.hashes.len())),
            _ => None,
        });
        shards.collect::<BTreeMap<_, _>>()
    };
    let whole = BTreeMap::from([("recipients/acme.example/-".to_owned(), 1)]);
    assert_eq!(shards("a@acme.example").await, whole);
    fill(&plane, &[&recipients("acme.example", 0..1_500)]).await;
    let divided = shards("b@acme.example").await;
    assert!(divided.len() > 1 && !divided.contains_key("recipients/acme.example/-"), "{divided:?}");
    assert_eq!(divided.values().sum::<usize>(), 1_502);
    fill(&plane, &["DELETE FROM recipients WHERE local_key NOT IN ('a')"]).await;
    let two = BTreeMap::from([("recipients/acme.example/-".to_owned(), 2)]);
    assert_eq!(shards("b@acme.example").await, two);
}

async fn a_mark_of_damage_stays_as_long_as_one_is_damaged(plane: Plane) {
    let worker = worker_token(&plane).await;
    let mut tenants = Vec::new();
    for name in ["One", "Two"] {
        tenants.push(tenant(&plane, json!({ "name": name })).await);
    }
    let set = async |name: &str, policy: &str| {
        fill(&plane, &[&format!("UPDATE tenants SET policy = '{policy}' WHERE name = '{name}'")]).await;
    };
    // Behind its back: an edit of something else of theirs has them compiled.
    let touch = async |tenant: &str, sender: &str| {
        let entry = json!({ "scope": "tenant", "tenant_id": tenant, "kind": "block", "sender": sender });
        let made = plane.post("/v1/list-entries").json(&entry).send().await;
        head_with(&plane, &worker, &made).await
    };
    set("One", "nonsense").await;
    touch(&tenants[0], "*@bad.example").await;
    set("Two", "nonsense").await;
    let both = touch(&tenants[1], "*@bad.example").await;
    let marks = async |head: &Head| {
        let (mut wanted, top) = (Vec::new(), all(&plane, &worker, &[head.root]).await);
        wanted.extend(names(&top[0].1).unwrap().objects.into_iter().map(|(name, _)| name));
        let objects = all(&plane, &worker, &wanted).await;
        let damaged = objects
            .iter()
            .filter(|(_, bytes)| zstd::stream::decode_all(&bytes[..]).unwrap().starts_with(br#"{"damaged":"#));
        let named: HashSet<_> = wanted.iter().collect();
        (damaged.count(), i64::try_from(named.len() + 1).unwrap())
    };
    let (damaged, names) = marks(&both).await;
    assert_eq!((damaged, plane.count(IN_USE).await), (2, names));
    set("One", "{}").await;
    let (damaged, names) = marks(&touch(&tenants[0], "*@worse.example").await).await;
    assert_eq!((damaged, plane.count(IN_USE).await), (1, names));
}

async fn what_a_tenant_had_goes_with_it(plane: Plane) {
    let worker = worker_token(&plane).await;
    // It reads routes that are objects, and stays for longer than the tenant.
    let late = (plane.clock.now() + std::time::Duration::from_hours(24 * 30)).as_micros();
    let reads = format!(
        "UPDATE workers SET snapshot_schemas = '[2]', last_seen_at = {late}; UPDATE worker_tokens SET expires_at = {late}"
    );
    plane.tamper(&reads, &reads).await;
    let until = async |what: &str, is_it: &dyn Fn(&Head) -> bool| {
        let came = async {
            loop {
                let head = claims(&plane.get("/worker/v1/head").with_token(&worker).send().await);
                if is_it(&head) {
                    return head;
                }
            }
        };
        tokio::time::timeout(pretend::wait::BOUND, came).await.expect(what)
    };
    let acme = tenant(&plane, json!({ "name": "Acme" })).await;
    let route = json!({ "tenant_id": acme, "name": "out", "kind": "google_workspace" });
    let route = plane.post("/v1/routes").json(&route).send().await.expect(201)["id"].clone();
    let body = json!({ "tenant_id": acme, "name": "acme.example", "route_id": route });
    let made = plane.post("/v1/domains").json(&body).send().await;
    head_with(&plane, &worker, &made).await;
    let before = until("routes as objects", &|head| head.schema == ROUTES_APART && head.totals.domains == 1).await;
    let (objects, _) = walk(&plane, &worker, &before).await;
    assert!(objects.contains_key(&format!("route/{}", route.as_str().unwrap())), "{:?}", objects.keys());
    plane.delete(&format!("/v1/tenants/{acme}")).send().await.expect(200);
    plane.clock.advance(std::time::Duration::from_hours(24 * 8));
    plane.run_jobs().await;
    let after = until("a head without it", &|head| head.totals.tenants < before.totals.tenants).await;
    assert!(after.schema == ROUTES_APART && after.totals.domains == 0);
    let (objects, nodes) = walk(&plane, &worker, &after).await;
    let left: Vec<_> = objects.keys().filter(|key| key.starts_with("route/") || key.contains("acme")).collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(plane.count(IN_USE).await, i64::try_from(objects.len() + nodes).unwrap());
}

async fn an_answer_is_never_longer_than_a_worker_reads(plane: Plane) {
    let worker = worker_token(&plane).await;
    let names: Vec<Hash> = (1..=6u8).map(|n| Hash::from_bytes([n; 32])).collect();
    let mib = 1024 * 1024;
    for (n, name) in names.iter().enumerate() {
        let octets = format!("{:02x}", n + 1);
        plane
            .tamper(
                &format!(
                    "INSERT INTO pool_objects (pool_id, hash, bytes) SELECT id, x'{name}', zeroblob({mib}) FROM pools"
                ),
                &format!(
                    "INSERT INTO pool_objects (pool_id, hash, bytes)
                    SELECT id, decode('{name}', 'hex'), decode(repeat('{octets}', {mib}), 'hex') FROM pools"
                ),
            )
            .await;
    }
    let reply = fetched(&plane, &worker, &names).await;
    assert_eq!((reply.status.as_u16(), reply.octets.len()), (200, 3 * (mib + 36)));
    assert!(reply.octets.len() <= contract::worker_api::MAX_OBJECTS_BYTES);
}

async fn which_head_holds_a_change_is_known_for_a_week(plane: Plane) {
    let mut versions = Vec::new();
    for name in ["one", "two", "three"] {
        let made = plane.post("/v1/tenants").json(&json!({ "name": name })).send().await;
        let version = made.header("config-version").expect("a number").to_owned();
        plane.until_published(&version).await;
        versions.push(version);
    }
    let ask = async |version: &str, token: &str| {
        plane.get(&format!("/v1/config/versions/{version}")).with_token(token).send().await
    };
    let days = |days: u64| std::time::Duration::from_hours(24 * days);
    plane.clock.advance(days(6));
    plane.run_jobs().await;
    let token = plane.sign_in(crate::harness::EMAIL, crate::harness::PASSWORD).await;
    for version in &versions {
        assert_eq!(ask(version, &token).await.expect(200)["state"], "published");
    }
    plane.clock.advance(days(1));
    plane.run_jobs().await;
    let token = plane.sign_in(crate::harness::EMAIL, crate::harness::PASSWORD).await;
    for version in &versions[..2] {
        ask(version, &token).await.problem(404, "not_found");
    }
    // The newest says when something was published last.
    assert_eq!(ask(&versions[2], &token).await.expect(200)["state"], "published");
    for table in ["outbox", "outbox_marks"] {
        assert_eq!(plane.count(&format!("SELECT COUNT(*) FROM {table}")).await, 1, "{table}");
    }
    let status = plane.get("/v1/status").with_token(&token).send().await.expect(200);
    assert!(status["configuration"]["last_published_at"].is_string(), "{status}");
}
