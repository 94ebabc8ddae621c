//! Certificates of the configuration: shown by name, changed under open sessions, sealed for the pool, and shown to next hops.

use contract::{
    ids,
    snapshot::{
        object::{self, AliasDomain, DomainObject, DomainState, HopTls, Object},
        pool_key::PoolKey,
    },
};
use pretend::{
    ca::{Ca, Certificate},
    client::{Client, Trust, anybody},
    hop::Hop,
};

use super::world::{ANNA, World, message, next_hop, now};
use crate::control::plane::{Lie, domain, id};

fn key(version: u32) -> PoolKey {
    PoolKey::new(version, [u8::try_from(version).unwrap(); 32].into())
}

/// Its object, sealed with a version of the pool's key.
fn sealed(n: u8, tenant: Option<u8>, names: &[&str], certificate: &Certificate, version: u32) -> Object {
    sealed_with(certificate.pem(), n, tenant, names, certificate, version)
}

/// The same, with this chain.
fn sealed_with(
    chain: &str,
    n: u8,
    tenant: Option<u8>,
    names: &[&str],
    certificate: &Certificate,
    version: u32,
) -> Object {
    use rustls_pki_types::{PrivateKeyDer, pem::PemObject};
    let id: ids::CertificateId = id(n);
    let secret = PrivateKeyDer::from_pem_slice(certificate.key_pem().as_bytes()).unwrap();
    let chain = chain.to_owned();
    let key = key(version).seal(&object::Certificate::context(id, &chain), secret.secret_der());
    let names = names.iter().map(|&name| name.to_owned()).collect();
    Object::Certificate(Box::new(object::Certificate {
        id,
        tenant: tenant.map(crate::control::plane::id),
        names,
        chain,
        key,
    }))
}

/// What a sender sees who asks for this name.
async fn shown(world: &World, name: &str) -> Vec<u8> {
    let mut client = greeted(world).await;
    client.start_tls(&Trust::Anybody, name).await.unwrap().peer_certificates[0].to_vec()
}

async fn greeted(world: &World) -> Client {
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client
}

async fn world(more: Vec<Object>, versions: &[u32]) -> World {
    let world = World::with(|_| {}).await;
    world.plane.plan().pool_keys = versions.iter().map(|version| key(*version)).collect();
    let mut world = world;
    world.republish(|plan| plan.more = more).await;
    world
}

#[tokio::test]
async fn a_sender_sees_the_certificate_of_the_name_it_asks_for_then_a_wildcard_then_the_listeners_own() {
    let ca = Ca::new();
    let [exact, wild, other] = [&["mx.acme.example"], &["*.acme.example"], &["mx.other.example"]].map(|n| ca.issue(n));
    let objects = vec![
        sealed(1, Some(4), &["mx.acme.example"], &exact, 1),
        sealed(2, Some(4), &["*.acme.example"], &wild, 1),
        sealed(3, Some(5), &["mx.other.example"], &other, 1),
    ];
    let world = world(objects, &[1]).await;
    let own = shown(&world, "mx.postern.example").await;
    let table: &[(&str, &[u8])] = &[
        ("mx.acme.example", exact.der()),
        ("MX.Acme.Example", exact.der()),
        ("in.acme.example", wild.der()),
        // A wildcard covers one label, and not the name behind it (RFC 6125 §6.4.3).
        ("a.in.acme.example", &own),
        ("acme.example", &own),
        ("mx.other.example", other.der()),
        ("in.other.example", &own),
    ];
    for (name, expected) in table {
        assert!(shown(&world, name).await == *expected, "{name}");
    }
    assert_eq!(world.plane.plan().pool_keys_asked, 1, "the keys are fetched once");
}

#[tokio::test]
async fn a_tenants_certificate_is_shown_within_its_own_active_domains_only_and_there_it_wins() {
    let ca = Ca::new();
    let [acme, thief, house] = [1, 2, 3].map(|_| ca.issue(&["mx.acme.example"]));
    let names = &["mx.acme.example", "mx.nobody.example", "mx.pending.example"][..];
    let pending = DomainObject {
        state: DomainState::Pending { defer_until: now() + std::time::Duration::from_hours(1) },
        ..domain("pending.example", 4)
    };
    let below = DomainObject { id: id(8), ..domain("sub.acme.example", 5) };
    let alias = AliasDomain {
        id: id(7),
        name: "also.example".parse().unwrap(),
        tenant: id(4),
        state: DomainState::Active,
        primary: "acme.example".parse().unwrap(),
        hop_sees: object::AliasDomainHop::AsWritten,
    };
    let theirs = sealed(1, Some(4), &[names, &["a.sub.acme.example", "mx.also.example"]].concat(), &acme, 1);
    let thiefs = sealed(2, Some(5), names, &thief, 1);
    let everybodys = sealed(3, None, names, &house, 1);
    let domains = vec![Object::Domain(Box::new(pending)), Object::Domain(Box::new(below)), Object::AliasDomain(alias)];
    let all = [vec![theirs.clone(), thiefs.clone(), everybodys], domains].concat();
    let mut world = world(all, &[1]).await;
    assert_eq!(shown(&world, "mx.acme.example").await, **acme.der(), "the owner wins");
    assert_eq!(shown(&world, "mx.also.example").await, **acme.der(), "an alias domain is its tenant's too");
    for nobodys in ["mx.nobody.example", "mx.pending.example"] {
        assert_eq!(shown(&world, nobodys).await, **house.der(), "{nobodys}");
    }
    let foreign = shown(&world, "a.sub.acme.example").await;
    assert!(foreign != **acme.der(), "the nearest domain is another tenant's");
    // A wildcard covers the other's domain itself as little.
    let wild = ca.issue(&["*.acme.example"]);
    let theirs = sealed(1, Some(4), &["*.acme.example"], &wild, 1);
    let below = Object::Domain(Box::new(DomainObject { id: id(8), ..domain("sub.acme.example", 5) }));
    world.republish(|plan| plan.more = vec![theirs.clone(), below.clone()]).await;
    assert_eq!(shown(&world, "mx.acme.example").await, **wild.der());
    assert_eq!(shown(&world, "sub.acme.example").await, foreign, "the listener's own");
    let everybodys = sealed(3, None, &["*.acme.example"], &house, 1);
    world.republish(|plan| plan.more = vec![theirs.clone(), below, everybodys]).await;
    assert_eq!(shown(&world, "sub.acme.example").await, **house.der());
    assert_eq!(shown(&world, "mx.acme.example").await, **wild.der());
    // Without the house's: what is another's is not shown, though nobody else has one.
    world.republish(|plan| plan.more = vec![thiefs.clone()]).await;
    assert!(shown(&world, "mx.acme.example").await != **thief.der());
    // The domain moves to the other tenant, and the name with it.
    let moved = domain("moved.example", 4);
    let of_moved = |tenant| sealed(4, Some(tenant), &["mx.moved.example"], &acme, 1);
    world.republish(|plan| plan.more = vec![of_moved(4), Object::Domain(Box::new(moved.clone()))]).await;
    assert_eq!(shown(&world, "mx.moved.example").await, **acme.der());
    let moved = DomainObject { tenant: id(5), ..moved };
    world.republish(|plan| plan.more = vec![of_moved(4), Object::Domain(Box::new(moved))]).await;
    assert!(shown(&world, "mx.moved.example").await != **acme.der());
}

#[tokio::test]
async fn a_certificate_is_replaced_under_open_sessions_and_a_resumed_session_does_not_hide_the_new_one() {
    let ca = Ca::new();
    let [old, new] = [1, 2].map(|_| ca.issue(&["mx.acme.example"]));
    let of = |certificate| vec![sealed(1, Some(4), &["mx.acme.example"], certificate, 1)];
    let mut world = world(of(&old), &[1]).await;
    let mut open = greeted(&world).await;
    let settings = Trust::As(anybody());
    let facts = open.start_tls(&settings, "mx.acme.example").await.unwrap();
    assert_eq!(facts.peer_certificates[0], *old.der());
    open.say("EHLO client.example").await.expect("250");
    world.republish(|plan| plan.more = of(&new)).await;
    open.send_message("x@sender.example", ANNA, &message("one")).await.expect("250");
    // The same settings: they hold tickets of the session before.
    let facts = greeted(&world).await.start_tls(&settings, "mx.acme.example").await.unwrap();
    assert_eq!(facts.peer_certificates[0], *new.der());
    open.send_message("x@sender.example", ANNA, &message("two")).await.expect("250");
    world.republish(|plan| plan.more.clear()).await;
    let gone = greeted(&world).await.start_tls(&settings, "mx.acme.example").await.unwrap();
    assert!(gone.peer_certificates[0] != *new.der() && gone.peer_certificates[0] != *old.der());
    open.send_message("x@sender.example", ANNA, &message("three")).await.expect("250");
}

#[tokio::test]
async fn a_key_that_does_not_open_costs_its_certificate_only_and_is_reported_until_it_does() {
    let ca = Ca::new();
    let [good, later, bent] = ["a", "b", "c"].map(|label| ca.issue(&[&format!("{label}.acme.example")]));
    let Object::Certificate(mut wrong) = sealed(3, Some(4), &["c.acme.example"], &bent, 1) else { panic!() };
    // Another certificate's sealed key in its place.
    let Object::Certificate(other) = sealed(1, Some(4), &["a.acme.example"], &good, 1) else { panic!() };
    wrong.key = other.key.clone();
    let objects = vec![
        Object::Certificate(other),
        sealed(2, Some(4), &["b.acme.example"], &later, 2),
        Object::Certificate(wrong),
    ];
    let mut world = world(objects.clone(), &[1]).await;
    assert_eq!(shown(&world, "a.acme.example").await, **good.der());
    let own = shown(&world, "mx.postern.example").await;
    assert_eq!(shown(&world, "b.acme.example").await, own);
    assert_eq!(shown(&world, "c.acme.example").await, own);
    let errors = world
        .plane
        .until("both errors", |plan| plan.statuses.last().map(|s| s.errors.clone()).filter(|errors| errors.len() == 2))
        .await;
    let keys: Vec<_> = errors.iter().map(|error| error.key.clone()).collect();
    let named = |n: u8| format!("certificate/{}", id::<ids::Certificate>(n));
    assert_eq!(keys, [named(2), named(3)]);
    assert!(errors.iter().all(|error| error.pointer == "/key" && error.tenant == Some(id(4))), "{errors:?}");
    // An edit of something else, and what waits for a key waits on.
    world.republish(|plan| plan.listed.push("eve")).await;
    // A renewal of the head, and the keys are asked for again.
    world.plane.plan().pool_keys.push(key(2));
    world.renew();
    let seen = world
        .plane
        .until("one error less", |plan| plan.statuses.last().filter(|status| status.errors.len() == 1).map(|_| ()));
    seen.await;
    assert_eq!(shown(&world, "b.acme.example").await, **later.der());
    // Replaced by what does not open: the good one goes on being shown.
    let next = ca.issue(&["a.acme.example"]);
    world.republish(|plan| plan.more[0] = sealed(1, Some(4), &["a.acme.example"], &next, 9)).await;
    assert_eq!(shown(&world, "a.acme.example").await, **good.der());
}

#[tokio::test]
async fn keys_of_the_pool_are_believed_only_under_the_root_and_for_the_call_that_asked() {
    let ca = Ca::new();
    let certificate = ca.issue(&["mx.acme.example"]);
    let mut world = World::new().await;
    world.plane.plan().pool_keys = vec![key(1)];
    let own = shown(&world, "mx.postern.example").await;
    for (n, lie) in [Lie::Signer, Lie::Worker, Lie::Call, Lie::Pool, Lie::Bent].into_iter().enumerate() {
        world.plane.plan().pool_keys_lie = Some(lie);
        let n = u8::try_from(n).unwrap();
        world.republish(|plan| plan.more = vec![sealed(n, Some(4), &["mx.acme.example"], &certificate, 1)]).await;
        assert_eq!(shown(&world, "mx.acme.example").await, own, "{lie:?}");
    }
    assert!(world.plane.plan().pool_keys_asked >= 5);
    world.plane.plan().pool_keys_lie = None;
    world.republish(|plan| plan.more = vec![sealed(9, Some(4), &["mx.acme.example"], &certificate, 1)]).await;
    assert_eq!(shown(&world, "mx.acme.example").await, **certificate.der());
}

#[tokio::test]
async fn a_hop_that_demands_a_certificate_sees_the_routes_and_another_route_shares_no_connection() {
    let ca = Ca::new();
    let hop = Hop::start().await;
    hop.offer_tls_to_clients_of(&ca.issue(&["hop.example"]), &ca);
    let [ours, others] = ["ours", "others"].map(|name| ca.issue_client(name));
    let objects = vec![sealed(1, None, &[], &ours, 1), sealed(2, None, &[], &others, 1)];
    let mut world = world(objects.clone(), &[1]).await;
    world.republish(|plan| plan.hops = vec![next_hop(hop.address(), HopTls::Required)]).await;
    let send = async |world: &World, id: &str| {
        let mut client = greeted(world).await;
        client.send_message("x@sender.example", ANNA, &message(id)).await
    };
    assert!(send(&world, "none").await.is("451"), "it shows none");
    world.republish(|plan| plan.certificate = Some(id(1))).await;
    send(&world, "ours").await.expect("250");
    send(&world, "again").await.expect("250");
    world.republish(|plan| plan.certificate = Some(id(2))).await;
    send(&world, "others").await.expect("250");
    let seen: Vec<_> =
        hop.messages().iter().map(|message| message.tls.clone().unwrap().peer_certificates[0].clone()).collect();
    assert_eq!(seen, [ours.der(), ours.der(), others.der()].map(Clone::clone));
    // The same certificate renewed is another one too: connections of before are not used for it.
    let renewed = ca.issue_client("others");
    world.republish(|plan| plan.more[1] = sealed(2, None, &[], &renewed, 1)).await;
    send(&world, "renewed").await.expect("250");
    assert_eq!(hop.messages()[3].tls.clone().unwrap().peer_certificates[0], *renewed.der());
    // Nor where only the chain was mended: the leaf is the same, and what stands behind it is not.
    for (at, chain, certificates) in [(4, renewed.leaf_pem(), 1), (5, renewed.pem(), 2)] {
        world.republish(|plan| plan.more[1] = sealed_with(chain, 2, None, &[], &renewed, 1)).await;
        send(&world, &format!("chain.{certificates}")).await.expect("250");
        assert_eq!(hop.messages()[at].tls.clone().unwrap().peer_certificates.len(), certificates);
    }
}
