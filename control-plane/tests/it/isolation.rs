//! Every door of the API documents, called by everybody who might try, on things that are somebody else's. The table is made
//! from the documents: a route that has no row in the golden file fails.

use std::{collections::BTreeMap, fmt::Write, time::Duration};

use control_plane::mail_out::{Language, Security};
use serde_json::{Value, json};

use crate::{
    golden,
    harness::{PASSWORD, Plane, Reply, on_both},
    mail_out::through,
    people::{Somebody, admin, grant, make, person, tree},
};

on_both! {
    alone:
    every_door_is_shut_to_whom_it_is_not_for
    whatever_one_tenants_administrator_does_another_tenant_stays_as_it_is
}

/// Things of one tenant, by the names of their schemas.
struct Things {
    ids: BTreeMap<&'static str, String>,
    domain_name: String,
    /// Of the tenant above it.
    parent: String,
}

/// Whoever calls, on whose things.
struct Caller<'a> {
    name: &'static str,
    email: Option<String>,
    token: Option<String>,
    things: &'a Things,
    if_match: &'static str,
    /// Nothing that is answered may have a trace of the things.
    outside: bool,
}

async fn things(plane: &Plane, tenant: &str, parent: &str, name: &str) -> Things {
    let token = plane.token();
    let domain_name = format!("{name}.example");
    let route = json!({ "tenant_id": tenant, "name": name, "hops": [{ "host": format!("mx.{domain_name}") }] });
    let route = make(plane, token, "/v1/routes", route).await;
    let domain = json!({ "tenant_id": tenant, "name": domain_name, "route_id": route, "labels": { "is": name } });
    let domain = make(plane, token, "/v1/domains", domain).await;
    let recipients = format!("/v1/domains/{domain}/recipients");
    let recipient = make(plane, token, &recipients, json!({ "address": format!("a@{domain_name}") })).await;
    let entry =
        json!({ "kind": "block", "scope": "tenant", "tenant_id": tenant, "sender": format!("*@by-{domain_name}") });
    let entry = make(plane, token, "/v1/list-entries", entry).await;
    let pair = pretend::ca::Ca::new().issue(&[&format!("mx.{domain_name}")]);
    let certificate = json!({ "tenant_id": tenant, "chain": pair.pem(), "key": pair.key_pem() });
    let certificate = make(plane, token, "/v1/certificates", certificate).await;
    let somebody =
        json!({ "tenant_id": tenant, "email": format!("somebody@{domain_name}"), "initial_password": PASSWORD });
    let somebody = make(plane, token, "/v1/persons", somebody).await;
    let given = json!({ "person_id": somebody, "role": "auditor", "scope": "tenant", "tenant_id": tenant });
    let given = make(plane, token, "/v1/grants", given).await;
    let key = json!({ "name": name, "scope": "tenant", "tenant_id": tenant, "actions": ["domains.read"] });
    let key = make(plane, token, "/v1/api-keys", key).await;
    let invitation = json!({ "email": format!("invited@{domain_name}"), "tenant_id": tenant,
        "grant": { "role": "auditor", "scope": "tenant", "tenant_id": tenant } });
    let invitation = make(plane, token, "/v1/invitations", invitation).await;
    let reset = waiting_reset(plane, &somebody).await;
    let ids = BTreeMap::from([
        ("ApiKeyId", key),
        ("InvitationId", invitation),
        ("PasswordResetId", reset),
        ("TenantId", tenant.to_owned()),
        ("RouteId", route),
        ("DomainId", domain),
        ("RecipientId", recipient),
        ("ListEntryId", entry),
        ("CertificateId", certificate),
        ("PersonId", somebody),
        ("GrantId", given),
    ]);
    Things { ids, domain_name, parent: parent.to_owned() }
}

/// A new password of theirs that waits for an administrator, as if they had used a link.
async fn waiting_reset(plane: &Plane, person: &str) -> String {
    let person = person.split_once('_').unwrap().1;
    let now = plane.clock.now().as_micros();
    let until = now + 24 * 60 * 60 * 1_000_000;
    let insert = |own: &str, hash: &str| {
        format!(
            "INSERT INTO password_resets (id, person_id, token_hash, password_hash, created_at, expires_at, waiting_since,
                new_password_hash)
            SELECT {own}, id, {hash}, password_hash, {now}, {until}, {now}, password_hash FROM persons WHERE id = {own}"
        )
    };
    let sqlite = insert(&format!("x'{person}'"), &format!("x'{person}'"));
    let postgres = insert(&format!("CAST('{person}' AS UUID)"), &format!("decode('{person}', 'hex')"));
    plane.tamper(&sqlite, &postgres).await;
    format!("prs_{person}")
}

impl Things {
    /// What a call by its example becomes, so that it is about these things.
    fn placed(&self, body: &Value, unique: usize) -> Value {
        let mut body = body.clone();
        let Value::Object(fields) = &mut body else { return body };
        fields.remove("external_ref");
        fields.remove("hop_sees");
        for (name, value) in fields.iter_mut() {
            let schema = match name.as_str() {
                "tenant_id" => "TenantId",
                "domain_id" => "DomainId",
                "route_id" => "RouteId",
                "person_id" => "PersonId",
                _ => continue,
            };
            *value = json!(self.ids[schema]);
        }
        let here = |local: &str| json!(format!("{local}@{}", self.domain_name));
        for (name, local) in
            [("address", format!("x{unique}")), ("rcpt_to", "a".to_owned()), ("recipient", "a".to_owned())]
        {
            if let Some(value) = fields.get_mut(name) {
                *value = here(&local);
            }
        }
        if let Some(value) = fields.get_mut("sender") {
            *value = json!(format!("*@by{unique}.example"));
        }
        if let Some(value) = fields.get_mut("email") {
            *value = json!(format!("new{unique}@example.com"));
        }
        if let Some(value) = fields.get_mut("grant") {
            *value = self.placed(value, unique);
        }
        if let Some(value) = fields.get_mut("items") {
            *value = json!([{ "address": here(&format!("i{unique}")) }]);
        }
        body
    }

    /// Texts that say that these things are there.
    fn traces(&self) -> impl Iterator<Item = &String> {
        self.ids.values().chain([&self.domain_name])
    }
}

/// One operation of a document.
struct Operation {
    method: String,
    path: String,
    id: String,
    /// Name and schema of each parameter of the path.
    parameters: Vec<(String, String)>,
    media_type: Option<String>,
    example: Value,
}

fn operations(document: &Value) -> Vec<Operation> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().into_iter().flatten().filter(|one| one["in"] == "path");
            let named = parameters.map(|one| {
                let schema = one["schema"]["$ref"].as_str().unwrap_or_default().rsplit('/').next().unwrap();
                (one["name"].as_str().unwrap().to_owned(), schema.to_owned())
            });
            let content = operation["requestBody"]["content"].as_object().and_then(|content| content.iter().next());
            found.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                id: operation["operationId"].as_str().unwrap().to_owned(),
                parameters: named.collect(),
                media_type: content.map(|(media_type, _)| media_type.clone()),
                example: content.map(|(_, content)| content["example"].clone()).unwrap_or_default(),
            });
        }
    }
    // What reads first, what takes away last.
    let order = |method: &str| ["GET", "PUT", "PATCH", "POST", "DELETE"].iter().position(|one| *one == method);
    found.sort_by_key(|one| (order(&one.method), one.id.clone()));
    found
}

async fn call(plane: &Plane, operation: &Operation, caller: &Caller<'_>, unique: usize) -> Reply {
    let mut path = operation.path.clone();
    for (name, schema) in &operation.parameters {
        let value = match (schema.as_str(), name.as_str()) {
            ("Setting", _) => "inbound_tls".to_owned(),
            (_, "version") => "1".to_owned(),
            // Nobody's: the installation's, or of no message.
            ("WorkerId", _) => "wrk_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f".to_owned(),
            ("PoolId", _) => "poo_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f".to_owned(),
            ("PasskeyId", _) => "pky_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f".to_owned(),
            ("SessionId", _) => "ses_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f".to_owned(),
            ("JoinTokenId", _) => "jtk_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f".to_owned(),
            // Names of objects, for workers only.
            ("Hash", _) => "0".repeat(64),
            ("ErrandId", _) => "ern_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f".to_owned(),
            ("MessageId", _) => "msg_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f".to_owned(),
            (schema, _) => {
                caller.things.ids.get(schema).unwrap_or_else(|| panic!("{path}: what is a {schema}?")).clone()
            }
        };
        path = path.replace(&format!("{{{name}}}"), &value);
    }
    let mut token = caller.token.clone();
    if let (Some(email), "delete_current_session") = (&caller.email, operation.id.as_str())
        && !matches!(caller.name, "disabled")
    {
        token = Some(plane.sign_in(email, PASSWORD).await);
    }
    let mut request = plane.call(&operation.method, &path).anonymously().header("if-match", caller.if_match);
    if let Some(token) = &token {
        request = request.with_token(token);
    }
    let mut body = caller.things.placed(&operation.example, unique);
    match operation.id.as_str() {
        "create_domain" => body["name"] = json!(format!("n{unique}.{}", caller.things.domain_name)),
        "create_certificate" => body["tenant_id"] = json!(caller.things.ids["TenantId"]),
        "create_route" => body["name"] = json!(format!("route {unique}")),
        "create_tenant" => body["parent_id"] = json!(caller.things.parent),
        "onboard_tenant" => {
            body["tenant"] = json!({ "name": format!("t{unique}"), "parent_id": caller.things.parent });
            body["administrator"]["email"] = json!(format!("first{unique}@example.com"));
            body["domain"]["name"] = json!(format!("o{unique}.example"));
        }
        "update_my_password" => body["current_password"] = json!("not the password"),
        _ => {}
    }
    request = match operation.media_type.as_deref() {
        Some("text/csv") => request.raw("text/csv", format!("c{unique}@{}\r\n", caller.things.domain_name)),
        Some(_) => request.json(&body),
        None => request,
    };
    request.send().await
}

/// All that an owner can read of these things.
async fn export(plane: &Plane, things: &Things) -> String {
    let mut text = String::new();
    let tenant = &things.ids["TenantId"];
    let domain = &things.ids["DomainId"];
    for path in [
        format!("/v1/tenants/{tenant}"),
        format!("/v1/tenants/{tenant}/policy?effective=true"),
        format!("/v1/tenants/{tenant}/limits"),
        format!("/v1/tenants?parent_id={tenant}"),
        format!("/v1/domains?tenant_id={tenant}&limit=500"),
        format!("/v1/domains/{domain}/policy?effective=true"),
        format!("/v1/domains/{domain}/recipients"),
        format!("/v1/domains/{domain}/access"),
        format!("/v1/routes?tenant_id={tenant}"),
        format!("/v1/certificates?tenant_id={tenant}"),
        format!("/v1/list-entries?tenant_id={tenant}"),
        format!("/v1/list-entries?domain_id={domain}"),
        format!("/v1/persons?tenant_id={tenant}"),
        format!("/v1/grants?tenant_id={tenant}"),
        format!("/v1/invitations?tenant_id={tenant}"),
    ] {
        let reply = plane.get(&path).send().await;
        assert_eq!(reply.status, 200, "{path} {}", reply.text);
        let _ = writeln!(text, "{path} {}", reply.text);
    }
    text
}

async fn every_door_is_shut_to_whom_it_is_not_for() {
    let hop = pretend::hop::Hop::start().await;
    let relay = through(&hop, Security::None, Language::En);
    let plane = Plane::start_with(|config| {
        config.accept_domains_without_proof = true;
        relay(config);
    })
    .await;
    let tree = tree(&plane).await;
    let own = things(&plane, &tree.customers[0].tenant, &tree.msps[0], "own").await;
    let again = things(&plane, &tree.customers[0].tenant, &tree.msps[0], "again").await;
    let above = things(&plane, &tree.msps[0], &tree.provider, "above").await;
    let tenant = own.ids["TenantId"].clone();
    let anybody = |name: &'static str, somebody: &Somebody, things, outside| Caller {
        name,
        email: Some(somebody.email.clone()),
        token: Some(somebody.token.clone()),
        things,
        // Where it is honoured, nothing is done; elsewhere it says nothing.
        if_match: "\"r999\"",
        outside,
    };
    let stranger = admin(&plane, &tree.msps[1], "stranger@example.com").await;
    let sibling = admin(&plane, &tree.customers[1].tenant, "sibling@example.com").await;
    let child = admin(&plane, &tenant, "child@example.com").await;
    let parent = admin(&plane, &tree.msps[0], "parent@example.com").await;
    let domain = person(&plane, &tenant, "domain@example.com").await;
    grant(&plane, &domain, "domain_admin", &tree.customers[0].domain, json!({})).await;
    let auditor = person(&plane, &tenant, "auditor@example.com").await;
    grant(&plane, &auditor, "auditor", &tenant, json!({})).await;
    let expired = person(&plane, &tenant, "expired@example.com").await;
    let until = serde_json::to_value(control_plane::http::Time(plane.clock.now() + Duration::from_mins(1))).unwrap();
    grant(&plane, &expired, "tenant_admin", &tenant, json!({ "expires_at": until })).await;
    plane.clock.advance(Duration::from_mins(2));
    let disabled = admin(&plane, &tenant, "disabled@example.com").await;
    plane.post(&format!("/v1/persons/{}/disable", disabled.id)).send().await.expect(200);
    // An administrator of theirs who has to set up a factor first, because the domain of their address says so.
    let mut enrol = admin(&plane, &tenant, &format!("enrol@{}", own.domain_name)).await;
    let policy = format!("/v1/domains/{}/sign-in-policy", own.ids["DomainId"]);
    let required = json!({ "second_factor": "required" });
    plane.put(&policy).header("if-match", "*").json(&required).send().await.expect(200);
    enrol.token = plane.sign_in(&enrol.email, PASSWORD).await;
    // Whoever stands above has stopped theirs.
    let halted = things(&plane, &tree.customers[3].tenant, &tree.msps[1], "halted").await;
    let suspended = admin(&plane, &tree.customers[3].tenant, "suspended@example.com").await;
    plane.post(&format!("/v1/tenants/{}/suspend", tree.customers[3].tenant)).json(&json!({})).send().await.expect(200);
    let nobody = Caller { name: "anonymous", email: None, token: None, things: &own, if_match: "*", outside: true };
    let callers = [
        nobody,
        anybody("stranger", &stranger, &own, true),
        anybody("sibling", &sibling, &own, true),
        anybody("child", &child, &above, true),
        anybody("domain", &domain, &own, true),
        anybody("expired", &expired, &own, true),
        anybody("disabled", &disabled, &own, true),
        anybody("enrol_only", &enrol, &own, true),
        anybody("auditor", &auditor, &own, false),
        anybody("suspended", &suspended, &halted, false),
        // Last: what they ask for is done.
        anybody("parent", &parent, &own, false),
        anybody("own", &child, &again, false),
    ];
    let (rest, worker) = control_plane::documents();
    let operations: Vec<_> = operations(&rest).into_iter().chain(operations(&worker)).collect();
    let all = async || export(&plane, &own).await + &export(&plane, &above).await + &export(&plane, &halted).await;
    let before = all().await;
    let mut rows: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let (mut unique, mut changed) = (0, false);
    for caller in &callers {
        if caller.name == "parent" {
            let after = all().await;
            changed |= before != after;
            assert_eq!(before, after, "somebody from outside changed something");
        }
        for operation in &operations {
            unique += 1;
            // Whoever asks or guesses often waits, and all are of one network.
            if matches!(
                operation.id.as_str(),
                "create_password_reset" | "verify_current_session" | "delete_current_session"
            ) {
                plane.clock.advance(Duration::from_secs(20));
            }
            let reply = call(&plane, operation, caller, unique).await;
            rows.entry(&operation.id).or_default().push(reply.status.as_str().to_owned());
            if operation.id == "suspend_tenant" && reply.status.is_success() {
                // The others act as they would otherwise.
                let tenant = &caller.things.ids["TenantId"];
                plane.post(&format!("/v1/tenants/{tenant}/resume")).send().await.expect(200);
            }
            let at = format!("{} {} as {}", operation.method, operation.path, caller.name);
            assert!(reply.status.as_u16() != 500, "{at}: {}", reply.text);
            if caller.outside {
                let traces: Vec<_> = caller.things.traces().filter(|text| reply.text.contains(*text)).collect();
                // Whoever belongs to a tenant, or stands below it, knows that it is there.
                let known = |text: &&&String| {
                    matches!(caller.name, "domain" | "expired" | "child" | "enrol_only")
                        && ***text == caller.things.ids["TenantId"]
                        // In their own address.
                        || caller.name == "enrol_only" && ***text == caller.things.domain_name
                };
                let traces: Vec<_> = traces.iter().filter(|text| !known(text)).collect();
                assert!(traces.is_empty(), "{at} shows {traces:?}: {}", reply.text);
                let about_them = operation.path.contains("_id}");
                assert!(!about_them || !reply.status.is_success(), "{at}: {}", reply.text);
            }
            if matches!(caller.name, "auditor" | "suspended") && operation.method != "GET" {
                // Their own account is theirs.
                let own = ["/v1/me", "/v1/sessions"].iter().any(|path| operation.path.starts_with(path));
                let harmless = own || matches!(operation.id.as_str(), "test_policy" | "create_password_reset");
                assert!(harmless || !reply.status.is_success(), "{at}: {}", reply.text);
            }
        }
    }
    assert!(!changed);
    let mut table = format!("{:<30}", "operation");
    for caller in &callers {
        let _ = write!(table, "{:<11}", caller.name);
    }
    let mut table = table.trim_end().to_owned() + "\n";
    for (operation, cells) in rows {
        let mut line = format!("{operation:<30}");
        for cell in cells {
            let _ = write!(line, "{cell:<11}");
        }
        let _ = writeln!(table, "{}", line.trim_end());
    }
    golden::check("isolation.txt", &table);
}

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    /// Below `n`. Marsaglia's xorshift.
    fn roll(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % n as u64).unwrap()
    }
}

async fn whatever_one_tenants_administrator_does_another_tenant_stays_as_it_is() {
    // Guessing passwords slows everybody of a network down; no worker is there to try a route.
    const LEFT_OUT: &[&str] =
        &["create_session", "create_password_reset", "delete_current_session", "update_my_password", "test_route"];
    let hop = pretend::hop::Hop::start().await;
    let relay = through(&hop, Security::None, Language::En);
    let plane = Plane::start_with(|config| {
        config.accept_domains_without_proof = true;
        relay(config);
    })
    .await;
    let tree = tree(&plane).await;
    let a = things(&plane, &tree.customers[0].tenant, &tree.msps[0], "aa").await;
    let b = things(&plane, &tree.customers[1].tenant, &tree.msps[0], "bb").await;
    let admin_a = admin(&plane, &tree.customers[0].tenant, "a@example.com").await;
    let admin_b = admin(&plane, &tree.customers[1].tenant, "b@example.com").await;
    let seen_by_b = async || {
        let mut text = export(&plane, &b).await;
        for path in [
            "tenants",
            "domains",
            "routes",
            "certificates",
            "list-entries",
            "persons",
            "grants",
            "invitations",
            "audit",
            "messages",
            "me/permissions",
        ] {
            let reply = plane.get(&format!("/v1/{path}")).with_token(&admin_b.token).send().await;
            let _ = writeln!(text, "{path} {}", reply.expect(200));
        }
        text
    };
    let before = seen_by_b().await;
    let (rest, _) = control_plane::documents();
    let mut operations = operations(&rest);
    operations.retain(|operation| !LEFT_OUT.contains(&operation.id.as_str()));
    let (mut dice, mut done) = (Dice(0x9e37_79b9_7f4a_7c15), 0);
    for unique in 0..500 {
        let operation = &operations[dice.roll(operations.len())];
        // Each id is one's own or the other's, in any mixture.
        let ids =
            a.ids.iter().map(|(schema, own)| (*schema, if dice.roll(2) == 0 { own } else { &b.ids[schema] }.clone()));
        let mixed = Things {
            ids: ids.collect(),
            domain_name: if dice.roll(2) == 0 { &a } else { &b }.domain_name.clone(),
            parent: if dice.roll(2) == 0 { &a.ids["TenantId"] } else { &b.ids["TenantId"] }.clone(),
        };
        let caller = Caller {
            name: "a",
            email: None,
            token: Some(admin_a.token.clone()),
            things: &mixed,
            if_match: "*",
            outside: true,
        };
        let reply = call(&plane, operation, &caller, unique).await;
        assert!(reply.status.as_u16() != 500, "{} {}: {}", operation.method, operation.path, reply.text);
        done += usize::from(operation.method != "GET" && reply.status.is_success());
    }
    assert!(done > 20, "{done} calls of 500 changed something of their own");
    let after = seen_by_b().await;
    assert_eq!(before, after);
}
