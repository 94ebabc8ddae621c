//! Certificates: uploaded, checked, replaced, warned of; and what only workers of a pool can read.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::worker_api::{POOL_KEY_INFO, PoolKeyList, WrappedPoolKey};
use pretend::ca::{Ca, Certificate};
use rustls::crypto::{
    aws_lc_rs::hpke::DH_KEM_X25519_HKDF_SHA256_AES_256 as SUITE,
    hpke::{EncapsulatedSecret, Hpke},
};
use serde_json::{Value, json};

use crate::{
    doors::worker_token,
    harness::{EMAIL, PASSWORD, Plane, Reply, on_both},
};

on_both! {
    alone:
    a_certificate_is_uploaded_listed_replaced_and_deleted_and_its_key_never_comes_back
    what_is_wrong_with_an_upload_is_named_and_nothing_of_the_key_is_said
    a_tenants_certificate_names_only_its_own_active_domains
    the_end_of_a_certificate_is_told_before_it_comes_and_each_time_once
    a_deleted_worker_costs_its_pool_the_key_and_the_log_says_what_it_held
    a_route_names_a_certificate_that_is_its_tenants_or_stands_above_it
}

const DAY: Duration = Duration::from_hours(24);

async fn plane() -> Plane {
    Plane::start_with(|config| config.accept_domains_without_proof = true).await
}

/// A tenant with an active domain.
async fn tenant(plane: &Plane, name: &str, domain: &str) -> String {
    let made = plane.post("/v1/tenants").json(&json!({ "name": name })).send().await.expect(201);
    let id = made["id"].as_str().unwrap().to_owned();
    plane.post("/v1/domains").json(&json!({ "tenant_id": id, "name": domain })).send().await.expect(201);
    id
}

async fn upload(plane: &Plane, tenant: Option<&str>, chain: &str, key: &str) -> Reply {
    let body = json!({ "tenant_id": tenant, "chain": chain, "key": key });
    plane.post("/v1/certificates").json(&body).send().await
}

pub(crate) async fn good(plane: &Plane, tenant: Option<&str>, certificate: &Certificate) -> String {
    let made = upload(plane, tenant, certificate.pem(), certificate.key_pem()).await.expect(201);
    made["id"].as_str().unwrap().to_owned()
}

/// What of a key must stand nowhere.
fn secret_lines(key: &str) -> Vec<&str> {
    key.lines().filter(|line| line.len() > 20 && !line.starts_with("-----")).collect()
}

async fn a_certificate_is_uploaded_listed_replaced_and_deleted_and_its_key_never_comes_back() {
    let plane = plane().await;
    let acme = tenant(&plane, "acme", "acme.example").await;
    let ca = Ca::new();
    let [first, second] = [1, 2].map(|_| ca.issue(&["mx.acme.example", "*.in.acme.example"]));
    let made = upload(&plane, Some(&acme), first.pem(), first.key_pem()).await;
    let (path, version) =
        (made.header("location").unwrap().to_owned(), made.header("config-version").unwrap().to_owned());
    assert_eq!(made.header("etag"), Some("\"r1\""));
    let view = made.expect(201);
    assert_eq!(
        (&view["tenant_id"], &view["state"], &view["key_type"]),
        (&json!(acme), &json!("valid"), &json!("ecdsa-p256"))
    );
    assert_eq!(view["spki_sha256"], json!(contract::snapshot::hash::Hash::from_bytes(first.spki_sha256()).to_string()));
    let names: Vec<_> = view["names"].as_array().unwrap().iter().map(|name| name["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["*.in.acme.example", "mx.acme.example"]);
    assert!(
        view["names"].as_array().unwrap().iter().all(|name| name["is_shown"] == true && name["domain_id"].is_string())
    );
    plane.until_published(&version).await;
    upload(&plane, Some(&acme), first.pem(), first.key_pem()).await.problem(409, "certificate_registered");

    for (query, found) in [("name=MX.acme.example", 1), ("name=acme.example", 0), (&*format!("tenant_id={acme}"), 1)] {
        let list = plane.get(&format!("/v1/certificates?{query}")).send().await.expect(200);
        assert_eq!(list["data"].as_array().unwrap().len(), found, "{query}");
    }
    let patch = |body: Value| plane.patch(&path).header("if-match", "\"r1\"").json(&body).send();
    patch(json!({ "chain": second.pem() })).await.problem(422, "invalid_body");
    patch(json!({ "key": null })).await.problem(422, "invalid_body");
    let same = patch(json!({ "chain": first.pem() })).await;
    assert_eq!((same.status.as_u16(), same.header("config-version")), (200, None), "nothing changed");
    let replaced = patch(json!({ "chain": second.pem(), "key": second.key_pem() })).await;
    assert_eq!(replaced.header("etag"), Some("\"r2\""));
    assert_ne!(replaced.expect(200)["fingerprint_sha256"], view["fingerprint_sha256"]);
    patch(json!({ "chain": first.pem(), "key": first.key_pem() })).await.problem(412, "precondition_failed");

    let metrics = plane.get("/metrics").anonymously().send().await.text;
    assert!(metrics.contains("postern_certificate_expires_in_seconds{certificate=\"crt_"), "{metrics}");
    let audit = plane.get("/v1/audit?limit=500").send().await.text;
    let read = plane.get(&path).send().await.text;
    for key in [first.key_pem(), second.key_pem()] {
        for line in secret_lines(key) {
            assert!(!audit.contains(line) && !read.contains(line));
        }
    }
    assert!(audit.contains("certificate.create") && audit.contains("certificate.update"));
    plane.delete(&path).send().await.expect(204);
    plane.get(&path).send().await.problem(404, "not_found");
    assert_eq!(plane.count("SELECT COUNT(*) FROM certificate_names").await, 0);
}

async fn what_is_wrong_with_an_upload_is_named_and_nothing_of_the_key_is_said() {
    let plane = plane().await;
    let (ca, now) = (Ca::new(), plane.clock.now());
    let names = &["mx.acme.example"];
    let between = ca.intermediate("Between");
    let leaf = between.issue(names);
    let other = ca.issue(names);
    let stranger = Ca::named("Stranger");
    // Says that it is signed by the authority of that name, and is by another one.
    let forged = Ca::named("Between").issue(names);
    let past = ca.issue_between(names, now - DAY * 2, now - DAY);
    let future = ca.issue_between(names, now + DAY, now + DAY * 2);
    let (small, small_key) = (include_str!("fixtures/rsa1024.crt"), include_str!("fixtures/rsa1024.key"));
    let (koblitz, koblitz_key) = (include_str!("fixtures/k1.crt"), include_str!("fixtures/k1.key"));
    let encrypted = include_str!("fixtures/encrypted.key");
    let whole = [leaf.leaf_pem(), "\n", &between.pem(), &ca.pem()].concat();
    let key = leaf.key_pem();
    let two = [key, other.key_pem()].concat();
    let old_form = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    let long = "x".repeat(70_000);
    let many = whole.repeat(4);
    let damaged = leaf.leaf_pem().replace("-----END", "!!!\n-----END");
    let in_the_wrong_place = [leaf.leaf_pem(), "\n", key].concat();
    let no_der = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let backwards = [&*between.pem(), leaf.leaf_pem(), "\n", &ca.pem()].concat();
    let skipped = [leaf.leaf_pem(), "\n", &ca.pem(), &between.pem()].concat();
    let table: &[(&str, &str, &str, &str, &str)] = &[
        ("nothing", "", key, "/chain", "no_certificate"),
        ("text", "hello", key, "/chain", "no_certificate"),
        ("a chain that is too long", &long, key, "/chain", "too_large"),
        ("too many certificates", &many, key, "/chain", "too_large"),
        ("base64 that is none", &damaged, key, "/chain", "not_pem"),
        ("DER that is none", no_der, key, "/chain", "not_a_certificate"),
        ("a key among certificates", &in_the_wrong_place, key, "/chain", "not_a_certificate"),
        ("the issuer first", &backwards, key, "/chain", "chain_order"),
        ("the root before what it signed", &skipped, key, "/chain", "chain_order"),
        (
            "another authority behind it",
            &[leaf.leaf_pem(), "\n", &stranger.pem()].concat(),
            key,
            "/chain",
            "chain_broken",
        ),
        (
            "a signature of another authority",
            &[forged.leaf_pem(), "\n", &between.pem()].concat(),
            forged.key_pem(),
            "/chain",
            "chain_broken",
        ),
        ("the past", past.pem(), past.key_pem(), "/chain", "expired"),
        ("the future", future.pem(), future.key_pem(), "/chain", "not_yet_valid"),
        ("a small key", small, small_key, "/chain", "key_too_small"),
        ("a curve that TLS does not know", koblitz, koblitz_key, "/chain", "unsupported_algorithm"),
        ("no key", &whole, "", "/key", "no_key"),
        ("a certificate for a key", &whole, leaf.leaf_pem(), "/key", "no_key"),
        ("a key that is too long", &whole, &long, "/key", "too_large"),
        ("another key", &whole, other.key_pem(), "/key", "key_mismatch"),
        ("two keys", &whole, &two, "/key", "several_keys"),
        ("a passphrase", &whole, encrypted, "/key", "key_encrypted"),
        ("a passphrase in the old form", &whole, old_form, "/key", "key_encrypted"),
        (
            "a key that is none",
            &whole,
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            "/key",
            "unsupported_algorithm",
        ),
    ];
    let mut wrong = Vec::new();
    for (what, chain, key, pointer, code) in table {
        let reply = upload(&plane, None, chain, key).await;
        let first = &reply.body["errors"][0];
        if reply.status != 422 || first["pointer"] != *pointer || first["code"] != *code {
            wrong.push(format!("{what}: {} {}", reply.status, reply.text));
        }
        assert!(secret_lines(key).iter().all(|line| !reply.text.contains(line)), "{what}: {}", reply.text);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // Nor where the body is none of ours.
    let key = json!(leaf.key_pem());
    let bodies =
        [json!({ "key": key, "chain": key, "tenant_id": key }), json!({ "key": [key], "chain": 1 }), key.clone()];
    for body in bodies {
        let reply = plane.post("/v1/certificates").json(&body).send().await;
        assert_eq!(reply.status, 422, "{}", reply.text);
        assert!(secret_lines(leaf.key_pem()).iter().all(|line| !reply.text.contains(line)), "{}", reply.text);
    }
    assert_eq!(plane.count("SELECT COUNT(*) FROM certificates").await, 0);
    upload(&plane, None, &whole, leaf.key_pem()).await.expect(201);
}

async fn a_tenants_certificate_names_only_its_own_active_domains() {
    let plane = Plane::start().await;
    let make = async |name: &str| {
        let made = plane.post("/v1/tenants").json(&json!({ "name": name })).send().await.expect(201);
        made["id"].as_str().unwrap().to_owned()
    };
    let (acme, other) = (make("acme").await, make("other").await);
    let register = async |tenant: &str, name: &str| {
        let body = json!({ "tenant_id": tenant, "name": name });
        let made = plane.post("/v1/domains").json(&body).send().await.expect(201);
        made["id"].as_str().unwrap().to_owned()
    };
    let prove = async |id: &str| {
        let view = plane.get(&format!("/v1/domains/{id}")).send().await.expect(200);
        let record = &view["verification"];
        plane.dns.txt(record["record_name"].as_str().unwrap(), record["record_value"].as_str().unwrap());
        plane.post(&format!("/v1/domains/{id}/verify")).send().await.expect(200);
    };
    let active = register(&acme, "acme.example").await;
    prove(&active).await;
    register(&acme, "pending.example").await;
    prove(&register(&other, "other.example").await).await;
    let ca = Ca::new();
    for refused in ["mx.other.example", "mx.pending.example", "nobody.example", "*.example", "notacme.example"] {
        let certificate = ca.issue(&["mx.acme.example", refused]);
        let reply = upload(&plane, Some(&acme), certificate.pem(), certificate.key_pem()).await;
        reply.problem(422, "invalid_body");
        assert_eq!(reply.body["errors"][0]["code"], "name_not_owned", "{}", reply.text);
        assert_eq!(reply.body["errors"].as_array().unwrap().len(), 1, "{}", reply.text);
    }
    for taken in [&["acme.example"][..], &["a.b.acme.example", "*.acme.example"]] {
        good(&plane, Some(&acme), &ca.issue(taken)).await;
    }
    // The installation's may bear any.
    good(&plane, None, &ca.issue(&["mx.other.example", "mx.nobody.example"])).await;
    let nobody =
        json!({ "tenant_id": "ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f", "chain": ca.issue(&[]).pem(), "key": "x" });
    plane.post("/v1/certificates").json(&nobody).send().await.problem(422, "invalid_body");
}

async fn the_end_of_a_certificate_is_told_before_it_comes_and_each_time_once() {
    let plane = plane().await;
    let start = plane.clock.now();
    let certificate = Ca::new().issue_between(&["mx.acme.example"], start - DAY, start + DAY * 40);
    let id = good(&plane, None, &certificate).await;
    let told = async |plane: &Plane| {
        let token = plane.sign_in(EMAIL, PASSWORD).await;
        let audit = plane.get("/v1/audit?limit=500").with_token(&token).send().await.expect(200);
        let rows = audit["data"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row["action"].as_str().unwrap().starts_with("certificate.expir"));
        let days: Vec<_> = rows.map(|row| row["after"]["days_left"].as_i64().unwrap()).collect();
        let view = plane.get(&format!("/v1/certificates/{id}")).with_token(&token).send().await.expect(200);
        let fares = plane.get("/v1/status").with_token(&token).send().await.expect(200);
        let of_it =
            fares["problems"].as_array().unwrap().iter().find(|problem| problem["subject"]["id"] == id.as_str());
        let problem = of_it.map(|problem| problem["code"].as_str().unwrap().to_owned());
        (days, view["state"].as_str().unwrap().to_owned(), view["days_left"].as_i64().unwrap(), problem)
    };
    let mut at = 0;
    for (day, expected, state) in [
        (9, &[][..], "valid"),
        (11, &[30], "expiring"),
        (12, &[30], "expiring"),
        (34, &[7, 30], "expiring"),
        (39, &[1, 7, 30], "expiring"),
        (41, &[0, 1, 7, 30], "expired"),
        (42, &[0, 1, 7, 30], "expired"),
    ] {
        plane.clock.advance(DAY * (day - at) + Duration::from_secs(1));
        at = day;
        plane.run_jobs().await;
        plane.run_jobs().await;
        let (mut days, found, left, problem) = told(&plane).await;
        // On the status page when it is a week at most.
        let expected_there = match day {
            ..34 => None,
            34..41 => Some("certificate_expiring"),
            _ => Some("certificate_expired"),
        };
        assert_eq!(problem.as_deref(), expected_there, "day {day}");
        days.sort_unstable();
        assert_eq!((days.as_slice(), found.as_str()), (expected, state), "day {day}");
        assert_eq!(left, 40 - i64::from(day) - 1, "day {day}");
    }
}

/// What a worker is given, and the versions of the keys that open with its own.
async fn keys(plane: &Plane, token: &str) -> Vec<(u32, Vec<u8>)> {
    let (public, secret) = SUITE.generate_key_pair().unwrap();
    let public = URL_SAFE_NO_PAD.encode(public.0);
    let call = plane.post("/worker/v1/pool-keys").with_token(token).json(&json!({ "public_key": public }));
    let answer = call.send().await.expect(200);
    let claims = answer["keys"].as_str().unwrap().split('.').nth(1).unwrap().to_owned();
    let list: PoolKeyList = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    assert_eq!(list.public_key, public);
    let open = |key: &WrappedPoolKey| {
        let aad = WrappedPoolKey::associated_data(list.pool, key.version);
        let [encapsulated, wrapped] =
            [&key.encapsulated, &key.wrapped].map(|text| URL_SAFE_NO_PAD.decode(text).unwrap());
        let opened = SUITE.open(&EncapsulatedSecret(encapsulated), POOL_KEY_INFO, aad.as_bytes(), &wrapped, &secret);
        (key.version, opened.unwrap())
    };
    list.keys.iter().map(open).collect()
}

async fn a_deleted_worker_costs_its_pool_the_key_and_the_log_says_what_it_held() {
    let plane = plane().await;
    let certificate = Ca::new().issue(&["mx.acme.example"]);
    let made = upload(&plane, None, certificate.pem(), certificate.key_pem()).await;
    plane.until_published(made.header("config-version").unwrap()).await;
    let fingerprint = made.body["fingerprint_sha256"].as_str().unwrap().to_owned();
    let worker = worker_token(&plane).await;
    let before = keys(&plane, &worker).await;
    assert_eq!(before.len(), 1);
    for bad in ["", "AAAA", &URL_SAFE_NO_PAD.encode([0; 32])] {
        let call = plane.post("/worker/v1/pool-keys").with_token(&worker).json(&json!({ "public_key": bad }));
        call.send().await.problem(422, "invalid_body");
    }
    plane.post("/worker/v1/pool-keys").json(&json!({ "public_key": "x" })).send().await.problem(403, "forbidden");
    let list = plane.get("/v1/workers").send().await.expect(200);
    let id = list["data"][0]["id"].as_str().unwrap().to_owned();
    let gone = plane.delete(&format!("/v1/workers/{id}")).send().await;
    plane.until_published(gone.header("config-version").unwrap()).await;
    gone.expect(204);
    let call = plane.post("/worker/v1/pool-keys").with_token(&worker).json(&json!({ "public_key": "x" }));
    call.send().await.problem(401, "unauthenticated");
    let audit = plane.get("/v1/audit?limit=500").send().await.expect(200);
    let row =
        |action: &str| audit["data"].as_array().unwrap().iter().find(|row| row["action"] == action).cloned().unwrap();
    assert_eq!(row("worker.delete")["after"]["held_certificates"], json!([fingerprint]));
    assert_eq!(row("pool_key.rotate")["after"]["version"], 2);
    assert_eq!(plane.count("SELECT COUNT(*) FROM pool_keys").await, 2);
    // Kept while heads of the last day name what it sealed, and gone after.
    plane.clock.advance(Duration::from_hours(49));
    plane.run_jobs().await;
    assert_eq!(plane.count("SELECT COUNT(*) FROM pool_keys").await, 1);
    assert_eq!(plane.count("SELECT MAX(version) FROM pool_keys").await, 2);
}

async fn a_route_names_a_certificate_that_is_its_tenants_or_stands_above_it() {
    let plane = plane().await;
    let (acme, other) = (tenant(&plane, "acme", "acme.example").await, tenant(&plane, "other", "other.example").await);
    let ca = Ca::new();
    let house = good(&plane, None, &ca.issue_client("house")).await;
    let ours = good(&plane, Some(&acme), &ca.issue_client("acme")).await;
    let theirs = good(&plane, Some(&other), &ca.issue_client("other")).await;
    let body = |name: &str, certificate: &str| json!({ "tenant_id": acme, "name": name, "hops": [{ "host": "mx.acme.example" }], "certificate_id": certificate });
    for unknown in [&*theirs, "crt_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f"] {
        let refused = plane.post("/v1/routes").json(&body("x", unknown)).send().await;
        assert_eq!(refused.problem(422, "invalid_body").pointers(), ["/certificate_id"]);
    }
    let path = plane.post("/v1/routes").json(&body("a", &house)).send().await.header("location").unwrap().to_owned();
    let patch = |certificate: Value| plane.patch(&path).json(&json!({ "certificate_id": certificate })).send();
    patch(json!(theirs)).await.problem(422, "invalid_body");
    assert_eq!(patch(json!(ours)).await.expect(200)["certificate_id"], json!(ours));
    plane.delete(&format!("/v1/certificates/{ours}")).send().await.problem(409, "in_use");
    assert_eq!(patch(Value::Null).await.expect(200)["certificate_id"], Value::Null);
    plane.delete(&format!("/v1/certificates/{ours}")).send().await.expect(204);
}
