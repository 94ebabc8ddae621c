//! Passwords set anew by a mailed link: whoever asks, what they hear, what the link opens and what it does not.

use std::time::Duration;

use control_plane::{
    Config,
    mail_out::{Language, Relay, Security},
};
use pretend::hop::{Hop, Message};
use serde_json::{Value, json};

use crate::{
    authenticator::totp,
    harness::{EMAIL, PASSWORD, Plane, Reply, on_both},
    people::{Somebody, admin, grant, person, tree},
};

on_both! {
    alone:
    a_mailed_link_sets_a_new_password_once_and_ends_all_sessions
    whoever_asks_hears_the_same_whether_there_is_an_account_or_not
    of_two_that_use_a_link_at_once_one_sets_the_password
    a_link_is_over_when_it_was_used_or_something_came_between
    links_to_one_account_are_few_and_so_are_requests_of_one_network
    a_reset_does_not_stand_in_for_the_second_factor
    a_password_that_may_not_be_leaves_the_link_as_it_is
    who_holds_much_and_has_no_factor_waits_for_an_administrator
    what_waits_lapses_is_replaced_and_is_refused
    keys_end_with_the_password_where_their_maker_says_so
    an_administrator_sends_a_link_to_whom_they_cover
    an_administrator_clears_the_factors_of_whom_they_cover
    nothing_of_a_link_is_in_the_database_the_audit_log_or_an_answer
}

const NEW: &str = "another horse, another staple";

pub(crate) fn through(hop: &Hop) -> impl FnOnce(&mut Config) + use<> {
    let port = hop.port();
    move |config| {
        let from = "postern@provider.example".parse().unwrap();
        let tls = Security::None;
        config.mail.relay = Some(Relay { host: "127.0.0.1".to_owned(), port, tls, from, credentials: None });
        config.mail.language = Language::En;
    }
}

/// A message's text, out of quoted-printable (RFC 2045 §6.7) as far as it matters.
fn text(message: &Message) -> String {
    String::from_utf8_lossy(&message.bytes).replace("=\r\n", "").replace("=3D", "=")
}

/// Links that were mailed to the address, oldest first.
fn links(hop: &Hop, to: &str) -> Vec<String> {
    let to_them = hop.messages().into_iter().filter(|message| message.recipients() == [to]);
    let link = |message: &Message| {
        let text = text(message);
        let start = text.find("https://")?;
        let link = text.get(start..)?.split_whitespace().next()?.to_owned();
        link.contains("/account/reset?token=").then_some(link)
    };
    let mut links: Vec<_> = to_them.filter_map(|message| link(&message)).collect();
    // Jobs that a test runs beside those that run anyway may send a mail twice.
    links.dedup();
    links
}

/// Waits until so many links were mailed there; the newest.
pub(crate) async fn link(plane: &Plane, hop: &Hop, to: &str, n: usize) -> String {
    let mailed = async {
        while links(hop, to).len() < n {
            plane.run_jobs().await;
        }
    };
    tokio::time::timeout(pretend::wait::BOUND, mailed).await.expect("a mail with a link");
    links(hop, to).pop().unwrap()
}

fn token(link: &str) -> String {
    link.split_once("token=").unwrap().1.to_owned()
}

/// Waits until a mail with these words has come there.
async fn until_told(plane: &Plane, hop: &Hop, to: &str, words: &str) {
    let told = || hop.messages().iter().any(|message| message.recipients() == [to] && text(message).contains(words));
    let mailed = async {
        while !told() {
            plane.run_jobs().await;
        }
    };
    tokio::time::timeout(pretend::wait::BOUND, mailed).await.expect(words);
}

async fn ask(plane: &Plane, email: &str) -> Reply {
    // Who asks often waits.
    plane.clock.advance(Duration::from_secs(40));
    plane.post("/v1/password-resets").anonymously().json(&json!({ "email": email })).send().await
}

async fn complete(plane: &Plane, token: &str, password: &str) -> Reply {
    let body = json!({ "token": token, "new_password": password });
    plane.post("/v1/password-resets/complete").anonymously().json(&body).send().await
}

/// Asks for a link, gets it, and uses it.
async fn reset(plane: &Plane, hop: &Hop, email: &str, n: usize) -> Value {
    ask(plane, email).await.expect(202);
    let link = link(plane, hop, email, n).await;
    complete(plane, &token(&link), NEW).await.expect(200)
}

async fn sign_in(plane: &Plane, email: &str, password: &str) -> Reply {
    plane.post("/v1/sessions").anonymously().json(&json!({ "email": email, "password": password })).send().await
}

async fn audited(plane: &Plane, action: &str) -> i64 {
    plane.count(&format!("SELECT COUNT(*) FROM audit WHERE action = '{action}'")).await
}

/// An authenticator app of theirs.
async fn enrol(plane: &Plane, token: &str) -> String {
    let setup = plane.post("/v1/me/totp").with_token(token).send().await.expect(200);
    let secret = setup["secret"].as_str().unwrap().to_owned();
    let body = json!({ "code": totp(&secret, plane.clock.now()) });
    plane.post("/v1/me/totp/verify").with_token(token).json(&body).send().await.expect(200);
    plane.clock.advance(Duration::from_secs(30));
    secret
}

/// A domain administrator of the first customer.
async fn domain_admin(plane: &Plane, tenant: &str, domain: &str, email: &str) -> Somebody {
    let somebody = person(plane, tenant, email).await;
    grant(plane, &somebody, "domain_admin", domain, json!({})).await;
    somebody
}

async fn waiting(plane: &Plane, token: &str) -> Vec<Value> {
    let page = plane.get("/v1/password-resets").with_token(token).send().await.expect(200);
    page["data"].as_array().unwrap().clone()
}

async fn judge(plane: &Plane, token: &str, id: &Value, verb: &str) -> Reply {
    let path = format!("/v1/password-resets/{}/{verb}", id.as_str().unwrap());
    plane.post(&path).with_token(token).send().await
}

async fn a_mailed_link_sets_a_new_password_once_and_ends_all_sessions() {
    let hop = Hop::start().await;
    let plane = Plane::start_with(through(&hop)).await;
    let tree = tree(&plane).await;
    let anna = domain_admin(&plane, &tree.customers[0].tenant, &tree.customers[0].domain, "anna@example.com").await;
    ask(&plane, "ANNA@example.com").await.expect(202);
    let link = link(&plane, &hop, &anna.email, 1).await;
    assert!(link.starts_with("https://localhost:8443/account/reset?token=pwr_"), "{link}");
    // Whoever only asks changes nothing.
    plane.get("/v1/me").with_token(&anna.token).send().await.expect(200);
    sign_in(&plane, &anna.email, PASSWORD).await.expect(201);
    let outcome = complete(&plane, &token(&link), NEW).await.expect(200);
    assert_eq!(outcome, json!({ "state": "completed", "expires_at": null }));
    plane.get("/v1/me").with_token(&anna.token).send().await.problem(401, "unauthenticated");
    sign_in(&plane, &anna.email, PASSWORD).await.problem(401, "invalid_credentials");
    let session = sign_in(&plane, &anna.email, NEW).await.expect(201);
    assert_eq!(session["must_change_password"], false);
    complete(&plane, &token(&link), "a third horse, a third staple").await.problem(410, "link_over");
    until_told(&plane, &hop, &anna.email, "was changed").await;
    let seen = plane.get("/v1/audit?action=person.reset_password").send().await.expect(200);
    let row = &seen["data"][0];
    assert_eq!((&row["target_id"], &row["actor"]["kind"]), (&json!(anna.id), &json!("anonymous")), "{seen}");
    assert_eq!(audited(&plane, "person.mail_reset_link").await, 1);
}

async fn whoever_asks_hears_the_same_whether_there_is_an_account_or_not() {
    let hop = Hop::start().await;
    let plane = Plane::start_with(through(&hop)).await;
    let home = plane.get("/v1/me").send().await.expect(200)["tenant_id"].as_str().unwrap().to_owned();
    let gone = person(&plane, &home, "gone@example.com").await;
    plane.post(&format!("/v1/persons/{}/disable", gone.id)).send().await.expect(200);
    let without_relay = Plane::start().await;
    let mut answers = Vec::new();
    for (plane, email) in [
        (&plane, EMAIL),
        (&plane, "nobody@example.com"),
        (&plane, "gone@example.com"),
        (&plane, "no address at all"),
        (&plane, "with\0nul@example.com"),
        (&without_relay, EMAIL),
        (&without_relay, "nobody@example.com"),
    ] {
        let reply = ask(plane, email).await;
        let mut names: Vec<_> = reply.headers.keys().map(ToString::to_string).collect();
        names.sort();
        answers.push((reply.status.as_u16(), reply.text, names));
    }
    assert_eq!((answers[0].0, answers[0].1.as_str()), (202, r#"{"link_lifetime_s":1800}"#));
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:#?}");
    for (plane, mailed) in [(&plane, 1), (&without_relay, 0)] {
        plane.run_jobs().await;
        assert_eq!(plane.count("SELECT COUNT(*) FROM password_reset_requests").await, 0);
        assert_eq!(plane.count("SELECT COUNT(*) FROM password_resets").await, mailed);
        assert_eq!(audited(plane, "person.mail_reset_link").await, mailed);
    }
    link(&plane, &hop, EMAIL, 1).await;
    for email in [String::new(), "a".repeat(255)] {
        ask(&plane, &email).await.problem(422, "invalid_body");
    }
}

async fn of_two_that_use_a_link_at_once_one_sets_the_password() {
    let hop = Hop::start().await;
    let plane = Plane::start_with(through(&hop)).await;
    let tree = tree(&plane).await;
    let anna = domain_admin(&plane, &tree.customers[0].tenant, &tree.customers[0].domain, "anna@example.com").await;
    ask(&plane, &anna.email).await.expect(202);
    let token = token(&link(&plane, &hop, &anna.email, 1).await);
    let passwords: Vec<_> = (0..6).map(|n| format!("another horse, staple {n}")).collect();
    let all = futures::future::join_all(passwords.iter().map(|password| complete(&plane, &token, password))).await;
    let mut set = Vec::new();
    for (reply, password) in all.iter().zip(&passwords) {
        if reply.status == 200 {
            set.push(password);
        } else {
            reply.problem(410, "link_over");
        }
    }
    let [set] = set[..] else { panic!("{set:?}") };
    sign_in(&plane, &anna.email, set).await.expect(201);
    assert_eq!(audited(&plane, "person.reset_password").await, 1);
}

async fn a_link_is_over_when_it_was_used_or_something_came_between() {
    let hop = Hop::start().await;
    let mut plane = Plane::start_with(through(&hop)).await;
    let home = plane.get("/v1/me").send().await.expect(200)["tenant_id"].as_str().unwrap().to_owned();
    let mut answers = Vec::new();
    for what in ["changed", "disabled", "newer", "late", "none"] {
        let somebody = person(&plane, &home, &format!("{what}@example.com")).await;
        ask(&plane, &somebody.email).await.expect(202);
        let mut token = token(&link(&plane, &hop, &somebody.email, 1).await);
        match what {
            "changed" => {
                let change = json!({ "current_password": PASSWORD, "new_password": "a third horse, a third staple" });
                plane.put("/v1/me/password").with_token(&somebody.token).json(&change).send().await.expect(204);
            }
            "disabled" => {
                let path = format!("/v1/persons/{}", somebody.id);
                plane.post(&format!("{path}/disable")).send().await.expect(200);
                answers.push(complete(&plane, &token, NEW).await);
                plane.post(&format!("{path}/enable")).send().await.expect(200);
            }
            "newer" => {
                ask(&plane, &somebody.email).await.expect(202);
                let newer = self::token(&link(&plane, &hop, &somebody.email, 2).await);
                answers.push(complete(&plane, &token, NEW).await);
                complete(&plane, &newer, NEW).await.expect(200);
            }
            "late" => {
                plane.clock.advance(Duration::from_mins(30));
                plane.renew(EMAIL, PASSWORD).await;
            }
            _ => token = format!("{}A", &token[..token.len() - 1]),
        }
        answers.push(complete(&plane, &token, NEW).await);
    }
    answers.push(complete(&plane, "", NEW).await);
    for reply in &answers {
        reply.problem(410, "link_over");
        assert_eq!(reply.text, answers[0].text);
    }
    // What is over is swept once it does not count any more.
    plane.clock.advance(Duration::from_hours(2));
    plane.run_jobs().await;
    assert_eq!(plane.count("SELECT COUNT(*) FROM password_resets").await, 0);
}

async fn links_to_one_account_are_few_and_so_are_requests_of_one_network() {
    let hop = Hop::start().await;
    let plane = Plane::start_with(through(&hop)).await;
    for n in 1..=3 {
        ask(&plane, EMAIL).await.expect(202);
        link(&plane, &hop, EMAIL, n).await;
    }
    let last = link(&plane, &hop, EMAIL, 3).await;
    ask(&plane, EMAIL).await.expect(202);
    plane.run_jobs().await;
    let all = "SELECT COUNT(*) FROM password_resets";
    assert_eq!(plane.count(all).await, 3);
    // An hour later there is another; the last stayed good until it was over.
    complete(&plane, &token(&last), "short").await.problem(422, "invalid_body");
    plane.clock.advance(Duration::from_hours(1));
    ask(&plane, EMAIL).await.expect(202);
    link(&plane, &hop, EMAIL, 4).await;

    let again = || plane.post("/v1/password-resets").anonymously().json(&json!({ "email": EMAIL })).send();
    let mut slowed = None;
    for _ in 0..40 {
        let reply = again().await;
        if reply.status != 202 {
            slowed = Some(reply);
            break;
        }
    }
    slowed.expect("somebody who asks too often").problem(429, "too_many_attempts");
}

async fn a_reset_does_not_stand_in_for_the_second_factor() {
    let hop = Hop::start().await;
    let plane = Plane::start_with(through(&hop)).await;
    let secret = enrol(&plane, plane.token()).await;
    ask(&plane, EMAIL).await.expect(202);
    let token = token(&link(&plane, &hop, EMAIL, 1).await);
    // Beside a factor a shorter one will do, and nobody has to be asked.
    let outcome = complete(&plane, &token, "ten chars!").await.expect(200);
    assert_eq!(outcome["state"], "completed");
    let reply = sign_in(&plane, EMAIL, "ten chars!").await;
    reply.problem(401, "second_factor_required");
    assert_eq!(reply.body["challenge"]["methods"], json!(["totp", "recovery_code"]));
    plane.clock.advance(Duration::from_secs(30));
    let code = totp(&secret, plane.clock.now());
    let second = json!({ "ticket": reply.body["challenge"]["ticket"], "totp_code": code });
    plane.post("/v1/sessions/second-factor").anonymously().json(&second).send().await.expect(201);
}

async fn a_password_that_may_not_be_leaves_the_link_as_it_is() {
    let hop = Hop::start().await;
    let service = pretend::range_service::RangeService::start().await.unwrap();
    let (relay, url) = (through(&hop), service.url());
    let plane = Plane::start_with(|config| {
        relay(config);
        config.passwords.compromised.enabled = true;
        config.passwords.compromised.url = url.try_into().unwrap();
        config.passwords.compromised.timeout_ms = 10_000.try_into().unwrap();
    })
    .await;
    let home = plane.get("/v1/me").send().await.expect(200)["tenant_id"].as_str().unwrap().to_owned();
    let anna = person(&plane, &home, "anna@example.com").await;
    ask(&plane, &anna.email).await.expect(202);
    let token = token(&link(&plane, &hop, &anna.email, 1).await);
    service.expose("a horse that everybody knows", 7);
    for (password, code) in [
        ("ten chars!", "invalid_body"),
        ("aaaaaaaaaaaaaaaaaaaa", "invalid_body"),
        ("a horse that everybody knows", "password_compromised"),
    ] {
        let reply = complete(&plane, &token, password).await;
        reply.problem(422, code);
        assert_eq!(reply.pointers(), ["/new_password"]);
    }
    complete(&plane, &token, NEW).await.expect(200);
}

async fn who_holds_much_and_has_no_factor_waits_for_an_administrator() {
    let hop = Hop::start().await;
    let plane = Plane::start_with(through(&hop)).await;
    let tree = tree(&plane).await;
    let customer = &tree.customers[0];
    let anna = admin(&plane, &customer.tenant, "anna@example.com").await;
    let parent = admin(&plane, &tree.msps[0], "parent@example.com").await;
    let sibling = admin(&plane, &tree.customers[1].tenant, "sibling@example.com").await;
    let below = domain_admin(&plane, &customer.tenant, &customer.domain, "below@example.com").await;
    let auditor = person(&plane, &customer.tenant, "auditor@example.com").await;
    grant(&plane, &auditor, "auditor", &customer.tenant, json!({})).await;

    let outcome = reset(&plane, &hop, &anna.email, 1).await;
    assert_eq!(outcome["state"], "awaiting_confirmation");
    // Nothing has changed: neither the password nor who is signed in.
    plane.get("/v1/me").with_token(&anna.token).send().await.expect(200);
    sign_in(&plane, &anna.email, NEW).await.problem(401, "invalid_credentials");
    let used = token(&link(&plane, &hop, &anna.email, 1).await);
    complete(&plane, &used, NEW).await.problem(410, "link_over");

    let [found] = &waiting(&plane, &parent.token).await[..] else { panic!("one") };
    let expected = json!({ "person_id": anna.id, "tenant_id": customer.tenant, "email": anna.email });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&found[name], value, "{found}");
    }
    assert_eq!((&found["state"], &found["expires_at"]), (&outcome["state"], &outcome["expires_at"]));
    assert!(waiting(&plane, &sibling.token).await.is_empty());
    assert_eq!(waiting(&plane, plane.token()).await.len(), 1);
    let id = &found["id"];
    for verb in ["confirm", "refuse"] {
        judge(&plane, &sibling.token, id, verb).await.problem(404, "not_found");
        judge(&plane, &below.token, id, verb).await.problem(403, "forbidden");
        judge(&plane, &auditor.token, id, verb).await.problem(403, "forbidden");
    }
    // Whoever has the mailbox may have the session as well.
    judge(&plane, &anna.token, id, "confirm").await.problem(403, "forbidden");
    // Who gains a grant elsewhere is beyond those who cover only a part.
    let elsewhere = grant(&plane, &anna, "auditor", &tree.customers[1].tenant, json!({})).await;
    let colleague = admin(&plane, &customer.tenant, "colleague@example.com").await;
    assert!(waiting(&plane, &colleague.token).await.is_empty());
    judge(&plane, &colleague.token, id, "confirm").await.problem(404, "not_found");
    plane.delete(&format!("/v1/grants/{elsewhere}")).send().await.expect(204);
    assert_eq!(waiting(&plane, &colleague.token).await.len(), 1);

    let all = [&parent, &colleague, &parent, &colleague].map(|by| judge(&plane, &by.token, id, "confirm"));
    let all = futures::future::join_all(all).await;
    let good = all.iter().filter(|reply| reply.status == 204).count();
    assert_eq!(good, 1, "{:?}", all.iter().map(|reply| &reply.text).collect::<Vec<_>>());
    judge(&plane, &parent.token, id, "confirm").await.problem(404, "not_found");
    plane.get("/v1/me").with_token(&anna.token).send().await.problem(401, "unauthenticated");
    sign_in(&plane, &anna.email, PASSWORD).await.problem(401, "invalid_credentials");
    sign_in(&plane, &anna.email, NEW).await.expect(201);
    assert!(waiting(&plane, plane.token()).await.is_empty());
    until_told(&plane, &hop, &anna.email, "was changed").await;
    assert_eq!(audited(&plane, "person.confirm_password_reset").await, 1);
}

async fn what_waits_lapses_is_replaced_and_is_refused() {
    let hop = Hop::start().await;
    let mut plane = Plane::start_with(through(&hop)).await;
    let tree = tree(&plane).await;
    let anna = admin(&plane, &tree.customers[0].tenant, "anna@example.com").await;
    reset(&plane, &hop, &anna.email, 1).await;
    let first = waiting(&plane, plane.token()).await[0]["id"].clone();
    // Asking again takes nothing from what waits; using another link does.
    ask(&plane, &anna.email).await.expect(202);
    let second = token(&link(&plane, &hop, &anna.email, 2).await);
    assert_eq!(waiting(&plane, plane.token()).await[0]["id"], first);
    complete(&plane, &second, NEW).await.expect(200);
    judge(&plane, plane.token(), &first, "confirm").await.problem(404, "not_found");
    let [second] = &waiting(&plane, plane.token()).await[..] else { panic!("one") };
    judge(&plane, plane.token(), &second["id"], "refuse").await.expect(204);
    assert!(waiting(&plane, plane.token()).await.is_empty());
    assert_eq!(plane.count("SELECT COUNT(*) FROM password_resets WHERE new_password_hash IS NOT NULL").await, 0);

    reset(&plane, &hop, &anna.email, 3).await;
    let third = waiting(&plane, plane.token()).await[0]["id"].clone();
    plane.clock.advance(Duration::from_hours(24));
    plane.renew(EMAIL, PASSWORD).await;
    assert!(waiting(&plane, plane.token()).await.is_empty());
    judge(&plane, plane.token(), &third, "confirm").await.problem(404, "not_found");
    sign_in(&plane, &anna.email, PASSWORD).await.expect(201);

    // A password that was changed meanwhile is not set back, and neither is one of who is kept out.
    for what in ["changed", "disabled"] {
        let somebody = admin(&plane, &tree.customers[0].tenant, &format!("{what}@example.com")).await;
        reset(&plane, &hop, &somebody.email, 1).await;
        let id = waiting(&plane, plane.token()).await[0]["id"].clone();
        if what == "changed" {
            let change = json!({ "current_password": PASSWORD, "new_password": "a third horse, a third staple" });
            plane.put("/v1/me/password").with_token(&somebody.token).json(&change).send().await.expect(204);
        } else {
            plane.post(&format!("/v1/persons/{}/disable", somebody.id)).send().await.expect(200);
            plane.post(&format!("/v1/persons/{}/enable", somebody.id)).send().await.expect(200);
        }
        assert!(waiting(&plane, plane.token()).await.is_empty(), "{what}");
        judge(&plane, plane.token(), &id, "confirm").await.problem(404, "not_found");
    }
}

async fn keys_end_with_the_password_where_their_maker_says_so() {
    let hop = Hop::start().await;
    let plane = Plane::start_with(through(&hop)).await;
    let tree = tree(&plane).await;
    let tenant = &tree.customers[0].tenant;
    let key = async |by: &Somebody| {
        let body = json!({ "name": "p", "scope": "tenant", "tenant_id": tenant, "actions": ["domains.read"] });
        let made = plane.post("/v1/api-keys").with_token(&by.token).json(&body).send().await.expect(201);
        made["secret"].as_str().unwrap().to_owned()
    };
    let status = async |key: &str| plane.get("/v1/domains").with_token(key).send().await.status.as_u16();
    for (n, (name, ends)) in [("stays", false), ("ends", true)].into_iter().enumerate() {
        // At once for an auditor; once it is confirmed for an administrator.
        let auditor = person(&plane, tenant, &format!("auditor-{name}@example.com")).await;
        grant(&plane, &auditor, "auditor", tenant, json!({})).await;
        let admin = admin(&plane, tenant, &format!("admin-{name}@example.com")).await;
        for (waits, somebody) in [(false, auditor), (true, admin)] {
            let secret = key(&somebody).await;
            ask(&plane, &somebody.email).await.expect(202);
            let token = token(&link(&plane, &hop, &somebody.email, 1).await);
            let body = json!({ "token": token, "new_password": NEW, "end_api_keys": ends });
            plane.post("/v1/password-resets/complete").anonymously().json(&body).send().await.expect(200);
            if waits {
                assert_eq!(status(&secret).await, 200);
                let waiting = waiting(&plane, plane.token()).await;
                assert_eq!(waiting[0]["end_api_keys"], ends);
                judge(&plane, plane.token(), &waiting[0]["id"], "confirm").await.expect(204);
            }
            assert_eq!(status(&secret).await, if ends { 401 } else { 200 }, "{}", somebody.email);
        }
        assert_eq!(audited(&plane, "api_key.delete").await, if n == 0 { 0 } else { 2 });
    }
}

async fn an_administrator_sends_a_link_to_whom_they_cover() {
    let hop = Hop::start().await;
    let plane = Plane::start_with(through(&hop)).await;
    let tree = tree(&plane).await;
    let customer = &tree.customers[0];
    let boss = admin(&plane, &customer.tenant, "boss@example.com").await;
    let sibling = admin(&plane, &tree.customers[1].tenant, "sibling@example.com").await;
    let anna = domain_admin(&plane, &customer.tenant, &customer.domain, "anna@example.com").await;
    let path = |somebody: &Somebody| format!("/v1/persons/{}/reset-password", somebody.id);
    let send = async |by: &Somebody, to: &Somebody| plane.post(&path(to)).with_token(&by.token).send().await;
    send(&sibling, &anna).await.problem(404, "not_found");
    send(&anna, &boss).await.problem(403, "forbidden");
    send(&boss, &boss).await.problem(403, "forbidden");
    let again = plane.post(&path(&anna)).with_token(&boss.token).header("idempotency-key", "one");
    let reply = again.send().await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (202, r#"{"link_lifetime_s":1800}"#));
    let again = plane.post(&path(&anna)).with_token(&boss.token).header("idempotency-key", "one").send().await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let link = link(&plane, &hop, &anna.email, 1).await;
    complete(&plane, &token(&link), NEW).await.expect(200);
    assert_eq!(links(&hop, &anna.email).len(), 1);
    let seen = plane.get("/v1/audit?action=person.mail_reset_link").send().await.expect(200);
    assert_eq!(seen["data"][0]["actor"]["name"], boss.email, "{seen}");

    // Somebody who holds something elsewhere is not theirs alone.
    grant(&plane, &anna, "auditor", &tree.customers[1].tenant, json!({})).await;
    send(&boss, &anna).await.problem(403, "forbidden");
    plane.post(&format!("/v1/persons/{}/disable", anna.id)).send().await.expect(200);
    plane.post(&path(&anna)).send().await.problem(403, "forbidden");
    // No key does it.
    let key = json!({ "name": "p", "scope": "tenant", "tenant_id": customer.tenant, "actions": ["passwords.reset"] });
    plane.post("/v1/api-keys").json(&key).send().await.problem(422, "invalid_body");

    let alone = Plane::start().await;
    let home = alone.get("/v1/me").send().await.expect(200)["tenant_id"].as_str().unwrap().to_owned();
    let somebody = person(&alone, &home, "somebody@example.com").await;
    alone.post(&path(&somebody)).send().await.problem(409, "mail_not_set_up");
}

async fn an_administrator_clears_the_factors_of_whom_they_cover() {
    let hop = Hop::start().await;
    let plane = Plane::start_with(through(&hop)).await;
    let tree = tree(&plane).await;
    let customer = &tree.customers[0];
    let boss = admin(&plane, &customer.tenant, "boss@example.com").await;
    let sibling = admin(&plane, &tree.customers[1].tenant, "sibling@example.com").await;
    let anna = domain_admin(&plane, &customer.tenant, &customer.domain, "anna@example.com").await;
    enrol(&plane, &anna.token).await;
    sign_in(&plane, &anna.email, PASSWORD).await.problem(401, "second_factor_required");
    let clear = async |by: &Somebody, of: &Somebody| {
        plane.delete(&format!("/v1/persons/{}/factors", of.id)).with_token(&by.token).send().await
    };
    clear(&sibling, &anna).await.problem(404, "not_found");
    clear(&anna, &boss).await.problem(403, "forbidden");
    clear(&boss, &boss).await.problem(403, "forbidden");
    let elsewhere = grant(&plane, &anna, "auditor", &tree.customers[1].tenant, json!({})).await;
    clear(&boss, &anna).await.problem(403, "forbidden");
    clear(&sibling, &anna).await.problem(404, "not_found");
    sign_in(&plane, &anna.email, PASSWORD).await.problem(401, "second_factor_required");
    plane.delete(&format!("/v1/grants/{elsewhere}")).send().await.expect(204);
    clear(&boss, &anna).await.expect(204);
    plane.get("/v1/me").with_token(&anna.token).send().await.problem(401, "unauthenticated");
    sign_in(&plane, &anna.email, PASSWORD).await.expect(201);
    until_told(&plane, &hop, &anna.email, "removed the second factors").await;
    let path = "/v1/audit?action=person.reset_factors";
    let seen = plane.get(path).with_token(&boss.token).send().await.expect(200);
    assert_eq!(
        (&seen["data"][0]["target_id"], &seen["data"][0]["actor"]["name"]),
        (&json!(anna.id), &json!(boss.email))
    );
}

async fn nothing_of_a_link_is_in_the_database_the_audit_log_or_an_answer() {
    let hop = Hop::start().await;
    let plane = Plane::start_with(through(&hop)).await;
    let asked = ask(&plane, EMAIL).await;
    let token = token(&link(&plane, &hop, EMAIL, 1).await);
    assert!(!asked.text.contains("pwr_"));
    let waits = complete(&plane, &token, NEW).await;
    let listed = plane.get("/v1/password-resets").send().await.text;
    let audit = plane.get("/v1/audit").send().await.text;
    for text in [&waits.text, &listed, &audit] {
        assert!(!text.contains("pwr_") && !text.contains("argon2") && !text.contains(NEW), "{text}");
    }
    let hash = control_plane::auth::token_hash(&token);
    let hash = contract::snapshot::hash::Hash::from_bytes(hash);
    let stored = if plane.postgres().await.is_some() { "encode(token_hash, 'hex')" } else { "lower(hex(token_hash))" };
    assert_eq!(plane.count(&format!("SELECT COUNT(*) FROM password_resets WHERE {stored} = '{hash}'")).await, 1);
    assert_eq!(plane.count("SELECT COUNT(*) FROM audit WHERE after_state LIKE '%pwr_%'").await, 0);
}
