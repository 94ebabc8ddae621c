//! Invitations: by mail only, alike for addresses with an account and without one, good once, and worth what the inviter holds.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use control_plane::{
    Config,
    auth::{Callers, MATRIX, Role},
    mail_out::{Language, Security},
};
use pretend::hop::Hop;
use serde_json::{Value, json};

use crate::{
    harness::{EMAIL, PASSWORD, Plane, Reply, on_both},
    mail_out::through,
    people::{Somebody, Tree, admin, grant, make, person, tree},
};

on_both! {
    alone:
    somebody_without_an_account_accepts_with_a_password_and_signs_in
    somebody_with_an_account_accepts_once_signed_in
    an_address_with_an_account_is_invited_like_one_without
    nobody_invites_to_more_than_they_hold
    an_invitation_is_worth_what_its_inviter_holds_when_it_is_accepted
    nothing_is_given_by_whom_a_suspension_only_lets_read
    a_link_that_is_spent_revoked_over_or_unknown_is_told_alike
    of_two_acceptances_at_once_one_makes_the_grant
    a_link_that_is_sent_again_ends_the_one_before
    without_a_relay_nobody_is_invited
    the_list_shows_what_is_within_reach_and_what_became_of_it
    a_second_factor_that_is_required_comes_at_the_first_sign_in
    what_an_invitation_is_over_takes_it_along
}

/// A relay, and a control plane that sends through it.
pub(crate) async fn with_relay(adjust: impl FnOnce(&mut Config)) -> (Plane, Hop) {
    let hop = Hop::start().await;
    let relay = through(&hop, Security::None, Language::En);
    let plane = Plane::start_with(|config| {
        relay(config);
        adjust(config);
    })
    .await;
    (plane, hop)
}

/// Each mail as it is read: its header, and its text decoded.
pub(crate) fn mails(hop: &Hop) -> Vec<String> {
    let read = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let (header, body) = text.split_once("\r\n\r\n").expect("a header and a text");
        if header.contains("Content-Transfer-Encoding: base64") {
            let body = STANDARD.decode(body.replace("\r\n", "")).expect("base64");
            return format!("{header}\r\n\r\n{}", String::from_utf8_lossy(&body));
        }
        text.replace("=\r\n", "").replace("=3D", "=")
    };
    hop.messages().iter().map(|message| read(&message.bytes)).collect()
}

/// The token of the newest mail to an address, once so many have come.
pub(crate) async fn token(hop: &Hop, mails_so_far: usize, to: &str) -> String {
    let mut awaited = mails_so_far;
    loop {
        hop.until_messages(awaited).await;
        let all = mails(hop);
        // Others are told other things meanwhile, whoever made a key of it.
        let theirs = all.iter().rfind(|mail| mail.contains(to));
        if let Some((_, rest)) = theirs.and_then(|mail| mail.split_once("/account/invitation?token=")) {
            return rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
        }
        awaited = all.len() + 1;
    }
}

/// What a key has to name to make somebody of this role, and to invite.
pub(crate) fn actions_of(role: Role) -> Vec<&'static str> {
    let rows = MATRIX.iter().filter(|row| row.callers == Callers::Programs && !row.of_installation);
    let mut actions: Vec<_> = rows.filter(|row| row.roles.contains(&role)).map(|row| row.action).collect();
    actions.push("invitations.write");
    actions.sort_unstable();
    actions.dedup();
    actions
}

fn wanted(email: &str, tenant: &str, role: &str) -> Value {
    json!({ "email": email, "tenant_id": tenant, "grant": { "role": role, "scope": "tenant", "tenant_id": tenant } })
}

async fn invite(plane: &Plane, by: &str, body: &Value) -> Reply {
    plane.post("/v1/invitations").with_token(by).json(body).send().await
}

async fn accept(plane: &Plane, token: &str, password: Option<&str>) -> Reply {
    let mut body = json!({ "token": token });
    if let Some(password) = password {
        body["password"] = json!(password);
    }
    plane.post("/v1/invitations/accept").anonymously().json(&body).send().await
}

async fn accept_as(plane: &Plane, who: &Somebody, token: &str) -> Reply {
    plane.post("/v1/me/invitations/accept").with_token(&who.token).json(&json!({ "token": token })).send().await
}

async fn look(plane: &Plane, token: &str) -> Reply {
    plane.post("/v1/invitations/look").anonymously().json(&json!({ "token": token })).send().await
}

fn customer(tree: &Tree) -> &str {
    &tree.customers[0].tenant
}

async fn somebody_without_an_account_accepts_with_a_password_and_signs_in() {
    let (plane, hop) = with_relay(|_| {}).await;
    let tree = tree(&plane).await;
    let tenant = customer(&tree);
    let boss = admin(&plane, tenant, "boss@acme.example").await;
    let sent = hop.until_messages(1).await.len();
    let mut body = wanted("Anna@acme.example", tenant, "auditor");
    body["language"] = json!("fr");
    let made = invite(&plane, &boss.token, &body).await;
    assert!(!made.text.contains("piv_"), "{}", made.text);
    let made = made.expect(201);
    assert_eq!((&made["state"], &made["grant"]["role"]), (&json!("pending"), &json!("auditor")));

    let token = token(&hop, sent + 1, "Anna@acme.example").await;
    let mail = mails(&hop).pop().unwrap();
    assert!(mail.contains("localhost") && mail.contains("c0 invite"), "{mail}");
    assert!(!mail.contains("boss@"), "{mail}");
    let seen = look(&plane, &token).await.expect(200);
    assert_eq!((&seen["email"], &seen["tenant_name"]), (&json!("Anna@acme.example"), &json!("c0")));
    assert_eq!((&seen["role"], &seen["scope"]), (&json!("auditor"), &json!("tenant")));
    assert_eq!((&seen["has_account"], &seen["domain_name"]), (&json!(false), &json!(null)));

    accept(&plane, &token, None).await.problem(422, "invalid_body");
    for bad in ["short", "aaaaaaaaaaaaaaaaaaaa"] {
        let reply = accept(&plane, &token, Some(bad)).await;
        reply.problem(422, "invalid_body");
        assert_eq!(reply.pointers(), ["/password"]);
    }
    let accepted = accept(&plane, &token, Some(PASSWORD)).await.expect(200);
    let anna = plane.sign_in("anna@acme.example", PASSWORD).await;
    let me = plane.get("/v1/me").with_token(&anna).send().await.expect(200);
    assert_eq!((&me["id"], &me["tenant_id"]), (&accepted["person_id"], &json!(tenant)));
    assert_eq!((&me["must_change_password"], &me["grants"][0]["role"]), (&json!(false), &json!("auditor")));
    let given = format!("/v1/grants/{}", accepted["grant_id"].as_str().unwrap());
    assert_eq!(plane.get(&given).send().await.expect(200)["created_by"], json!(boss.id));

    let log = plane.get("/v1/audit?limit=50").send().await;
    assert!(!log.text.contains("piv_") && !log.text.contains(PASSWORD), "{}", log.text);
    let log = log.expect(200);
    let row = |action: &str| log["data"].as_array().unwrap().iter().find(|row| row["action"] == action).cloned();
    for (action, actor) in [
        ("invitation.create", "person"),
        ("invitation.accept", "anonymous"),
        ("person.create", "anonymous"),
        ("grant.create", "anonymous"),
    ] {
        let row = row(action).unwrap_or_else(|| panic!("{action}: {log}"));
        assert_eq!(row["actor"]["kind"], actor, "{action}: {row}");
        assert!(row["address"].is_string(), "{row}");
    }
}

async fn somebody_with_an_account_accepts_once_signed_in() {
    let (plane, hop) = with_relay(|_| {}).await;
    let tree = tree(&plane).await;
    let tenant = customer(&tree);
    // Of another MSP's customer: it stays there.
    let anna = person(&plane, &tree.customers[2].tenant, "anna@acme.example").await;
    let other = person(&plane, tenant, "other@acme.example").await;
    let sent = hop.until_messages(2).await.len();
    invite(&plane, plane.token(), &wanted("ANNA@acme.example", tenant, "tenant_admin")).await.expect(201);
    let token = token(&hop, sent + 1, "ANNA@acme.example").await;
    assert_eq!(look(&plane, &token).await.expect(200)["has_account"], true);

    accept(&plane, &token, Some(PASSWORD)).await.problem(401, "unauthenticated");
    accept_as(&plane, &other, &token).await.problem(403, "invitation_for_another");
    let both = json!({ "token": token, "password": PASSWORD });
    let reply = plane.post("/v1/me/invitations/accept").with_token(&anna.token).json(&both).send().await;
    assert_eq!(reply.problem(422, "invalid_body").pointers(), ["/password"]);
    plane.get("/v1/tenants").with_token(&anna.token).send().await.problem(403, "forbidden");
    let accepted = accept_as(&plane, &anna, &token).await.expect(200);
    assert_eq!(accepted["person_id"], json!(anna.id));
    plane.get(&format!("/v1/tenants/{tenant}")).with_token(&anna.token).send().await.expect(200);
    let me = plane.get("/v1/me").with_token(&anna.token).send().await.expect(200);
    assert_eq!(me["tenant_id"], json!(tree.customers[2].tenant));
    accept_as(&plane, &anna, &token).await.problem(410, "link_over");

    // What they have already is not given again.
    invite(&plane, plane.token(), &wanted("anna@acme.example", tenant, "tenant_admin")).await.expect(201);
    let token = self::token(&hop, sent + 2, "anna@acme.example").await;
    accept_as(&plane, &anna, &token).await.problem(409, "grant_exists");
    let reply = plane.post("/v1/me/invitations/accept").with_token("nonsense").json(&json!({ "token": token })).send();
    reply.await.problem(401, "unauthenticated");
}

async fn an_address_with_an_account_is_invited_like_one_without() {
    let (plane, hop) = with_relay(|_| {}).await;
    let tree = tree(&plane).await;
    let tenant = customer(&tree);
    let boss = admin(&plane, tenant, "boss@acme.example").await;
    person(&plane, &tree.customers[2].tenant, "known@far.example").await;
    let sent = hop.until_messages(2).await.len();
    let blank = |mut value: Value| {
        for name in ["id", "email", "created_at", "sent_at", "expires_at"] {
            value[name] = json!(null);
        }
        value
    };
    let mut replies = Vec::new();
    for (n, email) in ["known@far.example", "new@far.example"].into_iter().enumerate() {
        let reply = invite(&plane, &boss.token, &wanted(email, tenant, "auditor")).await;
        let mut headers: Vec<_> = reply.headers.keys().map(|name| name.as_str().to_owned()).collect();
        headers.sort();
        let view = reply.expect(201);
        let path = format!("/v1/invitations/{}", view["id"].as_str().unwrap());
        let read = plane.get(&path).with_token(&boss.token).send().await.expect(200);
        hop.until_messages(sent + n + 1).await;
        let mail = mails(&hop).pop().unwrap();
        let (_, text) = mail.split_once("\r\n\r\n").unwrap();
        let text: Vec<_> = text.lines().filter(|line| !line.contains("token=") && !line.contains("until")).collect();
        replies.push((headers, blank(view), blank(read), text.join("\n").replace(email, "…")));
    }
    assert_eq!(replies[0], replies[1]);
    let none = plane.get("/v1/persons?email=known@far.example").with_token(&boss.token).send().await.expect(200);
    assert_eq!(none["data"], json!([]));
}

async fn nobody_invites_to_more_than_they_hold() {
    let (plane, _hop) = with_relay(|_| {}).await;
    let tree = tree(&plane).await;
    let tenant = customer(&tree);
    let boss = admin(&plane, tenant, "boss@acme.example").await;
    let post = |body: Value| {
        let call = plane.post("/v1/invitations").with_token(&boss.token);
        async move { call.json(&body).send().await }
    };
    let over = |scope: Value, role: &str| {
        let mut grant = scope;
        grant["role"] = json!(role);
        json!({ "email": "anna@acme.example", "tenant_id": tenant, "grant": grant })
    };
    let reply = post(over(json!({ "scope": "installation" }), "auditor")).await;
    assert_eq!(reply.problem(403, "grant_too_wide").pointers(), ["/grant/scope"]);
    for (foreign, pointer) in [
        (json!({ "scope": "tenant", "tenant_id": tree.msps[0] }), "/grant/tenant_id"),
        (json!({ "scope": "domain", "domain_id": tree.customers[1].domain }), "/grant/domain_id"),
    ] {
        let reply = post(over(foreign, "auditor")).await;
        assert_eq!(reply.problem(422, "invalid_body").pointers(), [pointer]);
    }
    // A home that is not theirs.
    let mut body = wanted("anna@acme.example", tenant, "auditor");
    body["tenant_id"] = json!(tree.customers[1].tenant);
    assert_eq!(post(body).await.problem(422, "invalid_body").pointers(), ["/tenant_id"]);
    let mut body = wanted("anna@acme.example", tenant, "domain_admin");
    assert_eq!(post(body.clone()).await.problem(422, "invalid_body").pointers(), ["/grant/max_domains"]);
    body["grant"]["max_domains"] = json!(2);
    post(body).await.expect(201);
    for bad in ["", "anna", "anna@", "é@acme.example", &format!("{}@acme.example", "a".repeat(250))] {
        let reply = post(wanted(bad, tenant, "auditor")).await;
        assert_eq!(reply.problem(422, "invalid_body").pointers(), ["/email"], "{bad}");
    }

    // An auditor sees them and sends none; a domain administrator who may hand on does for the domain, and nothing else.
    let auditor = person(&plane, tenant, "auditor@acme.example").await;
    grant(&plane, &auditor, "auditor", tenant, json!({})).await;
    invite(&plane, &auditor.token, &wanted("x@acme.example", tenant, "auditor")).await.problem(403, "forbidden");
    let delegate = person(&plane, tenant, "delegate@acme.example").await;
    let domain = &tree.customers[0].domain;
    grant(&plane, &delegate, "domain_admin", domain, json!({ "may_delegate": true })).await;
    let body = over(json!({ "scope": "domain", "domain_id": domain }), "domain_admin");
    let made = invite(&plane, &delegate.token, &body).await.expect(201);
    assert_eq!(made["tenant_id"], json!(tenant));
    let body = over(json!({ "scope": "domain", "domain_id": domain }), "auditor");
    invite(&plane, &delegate.token, &body).await.problem(403, "grant_too_wide");

    // Owners: by owners, for people of the provider, and by no key.
    let owner = |home: &str| {
        json!({ "email": "second@example.com", "tenant_id": home,
        "grant": { "role": "owner", "scope": "installation" } })
    };
    let reply = invite(&plane, plane.token(), &owner(tenant)).await;
    assert_eq!(reply.problem(422, "invalid_body").pointers(), ["/tenant_id"]);
    let key = json!({ "name": "k", "scope": "installation", "actions": ["invitations.write", "invitations.read"] });
    let key = plane.post("/v1/api-keys").json(&key).send().await.expect(201)["secret"].as_str().unwrap().to_owned();
    invite(&plane, &key, &owner(&tree.provider)).await.problem(403, "grant_too_wide");
    invite(&plane, plane.token(), &owner(&tree.provider)).await.expect(201);
    invite(&plane, &key, &wanted("by-key@acme.example", tenant, "tenant_admin")).await.problem(403, "grant_too_wide");
    // An administrator of what lies below the key's own, by one that names all a program may do there; not of its own.
    let msp = &tree.msps[0];
    let key = json!({ "name": "m", "scope": "tenant", "tenant_id": msp, "actions": actions_of(Role::TenantAdmin) });
    let key = plane.post("/v1/api-keys").json(&key).send().await.expect(201)["secret"].as_str().unwrap().to_owned();
    invite(&plane, &key, &wanted("by-key@acme.example", tenant, "tenant_admin")).await.expect(201);
    invite(&plane, &key, &wanted("by-key@acme.example", msp, "tenant_admin")).await.problem(403, "grant_too_wide");
}

async fn an_invitation_is_worth_what_its_inviter_holds_when_it_is_accepted() {
    let (plane, hop) = with_relay(|_| {}).await;
    let tree = tree(&plane).await;
    let tenant = customer(&tree);
    let boss = person(&plane, tenant, "boss@acme.example").await;
    let held = grant(&plane, &boss, "tenant_admin", tenant, json!({})).await;
    let mut sent = hop.until_messages(1).await.len();
    let key = json!({ "name": "k", "scope": "tenant", "tenant_id": tenant, "actions": actions_of(Role::Auditor) });
    let made = plane.post("/v1/api-keys").with_token(&boss.token).json(&key).send().await.expect(201);
    let (key, secret) = (made["id"].as_str().unwrap().to_owned(), made["secret"].as_str().unwrap().to_owned());
    let mut tokens = Vec::new();
    for (email, by) in [("a@acme.example", &boss.token), ("k@acme.example", &secret), ("b@acme.example", &boss.token)] {
        invite(&plane, by, &wanted(email, tenant, "auditor")).await.expect(201);
        sent += 1;
        tokens.push(token(&hop, sent, email).await);
    }
    plane.delete(&format!("/v1/api-keys/{key}")).with_token(&boss.token).send().await.expect(204);
    look(&plane, &tokens[1]).await.problem(410, "link_over");
    accept(&plane, &tokens[1], Some(PASSWORD)).await.problem(410, "link_over");
    accept(&plane, &tokens[0], Some(PASSWORD)).await.expect(200);
    // Disabled, and enabled again: what they sent stays over.
    let person = format!("/v1/persons/{}", boss.id);
    plane.post(&format!("{person}/disable")).send().await.expect(200);
    accept(&plane, &tokens[2], Some(PASSWORD)).await.problem(410, "link_over");
    plane.post(&format!("{person}/enable")).send().await.expect(200);
    look(&plane, &tokens[2]).await.problem(410, "link_over");
    // Then the grant is gone.
    let again = plane.sign_in(&boss.email, PASSWORD).await;
    invite(&plane, &again, &wanted("c@acme.example", tenant, "auditor")).await.expect(201);
    tokens.push(token(&hop, sent + 1, "c@acme.example").await);
    look(&plane, &tokens[3]).await.expect(200);
    plane.delete(&format!("/v1/grants/{held}")).send().await.expect(204);
    accept(&plane, &tokens[3], Some(PASSWORD)).await.problem(410, "link_over");
    let made = "SELECT COUNT(*) FROM persons WHERE email_key IN ('b@acme.example', 'c@acme.example', 'k@acme.example')";
    assert_eq!(plane.count(made).await, 0);
}

async fn nothing_is_given_by_whom_a_suspension_only_lets_read() {
    let (plane, hop) = with_relay(|_| {}).await;
    let tree = tree(&plane).await;
    let (tenant, domain) = (customer(&tree), &tree.customers[0].domain);
    let delegate = person(&plane, tenant, "delegate@acme.example").await;
    grant(&plane, &delegate, "domain_admin", domain, json!({ "may_delegate": true })).await;
    let body = json!({ "email": "d@acme.example", "tenant_id": tenant,
        "grant": { "role": "domain_admin", "scope": "domain", "domain_id": domain } });
    invite(&plane, &delegate.token, &body).await.expect(201);
    let token = token(&hop, 2, "d@acme.example").await;
    look(&plane, &token).await.expect(200);
    plane.post(&format!("/v1/tenants/{}/suspend", tree.msps[0])).json(&json!({})).send().await.expect(200);
    accept(&plane, &token, Some(PASSWORD)).await.problem(410, "link_over");
    assert_eq!(plane.count("SELECT COUNT(*) FROM persons WHERE email_key = 'd@acme.example'").await, 0);
    plane.post(&format!("/v1/tenants/{}/resume", tree.msps[0])).send().await.expect(200);
    accept(&plane, &token, Some(PASSWORD)).await.expect(200);
}

async fn a_link_that_is_spent_revoked_over_or_unknown_is_told_alike() {
    let (mut plane, hop) = with_relay(|_| {}).await;
    let tree = tree(&plane).await;
    let tenant = customer(&tree).to_owned();
    let mut links = Vec::new();
    for n in 0..4 {
        let email = format!("p{n}@acme.example");
        let made = invite(&plane, plane.token(), &wanted(&email, &tenant, "auditor")).await.expect(201);
        links.push((made["id"].as_str().unwrap().to_owned(), token(&hop, n + 1, &email).await));
    }
    let [spent, revoked, closed, over] = &links[..] else { panic!("four") };
    accept(&plane, &spent.1, Some(PASSWORD)).await.expect(200);
    plane.delete(&format!("/v1/invitations/{}", revoked.0)).send().await.expect(204);
    for id in [&spent.0, &revoked.0] {
        plane.delete(&format!("/v1/invitations/{id}")).send().await.problem(409, "invitation_over");
        plane.post(&format!("/v1/invitations/{id}/resend")).send().await.problem(409, "invitation_over");
    }
    let mut bent = over.1.clone();
    bent.replace_range(10..11, if bent.as_bytes()[10] == b'A' { "B" } else { "A" });
    let mut texts = Vec::new();
    for token in [&spent.1, &revoked.1, &bent, &String::new(), &"x".repeat(500)] {
        for reply in [look(&plane, token).await, accept(&plane, token, Some(PASSWORD)).await] {
            reply.problem(410, "link_over");
            texts.push(reply.text);
        }
    }
    plane.delete(&format!("/v1/tenants/{tenant}")).send().await.expect(200);
    texts.push(accept(&plane, &closed.1, Some(PASSWORD)).await.problem(410, "link_over").text.clone());
    plane.post(&format!("/v1/tenants/{tenant}/restore")).send().await.expect(200);
    look(&plane, &closed.1).await.expect(200);
    plane.clock.advance(Duration::from_hours(7 * 24));
    texts.push(accept(&plane, &over.1, Some(PASSWORD)).await.problem(410, "link_over").text.clone());
    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:#?}");

    // Who is late asks for another; and after a month nothing of it is shown.
    plane.renew(EMAIL, PASSWORD).await;
    let again = plane.post(&format!("/v1/invitations/{}/resend", over.0)).send().await.expect(200);
    assert_eq!(again["state"], "pending");
    let token = token(&hop, 5, "p3@acme.example").await;
    accept(&plane, &token, Some(PASSWORD)).await.expect(200);
    plane.clock.advance(Duration::from_hours(31 * 24));
    plane.run_jobs().await;
    assert_eq!(plane.count("SELECT COUNT(*) FROM invitations").await, 0);
}

async fn of_two_acceptances_at_once_one_makes_the_grant() {
    let (plane, hop) = with_relay(|_| {}).await;
    let tree = tree(&plane).await;
    let tenant = customer(&tree);
    let known = person(&plane, tenant, "known@acme.example").await;
    let sent = hop.until_messages(1).await.len();
    for (n, email) in ["new@acme.example", "known@acme.example"].into_iter().enumerate() {
        invite(&plane, plane.token(), &wanted(email, tenant, "auditor")).await.expect(201);
        let token = token(&hop, sent + n + 1, email).await;
        let calls = (0..8).map(|_| async {
            if email.starts_with("known") {
                accept_as(&plane, &known, &token).await
            } else {
                accept(&plane, &token, Some(PASSWORD)).await
            }
        });
        let replies = futures::future::join_all(calls).await;
        let good = replies.iter().filter(|reply| reply.status == 200).count();
        let texts: Vec<_> = replies.iter().map(|reply| &reply.text).collect();
        assert_eq!(good, 1, "{texts:?}");
        for reply in replies.iter().filter(|reply| reply.status != 200) {
            // Who comes a moment later finds the link spent, or the account there.
            let code = reply.body["code"].as_str().unwrap();
            assert!(["link_over", "unauthenticated"].contains(&code), "{}", reply.text);
        }
        let statement =
            format!("SELECT COUNT(*) FROM grants g JOIN persons p ON p.id = g.person_id WHERE p.email_key = '{email}'");
        assert_eq!(plane.count(&statement).await, 1);
    }
    // Two invitations of one address: the second finds an account.
    let other = wanted("twice@acme.example", tenant, "quarantine_manager");
    invite(&plane, plane.token(), &wanted("twice@acme.example", tenant, "auditor")).await.expect(201);
    let first = token(&hop, sent + 3, "twice@acme.example").await;
    invite(&plane, plane.token(), &other).await.expect(201);
    let second = token(&hop, sent + 4, "twice@acme.example").await;
    let replies =
        futures::future::join(accept(&plane, &first, Some(PASSWORD)), accept(&plane, &second, Some(PASSWORD)));
    let (one, two) = replies.await;
    let mut answers = [one.status.as_u16(), two.status.as_u16()];
    answers.sort_unstable();
    assert_eq!(answers, [200, 401], "{} {}", one.text, two.text);
}

async fn a_link_that_is_sent_again_ends_the_one_before() {
    let (plane, hop) = with_relay(|_| {}).await;
    let tree = tree(&plane).await;
    let tenant = customer(&tree);
    let boss = admin(&plane, tenant, "boss@acme.example").await;
    let sent = hop.until_messages(1).await.len();
    let made = invite(&plane, &boss.token, &wanted("anna@acme.example", tenant, "auditor")).await.expect(201);
    let first = token(&hop, sent + 1, "anna@acme.example").await;
    let path = format!("/v1/invitations/{}", made["id"].as_str().unwrap());
    // From now on it stands on the owner.
    let again = plane.post(&format!("{path}/resend")).send().await.expect(200);
    assert_eq!(again["id"], made["id"]);
    assert_ne!(again["invited_by"], made["invited_by"]);
    let second = token(&hop, sent + 2, "anna@acme.example").await;
    assert_ne!(first, second);
    look(&plane, &first).await.problem(410, "link_over");
    look(&plane, &second).await.expect(200);
    plane.post(&format!("/v1/persons/{}/disable", boss.id)).send().await.expect(200);
    look(&plane, &second).await.expect(200);

    // To the same thing again: the former ends. To another: both stand.
    invite(&plane, plane.token(), &wanted("anna@acme.example", tenant, "auditor")).await.expect(201);
    let third = token(&hop, sent + 3, "anna@acme.example").await;
    look(&plane, &second).await.problem(410, "link_over");
    assert_eq!(plane.get(&path).send().await.expect(200)["state"], "revoked");
    invite(&plane, plane.token(), &wanted("anna@acme.example", tenant, "tenant_admin")).await.expect(201);
    look(&plane, &third).await.expect(200);
    // A repeated call with one key sends one mail.
    let once = || {
        let call = plane.post("/v1/invitations").header("idempotency-key", "k1");
        async { call.json(&wanted("once@acme.example", tenant, "auditor")).send().await.expect(201) }
    };
    assert_eq!(once().await["id"], once().await["id"]);
    plane.run_jobs().await;
    assert_eq!(mails(&hop).iter().filter(|mail| mail.contains("once@acme.example")).count(), 1);
}

async fn without_a_relay_nobody_is_invited() {
    let plane = Plane::start().await;
    let tenant = make(&plane, plane.token(), "/v1/tenants", json!({ "name": "a" })).await;
    let reply = invite(&plane, plane.token(), &wanted("anna@acme.example", &tenant, "auditor")).await;
    reply.problem(409, "mail_not_set_up");
    assert_eq!(plane.count("SELECT COUNT(*) FROM invitations").await, 0);
}

async fn the_list_shows_what_is_within_reach_and_what_became_of_it() {
    let (plane, _hop) = with_relay(|_| {}).await;
    let tree = tree(&plane).await;
    let boss = admin(&plane, customer(&tree), "boss@acme.example").await;
    let msp = admin(&plane, &tree.msps[0], "msp@acme.example").await;
    for (n, customer) in tree.customers.iter().enumerate() {
        invite(&plane, plane.token(), &wanted(&format!("a{n}@acme.example"), &customer.tenant, "auditor"))
            .await
            .expect(201);
    }
    let domain = json!({ "email": "d@acme.example", "tenant_id": tree.msps[0],
        "grant": { "role": "domain_admin", "scope": "domain", "domain_id": tree.customers[0].domain } });
    let made = invite(&plane, &msp.token, &domain).await.expect(201);
    assert_eq!(made["tenant_id"], json!(tree.msps[0]));
    let list = |who: &str, query: &str| {
        let call = plane.get(&format!("/v1/invitations{query}")).with_token(who);
        async move {
            let page = call.send().await.expect(200);
            let data = page["data"].as_array().unwrap();
            data.iter().map(|one| one["email"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        }
    };
    assert_eq!(list(plane.token(), "").await.len(), 5);
    assert_eq!(list(&boss.token, "").await, ["a0@acme.example", "d@acme.example"]);
    assert_eq!(list(&msp.token, "").await.len(), 3);
    assert_eq!(list(&msp.token, "?email=A1@acme.example").await, ["a1@acme.example"]);
    assert_eq!(list(&boss.token, "?email=a1@acme.example").await, [""; 0]);
    assert_eq!(list(&boss.token, &format!("?tenant_id={}", customer(&tree))).await, ["a0@acme.example"]);
    assert_eq!(list(&boss.token, &format!("?domain_id={}", tree.customers[0].domain)).await, ["d@acme.example"]);
    // Which tenant above somebody is to belong to is not told below.
    let path = format!("/v1/invitations/{}", made["id"].as_str().unwrap());
    let seen = plane.get(&path).with_token(&boss.token).send().await.expect(200);
    assert_eq!(seen["tenant_id"], json!(null));
    let log = plane.get(&format!("/v1/audit?target_id={}", made["id"].as_str().unwrap()));
    let log = log.with_token(&boss.token).send().await.expect(200);
    assert_eq!(
        (&log["data"][0]["action"], &log["data"][0]["after"]["tenant_id"]),
        (&json!("invitation.create"), &json!(null))
    );
    plane.delete(&path).with_token(&boss.token).send().await.expect(204);
    assert_eq!(list(&boss.token, "?state=revoked").await, ["d@acme.example"]);
    assert_eq!(list(&boss.token, "?state=pending").await, ["a0@acme.example"]);
    assert_eq!(list(&boss.token, "?state=accepted").await, [""; 0]);
    let page = plane.get("/v1/invitations?limit=2").send().await.expect(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = plane.get(&format!("/v1/invitations?limit=2&cursor={cursor}")).send().await.expect(200);
    assert_ne!(page["data"][1]["id"], next["data"][0]["id"]);
}

async fn a_second_factor_that_is_required_comes_at_the_first_sign_in() {
    let (plane, hop) = with_relay(|_| {}).await;
    let tree = tree(&plane).await;
    let tenant = customer(&tree);
    let policy = format!("/v1/tenants/{tenant}/sign-in-policy");
    let required = json!({ "second_factor": "required" });
    plane.put(&policy).header("if-match", "*").json(&required).send().await.expect(200);
    invite(&plane, plane.token(), &wanted("anna@acme.example", tenant, "auditor")).await.expect(201);
    let first = token(&hop, 1, "anna@acme.example").await;
    accept(&plane, &first, Some(PASSWORD)).await.expect(200);
    let body = json!({ "email": "anna@acme.example", "password": PASSWORD });
    let session = plane.post("/v1/sessions").anonymously().json(&body).send().await.expect(201);
    assert_eq!(session["must_enrol_factor"], true);
    // A session that can only set one up accepts nothing.
    invite(&plane, plane.token(), &wanted("anna@acme.example", tenant, "tenant_admin")).await.expect(201);
    let second = token(&hop, 2, "anna@acme.example").await;
    let anna = Somebody {
        id: String::new(),
        email: "anna@acme.example".to_owned(),
        token: session["access_token"].as_str().unwrap().to_owned(),
    };
    accept_as(&plane, &anna, &second).await.problem(403, "enrolment_required");
}

async fn what_an_invitation_is_over_takes_it_along() {
    let (mut plane, _hop) = with_relay(|_| {}).await;
    let tree = tree(&plane).await;
    let tenant = customer(&tree).to_owned();
    let domain = tree.customers[0].domain.clone();
    let body = json!({ "email": "d@acme.example", "tenant_id": tenant,
        "grant": { "role": "domain_admin", "scope": "domain", "domain_id": domain } });
    invite(&plane, plane.token(), &body).await.expect(201);
    invite(&plane, plane.token(), &wanted("a@acme.example", &tenant, "auditor")).await.expect(201);
    plane.delete(&format!("/v1/domains/{domain}")).send().await.expect(200);
    assert_eq!(plane.count("SELECT COUNT(*) FROM invitations").await, 1);
    plane.delete(&format!("/v1/tenants/{tenant}")).send().await.expect(200);
    plane.clock.advance(Duration::from_hours(24 * 31));
    plane.run_jobs().await;
    plane.renew(EMAIL, PASSWORD).await;
    plane.get(&format!("/v1/tenants/{tenant}")).send().await.problem(404, "not_found");
    assert_eq!(plane.count("SELECT COUNT(*) FROM invitations").await, 0);
}
