//! People with accounts, and what tests give them.

use serde_json::{Value, json};

use crate::harness::{PASSWORD, Plane};

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Somebody {
    pub id: String,
    pub email: String,
    pub token: String,
}

/// An account of a tenant, with its password changed, and signed in.
pub(crate) async fn person(plane: &Plane, tenant: &str, email: &str) -> Somebody {
    let made = plane.post("/v1/persons").json(&json!({ "tenant_id": tenant, "email": email })).send().await.expect(201);
    let initial = made["initial_password"].as_str().unwrap();
    let token = plane.sign_in(email, initial).await;
    let change = json!({ "current_password": initial, "new_password": PASSWORD });
    plane.put("/v1/me/password").with_token(&token).json(&change).send().await.expect(204);
    Somebody { id: made["id"].as_str().unwrap().to_owned(), email: email.to_owned(), token }
}

/// Gives a role over a tenant or a domain, as the owner; the grant's id.
pub(crate) async fn grant(plane: &Plane, to: &Somebody, role: &str, over: &str, more: Value) -> String {
    let mut body = json!({ "person_id": to.id, "role": role });
    let scope = match over.split_once('_') {
        Some(("ten", _)) => json!({ "scope": "tenant", "tenant_id": over }),
        Some(("dom", _)) => json!({ "scope": "domain", "domain_id": over }),
        _ => json!({ "scope": "installation" }),
    };
    body.as_object_mut().unwrap().extend(scope.as_object().cloned().unwrap_or_default());
    body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    let made = plane.post("/v1/grants").json(&body).send().await.expect(201);
    made["id"].as_str().unwrap().to_owned()
}

/// A person of the tenant with a role over it.
pub(crate) async fn admin(plane: &Plane, tenant: &str, email: &str) -> Somebody {
    let somebody = person(plane, tenant, email).await;
    grant(plane, &somebody, "tenant_admin", tenant, json!({})).await;
    somebody
}

pub(crate) async fn make(plane: &Plane, token: &str, path: &str, body: Value) -> String {
    let made = plane.post(path).with_token(token).json(&body).send().await.expect(201);
    made["id"].as_str().unwrap().to_owned()
}

/// Provider → two MSPs, each with two customers, each of these with a route, a domain, a recipient and an entry.
pub(crate) struct Tree {
    pub provider: String,
    pub msps: [String; 2],
    /// Two of the first MSP, then two of the second.
    pub customers: Vec<Customer>,
}

#[derive(Debug, Clone)]
pub(crate) struct Customer {
    pub tenant: String,
    pub domain: String,
    pub route: String,
    pub recipient: String,
    pub entry: String,
}

pub(crate) async fn tree(plane: &Plane) -> Tree {
    let token = plane.token();
    let provider = plane.get("/v1/me").send().await.expect(200)["tenant_id"].as_str().unwrap().to_owned();
    let msp = |name: &'static str| make(plane, token, "/v1/tenants", json!({ "name": name, "kind": "msp" }));
    let msps = [msp("north").await, msp("south").await];
    let mut customers = Vec::new();
    for (n, parent) in [&msps[0], &msps[0], &msps[1], &msps[1]].into_iter().enumerate() {
        customers.push(customer(plane, parent, &format!("c{n}")).await);
    }
    Tree { provider, msps, customers }
}

async fn customer(plane: &Plane, parent: &str, name: &str) -> Customer {
    let token = plane.token();
    let tenant = make(plane, token, "/v1/tenants", json!({ "name": name, "parent_id": parent })).await;
    let route = json!({ "tenant_id": tenant, "name": "r", "hops": [{ "host": "mx.acme.example" }] });
    let route = make(plane, token, "/v1/routes", route).await;
    let domain = json!({ "tenant_id": tenant, "name": format!("{name}.example"), "route_id": route });
    let domain = make(plane, token, "/v1/domains", domain).await;
    let recipient = json!({ "address": format!("anna@{name}.example") });
    let recipient = make(plane, token, &format!("/v1/domains/{domain}/recipients"), recipient).await;
    let entry = json!({ "kind": "block", "scope": "domain", "domain_id": domain, "sender": "*@bad.example" });
    let entry = make(plane, token, "/v1/list-entries", entry).await;
    Customer { tenant, domain, route, recipient, entry }
}
