//! The audit log's chains: whole under concurrency, and what a hand in the database does to them.

use std::time::Duration;

use control_plane::audit::verify::{Verified, Verifier};
use serde_json::{Value, json};

use crate::harness::{EMAIL, PASSWORD, Plane, on_both};

on_both! {
    concurrent_writes_end_in_chains_without_gaps
    a_transaction_that_commits_late_is_chained_late
    a_row_that_was_changed_is_named
    a_row_that_is_gone_is_named
    rows_that_were_hashed_anew_do_not_fit_what_was_kept
    an_export_can_be_narrowed_and_its_rows_still_hold
    the_root_is_signed_and_moves_with_the_log
}

on_both! {
    alone:
    what_is_swept_leaves_a_checkpoint_from_which_the_rest_goes_on
}

async fn export(plane: &Plane, query: &str) -> String {
    let reply = plane.get(&format!("/v1/audit:export{query}")).send().await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("content-type")),
        (200, Some("application/jsonl")),
        "{}",
        reply.text
    );
    reply.text
}

fn follow(verifier: Verifier, export: &str) -> Result<Verified, String> {
    let mut verifier = verifier;
    for line in export.lines() {
        verifier.line(line).map_err(|broken| broken.to_string())?;
    }
    verifier.finish().map_err(|broken| broken.to_string())
}

fn verified(export: &str) -> Result<Verified, String> {
    follow(Verifier::new(None), export)
}

fn rows(export: &str) -> Vec<Value> {
    let lines = export.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines.filter(|line| line.get("entry").is_some()).collect()
}

async fn tenants(plane: &Plane, count: usize) -> Vec<String> {
    let mut made = Vec::new();
    for n in 0..count {
        let body = json!({ "name": format!("tenant {n}") });
        let tenant = plane.post("/v1/tenants").json(&body).send().await.expect(201);
        made.push(tenant["id"].as_str().unwrap().to_owned());
    }
    made
}

async fn tamper(plane: &Plane, statement: &str) {
    plane.tamper(statement, statement).await;
}

async fn concurrent_writes_end_in_chains_without_gaps(plane: Plane) {
    let ids = tenants(&plane, 3).await;
    // All at once, and chained meanwhile.
    let writes = (0..60).map(|n| {
        let path = format!("/v1/tenants/{}", ids[n % 3]);
        let call = plane.patch(&path).json(&json!({ "external_ref": format!("ref {n}") }));
        async move {
            let status = call.send().await.status.as_u16();
            assert!(status == 200 || status == 503, "{status}");
        }
    });
    let chaining = async {
        for _ in 0..5 {
            plane.run_jobs().await;
        }
    };
    tokio::join!(futures::future::join_all(writes), chaining);
    plane.run_jobs().await;

    let text = export(&plane, "").await;
    let found = verified(&text).unwrap();
    assert_eq!(i64::try_from(found.rows).unwrap(), plane.count("SELECT COUNT(*) FROM audit").await);
    assert!(found.rows > 60, "{}", found.rows);
    for id in ids {
        let seqs: Vec<_> =
            rows(&text).iter().filter(|row| row["chain"] == id.as_str()).map(|row| row["seq"].as_u64()).collect();
        let expected: Vec<_> = (1..=seqs.len() as u64).map(Some).collect();
        assert_eq!(seqs, expected, "{id}");
    }
}

/// Its row's id is older than what was chained meanwhile; it is passed over by nobody. (SQLite has one writer at a time.)
async fn a_transaction_that_commits_late_is_chained_late(plane: Plane) {
    use sqlx::Executor;
    let Some(mut late) = plane.postgres().await else { return };
    plane.run_jobs().await;
    let insert = "INSERT INTO audit (id, at, action, target_kind, actor_kind)
        VALUES (CAST('00000000-0000-7000-8000-000000000001' AS UUID), 1, 'late', 'test', 'system')";
    late.execute("BEGIN").await.unwrap();
    late.execute(insert).await.unwrap();
    tenants(&plane, 2).await;
    plane.sign_in(EMAIL, PASSWORD).await;
    plane.run_jobs().await;
    let before = verified(&export(&plane, "").await).unwrap();
    late.execute("COMMIT").await.unwrap();
    plane.run_jobs().await;

    let text = export(&plane, "").await;
    assert_eq!(verified(&text).unwrap().rows, before.rows + 1);
    let own: Vec<_> = rows(&text).into_iter().filter(|row| row["chain"] == "installation").collect();
    assert_eq!(own.last().unwrap()["entry"]["action"], "late");
}

async fn a_row_that_was_changed_is_named(plane: Plane) {
    let ids = tenants(&plane, 2).await;
    plane.patch(&format!("/v1/tenants/{}", ids[0])).json(&json!({ "name": "other" })).send().await.expect(200);
    plane.run_jobs().await;
    let good = export(&plane, "").await;
    verified(&good).unwrap();
    let row = rows(&good).into_iter().find(|row| row["entry"]["action"] == "tenant.update").unwrap();
    let named = format!("row {} of {} ({})", row["seq"], ids[0], row["entry"]["id"].as_str().unwrap());

    let mine = "action = 'tenant.update'";
    for (change, back) in [
        ("actor_name = 'somebody@else.example'", format!("actor_name = '{EMAIL}'")),
        ("at = at + 1", "at = at - 1".to_owned()),
        ("action = 'tenant.updatf'", "action = 'tenant.update'".to_owned()),
        ("target_id = NULL", format!("target_id = '{}'", ids[0])),
        ("before_state = NULL", String::new()),
    ] {
        tamper(&plane, &format!("UPDATE audit SET {change} WHERE {mine}")).await;
        let broken = verified(&export(&plane, "").await).unwrap_err();
        assert!(broken.contains(&named) && broken.contains("does not say what was hashed"), "{change}: {broken}");
        if !back.is_empty() {
            tamper(&plane, &format!("UPDATE audit SET {back} WHERE action LIKE 'tenant.updat%'")).await;
            verified(&export(&plane, "").await).unwrap();
        }
    }
}

async fn a_row_that_is_gone_is_named(plane: Plane) {
    let [id] = &tenants(&plane, 1).await[..] else { panic!("one") };
    for n in 0..3 {
        let body = json!({ "name": format!("name {n}") });
        plane.patch(&format!("/v1/tenants/{id}")).json(&body).send().await.expect(200);
    }
    plane.run_jobs().await;
    verified(&export(&plane, "").await).unwrap();
    // The newest of the chain: what was signed says that there was one.
    let of_tenant = format!("chain_seq = 4 AND target_id = '{id}'");
    tamper(&plane, &format!("DELETE FROM audit WHERE {of_tenant}")).await;
    let broken = verified(&export(&plane, "").await).unwrap_err();
    assert!(broken.contains(&format!("newest rows of {id} are missing: its last is 3, it should be 4")), "{broken}");
    // One in the middle.
    tamper(&plane, &format!("DELETE FROM audit WHERE chain_seq = 2 AND target_id = '{id}'")).await;
    let broken = verified(&export(&plane, "").await).unwrap_err();
    assert!(broken.contains(&format!("before row 3 of {id}")) && broken.contains("missing"), "{broken}");
}

/// Whoever can write the database can chain a forged log from its beginning; what was kept elsewhere tells.
async fn rows_that_were_hashed_anew_do_not_fit_what_was_kept(plane: Plane) {
    let [id] = &tenants(&plane, 1).await[..] else { panic!("one") };
    plane.run_jobs().await;
    let kept = export(&plane, "").await;
    plane.patch(&format!("/v1/tenants/{id}")).json(&json!({ "name": "later" })).send().await.expect(200);
    plane.run_jobs().await;
    let after = |text: &str| follow(Verifier::new(None).after(kept.lines()), text);
    after(&export(&plane, "").await).unwrap();

    tamper(&plane, "UPDATE audit SET chain_id = NULL, chain_seq = NULL, actor_name = 'nobody'").await;
    tamper(&plane, "DELETE FROM audit_chains").await;
    plane.run_jobs().await;
    let forged = export(&plane, "").await;
    verified(&forged).unwrap();
    let broken = after(&forged).unwrap_err();
    assert!(broken.contains("not the one of the earlier export"), "{broken}");
}

async fn an_export_can_be_narrowed_and_its_rows_still_hold(plane: Plane) {
    let ids = tenants(&plane, 3).await;
    plane.run_jobs().await;
    let text = export(&plane, &format!("?action=tenant.create&target_id={}", ids[1])).await;
    let found = verified(&text).unwrap();
    assert!(found.filtered);
    let rows = rows(&text);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["entry"]["target_id"], ids[1].as_str());
    // The same as the list shows.
    let list = plane.get(&format!("/v1/audit?target_id={}", ids[1])).send().await.expect(200);
    assert_eq!(rows[0]["entry"], list["data"][0]);
    plane.get("/v1/audit:export?who=me").send().await.problem(400, "invalid_query");
}

async fn the_root_is_signed_and_moves_with_the_log(plane: Plane) {
    plane.run_jobs().await;
    let root = async || plane.get("/v1/audit/root").send().await.expect(200);
    let first = root().await;
    assert_eq!(root().await["root"], first["root"]);
    tenants(&plane, 1).await;
    plane.run_jobs().await;
    let second = root().await;
    assert_ne!(second["root"], first["root"]);
    assert!(second["rows"].as_u64() > first["rows"].as_u64());
    let found = verified(&export(&plane, "").await).unwrap();
    assert_eq!(found.statement.root.to_string(), second["root"].as_str().unwrap());

    // Another root key's signature is none.
    let other = follow(Verifier::new(Some("00".repeat(32).parse().unwrap())), &export(&plane, "").await);
    assert!(other.unwrap_err().contains("wrong_key"));
    // Nor is a file that ends early, or with another statement.
    let text = export(&plane, "").await;
    let lines: Vec<_> = text.lines().collect();
    let cut = lines[..lines.len() - 1].join("\n");
    assert!(verified(&cut).unwrap_err().contains("ends before its end"));
    let (head, statement) = (lines[0], second["statement"].as_str().unwrap());
    let stale = serde_json::from_str::<Value>(head).unwrap()["statement"].as_str().unwrap().to_owned();
    let bent = text.replacen(&stale, &statement.replace('.', ".A"), 1);
    assert!(verified(&bent).is_err());
    let old = text.replacen(&stale, first["statement"].as_str().unwrap(), 1);
    assert!(verified(&old).unwrap_err().contains("not those that were signed"));
}

async fn what_is_swept_leaves_a_checkpoint_from_which_the_rest_goes_on() {
    let mut plane = Plane::start_with(|config| config.audit.keep_days = Some(30.try_into().unwrap())).await;
    let ids = tenants(&plane, 2).await;
    plane.run_jobs().await;
    let kept = export(&plane, "").await;
    plane.clock.advance(Duration::from_hours(24 * 31));
    plane.renew(EMAIL, PASSWORD).await;
    plane.patch(&format!("/v1/tenants/{}", ids[0])).json(&json!({ "name": "later" })).send().await.expect(200);
    plane.run_jobs().await;
    plane.run_jobs().await;

    let text = export(&plane, "").await;
    let found = verified(&text).unwrap();
    assert!(found.rows < found.statement.rows, "{found:?}");
    let actions: Vec<_> = rows(&text).iter().map(|row| row["entry"]["action"].clone()).collect();
    assert!(!actions.contains(&json!("tenant.create")) && actions.contains(&json!("tenant.update")), "{actions:?}");
    assert!(actions.contains(&json!("audit.sweep")), "{actions:?}");
    follow(Verifier::new(None).after(kept.lines()), &text).unwrap();

    // More than was swept cannot be passed off as swept.
    let last = rows(&text).into_iter().find(|row| row["entry"]["action"] == "tenant.update").unwrap();
    tamper(&plane, "DELETE FROM audit WHERE action = 'tenant.update'").await;
    let hash = last["hash"].as_str().unwrap();
    plane
        .tamper(
            &format!("UPDATE audit_chains SET swept_seq = 2, swept_hash = unhex('{hash}') WHERE seq = 2"),
            &format!("UPDATE audit_chains SET swept_seq = 2, swept_hash = decode('{hash}', 'hex') WHERE seq = 2"),
        )
        .await;
    let broken = verified(&export(&plane, "").await).unwrap_err();
    assert!(broken.contains(&format!("{}: what was swept away is not what was signed", ids[0])), "{broken}");
}
