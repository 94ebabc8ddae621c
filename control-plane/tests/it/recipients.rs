//! Recipients in numbers: aliases, uploads, exports; and domains that are aliases of others.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Plane, Reply, on_both};

on_both! {
    an_alias_belongs_to_a_mailbox_of_its_domain
    a_file_is_added_whole_or_not_at_all_unless_its_good_lines_are_asked_for
    a_replacement_removes_what_is_not_in_the_file_and_asks_before_it_removes_much
    an_export_is_what_an_upload_takes
    uploads_have_bounds_and_a_media_type
    a_domain_says_what_holds_when_its_next_hop_cannot_be_asked
    an_alias_domain_points_to_a_domain_of_its_tenant_and_no_further
    a_domain_with_aliases_is_not_deleted_before_them
    what_an_alias_domain_shares_is_written_at_its_primary
    a_tenant_that_goes_takes_aliases_and_their_primaries_along
}

async fn tenant(plane: &Plane, name: &str) -> String {
    plane.post("/v1/tenants").json(&json!({ "name": name })).send().await.expect(201)["id"].as_str().unwrap().to_owned()
}

async fn try_domain(plane: &Plane, tenant: &str, name: &str, more: Value) -> Reply {
    let mut body = json!({ "tenant_id": tenant, "name": name });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    plane.post("/v1/domains").json(&body).send().await
}

async fn domain(plane: &Plane, tenant: &str, name: &str) -> String {
    let made = try_domain(plane, tenant, name, json!({})).await.expect(201);
    format!("/v1/domains/{}", made["id"].as_str().unwrap())
}

fn id(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

async fn acme(plane: &Plane) -> String {
    let tenant = tenant(plane, "acme").await;
    domain(plane, &tenant, "acme.example").await
}

async fn upload(plane: &Plane, domain: &str, query: &str, file: &str) -> Reply {
    plane.post(&format!("{domain}/recipients:import{query}")).raw("text/csv", file).send().await
}

/// A file of `u0@acme.example` and so on.
fn many(range: std::ops::Range<u32>) -> String {
    range.map(|n| ["u", &n.to_string(), "@acme.example\n"].concat()).collect()
}

async fn addresses(plane: &Plane, domain: &str) -> Vec<String> {
    let page = plane.get(&format!("{domain}/recipients?limit=500")).send().await.expect(200);
    let mut all: Vec<_> =
        page["data"].as_array().unwrap().iter().map(|one| one["address"].as_str().unwrap().to_owned()).collect();
    all.sort();
    all
}

async fn an_alias_belongs_to_a_mailbox_of_its_domain(plane: Plane) {
    let acme = acme(&plane).await;
    let list = format!("{acme}/recipients");
    let add = async |body: Value| plane.post(&list).json(&body).send().await;
    let anna = add(json!({ "address": "Anna@acme.example" })).await.expect(201);
    assert_eq!((&anna["alias_of"], &anna["hop_sees"]), (&Value::Null, &Value::Null));
    let smith = json!({ "address": "a.smith@acme.example", "alias_of": "anna@ACME.example", "hop_sees": "mailbox" });
    let smith = add(smith).await.expect(201);
    assert_eq!((&smith["alias_of"], &smith["hop_sees"]), (&json!("Anna@acme.example"), &json!("mailbox")));
    for (body, pointer, code) in [
        (json!({ "address": "x@acme.example", "alias_of": "a.smith@acme.example" }), "/alias_of", "alias_of_alias"),
        (json!({ "address": "x@acme.example", "alias_of": "x@acme.example" }), "/alias_of", "alias_of_itself"),
        (json!({ "address": "x@acme.example", "alias_of": "bert@acme.example" }), "/alias_of", "no_such_mailbox"),
        (json!({ "address": "x@acme.example", "alias_of": "anna@other.example" }), "/alias_of", "other_domain"),
        (json!({ "address": "x@acme.example", "hop_sees": "mailbox" }), "/hop_sees", "not_now"),
    ] {
        let reply = add(body).await;
        reply.problem(422, "invalid_body");
        assert_eq!(
            (&reply.body["errors"][0]["pointer"], &reply.body["errors"][0]["code"]),
            (&json!(pointer), &json!(code))
        );
    }
    add(json!({ "address": "A.SMITH@acme.example" })).await.problem(409, "name_taken");
    let one = |of: &Value| format!("{list}/{}", of["id"].as_str().unwrap());
    plane.delete(&one(&anna)).send().await.problem(409, "has_aliases");
    plane.delete(&one(&smith)).send().await.expect(204);
    plane.delete(&one(&anna)).send().await.expect(204);
    let items = json!({ "items": [
        { "address": "x@acme.example", "alias_of": "bert@acme.example" },
        { "address": "bert@acme.example" },
        { "address": "y@acme.example", "alias_of": "x@acme.example" },
        { "address": "BERT@acme.example" },
    ]});
    let results = plane.post(&format!("{list}:batch")).json(&items).send().await.expect(200)["results"].clone();
    let statuses: Vec<_> = results.as_array().unwrap().iter().map(|r| r["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["created", "created", "invalid", "exists"]);
    assert_eq!(results[2]["error"]["pointer"], "/items/2/alias_of");
    assert_eq!(results[3]["id"], results[1]["id"]);
}

async fn a_file_is_added_whole_or_not_at_all_unless_its_good_lines_are_asked_for(plane: Plane) {
    let acme = acme(&plane).await;
    let file = "address,alias_of,hop_sees\r\nanna@acme.example,,\r\nnonsense\r\nbert@other.example\r\n\
        a.s@acme.example,anna@acme.example,mailbox\r\nx@acme.example,nobody@acme.example\r\nANNA@acme.example\r\n";
    let refused = upload(&plane, &acme, "", file).await;
    refused.problem(422, "invalid_body");
    assert_eq!(refused.pointers(), ["/3/1", "/4/1", "/6/16"]);
    assert!(refused.body["detail"].as_str().unwrap().starts_with("3 of 6 lines"), "{}", refused.text);
    assert!(refused.body["errors"][0]["message"].as_str().unwrap().starts_with("line 3, column 1: "));
    assert!(addresses(&plane, &acme).await.is_empty());
    let dry = upload(&plane, &acme, "?on_error=skip&dry_run=true", file).await;
    assert_eq!((dry.header("config-version"), &dry.body["added"]), (None, &json!(2)));
    assert!(addresses(&plane, &acme).await.is_empty());
    let done = upload(&plane, &acme, "?on_error=skip", file).await;
    assert!(done.header("config-version").is_some());
    let done = done.expect(200);
    let counts = |of: &Value| {
        ["lines", "added", "unchanged", "changed", "removed", "repeated", "broken"]
            .map(|name| of[name].as_u64().unwrap())
    };
    assert_eq!(counts(&done), [6, 2, 0, 0, 0, 1, 3]);
    assert_eq!((&done["errors"][2]["line"], &done["errors"][2]["code"]), (&json!(6), &json!("no_such_mailbox")));
    assert_eq!(addresses(&plane, &acme).await, ["a.s@acme.example", "anna@acme.example"]);
    // The same again changes nothing, and leaves no version behind.
    let again = upload(&plane, &acme, "?on_error=skip", file).await;
    assert_eq!((again.header("config-version"), counts(&again.body)), (None, [6, 0, 2, 0, 0, 1, 3]));
    let log = plane.get(&format!("/v1/audit?target_id={}", id(&acme))).send().await.expect(200);
    let rows = log["data"].as_array().unwrap();
    let import = rows.iter().find(|row| row["action"] == "recipients.import" && row["after"]["added"] == 2).unwrap();
    assert_eq!(import["after"]["first_added"], json!(["anna", "a.s"]));
    let header = upload(&plane, &acme, "?on_error=skip", "name,address\r\n").await;
    assert_eq!(header.problem(422, "invalid_body").pointers(), ["/1/1"]);
}

async fn a_replacement_removes_what_is_not_in_the_file_and_asks_before_it_removes_much(plane: Plane) {
    let acme = acme(&plane).await;
    let file = many;
    upload(&plane, &acme, "?mode=replace", &file(0..1_000)).await.expect(200);
    let replaced = upload(&plane, &acme, "?mode=replace", &(file(100..1_000) + "new@acme.example")).await.expect(200);
    assert_eq!(
        (&replaced["removed"], &replaced["added"], &replaced["unchanged"]),
        (&json!(100), &json!(1), &json!(900))
    );
    assert_eq!(replaced["removed_addresses"].as_array().unwrap().len(), 100);
    for (half, removed) in [(file(0..10), 901), (String::new(), 901), ("address\n".to_owned(), 901)] {
        let refused = upload(&plane, &acme, "?mode=replace", &half).await;
        refused.problem(409, "too_many_removed");
        assert!(
            refused.body["detail"].as_str().unwrap().contains(&format!("max_removed={removed}")),
            "{}",
            refused.text
        );
    }
    let dry = upload(&plane, &acme, "?mode=replace&dry_run=true", "").await.expect(200);
    assert_eq!(dry["removed"], 901);
    upload(&plane, &acme, "?mode=replace&max_removed=900", "").await.problem(409, "too_many_removed");
    upload(&plane, &acme, "?mode=replace&max_removed=899", &file(998..1_000)).await.expect(200);
    assert_eq!(addresses(&plane, &acme).await, ["u998@acme.example", "u999@acme.example"]);
    // A broken line says nothing against the recipient that it names.
    let broken = "u998@acme.example,,sometimes\nu1@acme.example\n";
    let done = upload(&plane, &acme, "?mode=replace&on_error=skip", broken).await.expect(200);
    assert_eq!((&done["removed"], &done["broken"]), (&json!(1), &json!(1)));
    assert_eq!(addresses(&plane, &acme).await, ["u1@acme.example", "u998@acme.example"]);
    // What an address is changes with the file.
    let done =
        upload(&plane, &acme, "?mode=replace", "u1@acme.example\nu998@acme.example,u1@acme.example").await.expect(200);
    assert_eq!((&done["changed"], &done["unchanged"]), (&json!(1), &json!(1)));
    let page = plane.get(&format!("{acme}/recipients?address=u998@acme.example")).send().await.expect(200);
    assert_eq!(page["data"][0]["alias_of"], "u1@acme.example");
    upload(&plane, &acme, "?mode=replace&max_removed=2", "").await.expect(200);
    assert!(addresses(&plane, &acme).await.is_empty());
}

async fn an_export_is_what_an_upload_takes(plane: Plane) {
    let acme = acme(&plane).await;
    let mut file = "'=cmd@acme.example\n\"\"\"a,b\"\"@acme.example\"\nanna@acme.example\nz@acme.example,anna@acme.example,mailbox\n".to_owned();
    file += &many(0..4_500);
    upload(&plane, &acme, "", &file).await.expect(200);
    let export = plane.get(&format!("{acme}/recipients:export")).send().await;
    assert_eq!(export.status, 200);
    assert!(export.header("content-type").unwrap().starts_with("text/csv"));
    assert!(export.header("content-disposition").unwrap().contains("recipients-acme.example.csv"));
    let lines: Vec<_> = export.text.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 1 + 4 + 4_500, "each once");
    assert_eq!(lines[..3], ["address,alias_of,hop_sees", "'=cmd@acme.example,,", "\"\"\"a,b\"\"@acme.example\",,"]);
    assert!(lines.contains(&"z@acme.example,anna@acme.example,mailbox"));
    let again = upload(&plane, &acme, "?mode=replace", &export.text).await.expect(200);
    assert_eq!((&again["unchanged"], &again["removed"], &again["added"]), (&json!(4_504), &json!(0), &json!(0)));
}

async fn uploads_have_bounds_and_a_media_type(plane: Plane) {
    let acme = acme(&plane).await;
    let import = format!("{acme}/recipients:import");
    plane.post(&import).json(&json!({})).send().await.problem(415, "unsupported_media_type");
    plane.post(&import).raw("text/csv; charset=latin1", "").send().await.problem(415, "unsupported_media_type");
    let large = "x".repeat(33 * 1024 * 1024);
    plane.post(&import).raw("text/csv", large).send().await.problem(413, "body_too_large");
    upload(&plane, &acme, "?mode=some", "").await.problem(400, "invalid_query");
    upload(&plane, &acme, "?max_removed=-1", "").await.problem(400, "invalid_query");
    let nobody = plane.post("/v1/domains/dom_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f/recipients:import").raw("text/csv", "");
    nobody.send().await.problem(404, "not_found");
    // With a key the answer is kept, once.
    let keyed = async || {
        let call = plane.post(&import).header("idempotency-key", "upload-1");
        call.raw("text/csv", "anna@acme.example").send().await
    };
    assert_eq!(keyed().await.expect(200)["added"], 1);
    assert_eq!(keyed().await.expect(200)["added"], 1);
    assert_eq!(addresses(&plane, &acme).await.len(), 1);
}

async fn a_domain_says_what_holds_when_its_next_hop_cannot_be_asked(plane: Plane) {
    let tenant = tenant(&plane, "acme").await;
    let made = try_domain(&plane, &tenant, "acme.example", json!({ "recipients": "call_out" })).await.expect(201);
    assert_eq!((&made["recipients"], &made["call_out_unavailable"]), (&json!("call_out"), &json!("defer")));
    let path = format!("/v1/domains/{}", made["id"].as_str().unwrap());
    let patch = async |body: Value| plane.patch(&path).json(&body).send().await;
    assert_eq!(patch(json!({ "call_out_unavailable": "accept" })).await.expect(200)["call_out_unavailable"], "accept");
    assert_eq!(patch(json!({ "recipients": "call_out" })).await.expect(200)["call_out_unavailable"], "accept");
    assert_eq!(patch(json!({ "recipients": "any" })).await.expect(200)["call_out_unavailable"], Value::Null);
    for body in [json!({ "call_out_unavailable": "accept" }), json!({ "call_out_unavailable": "perhaps" })] {
        assert_eq!(patch(body).await.problem(422, "invalid_body").pointers(), ["/call_out_unavailable"]);
    }
    assert_eq!(plane.get(&path).send().await.expect(200)["recipients"], "any");
    let odd = try_domain(&plane, &tenant, "b.example", json!({ "call_out_unavailable": "defer" })).await;
    assert_eq!(odd.problem(422, "invalid_body").pointers(), ["/call_out_unavailable"]);
}

async fn an_alias_domain_points_to_a_domain_of_its_tenant_and_no_further(plane: Plane) {
    let (acme, other) = (tenant(&plane, "acme").await, tenant(&plane, "other").await);
    let main = domain(&plane, &acme, "main.example").await;
    let theirs = domain(&plane, &other, "theirs.example").await;
    let alias = |of: &str| json!({ "alias_of": id(of) });
    let made = try_domain(&plane, &acme, "second.example", alias(&main)).await.expect(201);
    assert_eq!((&made["alias_of"], &made["alias_hop_sees"]), (&json!(id(&main)), &json!("as_written")));
    assert_eq!(made["state"], "pending", "each name is proven by itself");
    let second = format!("/v1/domains/{}", made["id"].as_str().unwrap());
    let listed = plane.get(&format!("/v1/domains?alias_of={}", id(&main))).send().await.expect(200);
    assert_eq!((listed["data"].as_array().unwrap().len(), &listed["data"][0]["id"]), (1, &made["id"]));
    let no_such = "/v1/domains/dom_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f";
    for (of, code) in [(second.as_str(), "alias_of_alias"), (&theirs, "invalid"), (no_such, "invalid")] {
        let reply = try_domain(&plane, &acme, "third.example", alias(of)).await;
        reply.problem(422, "invalid_body");
        let error = &reply.body["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!("/alias_of"), &json!(code)));
    }
    let both =
        json!({ "alias_of": id(&main), "recipients": "any", "route_id": "rte_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f" });
    let reply = try_domain(&plane, &acme, "third.example", both).await;
    assert_eq!(reply.problem(422, "invalid_body").pointers(), ["/recipients", "/route_id"]);
    let patch = async |path: &str, body: Value| plane.patch(path).json(&body).send().await;
    // No circle either: one that has aliases becomes none, and nothing points to itself.
    patch(&main, alias(&second)).await.problem(422, "invalid_body");
    let third = domain(&plane, &acme, "third.example").await;
    patch(&main, alias(&third)).await.problem(409, "has_alias_domains");
    patch(&third, alias(&third)).await.problem(422, "invalid_body");
    let odd = patch(&third, json!({ "alias_hop_sees": "primary" })).await;
    assert_eq!(odd.problem(422, "invalid_body").pointers(), ["/alias_hop_sees"]);
    let now = patch(&second, json!({ "alias_hop_sees": "primary" })).await.expect(200);
    assert_eq!((&now["alias_of"], &now["alias_hop_sees"]), (&json!(id(&main)), &json!("primary")));
    let own = patch(&second, json!({ "alias_of": null })).await.expect(200);
    assert_eq!((&own["alias_of"], &own["alias_hop_sees"]), (&Value::Null, &Value::Null));
    patch(&main, alias(&second)).await.expect(200);
}

async fn a_domain_with_aliases_is_not_deleted_before_them(plane: Plane) {
    let acme = tenant(&plane, "acme").await;
    let main = domain(&plane, &acme, "main.example").await;
    let second = try_domain(&plane, &acme, "second.example", json!({ "alias_of": id(&main) })).await.expect(201);
    let refused = plane.delete(&main).send().await;
    refused.problem(409, "has_alias_domains");
    assert!(refused.body["detail"].as_str().unwrap().contains("second.example"));
    for path in [main.clone(), format!("/v1/domains/{}", second["id"].as_str().unwrap())] {
        let record = plane.get(&path).send().await.expect(200)["verification"].clone();
        plane.dns.txt(record["record_name"].as_str().unwrap(), record["record_value"].as_str().unwrap());
        assert_eq!(plane.post(&format!("{path}/verify")).send().await.expect(200)["state"], "active");
    }
    plane.delete(&main).send().await.problem(409, "has_alias_domains");
    let second = format!("/v1/domains/{}", second["id"].as_str().unwrap());
    plane.delete(&second).send().await.expect(200);
    // It goes first, so its primary may follow; but then it does not come back alone.
    plane.clock.advance(Duration::from_mins(1));
    plane.delete(&main).send().await.expect(200);
    plane.post(&format!("{second}/restore")).send().await.problem(409, "domain_closing");
    plane.clock.advance(Duration::from_hours(24 * 40));
    plane.run_jobs().await;
    for path in [second, main] {
        let token = plane.sign_in(crate::harness::EMAIL, crate::harness::PASSWORD).await;
        plane.get(&path).with_token(&token).send().await.problem(404, "not_found");
    }
}

async fn what_an_alias_domain_shares_is_written_at_its_primary(plane: Plane) {
    let acme = tenant(&plane, "acme").await;
    let main = domain(&plane, &acme, "main.example").await;
    let made = try_domain(&plane, &acme, "second.example", json!({ "alias_of": id(&main) })).await.expect(201);
    let second = format!("/v1/domains/{}", made["id"].as_str().unwrap());
    let one = json!({ "address": "anna@second.example" });
    plane.post(&format!("{second}/recipients")).json(&one).send().await.problem(409, "alias_domain");
    let batch = plane.post(&format!("{second}/recipients:batch")).json(&json!({ "items": [one] }));
    batch.send().await.problem(409, "alias_domain");
    upload(&plane, &second, "", "anna@second.example").await.problem(409, "alias_domain");
    let entry = json!({ "kind": "block", "scope": "domain", "domain_id": id(&second), "sender": "*@bad.example" });
    plane.post("/v1/list-entries").json(&entry).send().await.problem(409, "alias_domain");
    assert!(addresses(&plane, &second).await.is_empty());
}

async fn a_tenant_that_goes_takes_aliases_and_their_primaries_along(plane: Plane) {
    let acme = tenant(&plane, "acme").await;
    let main = domain(&plane, &acme, "main.example").await;
    let later = domain(&plane, &acme, "later.example").await;
    try_domain(&plane, &acme, "second.example", json!({ "alias_of": id(&main) })).await.expect(201);
    plane.patch(&main).json(&json!({ "labels": { "is": "primary" } })).send().await.expect(200);
    // An older one that became an alias of a younger one.
    plane.patch(&later).json(&json!({ "alias_of": id(&main) })).send().await.expect(200);
    plane.delete(&format!("/v1/tenants/{acme}")).send().await;
    plane.clock.advance(Duration::from_hours(24 * 40));
    plane.run_jobs().await;
    let token = plane.sign_in(crate::harness::EMAIL, crate::harness::PASSWORD).await;
    plane.get(&main).with_token(&token).send().await.problem(404, "not_found");
}
