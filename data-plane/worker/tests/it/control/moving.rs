//! How a configuration gets to a worker: whole subtrees at the start, what changed after that, and from node to node where a
//! control plane has neither or says what is not so. And routes, which are objects of their own.

use axum::http::StatusCode;
use contract::snapshot::{
    changes,
    object::{Destination, DomainObject, HopTls, NextHop, Route, RouteObject},
    tree::Changes,
};

use super::*;

fn many(domains: u32) -> Vec<Object> {
    let all = (0..domains).map(|n| Object::Domain(Box::new(domain(&format!("d{n}.example"), 4))));
    [installation(), Object::Tenant(tenant(4, None))].into_iter().chain(all).collect()
}

/// What it takes to add this object.
fn added(object: &Object) -> Vec<u8> {
    let piece = piece::encode(object).unwrap();
    let size = u32::try_from(piece.bytes.len()).unwrap();
    changes::encode(&Changes::from([(piece.key.to_string().into(), Some((piece.hash, size)))]))
}

#[tokio::test]
async fn a_cold_start_asks_for_packs_and_an_edit_for_what_changed() {
    let plane = Plane::start().await;
    plane.plan().gives_packs = true;
    let first = plane.publish(1, &many(1_000), now());
    let worker = worker(&plane).await;
    running(&plane, 1).await;
    let asked = |plan: &plane::Plan| (plan.packs_asked, plan.changes_asked, plan.names_asked);
    assert_eq!(asked(&plane.plan()), (16, 0, 1), "the top by its name, all below it as packs");
    assert_eq!(judge(&worker, "a@d999.example"), Reason::NoRoute);
    let more = many(1_001);
    plane.publish_after(&first, 2, &more, added(&more[1_002]));
    running(&plane, 2).await;
    assert_eq!(asked(&plane.plan()), (16, 1, 2), "and of the edit the one object");
    assert_eq!(judge(&worker, "a@d1000.example"), Reason::NoRoute);
    assert_eq!(judge(&worker, "a@d1001.example"), Reason::NotServed);
}

#[tokio::test]
async fn who_lies_about_what_changed_is_asked_for_the_tree_and_octets_bent_in_a_pack_are_refused() {
    let plane = Plane::start().await;
    plane.plan().gives_packs = true;
    plane.plan().bend_objects = true;
    let first = plane.publish(1, &many(1_000), now());
    let worker = worker(&plane).await;
    assert_eq!(refused(&plane).await, "hash_mismatch");
    plane.plan().bend_objects = false;
    running(&plane, 1).await;
    let (more, other) = (many(1_001), Object::Domain(Box::new(domain("other.example", 4))));
    let second = plane.publish_after(&first, 2, &more, added(&other));
    running(&plane, 2).await;
    assert_eq!(
        (judge(&worker, "a@d1000.example"), judge(&worker, "a@other.example")),
        (Reason::NoRoute, Reason::NotServed)
    );
    let third = plane.publish_after(&second, 3, &many(999), vec![0; 64]);
    running(&plane, 3).await;
    assert_eq!(judge(&worker, "a@d1000.example"), Reason::NotServed);
    // Said to have changed, and not to be had: refused as any other head whose parts are missing.
    let missing = added(&other);
    let mut with_other = many(999);
    with_other.push(other);
    plane.plan().changes.clear();
    let fourth = plane.publish_after(&third, 4, &with_other, missing);
    let piece = piece::encode(&with_other[1_001]).unwrap();
    let taken = plane.plan().stored.remove(&piece.hash);
    assert!(plane.plan().changes.contains_key(&(third.root, fourth.root)));
    plane
        .until("it is dangling", |plan| (plan.statuses.last()?.refused.as_ref()?.refusal == "dangling").then_some(()))
        .await;
    plane.plan().stored.extend(taken.map(|bytes| (piece.hash, bytes)));
    running(&plane, 4).await;
    assert_eq!(judge(&worker, "a@other.example"), Reason::NoRoute);
}

fn routed(name: &str) -> Object {
    Object::Domain(Box::new(DomainObject { route_id: Some(id(7)), ..domain(name, 4) }))
}

fn to(destination: Destination) -> Object {
    Object::Route(RouteObject { id: id(7), destination, max_connections: Some(9), certificate: None })
}

fn host(name: &str) -> Destination {
    let host = name.to_owned();
    Destination::Hosts(vec![NextHop { host, mx: false, port: 25, priority: 1, weight: 1, tls: HopTls::None }])
}

fn route_of(worker: &Running, name: &str) -> Option<Route> {
    let Lookup::Served(served) = worker.current().load()?.lookup(&name.parse().unwrap()) else { return None };
    served.route().map(|route| Route::clone(&route))
}

fn hosts(worker: &Running, name: &str) -> Vec<String> {
    route_of(worker, name).into_iter().flat_map(|route| route.hops).map(|hop| hop.host).collect()
}

#[tokio::test]
async fn a_route_is_one_object_whoever_uses_it_and_a_providers_host_is_each_domains_own() {
    let plane = Plane::start().await;
    let with = |route: Option<Object>| {
        let domains = ["a.example", "b.example"].map(routed);
        let above = [installation(), Object::Tenant(tenant(4, None))];
        above.into_iter().chain(domains).chain(route).collect::<Vec<_>>()
    };
    plane.publish(1, &with(Some(to(host("one.example")))), now());
    let worker = worker(&plane).await;
    running(&plane, 1).await;
    let route = route_of(&worker, "b.example").unwrap();
    assert_eq!((route.id, route.max_connections), (id::<contract::ids::Route>(7), Some(9)));
    assert_eq!(
        (hosts(&worker, "a.example"), hosts(&worker, "b.example")),
        (vec!["one.example".to_owned()], vec!["one.example".to_owned()])
    );
    assert_eq!(judge(&worker, "x@a.example"), Reason::None);

    plane.publish(2, &with(Some(to(host("two.example")))), now());
    running(&plane, 2).await;
    assert_eq!(
        (hosts(&worker, "a.example"), hosts(&worker, "b.example")),
        (vec!["two.example".to_owned()], vec!["two.example".to_owned()])
    );

    // It is not there: the last good chain is kept whole, and that is said.
    plane.publish(3, &with(None), now());
    running(&plane, 3).await;
    assert_eq!(hosts(&worker, "a.example"), ["two.example"]);
    let key = format!("route/{}", id::<contract::ids::Route>(7));
    plane
        .until("the error", |plan| plan.statuses.last()?.errors.iter().any(|error| error.key == key).then_some(()))
        .await;

    plane.publish(4, &with(Some(to(Destination::Microsoft365))), now());
    running(&plane, 4).await;
    assert_eq!(hosts(&worker, "a.example"), ["a-example.mail.protection.outlook.com"]);
    assert_eq!(hosts(&worker, "b.example"), ["b-example.mail.protection.outlook.com"]);
    plane.until("no error", |plan| plan.statuses.last()?.errors.is_empty().then_some(())).await;
}

/// Nothing of the domain's own changes when what it waited for comes.
#[tokio::test]
async fn a_domain_that_waited_for_its_tenant_is_served_once_it_comes() {
    let plane = Plane::start().await;
    let (old, new) = (Object::Tenant(tenant(4, None)), Object::Tenant(tenant(5, None)));
    let of = |tenant| Object::Domain(Box::new(domain("acme.example", tenant)));
    let first = plane.publish(1, &[installation(), of(4)], now());
    let worker = worker(&plane).await;
    running(&plane, 1).await;
    assert_eq!(judge(&worker, "a@acme.example"), Reason::DomainUnavailable);
    plane.publish_after(&first, 2, &[installation(), of(4), old.clone()], added(&old));
    running(&plane, 2).await;
    assert_eq!(judge(&worker, "a@acme.example"), Reason::NoRoute);
    // It goes to a tenant that is not there yet, and what was there before suspends nobody any more.
    let served = |worker: &Running| {
        let index = worker.current().load().expect("an index");
        let Lookup::Served(served) = index.lookup(&"acme.example".parse().unwrap()) else { panic!("served") };
        served.tenant()
    };
    plane.publish(3, &[installation(), of(5), old.clone()], now());
    running(&plane, 3).await;
    assert_eq!(served(&worker), id(4), "the last good chain");
    plane.publish(4, &[installation(), of(5), old, new], now());
    running(&plane, 4).await;
    assert_eq!(served(&worker), id(5));
}

/// A balancer that lets only some paths through, a call that fails by itself: names do for all of it.
#[tokio::test]
async fn where_packs_and_changes_cannot_be_had_the_tree_is_asked_for() {
    for status in
        [StatusCode::NOT_FOUND, StatusCode::FORBIDDEN, StatusCode::METHOD_NOT_ALLOWED, StatusCode::BAD_GATEWAY]
    {
        let plane = Plane::start().await;
        plane.plan().gives_packs = true;
        plane.plan().no_way_to_packs_or_changes = Some(status);
        let first = plane.publish(1, &many(400), now());
        let worker = worker(&plane).await;
        running(&plane, 1).await;
        let more = many(401);
        plane.publish_after(&first, 2, &more, added(&more[402]));
        running(&plane, 2).await;
        assert_eq!(judge(&worker, "a@d400.example"), Reason::NoRoute, "{status}");
        assert!(plane.plan().packs_asked > 0 && plane.plan().changes_asked > 0, "{status}");
    }
}

/// Whoever answers with something else is not asked the same for ever: the newest head may lead elsewhere.
#[tokio::test]
async fn what_was_not_asked_for_is_no_answer() {
    let plane = Plane::start().await;
    plane.plan().gives_others = true;
    plane.publish(1, &small(), now());
    let worker = worker(&plane).await;
    plane.until("it asks for a head again", |plan| (plan.heads_asked >= 3).then_some(())).await;
    assert!(worker.current().load().is_none());
    plane.plan().gives_others = false;
    running(&plane, 1).await;
}
