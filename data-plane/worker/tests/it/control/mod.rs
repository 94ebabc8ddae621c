//! The link to the control plane: heads, objects, events.

mod moving;
pub(crate) mod plane;

use std::time::Duration;

use contract::{
    Clock, Entropy, Micros,
    events::Event,
    mail::{LocalPart, ReversePath},
    policy::{Disposition, Known, Reason, lists},
    snapshot::{
        head::Head,
        object::{HashSet, List, ListScope, Object, RecipientRule, Recipients, ShardPrefix},
        piece,
    },
};
use plane::{Plane, domain, id, installation, tenant};
use worker::{
    Config, Deps, Running,
    index::{Asked, Lookup},
};

fn now() -> Micros {
    pretend::clock::system_clock().now()
}

fn deps() -> Deps {
    Deps { clock: pretend::clock::system_clock(), entropy: pretend::clock::entropy(), metrics: None }
}

async fn worker(plane: &Plane) -> Running {
    worker_with(plane, deps(), |_| {}).await
}

async fn worker_with(plane: &Plane, deps: Deps, change: impl FnOnce(&mut Config)) -> Running {
    let mut config = Config {
        control_plane: format!("http://{}", plane.address).parse().unwrap(),
        join_token: Some(plane.join_token()),
        ..Config::default()
    };
    config.http.listen = ([127, 0, 0, 1], 0).into();
    config.smtp.listen = vec![([127, 0, 0, 1], 0).into()];
    config.dns.servers = vec![([127, 0, 0, 1], 9).into()];
    change(&mut config);
    worker::start(config, deps).await.unwrap()
}

fn small() -> Vec<Object> {
    vec![installation(), Object::Tenant(tenant(4, None)), Object::Domain(Box::new(domain("acme.example", 4)))]
}

async fn running(plane: &Plane, version: u64) {
    let what = format!("version {version} running");
    plane
        .until(&what, |plan| {
            plan.statuses.iter().any(|status| status.running.is_some_and(|at| at.version == version)).then_some(())
        })
        .await;
}

async fn refused(plane: &Plane) -> String {
    plane.until("a refusal", |plan| plan.statuses.last()?.refused.clone()).await.refusal
}

fn judge(worker: &Running, address: &str) -> Reason {
    let index = worker.current().load().expect("an index");
    let (local, name) = address.split_once('@').unwrap();
    let asked = Asked {
        tls: None,
        client: "192.0.2.1".parse().unwrap(),
        sender: &"x@bad.example".parse::<ReversePath>().unwrap(),
        sender_null_mx: Known::Yes(false),
        source_route: false,
        call_out: None,
        now: now(),
    };
    index.lookup(&name.parse().unwrap()).judge(&local.parse::<LocalPart>().unwrap(), &asked).reason
}

#[tokio::test]
async fn a_worker_enrols_takes_a_snapshot_and_follows_edits() {
    let plane = Plane::start().await;
    plane.publish(1, &small(), now());
    let worker = worker(&plane).await;
    running(&plane, 1).await;
    assert_eq!(judge(&worker, "a@acme.example"), Reason::NoRoute);
    assert_eq!(judge(&worker, "a@other.example"), Reason::NotServed);
    let mut more = small();
    more.push(Object::Domain(Box::new(domain("other.example", 4))));
    plane.publish(2, &more, now());
    running(&plane, 2).await;
    assert_eq!(judge(&worker, "a@other.example"), Reason::NoRoute);
    assert_eq!(plane.plan().enrolments, 1);
}

#[tokio::test]
async fn heads_that_must_not_be_taken_are_refused_by_name_and_the_old_one_stays() {
    let plane = Plane::start().await;
    let good = plane.publish(5, &small(), now());
    let worker = worker(&plane).await;
    running(&plane, 5).await;
    let long_ago = Micros::from_secs(1_000);
    let cases = [
        ("rolled_back", plane.sign(&Head { version: 4, ..good.clone() })),
        ("forked", plane.sign(&Head { root: contract::snapshot::hash::Hash::of(b"x"), ..good.clone() })),
        ("wrong_audience", plane.sign(&Head { version: 6, pool: id(8), ..good.clone() })),
        ("expired", plane.sign(&Head { version: 6, expires_at: long_ago, ..good.clone() })),
        ("unknown_schema", plane.sign(&Head { version: 6, schema: 99, ..good.clone() })),
        ("dangling", plane.sign(&Head { version: 6, root: contract::snapshot::hash::Hash::of(b"y"), ..good.clone() })),
        ("malformed", "a.b.c".to_owned()),
        ("oversize", "a".repeat(16_385)),
    ];
    for (name, jws) in cases {
        plane.offer(jws);
        plane
            .until(name, |plan| {
                let refused = plan.statuses.last()?.refused.as_ref()?;
                (refused.refusal == name).then_some(())
            })
            .await;
        assert_eq!(judge(&worker, "a@acme.example"), Reason::NoRoute, "after {name}");
    }
    plane.publish(7, &small(), now());
    running(&plane, 7).await;
}

#[tokio::test]
async fn bytes_bent_on_the_way_are_refused_and_taken_once_they_come_right() {
    let plane = Plane::start().await;
    plane.plan().bend_objects = true;
    plane.publish(1, &small(), now());
    let worker = worker(&plane).await;
    assert_eq!(refused(&plane).await, "hash_mismatch");
    assert!(worker.current().load().is_none());
    plane.plan().bend_objects = false;
    running(&plane, 1).await;
}

#[tokio::test]
async fn a_domain_keeps_its_last_good_chain_whole_when_its_tenant_cannot_be_read() {
    let plane = Plane::start().await;
    let mut blocking = tenant(4, None);
    blocking.list = vec![ShardPrefix::ALL];
    let entry = lists::Entry {
        id: id(7),
        kind: lists::ListKind::Block,
        subject: lists::Subject::Sender("*@bad.example".parse().unwrap()),
        recipient: None,
        expires_at: None,
    };
    let list = List { scope: ListScope::Tenant(id(4)), prefix: ShardPrefix::ALL, entries: vec![entry] };
    let objects = [
        installation(),
        Object::Tenant(blocking),
        Object::List(list),
        Object::Domain(Box::new(domain("acme.example", 4))),
    ];
    let mut stored: Vec<_> = objects
        .iter()
        .map(|object| {
            let piece = piece::encode(object).unwrap();
            (piece.key.to_string(), piece.bytes)
        })
        .collect();
    plane.publish_raw(1, stored.clone(), now());
    let worker = worker(&plane).await;
    running(&plane, 1).await;
    assert_eq!(judge(&worker, "a@acme.example"), Reason::NoRoute);
    // The tenant's object is damaged at its origin, the domain's own is a new one without mail, and another domain is
    // new altogether: neither is seen without its tenant.
    stored[1].1 = zstd::bulk::compress(b"{}", 3).unwrap();
    let mut changed = domain("acme.example", 4);
    changed.recipients = RecipientRule::Listed { shards: vec![] };
    stored[3].1 = piece::encode(&Object::Domain(Box::new(changed))).unwrap().bytes;
    stored.push((
        "domain/new.example".to_owned(),
        piece::encode(&Object::Domain(Box::new(domain("new.example", 4)))).unwrap().bytes,
    ));
    plane.publish_raw(2, stored, now());
    running(&plane, 2).await;
    assert_eq!(judge(&worker, "a@acme.example"), Reason::NoRoute, "the old domain under the old tenant");
    assert_eq!(judge(&worker, "a@new.example"), Reason::DomainUnavailable, "451, never 550");
    let errors = plane.until("errors", |plan| plan.statuses.last().map(|status| status.errors.clone())).await;
    assert!(errors.iter().any(|error| error.key.starts_with("tenant/")), "{errors:?}");
}

#[tokio::test]
async fn an_edit_of_a_tenant_folds_its_whole_subtree_again() {
    let plane = Plane::start().await;
    let objects = |suspended: bool| {
        let mut top = tenant(4, None);
        if suspended {
            top.state = contract::snapshot::object::TenantState::Suspended;
        }
        vec![
            installation(),
            Object::Tenant(top),
            Object::Tenant(tenant(5, Some(4))),
            Object::Domain(Box::new(domain("below.example", 5))),
        ]
    };
    plane.publish(1, &objects(false), now());
    let worker = worker(&plane).await;
    running(&plane, 1).await;
    assert_eq!(judge(&worker, "a@below.example"), Reason::NoRoute);
    plane.publish(2, &objects(true), now());
    running(&plane, 2).await;
    assert_eq!(judge(&worker, "a@below.example"), Reason::TenantSuspended);
    plane.publish(3, &objects(false), now());
    running(&plane, 3).await;
    assert_eq!(judge(&worker, "a@below.example"), Reason::NoRoute);
}

#[tokio::test]
async fn listed_recipients_take_their_details_and_nobody_else() {
    let plane = Plane::start().await;
    let mut listed = domain("acme.example", 4);
    listed.recipients = RecipientRule::Listed { shards: vec![ShardPrefix::ALL] };
    listed.route =
        Some(contract::snapshot::object::Route { id: id(6), hops: vec![], max_connections: None, certificate: None });
    let hash = |local: &str| listed.hash_key.hash(&local.parse().unwrap());
    let shard = Recipients {
        domain: listed.name.clone(),
        prefix: ShardPrefix::ALL,
        hashes: HashSet::new(vec![hash("anna"), hash("per%cent")]),
    };
    let objects =
        [installation(), Object::Tenant(tenant(4, None)), Object::Domain(Box::new(listed)), Object::Recipients(shard)];
    plane.publish(1, &objects, now());
    let worker = worker(&plane).await;
    running(&plane, 1).await;
    let table = [
        ("anna@acme.example", Reason::None),
        ("ANNA@acme.example", Reason::None),
        ("anna+news@acme.example", Reason::None),
        ("bert@acme.example", Reason::UnknownRecipient),
        ("bert+news@acme.example", Reason::UnknownRecipient),
        ("postmaster@acme.example", Reason::None),
        ("per%cent@acme.example", Reason::None),
        ("anna%elsewhere.example@acme.example", Reason::RoutingCharacter),
    ];
    for (address, reason) in table {
        assert_eq!(judge(&worker, address), reason, "{address}");
    }
}

fn transaction(n: u8) -> contract::events::Transaction {
    contract::events::Transaction {
        id: id(n),
        tenant: Some(id(4)),
        started_at: now(),
        ended_at: now(),
        client: contract::events::Client {
            address: "192.0.2.1".to_owned(),
            helo: None,
            protocol: "SMTP".to_owned(),
            tls: None,
        },
        reverse_path: String::new(),
        message_id: None,
        subject: None,
        size_bytes: Some(1),
        disposition: Disposition::Accepted,
        rule: contract::policy::Rule::Default,
        reason: Reason::None,
        reply: "250".to_owned(),
        recipients: vec![],
        hop: None,
        timings: contract::events::Timings::default(),
        probable_duplicate: false,
        config: "1.1".to_owned(),
        dialogue: None,
    }
}

fn transactions(events: &[Event]) -> Vec<contract::Id<contract::ids::Message>> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Transaction(transaction) => Some(transaction.id),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn every_event_arrives_once_though_answers_are_lost_and_servers_are_busy() {
    let plane = Plane::start().await;
    plane.plan().lose_acks = 2;
    plane.plan().refuse_batches = 2;
    plane.publish(1, &small(), now());
    let worker = worker(&plane).await;
    (0..50).for_each(|n| worker.events().transaction(transaction(n)));
    plane.until("fifty events", |plan| (transactions(&plan.events).len() >= 50).then_some(())).await;
    (50..60).for_each(|n| worker.events().transaction(transaction(n)));
    worker.stop().await;
    let seen = transactions(&plane.plan().events);
    let expected: Vec<_> = (0..60).map(id).collect();
    assert_eq!(seen, expected);
    assert!(matches!(plane.plan().events.last(), Some(Event::Closing)));
}

#[tokio::test]
async fn a_control_plane_that_forgot_the_stream_gets_a_new_one_with_a_gap() {
    let plane = Plane::start().await;
    plane.publish(1, &small(), now());
    let worker = worker(&plane).await;
    worker.events().transaction(transaction(1));
    plane.until("the first", |plan| (transactions(&plan.events).len() == 1).then_some(())).await;
    plane.plan().forget_streams = true;
    worker.events().transaction(transaction(2));
    let gap = plane
        .until("a gap", |plan| {
            plan.events.iter().find_map(|event| match event {
                Event::Gap(gap) => Some(*gap),
                _ => None,
            })
        })
        .await;
    assert_eq!(gap.events, 1);
    let followed = plane.plan().followed.clone();
    assert!(
        matches!(&followed[..], [one] if plane.plan().cursors.contains_key(&one.0) && one.1.len() == 1),
        "{followed:?}"
    );
    worker.events().transaction(transaction(3));
    plane.until("the third", |plan| transactions(&plan.events).contains(&id(3)).then_some(())).await;
}

#[tokio::test]
async fn a_wall_clock_that_jumps_does_not_make_the_configuration_old() {
    let plane = Plane::start().await;
    let jumped = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let clock = Clock::new({
        let (real, jumped) = (pretend::clock::system_clock(), std::sync::Arc::clone(&jumped));
        move || {
            let years = if jumped.load(std::sync::atomic::Ordering::SeqCst) { 3 * 365 } else { 0 };
            real.now() + Duration::from_secs(years * 24 * 3600)
        }
    });
    plane.publish(1, &small(), now());
    let entropy: Entropy = pretend::clock::entropy();
    let worker = worker_with(&plane, Deps { clock, entropy, metrics: None }, |_| {}).await;
    running(&plane, 1).await;
    jumped.store(true, std::sync::atomic::Ordering::SeqCst);
    assert!(worker.current().age().unwrap() < Duration::from_mins(10));
    // A head that is new by the real clock has expired by this one: refused, and the old one stays.
    plane.publish(2, &small(), now());
    assert_eq!(refused(&plane).await, "expired");
    assert!(matches!(worker.current().load().unwrap().lookup(&"acme.example".parse().unwrap()), Lookup::Served(_)));
    // Once the clock is right, the very same head is good: nobody has to sign it anew.
    jumped.store(false, std::sync::atomic::Ordering::SeqCst);
    running(&plane, 2).await;
}

#[tokio::test]
async fn a_join_token_for_another_root_key_is_not_believed() {
    let plane = Plane::start().await;
    plane.publish(1, &small(), now());
    let mut token: contract::worker_api::JoinToken = {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
        let text = plane.join_token();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text.strip_prefix("pjt_").unwrap()).unwrap()).unwrap()
    };
    token.root_sha256 = contract::snapshot::hash::Hash::of(b"another root");
    let worker = worker_with(&plane, deps(), |config| {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
        config.join_token = Some(format!("pjt_{}", URL_SAFE_NO_PAD.encode(serde_json::to_vec(&token).unwrap())));
    })
    .await;
    plane.until("three enrolments", |plan| (plan.enrolments >= 3).then_some(())).await;
    assert!(worker.current().load().is_none());
}

#[tokio::test]
async fn a_join_token_that_cannot_be_read_is_named_without_being_shown() {
    let plane = Plane::start().await;
    for (token, words) in
        [(None, "no join token"), (Some("pjt_%%%"), "cannot be read"), (Some("hello"), "begin with pjt_")]
    {
        let config = Config {
            join_token: token.map(str::to_owned),
            control_plane: format!("http://{}", plane.address).parse().unwrap(),
            ..Config::default()
        };
        let error = worker::start(config, deps()).await.unwrap_err().to_string();
        assert!(error.contains(words) && !error.contains("%%%"), "{error}");
    }
}

#[tokio::test]
async fn one_that_just_started_takes_only_a_head_that_was_signed_for_its_question() {
    let plane = Plane::start().await;
    plane.plan().replays = true;
    plane.publish(1, &small(), now());
    let worker = worker(&plane).await;
    assert_eq!(refused(&plane).await, "not_fresh");
    assert!(worker.current().load().is_none());
    plane.plan().replays = false;
    running(&plane, 1).await;
    // From then on it has a memory, and what everybody gets will do.
    plane.plan().replays = true;
    plane.publish(2, &small(), now());
    running(&plane, 2).await;
}

#[tokio::test]
async fn a_control_plane_that_knows_no_nonces_is_believed_as_before() {
    let plane = Plane::start().await;
    plane.plan().knows_no_nonces = true;
    plane.publish(1, &small(), now());
    let _worker = worker(&plane).await;
    running(&plane, 1).await;
}
