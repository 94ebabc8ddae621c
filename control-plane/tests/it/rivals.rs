//! Several tenants that want one name.

use std::time::Duration;

use control_plane::{
    Config,
    mail_out::{Language, Relay, Security},
};
use pretend::hop::Hop;
use serde_json::{Value, json};

use crate::{
    harness::{EMAIL, PASSWORD, Plane, Reply, on_both},
    people::{Somebody, admin, grant, person, tree},
};

on_both! {
    of_all_who_prove_a_name_at_once_one_has_it
    registering_a_name_that_is_anothers_looks_like_any_other
    who_was_told_gets_the_name_when_it_is_free_again
}

on_both! {
    alone:
    whoever_waits_is_told_that_the_name_is_anothers_and_not_whose
    who_has_nothing_to_do_with_the_domain_any_more_is_not_mailed
}

const NAME: &str = "wanted.example";

fn path(domain: &Value) -> String {
    format!("/v1/domains/{}", domain["id"].as_str().unwrap())
}

async fn register(plane: &Plane, token: &str, tenant: &str, name: &str) -> Value {
    let body = json!({ "tenant_id": tenant, "name": name });
    plane.post("/v1/domains").with_token(token).json(&body).send().await.expect(201)
}

fn show(plane: &Plane, domain: &Value) {
    let record = &domain["verification"];
    plane.dns.txt(record["record_name"].as_str().unwrap(), record["record_value"].as_str().unwrap());
}

async fn verify(plane: &Plane, token: &str, domain: &Value) -> Reply {
    plane.post(&format!("{}/verify", path(domain))).with_token(token).send().await
}

async fn read(plane: &Plane, token: &str, path: &str) -> Value {
    plane.get(path).with_token(token).send().await.expect(200)
}

pub(crate) fn through(hop: &Hop, language: Language) -> impl FnOnce(&mut Config) + use<> {
    let port = hop.port();
    move |config| {
        let from = "postern@provider.example".parse().unwrap();
        let tls = Security::None;
        config.mail.relay = Some(Relay { host: "127.0.0.1".to_owned(), port, tls, from, credentials: None });
        config.mail.language = language;
    }
}

/// Letters about the name, once there are so many.
pub(crate) async fn letters(hop: &Hop, n: usize) -> Vec<(Vec<String>, String)> {
    loop {
        let all = hop.messages();
        let of = |to: Vec<&str>| to.into_iter().map(str::to_owned).collect();
        let found: Vec<_> = all
            .iter()
            .map(|mail| (of(mail.recipients()), String::from_utf8_lossy(&mail.bytes).into_owned()))
            .filter(|(_, text)| text.contains(NAME))
            .collect();
        if found.len() >= n {
            return found;
        }
        hop.until_messages(all.len() + 1).await;
    }
}

async fn of_all_who_prove_a_name_at_once_one_has_it(plane: Plane) {
    let mut domains = Vec::new();
    for n in 0..6 {
        let tenant = plane.post("/v1/tenants").json(&json!({ "name": format!("t{n}") })).send().await.expect(201);
        let made = register(&plane, plane.token(), tenant["id"].as_str().unwrap(), NAME).await;
        show(&plane, &made);
        domains.push(made);
    }
    let replies = futures::future::join_all(domains.iter().map(|domain| verify(&plane, plane.token(), domain))).await;
    let (won, lost): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 200);
    assert_eq!((won.len(), &won[0].body["state"]), (1, &json!("active")));
    for reply in lost {
        reply.problem(409, "domain_held_elsewhere");
    }
    plane.run_jobs().await;
    assert_eq!(plane.count("SELECT COUNT(*) FROM domains WHERE state = 'active'").await, 1);
    assert_eq!(plane.count("SELECT COUNT(*) FROM domains WHERE check_result = 'held_elsewhere'").await, 5);
}

async fn registering_a_name_that_is_anothers_looks_like_any_other(plane: Plane) {
    let tree = tree(&plane).await;
    let [a, b] = [0, 2].map(|n| tree.customers[n].tenant.clone());
    let somebody = admin(&plane, &b, "late@example.com").await;
    let held = register(&plane, plane.token(), &a, NAME).await;
    show(&plane, &held);
    assert_eq!(verify(&plane, plane.token(), &held).await.expect(200)["state"], "active");
    let (taken, free) = (
        register(&plane, &somebody.token, &b, NAME).await,
        register(&plane, &somebody.token, &b, "free.example").await,
    );
    // But for what names it, one answer is the other.
    let faceless = |domain: &Value| {
        let mut text = domain.to_string();
        for part in [&domain["id"], &domain["verification"]["record_value"], &domain["name"]] {
            text = text.replace(part.as_str().unwrap(), "…");
        }
        let mut domain: Value = serde_json::from_str(&text).unwrap();
        for time in ["created_at", "verification"] {
            domain[time] = json!(domain[time].is_null());
        }
        domain
    };
    assert_eq!(faceless(&taken), faceless(&free));
    plane.clock.advance(Duration::from_secs(61));
    plane.run_jobs().await;
    // What stands in the DNS anybody sees.
    for (domain, result) in [(&taken, "value_differs"), (&free, "record_missing")] {
        let shown = read(&plane, &somebody.token, &path(domain)).await;
        assert_eq!((&shown["state"], &shown["verification"]["result"]), (&json!("pending"), &json!(result)));
    }
    let log = read(&plane, &somebody.token, "/v1/audit?action=domain.taken").await;
    assert_eq!(log["data"], json!([]));
    // Whoever proves it may know.
    show(&plane, &taken);
    verify(&plane, &somebody.token, &taken).await.problem(409, "domain_held_elsewhere");
}

async fn who_was_told_gets_the_name_when_it_is_free_again(mut plane: Plane) {
    let tree = tree(&plane).await;
    let [a, b] = [0, 2].map(|n| tree.customers[n].tenant.clone());
    let held = register(&plane, plane.token(), &a, NAME).await;
    let waiting = register(&plane, plane.token(), &b, NAME).await;
    show(&plane, &held);
    verify(&plane, plane.token(), &held).await.expect(200);
    plane.run_jobs().await;
    // Told once, and it stays so whatever is looked at.
    plane.run_jobs().await;
    verify(&plane, plane.token(), &waiting).await.problem(409, "domain_held_elsewhere");
    assert_eq!(plane.count("SELECT COUNT(*) FROM audit WHERE action = 'domain.taken'").await, 1);
    plane.delete(&path(&held)).send().await.expect(200);
    plane.clock.advance(Duration::from_hours(8 * 24));
    plane.run_jobs().await;
    plane.renew(EMAIL, PASSWORD).await;
    plane.get(&path(&held)).send().await.problem(404, "not_found");
    let looked = verify(&plane, plane.token(), &waiting).await.expect(200);
    assert_eq!((&looked["state"], &looked["verification"]["result"]), (&json!("pending"), &json!("value_differs")));
    show(&plane, &waiting);
    assert_eq!(verify(&plane, plane.token(), &waiting).await.expect(200)["state"], "active");
}

/// Every answer that says anything about a domain, to one of its tenant's.
async fn answers(plane: &Plane, by: &Somebody, tenant: &str, domain: &Value) -> String {
    let id = domain["id"].as_str().unwrap();
    let mut text = String::new();
    for rest in ["", "/dns", "/dns/zone", "/access", "/policy?effective=true", "/recipients", "/statistics"] {
        text += &plane.get(&format!("{}{rest}", path(domain))).with_token(&by.token).send().await.text;
    }
    for list in [
        format!("/v1/domains?name={NAME}"),
        "/v1/domains?state=active".to_owned(),
        "/v1/domains?state=pending".to_owned(),
        format!("/v1/audit?target_id={id}"),
        "/v1/audit".to_owned(),
        format!("/v1/grants?domain_id={id}"),
        format!("/v1/list-entries?domain_id={id}"),
        format!("/v1/tenants/{tenant}"),
        format!("/v1/tenants/{tenant}/limits"),
        "/v1/messages".to_owned(),
        "/v1/persons".to_owned(),
        "/v1/me/permissions".to_owned(),
    ] {
        text += &plane.get(&list).with_token(&by.token).send().await.text;
    }
    for (call, body) in [
        (format!("{}/verify", path(domain)), Value::Null),
        ("/v1/domains".to_owned(), json!({ "tenant_id": tenant, "name": NAME })),
        ("/v1/domains".to_owned(), json!({ "tenant_id": tenant, "name": format!("sub.{NAME}") })),
        (format!("{}/move", path(domain)), json!({ "tenant_id": tenant })),
        (format!("{}/restore", path(domain)), Value::Null),
        (
            "/v1/policy:test".to_owned(),
            json!({ "client": "192.0.2.1", "mail_from": "x@y.example", "rcpt_to": format!("anna@{NAME}") }),
        ),
    ] {
        let call = plane.post(&call).with_token(&by.token);
        let reply = if body.is_null() { call.send().await } else { call.json(&body).send().await };
        assert_ne!(reply.status, 500, "{}", reply.text);
        text += &reply.text;
    }
    text
}

async fn whoever_waits_is_told_that_the_name_is_anothers_and_not_whose() {
    for (language, word) in [(Language::En, "another account"), (Language::Fr, "un autre compte")] {
        let hop = Hop::start().await;
        let plane = Plane::start_with(through(&hop, language)).await;
        let tree = tree(&plane).await;
        let [a, b] = [0, 2].map(|n| tree.customers[n].tenant.clone());
        let [first, second] =
            [admin(&plane, &a, "first@north.example").await, admin(&plane, &b, "last@south.example").await];
        let ours = register(&plane, &first.token, &a, NAME).await;
        let theirs = register(&plane, &second.token, &b, NAME).await;
        show(&plane, &ours);
        assert_eq!(verify(&plane, &first.token, &ours).await.expect(200)["state"], "active");
        plane.run_jobs().await;
        let shown = read(&plane, &second.token, &path(&theirs)).await;
        assert_eq!((&shown["state"], &shown["verification"]["result"]), (&json!("pending"), &json!("held_elsewhere")));
        let log = read(&plane, &second.token, "/v1/audit?action=domain.taken").await;
        let row = &log["data"][0];
        assert_eq!((&row["actor"]["kind"], &row["after"]["result"]), (&json!("system"), &json!("held_elsewhere")));
        assert_eq!((&row["address"], log["data"].as_array().map(Vec::len)), (&Value::Null, Some(1)), "{row}");
        let told = letters(&hop, 1).await;
        assert!(told.iter().all(|(to, _)| *to == [second.email.as_str()]), "whoever has it now hears nothing");
        let body = told[0].1.clone();
        assert!(body.contains(NAME) && body.contains(word), "{body}");

        let traces = |tenant: &str, domain: &Value, somebody: &Somebody| {
            [tenant.to_owned(), domain["id"].as_str().unwrap().to_owned(), somebody.id.clone(), somebody.email.clone()]
        };
        let hidden = |text: &str, traces: &[String]| {
            let found: Vec<_> = traces.iter().filter(|trace| text.contains(trace.as_str())).collect();
            assert!(found.is_empty(), "{found:?} in {text}");
        };
        let of_second = answers(&plane, &second, &b, &theirs).await + &body;
        hidden(&of_second, &traces(&a, &ours, &first));
        assert!(!of_second.contains(&tree.msps[0]));
        let of_first = answers(&plane, &first, &a, &ours).await;
        hidden(&of_first, &traces(&b, &theirs, &second));
        assert!(!of_first.contains("domain.taken") && !of_first.contains("held_elsewhere"), "{of_first}");
    }
}

async fn who_has_nothing_to_do_with_the_domain_any_more_is_not_mailed() {
    let hop = Hop::start().await;
    let plane = Plane::start_with(through(&hop, Language::En)).await;
    let tree = tree(&plane).await;
    let [a, b] = [0, 2].map(|n| tree.customers[n].tenant.clone());
    let left = person(&plane, &b, "left@south.example").await;
    let given = grant(&plane, &left, "tenant_admin", &b, json!({})).await;
    let ours = register(&plane, plane.token(), &a, NAME).await;
    register(&plane, &left.token, &b, NAME).await;
    plane.delete(&format!("/v1/grants/{given}")).send().await.expect(204);
    show(&plane, &ours);
    verify(&plane, plane.token(), &ours).await.expect(200);
    plane.run_jobs().await;
    assert_eq!(plane.count("SELECT COUNT(*) FROM audit WHERE action = 'domain.taken'").await, 1);
    assert_eq!((plane.count("SELECT COUNT(*) FROM mails").await, letters(&hop, 0).await.len()), (0, 0));
}
