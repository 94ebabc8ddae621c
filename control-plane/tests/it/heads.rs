//! Heads as workers get them.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::snapshot::{
    changes,
    hash::Hash,
    head::Head,
    object::{EMBEDDED_ROUTES, Limits, Object, ROUTES_APART, Route, TENANTS_HELD, Tenant, TenantState},
    piece,
};
use serde_json::json;

use crate::{
    doors::worker_token,
    harness::{Plane, Reply, on_both},
    policy::tenant,
};

on_both! {
    a_head_for_a_nonce_is_the_newest_there_is_signed_for_it
    objects_are_written_so_that_every_live_worker_reads_them
    what_an_older_worker_cannot_read_of_a_tenant_is_left_out_while_it_is_there
    a_pack_is_a_whole_subtree_and_what_changed_leads_from_one_tree_to_the_next
}

const NONCE: &str = "q0P6dTwwZ0mDqJ4kJtY0xA";

pub(crate) fn claims(reply: &Reply) -> Head {
    assert_eq!(reply.status, 200, "{}", reply.text);
    let claims = reply.text.split('.').nth(1).expect("a JWS");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

async fn a_head_for_a_nonce_is_the_newest_there_is_signed_for_it(plane: Plane) {
    let worker = worker_token(&plane).await;
    let made = plane.post("/v1/tenants").json(&json!({ "name": "Acme" })).send().await;
    head_with(&plane, &worker, &made).await;
    let get = async |query: &str| plane.get(&format!("/worker/v1/head?{query}")).with_token(&worker).send().await;
    let everybodys = claims(&get("").await);
    let mine = claims(&get(&format!("nonce={NONCE}")).await);
    assert_eq!((mine.nonce.as_deref(), everybodys.nonce.as_deref()), (Some(NONCE), None));
    // Its age is what it is.
    assert_eq!(Head { nonce: None, ..mine.clone() }, everybodys);

    // A head that this replica has not seen yet: another one published it.
    let next = Head { version: mine.version + 7, ..everybodys };
    let jws = format!("e30.{}.e30", URL_SAFE_NO_PAD.encode(serde_json::to_vec(&next).unwrap()));
    let newer = format!("UPDATE heads SET version = {}, jws = '{jws}'", next.version);
    plane.tamper(&newer, &newer).await;
    let mine = claims(&get(&format!("nonce={NONCE}")).await);
    assert_eq!((mine.version, mine.nonce.as_deref()), (next.version, Some(NONCE)));

    for bad in ["short", &"a".repeat(65), "q0P6dTwwZ0mDqJ4kJtY0x%3D"] {
        get(&format!("nonce={bad}")).await.problem(400, "invalid_query");
    }
}

/// The head that holds a change, or a later one: a replica sees what was published a moment after it was.
pub(crate) async fn head_with(plane: &Plane, worker: &str, changed: &Reply) -> Head {
    head_in("default", plane, worker, changed).await
}

/// The same, of the pool that the worker is in.
pub(crate) async fn head_in(pool: &str, plane: &Plane, worker: &str, changed: &Reply) -> Head {
    assert!(changed.status.is_success(), "{}", changed.text);
    let version = changed.header("config-version").expect("a number");
    plane.until_published(version).await;
    let published = plane.get(&format!("/v1/config/versions/{version}")).send().await.expect(200);
    let pools = published["pools"].as_array().expect("pools");
    let of = pools.iter().find(|of| of["name"] == pool).expect("the pool");
    let after = of["head"].as_str().expect("a version").to_owned();
    claims(&plane.get(&format!("/worker/v1/head?wait=20&after={after}")).with_token(worker).send().await)
}

/// Octets of an answer, piece by piece.
pub(crate) fn framed(mut bytes: &[u8]) -> Vec<(Hash, Vec<u8>)> {
    let mut pieces = Vec::new();
    while let Some((name, rest)) = bytes.split_first_chunk::<32>() {
        let (len, rest) = rest.split_first_chunk::<4>().expect("a length");
        let (piece, rest) = rest.split_at(usize::try_from(u32::from_be_bytes(*len)).unwrap());
        assert_eq!(Hash::of(piece), Hash::from_bytes(*name));
        pieces.push((Hash::from_bytes(*name), piece.to_vec()));
        bytes = rest;
    }
    pieces
}

async fn octets(plane: &Plane, worker: &str, path: &str) -> Vec<u8> {
    let reply = plane.get(&format!("/worker/v1/{path}")).with_token(worker).send().await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text);
    reply.octets
}

/// The objects that a head leads to, by key.
async fn objects_of(plane: &Plane, worker: &str, head: &Head) -> BTreeMap<String, Object> {
    let pack = framed(&octets(plane, worker, &format!("packs/{}", head.root)).await);
    let zstd = [0x28, 0xb5, 0x2f, 0xfd];
    let objects = pack.into_iter().filter(|(_, bytes)| bytes.starts_with(&zstd));
    objects
        .map(|(name, bytes)| {
            let json = zstd::stream::decode_all(&bytes[..]).unwrap();
            let object: Object = serde_json::from_slice(&json).unwrap();
            let key = object.key().to_string();
            let size = u32::try_from(bytes.len()).unwrap();
            assert_eq!(piece::decode(&key, name, size, &bytes).unwrap(), object);
            (key, object)
        })
        .collect()
}

/// Objects by their names.
async fn objects_of_names(plane: &Plane, worker: &str, names: Vec<Hash>) -> Vec<Object> {
    let reply = plane.post("/worker/v1/objects").with_token(worker).json(&json!({ "names": names })).send().await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let json = |bytes: Vec<u8>| zstd::stream::decode_all(&bytes[..]).unwrap();
    framed(&reply.octets).into_iter().map(|(_, bytes)| serde_json::from_slice(&json(bytes)).unwrap()).collect()
}

async fn objects_are_written_so_that_every_live_worker_reads_them(plane: Plane) {
    // As one of before enrols, which says nothing of schemas. It is there all the time.
    let worker = worker_token(&plane).await;
    let late = (plane.clock.now() + std::time::Duration::from_hours(24)).as_micros();
    let reads = async |schemas: &str| {
        let reads = format!(
            "UPDATE workers SET snapshot_schemas = '{schemas}', last_seen_at = {late};
            UPDATE worker_tokens SET expires_at = {late}"
        );
        plane.tamper(&reads, &reads).await;
    };
    reads("[1]").await;
    let tenant = tenant(&plane, json!({ "name": "Acme" })).await;
    let route = json!({ "tenant_id": tenant, "name": "out", "kind": "microsoft365" });
    let route = plane.post("/v1/routes").json(&route).send().await.expect(201)["id"].as_str().unwrap().to_owned();
    let domain = json!({ "tenant_id": tenant, "name": "acme.example", "route_id": route });
    let made = plane.post("/v1/domains").json(&domain).send().await;
    head_with(&plane, &worker, &made).await;
    let head = async || claims(&plane.get("/worker/v1/head").with_token(&worker).send().await);
    let until = async |schema: u16| {
        let came = async {
            loop {
                let head = head().await;
                if head.schema == schema {
                    return head;
                }
            }
        };
        tokio::time::timeout(pretend::wait::BOUND, came).await.expect("a head of that schema")
    };
    let before = until(EMBEDDED_ROUTES).await;
    let objects = objects_of(&plane, &worker, &before).await;
    let Object::Domain(acme) = &objects["domain/acme.example"] else { panic!("{objects:?}") };
    let hosts = |route: &Route| route.hops.iter().map(|hop| hop.host.clone()).collect::<Vec<_>>();
    let embedded = acme.route.as_ref().map(hosts).unwrap();
    assert_eq!((embedded, acme.route_id), (vec!["acme-example.mail.protection.outlook.com".to_owned()], None));
    assert!(!objects.keys().any(|key| key.starts_with("route/")));

    // It is upgraded: nobody is left that needs the older one, and nobody edited anything. Others had time to come.
    plane.clock.advance(std::time::Duration::from_secs(31));
    reads("[2,1]").await;
    let after = until(ROUTES_APART).await;
    assert!(after.at() > before.at());
    let objects = objects_of(&plane, &worker, &after).await;
    let Object::Domain(acme) = &objects["domain/acme.example"] else { panic!("{objects:?}") };
    assert_eq!((&acme.route, acme.route_id.unwrap().to_string()), (&None, route.clone()));
    let Object::Route(object) = &objects[&format!("route/{route}")] else { panic!("{objects:?}") };
    assert_eq!(hosts(&object.for_domain(&acme.name)), ["acme-example.mail.protection.outlook.com"]);

    // An edit of the route moves the route alone.
    let edit = json!({ "kind": "host", "hops": [{ "host": "mx.acme.example", "tls": { "level": "opportunistic" } }] });
    let edited = plane.patch(&format!("/v1/routes/{route}")).json(&edit).send().await;
    let newest = head_with(&plane, &worker, &edited).await;
    let answer = octets(&plane, &worker, &format!("changes?from={}&to={}", after.root, newest.root)).await;
    let (len, rest) = answer.split_first_chunk::<4>().unwrap();
    let (said, objects) = rest.split_at(usize::try_from(u32::from_be_bytes(*len)).unwrap());
    let said = changes::parse(said).unwrap();
    assert_eq!(said.keys().map(|key| &**key).collect::<Vec<_>>(), [format!("route/{route}")]);
    assert_eq!(framed(objects).len(), 1);

    // And back: one of before comes again.
    reads("[1]").await;
    let older = until(EMBEDDED_ROUTES).await;
    let objects = objects_of(&plane, &worker, &older).await;
    let Object::Domain(acme) = &objects["domain/acme.example"] else { panic!("{objects:?}") };
    assert_eq!(acme.route.as_ref().map(hosts).unwrap(), ["mx.acme.example"]);
    // A route that goes takes its object along, in either.
    plane.patch(&format!("/v1/domains/{}", acme.id)).json(&json!({ "route_id": null })).send().await.expect(200);
    reads("[2]").await;
    until(ROUTES_APART).await;
    let gone = plane.delete(&format!("/v1/routes/{route}")).send().await;
    let objects = objects_of(&plane, &worker, &head_with(&plane, &worker, &gone).await).await;
    assert!(!objects.keys().any(|key| key.starts_with("route/")), "{:?}", objects.keys());
}

async fn what_an_older_worker_cannot_read_of_a_tenant_is_left_out_while_it_is_there(plane: Plane) {
    let worker = worker_token(&plane).await;
    let late = (plane.clock.now() + std::time::Duration::from_hours(24)).as_micros();
    let reads = async |schemas: &str| {
        let reads = format!(
            "UPDATE workers SET snapshot_schemas = '{schemas}', last_seen_at = {late};
            UPDATE worker_tokens SET expires_at = {late}"
        );
        plane.tamper(&reads, &reads).await;
    };
    let acme = tenant(&plane, json!({ "name": "Acme" })).await;
    let tenant_as = async |schema: u16| -> Tenant {
        let came = async {
            loop {
                let head = claims(&plane.get("/worker/v1/head").with_token(&worker).send().await);
                if head.schema == schema {
                    return head;
                }
            }
        };
        let head = tokio::time::timeout(pretend::wait::BOUND, came).await.expect("a head of that schema");
        match objects_of(&plane, &worker, &head).await.remove(&format!("tenant/{acme}")) {
            Some(Object::Tenant(tenant)) => tenant,
            other => panic!("{other:?}"),
        }
    };
    let limits = json!({ "max_messages_per_hour": 7, "max_message_size_bytes": 65_536 });
    plane.put(&format!("/v1/tenants/{acme}/limits")).json(&limits).send().await.expect(200);
    let suspend = json!({ "refuse_after_days": 0 });
    let suspended = plane.post(&format!("/v1/tenants/{acme}/suspend")).json(&suspend).send().await;
    head_with(&plane, &worker, &suspended).await;
    let held = tenant_as(TENANTS_HELD).await;
    assert_eq!((held.state, held.refuse_from.is_some()), (TenantState::Suspended, true));
    let limits = Limits { max_messages_per_hour: Some(7), max_message_size_bytes: Some(65_536) };
    assert_eq!(held.limits, limits);
    // Its mail is not taken even so.
    reads("[2,1]").await;
    let older = tenant_as(ROUTES_APART).await;
    assert_eq!((older.state, older.refuse_from, older.limits), (TenantState::Suspended, None, Limits::default()));
    plane.clock.advance(std::time::Duration::from_secs(31));
    reads("[3,2,1]").await;
    assert_eq!(tenant_as(TENANTS_HELD).await, held);
}

async fn a_pack_is_a_whole_subtree_and_what_changed_leads_from_one_tree_to_the_next(plane: Plane) {
    let worker = worker_token(&plane).await;
    let tenant = tenant(&plane, json!({ "name": "Acme" })).await;
    let publish = async |name: &str| {
        let body = json!({ "tenant_id": tenant, "name": name });
        let made = plane.post("/v1/domains").json(&body).send().await;
        head_with(&plane, &worker, &made).await
    };
    let mut heads = Vec::new();
    for name in ["a.example", "b.example", "c.example"] {
        heads.push(publish(name).await);
    }
    // The same object twice: what came later is what holds.
    for sender in ["*@one.example", "*@two.example"] {
        let entry = json!({ "scope": "tenant", "tenant_id": tenant, "kind": "block", "sender": sender });
        let made = plane.post("/v1/list-entries").json(&entry).send().await;
        heads.push(head_with(&plane, &worker, &made).await);
    }
    let (first, last) = (&heads[0], &heads[4]);
    let (before, after) = (objects_of(&plane, &worker, first).await, objects_of(&plane, &worker, last).await);
    let answer = octets(&plane, &worker, &format!("changes?from={}&to={}", first.root, last.root)).await;
    let (len, rest) = answer.split_first_chunk::<4>().unwrap();
    let (said, objects) = rest.split_at(usize::try_from(u32::from_be_bytes(*len)).unwrap());
    let said = changes::parse(said).unwrap();
    let differing: Vec<_> =
        after.iter().filter(|(key, object)| before.get(*key) != Some(object)).map(|(key, _)| key.as_str()).collect();
    assert_eq!(said.keys().map(|key| &**key).collect::<Vec<_>>(), differing);
    let list = objects_of_names(&plane, &worker, said.values().flatten().map(|(name, _)| *name).collect()).await;
    assert!(list.contains(&after[&format!("list/{tenant}/-")]), "{list:?}");
    let sent: Vec<_> = framed(objects).into_iter().map(|(name, _)| name).collect();
    assert_eq!(sent, said.values().flatten().map(|(name, _)| *name).collect::<Vec<_>>());

    // No way back, none from what nobody knows, none for another's; and no pack of what is no node.
    let ask = async |path: String| plane.get(&format!("/worker/v1/{path}")).with_token(&worker).send().await;
    let nowhere = Hash::of(b"nowhere");
    ask(format!("changes?from={}&to={}", last.root, first.root)).await.problem(404, "not_found");
    ask(format!("changes?from={nowhere}&to={}", last.root)).await.problem(404, "not_found");
    ask(format!("packs/{nowhere}")).await.problem(404, "not_found");
    let object = said.values().flatten().next().unwrap().0;
    ask(format!("packs/{object}")).await.problem(404, "not_found");
    ask("packs/nothing".to_owned()).await.problem(404, "not_found");
    ask(format!("changes?from={}", last.root)).await.problem(400, "invalid_query");
    plane.tamper("UPDATE snapshot_changes SET ring = 'canary'", "UPDATE snapshot_changes SET ring = 'canary'").await;
    ask(format!("changes?from={}&to={}", first.root, last.root)).await.problem(404, "not_found");
}
