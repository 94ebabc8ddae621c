//! The trace as people search it, and what was counted: events come in by the worker API, answers go out by the REST API.

use std::time::Duration;

use contract::{
    Id, Micros,
    events::{Batch, Client, Counters, Event, RecipientOutcome, SCHEMA, Timings, Transaction},
    policy::{Disposition, Reason, Rule},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    doors::worker_token,
    harness::{EMAIL, PASSWORD, Plane, on_both},
    people::{admin, grant, person},
};

on_both! {
    messages_are_found_by_subtree_rule_and_subject
    pages_of_a_search_follow_each_other_without_a_hole
    what_is_counted_is_shown_by_hour_and_day_and_to_nobody_else
    what_is_counted_is_asked_for_in_good_order
    a_stream_that_goes_on_with_another_leaves_no_second_gap
    what_is_older_than_it_is_kept_is_swept
    everybody_finds_their_own_share_of_the_trace_in_one_order
}

struct World {
    plane: Plane,
    worker: String,
    /// Of the next message.
    next: u64,
}

impl World {
    async fn new(plane: Plane) -> Self {
        let worker = worker_token(&plane).await;
        Self { plane, worker, next: 1 }
    }

    async fn tenant(&self, name: &str, kind: &str, parent: Option<&str>) -> String {
        let body = json!({ "name": name, "kind": kind, "parent_id": parent });
        self.plane.post("/v1/tenants").json(&body).send().await.expect(201)["id"].as_str().unwrap().to_owned()
    }

    fn message(&mut self, tenant: Option<&str>) -> Transaction {
        self.next += 1;
        let (now, n) = (self.plane.clock.now(), self.next.to_be_bytes());
        let mut random = [0; 10];
        random[2..].copy_from_slice(&n);
        Transaction {
            id: Id::new(now, random),
            tenant: tenant.map(|id| id.parse().unwrap()),
            started_at: now,
            ended_at: now,
            client: Client { address: "192.0.2.1".to_owned(), helo: None, protocol: "ESMTP".to_owned(), tls: None },
            reverse_path: "x@sender.example".to_owned(),
            message_id: None,
            subject: None,
            size_bytes: Some(10),
            disposition: Disposition::Accepted,
            rule: Rule::Default,
            reason: Reason::None,
            reply: "250 2.0.0 Ok".to_owned(),
            recipients: vec![recipient("Anna@acme.example"), recipient("anna@acme.example")],
            hop: None,
            timings: Timings::default(),
            probable_duplicate: false,
            config: "1.1".to_owned(),
            dialogue: None,
        }
    }

    async fn push(&self, stream: Uuid, first_seq: u64, follows: &[Uuid], events: Vec<Event>) {
        let events = events.iter().map(|event| serde_json::to_value(event).unwrap()).collect();
        let batch = Batch { schema: SCHEMA, stream, first_seq, follows: follows.to_vec(), events };
        let body = serde_json::to_value(batch).unwrap();
        let pushed = self.plane.post("/worker/v1/events").with_token(&self.worker).json(&body).send().await;
        assert_eq!(pushed.status, 200, "{}", pushed.text);
    }

    /// Ids of the messages that a search finds, over all its pages.
    async fn found(&self, query: &str) -> Vec<String> {
        self.found_after(query, None).await
    }

    async fn found_after(&self, query: &str, mut cursor: Option<String>) -> Vec<String> {
        let mut found = Vec::new();
        loop {
            let after = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            let page = self.plane.get(&format!("/v1/messages?{query}{after}")).send().await.expect(200);
            found.extend(page["data"].as_array().unwrap().iter().map(|m| m["id"].as_str().unwrap().to_owned()));
            cursor = page["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                return found;
            }
        }
    }

    async fn get(&self, path: &str) -> Value {
        self.plane.get(path).send().await.expect(200)
    }
}

fn recipient(address: &str) -> RecipientOutcome {
    RecipientOutcome {
        address: address.to_owned(),
        domain: None,
        disposition: Disposition::Accepted,
        rule: Rule::Default,
        reason: Reason::None,
        entry: None,
        reply: "250 2.1.5 Ok".to_owned(),
        hop_reply: None,
        probable_duplicate: false,
    }
}

fn transaction(transaction: Transaction) -> Event {
    Event::Transaction(Box::new(transaction))
}

async fn messages_are_found_by_subtree_rule_and_subject(plane: Plane) {
    let mut world = World::new(plane).await;
    let provider = world.get("/v1/tenants").await["data"][0]["id"].as_str().unwrap().to_owned();
    let one = world.tenant("one", "msp", None).await;
    let two = world.tenant("two", "msp", None).await;
    let of_one = world.tenant("of one", "customer", Some(&one)).await;
    let of_two = world.tenant("of two", "customer", Some(&two)).await;
    let alone = world.tenant("alone", "customer", None).await;
    let mut events = Vec::new();
    let mut ids = Vec::new();
    for tenant in [Some(&one), Some(&of_one), Some(&of_two), Some(&alone), None] {
        let mut message = world.message(tenant.map(String::as_str));
        if tenant == Some(&of_one) {
            message.subject = Some("Your\t INVOICE ".to_owned());
            message.rule = Rule::List;
            message.disposition = Disposition::Refused;
        }
        ids.push(message.id.to_string());
        events.push(transaction(message));
    }
    world.push(Uuid::from_u128(1), 1, &[], events).await;
    let [own, below, other, single, nobodys] = <[String; 5]>::try_from(ids).unwrap();
    let newest_first = |ids: &[&String]| ids.iter().rev().map(|id| (*id).clone()).collect::<Vec<_>>();
    for (query, wanted) in [
        (String::new(), vec![&own, &below, &other, &single, &nobodys]),
        (format!("subtree_of={provider}"), vec![&own, &below, &other, &single]),
        (format!("subtree_of={one}"), vec![&own, &below]),
        (format!("subtree_of={two}"), vec![&other]),
        (format!("subtree_of={of_one}"), vec![&below]),
        (format!("subtree_of={alone}"), vec![&single]),
        (format!("subtree_of={one}&tenant_id={of_one}"), vec![&below]),
        (format!("subtree_of={one}&tenant_id={of_two}"), vec![]),
        (format!("subtree_of={alone}&tenant_id={of_two}"), vec![]),
        (format!("subtree_of={provider}&tenant_id={of_two}"), vec![&other]),
        ("subtree_of=ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f".to_owned(), vec![]),
        (format!("tenant_id={one}"), vec![&own]),
        ("subject=your%20invoice".to_owned(), vec![&below]),
        (format!("subject=Your+Invoice&subtree_of={two}"), vec![]),
        ("subject=your".to_owned(), vec![]),
        ("rule=list".to_owned(), vec![&below]),
        ("rule=list&disposition=accepted".to_owned(), vec![]),
        ("disposition=refused".to_owned(), vec![&below]),
        (format!("recipient=ANNA@acme.example&subtree_of={one}"), vec![&own, &below]),
        ("recipient=anna@acme.example&sender=X@sender.example&rule=list".to_owned(), vec![&below]),
        (format!("sender=x@sender.example&subtree_of={two}"), vec![&other]),
        ("sender=".to_owned(), vec![]),
    ] {
        assert_eq!(world.found(&query).await, newest_first(&wanted), "{query}");
    }
    let shown = world.get("/v1/messages?subject=your+invoice").await;
    assert_eq!(shown["data"][0]["subject"], "Your\t INVOICE ");
    for (query, pointer) in [("rule=whim", "?rule"), ("subtree_of=dom_1", "?subtree_of")] {
        let reply = world.plane.get(&format!("/v1/messages?{query}")).send().await;
        reply.problem(400, "invalid_query");
        assert_eq!(reply.pointers(), [pointer]);
    }
}

async fn pages_of_a_search_follow_each_other_without_a_hole(plane: Plane) {
    let mut world = World::new(plane).await;
    let acme = world.tenant("acme", "customer", None).await;
    let mut ids = Vec::new();
    for seq in 1..=20 {
        let message = world.message(Some(&acme));
        ids.push(message.id.to_string());
        world.push(Uuid::from_u128(1), seq, &[], vec![transaction(message)]).await;
        // Some began in the same microsecond.
        if seq % 3 == 0 {
            world.plane.clock.advance(Duration::from_millis(1));
        }
    }
    ids.reverse();
    for query in ["", "recipient=anna@acme.example&", "sender=x@sender.example&", "rule=default&"] {
        assert_eq!(world.found(&format!("{query}limit=3")).await, ids, "{query}");
    }
    assert_eq!(world.found(&format!("subtree_of={acme}&limit=20")).await, ids);
    // What comes late belongs to its time, and makes nothing of a page twice.
    let page = world.get("/v1/messages?limit=5").await;
    let mut late = world.message(Some(&acme));
    late.started_at = Micros::from_micros(late.started_at.as_micros() - 60_000_000);
    let late_id = late.id.to_string();
    world.push(Uuid::from_u128(2), 1, &[], vec![transaction(late)]).await;
    let rest = world.found_after("limit=5", page["next_cursor"].as_str().map(str::to_owned)).await;
    assert_eq!(rest, [&ids[5..], &[late_id]].concat());
}

fn counted(tenant: &str, domain: &str, at: Micros, accepted: u64) -> Event {
    Event::Counters(Counters {
        from: at,
        to: at,
        tenant: Some(tenant.parse().unwrap()),
        domain: Some(domain.parse().unwrap()),
        accepted,
        refused: 2,
        deferred: 1,
        bytes: accepted * 10,
    })
}

async fn what_is_counted_is_shown_by_hour_and_day_and_to_nobody_else(plane: Plane) {
    let world = World::new(plane).await;
    let one = world.tenant("one", "msp", None).await;
    let of_one = world.tenant("of one", "customer", Some(&one)).await;
    let other = world.tenant("other", "customer", None).await;
    let mut domains = Vec::new();
    for (tenant, name) in [(&of_one, "a.example"), (&other, "b.example")] {
        let body = json!({ "tenant_id": tenant, "name": name });
        domains.push(world.plane.post("/v1/domains").json(&body).send().await.expect(201)["id"].clone());
    }
    let [a, b] = [0, 1].map(|at| domains[at].as_str().unwrap().to_owned());
    // The middle of an hour, and of a day of UTC.
    let noon = world.plane.clock.now().as_secs().div_euclid(86_400) * 86_400 + 43_200 + 1_800 - 86_400;
    let hours_ago = |n: i64| Micros::from_secs(noon - n * 3_600);
    let events = vec![
        counted(&of_one, &a, hours_ago(0), 5),
        counted(&of_one, &a, hours_ago(0), 6),
        counted(&of_one, &a, hours_ago(2), 7),
        counted(&other, &b, hours_ago(0), 1_000),
    ];
    world.push(Uuid::from_u128(1), 1, &[], events.clone()).await;
    // The same bytes again count once.
    world.push(Uuid::from_u128(1), 1, &[], events).await;
    let time = |at: Micros| {
        let at = time::OffsetDateTime::from_unix_timestamp(at.as_secs()).unwrap();
        at.format(&time::format_description::well_known::Rfc3339).unwrap()
    };
    let span = format!("from={}&to={}", time(hours_ago(3)), time(hours_ago(-1)));
    let by_hour = world.get(&format!("/v1/domains/{a}/statistics?{span}")).await;
    let steps: Vec<_> = by_hour["data"].as_array().unwrap().iter().map(|step| step["accepted"].clone()).collect();
    assert_eq!(steps, [json!(7), json!(11)], "{by_hour}");
    assert_eq!(by_hour["total"], json!({ "accepted": 18, "refused": 6, "deferred": 3, "bytes": 180 }));
    assert_eq!(by_hour["data"][1]["start"], time(Micros::from_secs(noon - 1_800)));
    let by_day = world.get(&format!("/v1/tenants/{one}/statistics?{span}&step=day")).await;
    assert_eq!((&by_day["total"], by_day["data"].as_array().unwrap().len()), (&by_hour["total"], 1), "{by_day}");
    assert_eq!(by_day["step"], "day");
    let others = world.get(&format!("/v1/tenants/{other}/statistics?{span}")).await;
    assert_eq!(others["total"]["accepted"], 1_000);
    // A span ends before its end.
    let early = format!("from={}&to={}", time(hours_ago(3)), time(Micros::from_secs(noon - 1_800)));
    assert_eq!(world.get(&format!("/v1/domains/{a}/statistics?{early}")).await["total"]["accepted"], 7);
}

async fn what_is_counted_is_asked_for_in_good_order(plane: Plane) {
    let acme = plane.post("/v1/tenants").json(&json!({ "name": "acme" })).send().await.expect(201);
    let path = format!("/v1/tenants/{}/statistics", acme["id"].as_str().unwrap());
    let nothing = plane.get(&path).send().await.expect(200);
    assert_eq!((&nothing["data"], &nothing["total"]["accepted"]), (&json!([]), &json!(0)));
    for (query, pointer) in [
        ("from=2027-01-01T00:00:00Z&to=2027-01-01T00:00:00Z", "?to"),
        ("from=2027-01-01T00:00:00Z&to=2027-03-01T00:00:00Z", "?from"),
        ("from=2020-01-01T00:00:00Z&to=2027-03-01T00:00:00Z&step=day", "?from"),
        ("step=week", "?step"),
        ("from=yesterday", "?from"),
    ] {
        let reply = plane.get(&format!("{path}?{query}")).send().await;
        reply.problem(400, "invalid_query");
        assert_eq!(reply.pointers(), [pointer], "{query}");
    }
    for unknown in ["tenants/ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f", "domains/dom_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f"] {
        plane.get(&format!("/v1/{unknown}/statistics")).send().await.problem(404, "not_found");
    }
}

async fn a_stream_that_goes_on_with_another_leaves_no_second_gap(plane: Plane) {
    let mut world = World::new(plane).await;
    let [first, second, killed] = [1, 2, 3].map(Uuid::from_u128);
    let one = transaction(world.message(None));
    world.push(first, 1, &[], vec![one]).await;
    let gap = contract::events::Gap { from: world.plane.clock.now(), to: world.plane.clock.now(), events: 1 };
    let two = transaction(world.message(None));
    // It names itself as well, which changes nothing.
    world.push(second, 1, &[first, second], vec![Event::Gap(gap), two, Event::Closing]).await;
    let three = transaction(world.message(None));
    world.push(killed, 1, &[], vec![three]).await;
    world.plane.clock.advance(Duration::from_secs(40));
    world.plane.run_jobs().await;
    let gaps = world.get("/v1/gaps").await;
    let seen: Vec<_> =
        gaps["data"].as_array().unwrap().iter().map(|gap| (gap["kind"].clone(), gap["stream"].clone())).collect();
    assert_eq!(seen, [(json!("ended"), json!(killed)), (json!("dropped"), json!(second))]);
    // One that was thought to have ended, and is gone on with after all.
    world.plane.clock.advance(Duration::from_secs(1));
    let four = transaction(world.message(None));
    world.push(Uuid::from_u128(4), 1, &[killed], vec![four, Event::Closing]).await;
    let gaps = world.get("/v1/gaps").await;
    assert_eq!(gaps["data"].as_array().unwrap().len(), 1, "{gaps}");
}

async fn what_is_older_than_it_is_kept_is_swept(plane: Plane) {
    let mut world = World::new(plane).await;
    let acme = world.tenant("acme", "customer", None).await;
    let body = json!({ "tenant_id": acme, "name": "acme.example" });
    let domain = world.plane.post("/v1/domains").json(&body).send().await.expect(201)["id"].clone();
    let (at, message) = (world.plane.clock.now(), world.message(Some(&acme)));
    let events = vec![transaction(message), counted(&acme, domain.as_str().unwrap(), at, 3)];
    world.push(Uuid::from_u128(1), 1, &[], events).await;
    let state = async |days: u64| {
        world.plane.clock.advance(Duration::from_hours(24 * days));
        world.plane.run_jobs().await;
        let token = world.plane.sign_in(EMAIL, PASSWORD).await;
        let get = async |path: String| world.plane.get(&path).with_token(&token).send().await.expect(200);
        let found = get("/v1/messages?recipient=anna@acme.example".to_owned()).await["data"].as_array().unwrap().len();
        let from = time::OffsetDateTime::from_unix_timestamp(at.as_secs() - 3_600).unwrap();
        let to = from + time::Duration::days(1);
        let text = |at: time::OffsetDateTime| at.format(&time::format_description::well_known::Rfc3339).unwrap();
        let path = format!("/v1/tenants/{acme}/statistics?from={}&to={}", text(from), text(to));
        (found, get(path).await["total"]["accepted"].as_i64().unwrap())
    };
    assert_eq!(state(29).await, (1, 3));
    assert_eq!(state(2).await, (0, 3));
    assert_eq!(state(370).await, (0, 0));
}

async fn everybody_finds_their_own_share_of_the_trace_in_one_order(plane: Plane) {
    let mut world = World::new(plane).await;
    let north = world.tenant("north", "msp", None).await;
    let a = world.tenant("a", "customer", Some(&north)).await;
    let b = world.tenant("b", "customer", Some(&north)).await;
    let c = world.tenant("c", "customer", None).await;
    let mut events = Vec::new();
    for tenant in [Some(&a), Some(&b), Some(&c), None, Some(&a), Some(&c), Some(&north)] {
        events.push(Event::Transaction(Box::new(world.message(tenant.map(String::as_str)))));
        world.plane.clock.advance(Duration::from_secs(1));
    }
    world.push(Uuid::from_u128(1), 1, &[], events).await;
    let plane = &world.plane;
    let all = world.found("").await;
    let [last, c2, a2, nobodys, c1, b1, a1] = <[String; 7]>::try_from(all).unwrap();
    let msp = admin(plane, &north, "msp@example.com").await;
    let customer = admin(plane, &a, "a@example.com").await;
    let two = person(plane, &a, "two@example.com").await;
    grant(plane, &two, "auditor", &b, json!({})).await;
    grant(plane, &two, "quarantine_manager", &c, json!({})).await;
    let provider = plane.get("/v1/me").send().await.expect(200)["tenant_id"].as_str().unwrap().to_owned();
    let whole = admin(plane, &provider, "whole@example.com").await;
    let found = async |token: &str, query: &str| {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/v1/messages?limit=2{query}{cursor}");
            let page = plane.get(&path).with_token(token).send().await.expect(200);
            found.extend(page["data"].as_array().unwrap().iter().map(|m| m["id"].as_str().unwrap().to_owned()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return found,
            }
        }
    };
    let list = |ids: &[&String]| ids.iter().map(|id| (*id).clone()).collect::<Vec<_>>();
    assert_eq!(found(&msp.token, "").await, list(&[&last, &a2, &b1, &a1]));
    assert_eq!(found(&customer.token, "").await, list(&[&a2, &a1]));
    assert_eq!(found(&two.token, "").await, list(&[&c2, &c1, &b1]));
    assert_eq!(found(&two.token, &format!("&tenant_id={b}")).await, list(&[&b1]));
    // Not what is nobody's.
    assert_eq!(found(&whole.token, "").await, list(&[&last, &c2, &a2, &c1, &b1, &a1]));
    for (who, query) in [
        (&customer, format!("&tenant_id={b}")),
        (&customer, format!("&subtree_of={north}")),
        (&msp, format!("&subtree_of={c}")),
    ] {
        assert_eq!(found(&who.token, &query).await, Vec::<String>::new(), "{query}");
    }
    let one = async |token: &str, id: &str| plane.get(&format!("/v1/messages/{id}")).with_token(token).send().await;
    one(&customer.token, &a1).await.expect(200);
    one(&customer.token, &b1).await.problem(404, "not_found");
    one(&msp.token, &c1).await.problem(404, "not_found");
    one(&whole.token, &nobodys).await.problem(404, "not_found");
}
