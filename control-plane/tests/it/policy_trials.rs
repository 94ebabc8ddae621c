//! `POST /v1/policy:test`: what a worker would answer.

use serde_json::{Value, json};

use crate::{
    harness::{Plane, on_both},
    policy::{Tree, domain, tenant, tree},
};

on_both! {
    alone:
    a_trial_says_what_a_worker_would_answer
    a_trial_knows_lists_aliases_and_what_next_hops_would_be_asked
}
on_both! {
    what_is_no_envelope_is_told_field_by_field
}

async fn plane() -> Plane {
    Plane::start_with(|config| config.accept_domains_without_proof = true).await
}

fn envelope(rcpt_to: &str) -> Value {
    json!({ "client": "192.0.2.25", "helo": "mail.example.net", "mail_from": "x@sender.example", "rcpt_to": rcpt_to })
}

async fn tried(plane: &Plane, body: Value) -> Value {
    plane.post("/v1/policy:test").json(&body).send().await.expect(200)
}

/// Code, rule and reason.
fn said(tried: &Value) -> (u64, String, String) {
    let text = |name: &str| tried["recipient"][name].as_str().unwrap().to_owned();
    (tried["recipient"]["code"].as_u64().unwrap(), text("rule"), text("reason"))
}

async fn with_route(plane: &Plane, tree: &Tree) -> String {
    let route = json!({ "tenant_id": tree.customer, "name": "r", "hops": [{ "host": "mx.acme.example" }] });
    let route = plane.post("/v1/routes").json(&route).send().await.expect(201)["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/domains/{}", tree.domain);
    plane.patch(&path).json(&json!({ "route_id": route })).send().await.expect(200);
    let path = format!("/v1/domains/{}/recipients", tree.domain);
    plane.post(&path).json(&json!({ "address": "anna@acme.example" })).send().await.expect(201);
    route
}

fn expect(tried: &Value, code: u64, rule: &str, reason: &str) {
    assert_eq!(said(tried), (code, rule.to_owned(), reason.to_owned()), "{tried}");
}

async fn a_trial_says_what_a_worker_would_answer() {
    let plane = plane().await;
    let tree = tree(&plane).await;
    let none = tried(&plane, envelope("a@elsewhere.example")).await;
    expect(&none, 550, "relay", "not_served");
    assert_eq!((&none["tenant_id"], &none["effective"]), (&Value::Null, &Value::Null));
    expect(&tried(&plane, envelope("a@[192.0.2.1]")).await, 550, "relay", "not_served");
    expect(&tried(&plane, envelope("anna@acme.example")).await, 451, "domain_state", "no_route");
    let route = with_route(&plane, &tree).await;
    let taken = tried(&plane, envelope("<Anna+news@ACME.example>")).await;
    expect(&taken, 250, "default", "none");
    assert_eq!(taken["recipient"]["reply"], "250 2.1.5 recipient ok");
    assert_eq!((&taken["tenant_id"], &taken["domain_id"]), (&json!(tree.customer), &json!(tree.domain)));
    assert_eq!((&taken["route_id"], &taken["asks_next_hop"]), (&json!(route), &json!(false)));
    assert_eq!(taken["effective"]["inbound_tls"]["from"], json!({ "level": "default", "id": null }));
    expect(&tried(&plane, envelope("nobody@acme.example")).await, 550, "recipients", "unknown_recipient");
    expect(&tried(&plane, envelope("postmaster@acme.example")).await, 250, "default", "none");
    expect(
        &tried(&plane, envelope("<@relay.example:nobody@acme.example>")).await,
        550,
        "routing_characters",
        "source_route",
    );
    expect(&tried(&plane, envelope("a%b@acme.example")).await, 550, "routing_characters", "routing_character");

    // The message's size, under the domain's own limit.
    let path = format!("/v1/domains/{}/policy", tree.domain);
    let set =
        json!({ "max_message_size_bytes": 70_000, "inbound_tls": "required", "inbound_tls_min_version": "tls13" });
    plane.patch(&path).header("if-match", "*").json(&set).send().await.expect(200);
    let with = |tls: Value, size: u64| {
        let mut body = envelope("anna@acme.example");
        (body["tls"], body["size_bytes"]) = (tls, json!(size));
        tried(&plane, body)
    };
    expect(&with(Value::Null, 1).await, 530, "tls", "tls_required");
    expect(&with(json!("tls12"), 1).await, 550, "tls", "tls_too_old");
    let small = with(json!("tls13"), 70_000).await;
    expect(&small, 250, "default", "none");
    assert_eq!(small["message"], Value::Null);
    let large = with(json!("tls13"), 70_001).await;
    assert_eq!((&large["message"]["code"], &large["message"]["reason"]), (&json!(552), &json!("too_large")));
    assert_eq!(with(Value::Null, 70_001).await["message"], Value::Null, "it never comes to that");

    // Nobody's proof yet: a domain that no DNS has shown.
    let strict = Plane::start().await;
    let pending = self::tree(&strict).await;
    let waiting = tried(&strict, envelope("anna@acme.example")).await;
    expect(&waiting, 451, "domain_state", "domain_pending");
    assert_eq!(waiting["domain_id"], json!(pending.domain));
}

async fn a_trial_knows_lists_aliases_and_what_next_hops_would_be_asked() {
    let plane = plane().await;
    let tree = tree(&plane).await;
    with_route(&plane, &tree).await;
    let recipients = format!("/v1/domains/{}/recipients", tree.domain);
    let alias = json!({ "address": "info@acme.example", "alias_of": "anna@acme.example" });
    plane.post(&recipients).json(&alias).send().await.expect(201);
    expect(&tried(&plane, envelope("info@acme.example")).await, 250, "default", "none");
    let entry = async |body: Value| plane.post("/v1/list-entries").json(&body).send().await.expect(201)["id"].clone();
    let installation = entry(json!({ "kind": "block", "scope": "installation", "sender": "*@sender.example" })).await;
    let blocked = tried(&plane, envelope("nobody@acme.example")).await;
    expect(&blocked, 550, "list", "sender_blocked");
    assert_eq!(blocked["recipient"]["list_entry_id"], installation);
    // A more specific scope wins; the MSP's, then the recipient's under any of its names.
    entry(json!({ "kind": "allow", "scope": "tenant", "tenant_id": tree.msp, "client": "192.0.2.0/24" })).await;
    expect(&tried(&plane, envelope("anna@acme.example")).await, 250, "list", "client_allowed");
    expect(&tried(&plane, envelope("nobody@acme.example")).await, 550, "recipients", "unknown_recipient");
    let anna = json!({ "kind": "block", "scope": "recipient", "domain_id": tree.domain,
        "recipient": "anna@acme.example", "sender": "X@sender.example" });
    let anna = entry(anna).await;
    for name in ["anna@acme.example", "anna+x@acme.example", "info@acme.example"] {
        let blocked = tried(&plane, envelope(name)).await;
        expect(&blocked, 550, "list", "sender_blocked");
        assert_eq!(blocked["recipient"]["list_entry_id"], anna);
    }
    // Another customer of the MSP is not touched by it.
    let other = tenant(&plane, json!({ "name": "other", "parent_id": tree.msp })).await;
    domain(&plane, json!({ "tenant_id": other, "name": "other.example", "recipients": "any" })).await;
    expect(&tried(&plane, envelope("anna@other.example")).await, 451, "domain_state", "no_route");

    // An alias domain: the primary's lists, recipients, policy.
    let second = json!({ "tenant_id": tree.customer, "name": "second.example", "alias_of": tree.domain });
    let second = domain(&plane, second).await;
    let blocked = tried(&plane, envelope("anna@second.example")).await;
    expect(&blocked, 550, "list", "sender_blocked");
    assert_eq!((&blocked["domain_id"], &blocked["recipient"]["list_entry_id"]), (&json!(second), &anna));
    let path = format!("/v1/domains/{}", tree.domain);
    let policy = json!({ "inbound_tls": "required" });
    plane.patch(&format!("{path}/policy")).header("if-match", "*").json(&policy).send().await.expect(200);
    let demanded = tried(&plane, envelope("anna@second.example")).await;
    expect(&demanded, 530, "tls", "tls_required");
    assert_eq!(demanded["effective"]["inbound_tls"]["from"]["id"], json!(tree.domain));
    plane.delete(&format!("{path}/policy/inbound_tls")).header("if-match", "*").send().await.expect(200);

    // Who is not listed is asked about; the trial asks nobody.
    let call_out = json!({ "recipients": "call_out", "call_out_unavailable": "accept" });
    plane.patch(&path).json(&call_out).send().await.expect(200);
    let open = tried(&plane, envelope("perhaps@acme.example")).await;
    expect(&open, 250, "list", "client_allowed");
    assert_eq!(open["asks_next_hop"], true);
    let blocked = tried(&plane, envelope("anna@acme.example")).await;
    assert_eq!(blocked["asks_next_hop"], false, "nobody who is blocked makes us ask");
    // What has expired is as if it were not there.
    plane.clock.advance(std::time::Duration::from_secs(1));
}

async fn what_is_no_envelope_is_told_field_by_field(plane: Plane) {
    for (body, pointers) in [
        (json!({}), vec!["/client", "/mail_from", "/rcpt_to"]),
        (
            json!({ "client": "300.0.0.1", "mail_from": "<x", "rcpt_to": "", "helo": "\u{7}" }),
            vec!["/client", "/helo", "/mail_from", "/rcpt_to"],
        ),
        (json!({ "client": "::1", "mail_from": "", "rcpt_to": "postmaster" }), vec!["/rcpt_to"]),
        (json!({ "client": "::1", "mail_from": "", "rcpt_to": "a@b.example", "tls": "ssl3" }), vec!["/tls"]),
        (json!({ "client": "::1", "mail_from": "", "rcpt_to": "a@b.example", "size_bytes": -1 }), vec!["/size_bytes"]),
        (json!({ "client": "::1", "mail_from": "", "rcpt_to": "a@b.example", "subject": "x" }), vec!["/subject"]),
    ] {
        let reply = plane.post("/v1/policy:test").json(&body).send().await;
        reply.problem(422, "invalid_body");
        assert_eq!(reply.pointers(), pointers, "{body}");
    }
    plane
        .post("/v1/policy:test")
        .anonymously()
        .json(&envelope("a@b.example"))
        .send()
        .await
        .problem(401, "unauthenticated");
}
