//! Bad input at the API's door: problems that say where they are.

use serde_json::json;
use tests::{Options, System};

#[tokio::test]
async fn each_bad_field_is_named_and_nothing_changes() {
    let system = System::start_with(Options { workers: 0, ..Options::default() }).await;
    let acme = system.acme().await;
    let call = async |path: &str, body: serde_json::Value| {
        let answer = system.rest.call("POST", path, Some(body)).await;
        assert_eq!(answer.content_type, "application/problem+json", "{path}: {}", answer.body);
        assert!(answer.body["code"].is_string() && answer.body["type"].is_string(), "{}", answer.body);
        answer
    };
    let hop = json!({ "host": "127.0.0.1", "port": 0, "tls": { "level": "verified" } });
    let bad = call("/v1/routes", json!({ "tenant_id": acme.tenant, "name": "", "hops": [hop] })).await;
    assert_eq!(bad.status, 422, "{}", bad.body);
    for pointer in ["/name", "/hops/0/port", "/hops/0/tls/trust"] {
        assert!(bad.pointers().iter().any(|at| at == pointer), "{pointer} in {}", bad.body);
    }
    let bad = call("/v1/tenants", json!({ "name": "x", "colour": "green" })).await;
    assert!(matches!(bad.status, 400 | 422) && bad.body.to_string().contains("colour"), "{}", bad.body);
    let bad = call("/v1/domains", json!({ "tenant_id": acme.tenant, "name": "not a domain" })).await;
    assert_eq!((bad.status, bad.pointers()), (422, vec!["/name".to_owned()]));

    let path = format!("/v1/domains/{}/recipients:batch", acme.domain);
    let large = vec![b' '; 2 * 1024 * 1024];
    assert_eq!(system.rest.raw("POST", &path, &[], Some(large)).await.status, 413);
    for broken in [&b"{"[..], b"\xff\xfe", b"[]", b"", b"{\"items\":[{\"address\":1}]}"] {
        let answer = system.rest.raw("POST", &path, &[], Some(broken.to_vec())).await;
        assert!(matches!(answer.status, 400 | 422), "{}: {} {}", broken.escape_ascii(), answer.status, answer.body);
        assert_eq!(answer.content_type, "application/problem+json");
    }
    // What others may not learn of is not there.
    assert_eq!(system.rest.call("GET", "/v1/tenants/ten_00000000000070008000000000000000", None).await.status, 404);
    assert_eq!(system.rest.call("PATCH", "/v1/nothing", None).await.status, 404);
    assert_eq!(system.rest.get("/v1/routes").await.body["data"].as_array().map(Vec::len), Some(1));
    system.end().await;
}
