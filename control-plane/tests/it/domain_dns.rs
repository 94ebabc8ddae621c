//! What stands in DNS for a domain, beside what should.

use pretend::dns::Failing;
use serde_json::{Value, json};

use crate::harness::{Plane, on_both};

on_both! {
    alone:
    each_record_is_ok_missing_different_or_unknown
    an_mx_is_ok_only_if_nobody_is_preferred_to_ours
    a_zone_snippet_holds_what_is_missing_and_comments_the_rest
    without_settings_only_ownership_is_judged
}

const MX: [&str; 2] = ["mx1.msp.example", "mx2.msp.example"];
const INCLUDE: &str = "_spf.msp.example";

async fn plane() -> (Plane, String, Value) {
    let plane = Plane::start_with(|config| {
        config.mx_hosts = MX.iter().map(|host| host.parse().unwrap()).collect();
        config.spf_include = Some(INCLUDE.to_owned().try_into().unwrap());
        config.dns.timeout_ms = 300;
    })
    .await;
    let (path, domain) = domain(&plane).await;
    (plane, path, domain)
}

async fn domain(plane: &Plane) -> (String, Value) {
    let tenant = plane.post("/v1/tenants").json(&json!({ "name": "acme" })).send().await.expect(201);
    let body = json!({ "tenant_id": tenant["id"], "name": "acme.example" });
    let domain = plane.post("/v1/domains").json(&body).send().await.expect(201);
    (format!("/v1/domains/{}/dns", domain["id"].as_str().unwrap()), domain["verification"].clone())
}

async fn rows(plane: &Plane, path: &str) -> [Value; 3] {
    let body = plane.get(path).send().await.expect(200);
    ["ownership", "mx", "spf"].map(|row| body[row].clone())
}

async fn states(plane: &Plane, path: &str) -> [String; 3] {
    rows(plane, path).await.map(|row| row["status"].as_str().unwrap().to_owned())
}

async fn each_record_is_ok_missing_different_or_unknown() {
    let (plane, path, verification) = plane().await;
    let record = verification["record_name"].as_str().unwrap();
    assert_eq!(states(&plane, &path).await, ["missing", "missing", "missing"]);

    plane.dns.txt(record, "something else").mx("acme.example", 10, "mail.other.example");
    plane.dns.txt("acme.example", "v=spf1 mx -all").txt("acme.example", "some-site-verification=1");
    let [ownership, mx, spf] = rows(&plane, &path).await;
    assert_eq!([&ownership, &mx, &spf].map(|row| row["status"].clone()), ["different"; 3].map(|text| json!(text)));
    assert_eq!(ownership["found"], json!(["something else"]));
    assert_eq!(mx["found"], json!(["10 mail.other.example."]));
    assert_eq!(spf["found"], json!(["v=spf1 mx -all"]));
    assert_eq!(spf["expected"], json!([format!("v=spf1 include:{INCLUDE} mx -all")]));
    // RFC 7208 §4.5: two are an error.
    plane.dns.txt("acme.example", &format!("v=spf1 include:{INCLUDE} -all"));
    let [_, _, spf] = rows(&plane, &path).await;
    assert_eq!((&spf["status"], spf["message"].is_string()), (&json!("different"), true));

    for failing in [Failing::ServFail, Failing::Silence] {
        plane.dns.fail("acme.example", failing).fail(record, failing);
        let found = rows(&plane, &path).await;
        assert_eq!(found.clone().map(|row| row["status"].clone()), ["unknown"; 3].map(|text| json!(text)));
        assert!(found.iter().all(|row| row["message"].is_string() && row["found"] == json!([])));
        plane.dns.heal("acme.example").heal(record);
    }

    plane.dns.clear("acme.example").clear(record);
    plane.dns.txt(record, verification["record_value"].as_str().unwrap());
    plane.dns.mx("acme.example", 5, MX[0]).mx("acme.example", 5, MX[1]);
    plane.dns.txt("acme.example", &format!("v=spf1 include:{INCLUDE} -all"));
    let found = rows(&plane, &path).await;
    assert_eq!(found.clone().map(|row| row["status"].clone()), ["ok"; 3].map(|text| json!(text)));
    assert_eq!(found.map(|row| row["is_required"].clone()), [json!(true), json!(true), json!(false)]);
    // A look changes nothing.
    assert_eq!(plane.get(path.trim_end_matches("/dns")).send().await.expect(200)["state"], "pending");
}

/// Preference and host.
type Records<'a> = &'a [(u16, &'a str)];

async fn an_mx_is_ok_only_if_nobody_is_preferred_to_ours() {
    let (plane, path, _) = plane().await;
    plane.dns.null_mx("acme.example");
    let [_, mx, _] = rows(&plane, &path).await;
    assert_eq!(mx["status"], "different");
    assert!(mx["message"].as_str().unwrap().contains("7505"), "{mx}");
    let table: &[(Records<'_>, &str, bool)] = &[
        (&[(10, MX[0])], "different", true),
        (&[(10, MX[0]), (20, MX[1])], "ok", false),
        (&[(10, MX[0]), (20, MX[1]), (20, "mail.acme.example")], "different", true),
        (&[(10, MX[0]), (20, MX[1]), (5, "mail.acme.example")], "different", true),
        (&[(10, MX[0]), (20, MX[1]), (30, "mail.acme.example")], "ok", true),
    ];
    for (records, status, has_message) in table {
        plane.dns.clear("acme.example");
        for (preference, host) in *records {
            plane.dns.mx("acme.example", *preference, host);
        }
        let [_, mx, _] = rows(&plane, &path).await;
        assert_eq!((mx["status"].as_str(), mx["message"].is_string()), (Some(*status), *has_message), "{mx}");
    }
}

async fn a_zone_snippet_holds_what_is_missing_and_comments_the_rest() {
    let (plane, path, verification) = plane().await;
    let (record, value) =
        (verification["record_name"].as_str().unwrap(), verification["record_value"].as_str().unwrap());
    plane.dns.txt(record, value);
    // Another's zone must not get a line of its own into ours.
    plane.dns.txt("acme.example", "v=spf1 x\nevil.example. IN A 192.0.2.1 -all");
    let reply = plane.get(&format!("{path}/zone")).send().await;
    assert_eq!(reply.status.as_u16(), 200);
    assert_eq!(reply.header("content-type"), Some("text/plain; charset=utf-8"));
    let active: Vec<_> = reply.text.lines().filter(|line| !line.starts_with(';')).collect();
    assert_eq!(
        active,
        [
            "acme.example. 3600 IN MX 10 mx1.msp.example.".to_owned(),
            "acme.example. 3600 IN MX 20 mx2.msp.example.".to_owned(),
            format!("acme.example. 3600 IN TXT \"v=spf1 include:{INCLUDE} x\\010evil.example. IN A 192.0.2.1 -all\""),
        ]
    );
    assert!(reply.text.contains(&format!("; {record}. 3600 IN TXT \"{value}\"\n")), "{}", reply.text);
    let nobodys = "/v1/domains/dom_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f/dns/zone";
    plane.get(nobodys).send().await.problem(404, "not_found");
}

async fn without_settings_only_ownership_is_judged() {
    let plane = Plane::start().await;
    let (path, _) = domain(&plane).await;
    plane.dns.mx("acme.example", 10, "mail.acme.example");
    assert_eq!(states(&plane, &path).await, ["missing", "not_configured", "not_configured"]);
    let [_, mx, _] = rows(&plane, &path).await;
    assert_eq!((&mx["expected"], &mx["found"]), (&json!([]), &json!(["10 mail.acme.example."])));
    plane.get("/v1/domains/dom_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f/dns").send().await.problem(404, "not_found");
}
