//! How the engines would run the searches of the trace and the schedules of domains: none walks over all there is, whatever is
//! asked for.

use std::sync::Arc;

use control_plane::db::{Ambient, Db, Place, Statement, Which, statements};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row, SqliteConnection};

/// Searches, sums and sweeps: what must stay quick at ten million messages.
fn watched() -> Vec<Statement> {
    let quick = |statement: &Statement| {
        statement.module.ends_with("::messages::store")
            || statement.module.ends_with("::statistics::store")
            || matches!(statement.name, "SWEEP_MESSAGES" | "SWEEP_RECIPIENTS" | "SWEEP_COUNTERS")
    };
    let found: Vec<_> = statements().into_iter().filter(quick).collect();
    assert!(found.len() >= 15, "{found:?}");
    found
}

fn ambient() -> Arc<Ambient> {
    Arc::new(Ambient::new(pretend::clock::system_clock(), pretend::clock::entropy()))
}

/// As much as a planner needs to see that a walk over all is dear: many messages of few tenants, most of them accepted.
const MESSAGES: &str =
    "INSERT INTO messages (xid, id, tenant_id, top_id, worker_id, started_at, disposition, rule, reason,
        sender, message_id, subject, detail)
    SELECT 0, {id}, {tenant}, {tenant}, {tenant}, n * 1000, CASE WHEN n % 50 = 0 THEN 'refused' ELSE 'accepted' END,
        CASE WHEN n % 50 = 0 THEN 'list' ELSE 'default' END, 'none', 's' || (n % 1000) || '@sender.example',
        'm' || n, 'subject ' || (n % 1000), '{}'
    FROM {numbers}";
const RECIPIENTS: &str = "INSERT INTO message_recipients (message_id, tenant_id, address, started_at)
    SELECT id, tenant_id, sender, started_at FROM messages";
const COUNTERS: &str = "INSERT INTO counters (tenant_id, domain_id, hour, accepted, refused, deferred, bytes)
    SELECT {tenant}, {id}, n * 3600000000, 1, 1, 1, 1 FROM {numbers}";

fn filled(id: &str, tenant: &str, numbers: &str) -> String {
    let fill = |text: &str| text.replace("{id}", id).replace("{tenant}", tenant).replace("{numbers}", numbers);
    [fill(MESSAGES), RECIPIENTS.to_owned(), fill(COUNTERS), "ANALYZE".to_owned()].join(";\n")
}

#[tokio::test]
async fn no_search_walks_over_all_messages_on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("trace.db");
    Db::open(&Place::Sqlite(path.clone()), Which::Trace, ambient()).await.unwrap().close().await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let numbers = "(WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5000) SELECT n FROM c)";
    let mut walks = Vec::new();
    // Without statistics as with them: nobody runs ANALYZE for us.
    for fill in [String::new(), filled("randomblob(16)", "unhex(printf('%032d', n % 20))", numbers)] {
        connection.execute(AssertSqlSafe(fill)).await.unwrap();
        for statement in watched() {
            let explain = format!("EXPLAIN QUERY PLAN {}", statement.sqlite);
            let plan = connection.fetch_all(AssertSqlSafe(explain)).await.unwrap();
            let lines: Vec<String> = plan.iter().map(|row| row.get::<String, _>("detail")).collect();
            let walk = |line: &&String| line.starts_with("SCAN ") && !line.contains("json_each");
            // A page is read in its order; only who began in the same microsecond is sorted, and the records of one message.
            let sort = |line: &&String| *line == "USE TEMP B-TREE FOR ORDER BY" && statement.name != "GET";
            if let Some(line) = lines.iter().find(|line| walk(line) || sort(line)) {
                walks.push(format!("{}: {line} in {lines:?}", statement.name));
            }
        }
    }
    connection.close().await.unwrap();
    assert!(walks.is_empty(), "{walks:#?}");
}

#[tokio::test]
async fn no_search_walks_over_all_messages_on_postgresql() {
    let Some(database) = crate::postgres::database().await else { return };
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let fill = filled(
        "gen_random_uuid()",
        "CAST(lpad(CAST(n % 20 AS TEXT), 32, '0') AS UUID)",
        "generate_series(1, 20000) AS n",
    );
    connection.execute(AssertSqlSafe(fill)).await.unwrap();
    let mut walks = Vec::new();
    for statement in watched() {
        connection.execute(AssertSqlSafe(format!("PREPARE it AS {}", statement.postgres))).await.unwrap();
        for arguments in arguments(&statement) {
            // As a prepared statement runs at first, and as it may later, when its parameters are no longer looked at.
            for mode in ["force_custom_plan", "force_generic_plan"] {
                connection.execute(AssertSqlSafe(format!("SET plan_cache_mode = {mode}"))).await.unwrap();
                let explain = format!("EXPLAIN EXECUTE it({})", arguments.join(", "));
                let plan = connection.fetch_all(AssertSqlSafe(explain)).await.unwrap();
                let lines: Vec<String> = plan.iter().map(|row| row.get::<String, _>(0)).collect();
                if let Some(line) = lines.iter().find(|line| line.contains("Seq Scan on ")) {
                    walks.push(format!("{} ({mode}): {line} in {lines:#?}", statement.name));
                }
            }
        }
        connection.execute("DEALLOCATE it").await.unwrap();
    }
    connection.close().await.unwrap();
    assert!(walks.is_empty(), "{walks:#?}");
}

/// Parameters as literals: for a search, only the filter that leads, and all of them.
fn arguments(statement: &Statement) -> Vec<Vec<String>> {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<String>>();
    let id = "'00000000-0000-0000-0000-000000000003'";
    let all = [
        "15000000",
        "7",
        id,
        id,
        "'s7@sender.example'",
        "'s7@sender.example'",
        "'m7'",
        "'subject 7'",
        "'list'",
        "1000",
        "'refused'",
        "true",
        "101",
    ];
    let leading = match statement.name {
        "GET" => return vec![texts(&[id])],
        "OF_DOMAIN" => return vec![texts(&[id, "0", "36000000000", "3600000000", id])],
        "OF_TENANTS" => {
            return vec![texts(&[&format!("'[{}]'", id.replace('\'', "\"")), "0", "36000000000", "3600000000"])];
        }
        "ALL" => None,
        "BY_TENANT" => Some(2),
        "BY_TOP" => Some(3),
        "BY_SENDER" => Some(4),
        "BY_RECIPIENT" => Some(5),
        "BY_MESSAGE_ID" => Some(6),
        "BY_SUBJECT" => Some(7),
        "BY_RULE" => Some(8),
        "BY_DISPOSITION" => Some(10),
        _ => return vec![texts(&["1000"])],
    };
    let mut only = texts(&all);
    for filter in [2, 3, 4, 5, 6, 7, 8, 10].into_iter().filter(|filter| Some(*filter) != leading) {
        "NULL".clone_into(&mut only[filter]);
    }
    "false".clone_into(&mut only[11]);
    vec![only, texts(&all)]
}

/// What runs every few seconds or belongs to it, and parameters as literals.
fn schedules() -> Vec<(Statement, &'static [&'static str])> {
    let found = statements().into_iter().filter_map(|statement| {
        let of_ownership = statement.module.ends_with("::ownership::store");
        let arguments: &[&str] = match statement.name {
            "DUE" if of_ownership => &["5000000", "50"],
            "PLAN" if of_ownership => &["5000000", "86400000", "1000"],
            "LOST" if of_ownership => &["5"],
            "UNPLANNED" if of_ownership => &[],
            "DUE" if statement.module.ends_with("::domains::store") => &["5000000"],
            _ => return None,
        };
        Some((statement, arguments))
    });
    let found: Vec<_> = found.collect();
    assert_eq!(found.len(), 5, "{found:?}");
    found
}

/// Twenty thousand domains that are due far away, some that are due, pending, without a time, lost.
fn domains(id: &str, numbers: &str) -> String {
    format!(
        "INSERT INTO domains (id, tenant_id, name, labels, state, recipients, hash_key, defer_until, next_check_at,
            ownership_lost_at, revision, created_at)
        SELECT {id}, {id}, 'd' || n || '.example', '{{}}', CASE WHEN n % 100 = 0 THEN 'pending' ELSE 'active' END, 'any',
            '', 0, CASE WHEN n % 1000 = 1 THEN NULL ELSE n * CAST(1000000 AS BIGINT) END, CASE WHEN n % 1000 = 3 THEN n END, 1, 0
        FROM {numbers}"
    )
}

#[tokio::test]
async fn no_schedule_walks_over_all_domains_on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("postern.db");
    Db::open(&Place::Sqlite(path.clone()), Which::Main, ambient()).await.unwrap().close().await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).foreign_keys(false);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let numbers = "(WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 20000) SELECT n FROM c)";
    let fill = domains("randomblob(16)", numbers).replace("'', 0,", "x'', 0,");
    let mut walks = Vec::new();
    for fill in [String::new(), format!("{fill}; ANALYZE")] {
        connection.execute(AssertSqlSafe(fill)).await.unwrap();
        for (statement, _) in schedules() {
            let explain = format!("EXPLAIN QUERY PLAN {}", statement.sqlite);
            let plan = connection.fetch_all(AssertSqlSafe(explain)).await.unwrap();
            let lines: Vec<String> = plan.iter().map(|row| row.get::<String, _>("detail")).collect();
            // A partial index may be walked over: that is what it is for.
            let walk = |line: &&String| line.starts_with("SCAN d") && !line.contains("USING INDEX domains_lost");
            if let Some(line) = lines.iter().find(walk) {
                walks.push(format!("{}: {line} in {lines:?}", statement.name));
            }
        }
    }
    connection.close().await.unwrap();
    assert!(walks.is_empty(), "{walks:#?}");
}

#[tokio::test]
async fn no_schedule_walks_over_all_domains_on_postgresql() {
    let Some(database) = crate::postgres::database().await else { return };
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    // Nobody's domains are enough to plan with.
    connection.execute("SET session_replication_role = replica").await.unwrap();
    let fill = domains("gen_random_uuid()", "generate_series(1, 20000) AS n");
    connection.execute(AssertSqlSafe(format!("{fill}; ANALYZE"))).await.unwrap();
    let mut walks = Vec::new();
    for (statement, arguments) in schedules() {
        connection.execute(AssertSqlSafe(format!("PREPARE it AS {}", statement.postgres))).await.unwrap();
        for mode in ["force_custom_plan", "force_generic_plan"] {
            connection.execute(AssertSqlSafe(format!("SET plan_cache_mode = {mode}"))).await.unwrap();
            let call = if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
            let plan = connection.fetch_all(AssertSqlSafe(format!("EXPLAIN EXECUTE it{call}"))).await.unwrap();
            let lines: Vec<String> = plan.iter().map(|row| row.get::<String, _>(0)).collect();
            if let Some(line) = lines.iter().find(|line| line.contains("Seq Scan on domains")) {
                walks.push(format!("{} ({mode}): {line} in {lines:#?}", statement.name));
            }
        }
        connection.execute("DEALLOCATE it").await.unwrap();
    }
    connection.close().await.unwrap();
    assert!(walks.is_empty(), "{walks:#?}");
}

/// Lists as somebody sees them whose grants are over a part: an MSP with 500 of 10,000 customers, among many more of others.
fn in_scope() -> Vec<Statement> {
    let found: Vec<_> = statements().into_iter().filter(|statement| statement.name == "LIST_IN_SCOPE").collect();
    assert!(found.len() >= 8, "{found:?}");
    found
}

/// Tables that a list in a scope must not walk over, with rows of 10,000 tenants.
const SHARES: &[&str] = &["domains", "tenants", "audit", "routes", "list_entries", "persons", "grants", "invitations"];

fn shares(id: &str, tenant: &str, none: &str, numbers: &str) -> String {
    let fill = "
        INSERT INTO tenants (id, parent_id, kind, name, labels, revision, created_at)
            SELECT {tenant}, NULL, 'customer', 't' || n, '{}', 1, 0 FROM {numbers} WHERE n <= 10000;
        INSERT INTO domains (id, tenant_id, name, labels, state, recipients, hash_key, defer_until, revision, created_at)
            SELECT {tenant}, {tenant}, 'd' || n || '.example', '{}', 'active', 'any', {none}, 0, 1, 0 FROM {numbers};
        INSERT INTO routes (id, tenant_id, name, labels, hops, revision, created_at)
            SELECT {id}, {tenant}, 'r' || n, '{}', '[]', 1, 0 FROM {numbers};
        INSERT INTO list_entries (id, scope, tenant_id, domain_id, scope_key, kind, subject_kind, subject, revision, created_at)
            SELECT {id}, 'domain', NULL, {tenant}, 'k' || n, 'block', 'sender', '<>', 1, 0 FROM {numbers};
        INSERT INTO persons (id, tenant_id, email, email_key, password_hash, must_change_password, created_at)
            SELECT {tenant}, {tenant}, 'p' || n, 'p' || n, '', {false}, 0 FROM {numbers};
        INSERT INTO grants (id, person_id, role, tenant_id, created_at)
            SELECT {id}, {tenant}, 'auditor', {tenant}, 0 FROM {numbers};
        INSERT INTO invitations (id, token_hash, email, email_key, home_tenant_id, role, tenant_id, may_delegate, inviter_id,
                created_at, sent_at, expires_at)
            SELECT {id}, {hash}, 'p' || n, 'p' || n, {tenant}, 'auditor', {tenant}, {false}, {tenant}, 0, 0, 0 FROM {numbers};
        INSERT INTO audit (id, at, action, target_kind, tenant_id, actor_kind)
            SELECT {id}, 0, 'domain.create', 'domain', {tenant}, 'person' FROM {numbers};
        ANALYZE";
    let fill =
        fill.replace("{id}", id).replace("{tenant}", tenant).replace("{none}", none).replace("{numbers}", numbers);
    let hash = if none.starts_with('x') { "CAST('h' || n AS BLOB)" } else { "CAST('h' || n AS BYTEA)" };
    let fill = fill.replace("{hash}", hash);
    let no = if none.starts_with('x') { "0" } else { "FALSE" };
    fill.replace("{false}", no)
}

#[tokio::test]
async fn no_list_in_a_scope_walks_over_what_is_outside_on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("postern.db");
    Db::open(&Place::Sqlite(path.clone()), Which::Main, ambient()).await.unwrap().close().await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).foreign_keys(false);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let numbers = "(WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 20000) SELECT n FROM c)";
    let mut walks = Vec::new();
    for fill in [String::new(), shares("randomblob(16)", "unhex(printf('%032d', n))", "x''", numbers)] {
        connection.execute(AssertSqlSafe(fill)).await.unwrap();
        for statement in in_scope() {
            let explain = format!("EXPLAIN QUERY PLAN {}", statement.sqlite);
            let plan = connection.fetch_all(AssertSqlSafe(explain)).await.unwrap();
            let lines: Vec<String> = plan.iter().map(|row| row.get::<String, _>("detail")).collect();
            let walk =
                |line: &&String| line.starts_with("SCAN ") && !line.contains("json_each") && !line.contains("SUBQUERY");
            // By the key alone: from the last page's end to the end of all.
            let rest =
                |line: &&String| line.starts_with("SEARCH ") && (line.ends_with("(id>?)") || line.ends_with("(id<?)"));
            if let Some(line) = lines.iter().find(|line| walk(line) || rest(line)) {
                walks.push(format!("{} {}: {line} in {lines:#?}", statement.module, statement.name));
            }
        }
    }
    connection.close().await.unwrap();
    assert!(walks.is_empty(), "{walks:#?}");
}

#[tokio::test]
async fn no_list_in_a_scope_walks_over_what_is_outside_on_postgresql() {
    let Some(database) = crate::postgres::database().await else { return };
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    connection.execute("SET session_replication_role = replica").await.unwrap();
    let fill = shares(
        "gen_random_uuid()",
        "CAST(lpad(CAST(n AS TEXT), 32, '0') AS UUID)",
        "''",
        "generate_series(1, 20000) AS n",
    );
    connection.execute(AssertSqlSafe(fill)).await.unwrap();
    let set: Vec<_> = (1..=500).map(|n| format!("\"{n:032}\"")).collect();
    let set = format!("'[{}]'", set.join(","));
    let mut walks = Vec::new();
    for statement in in_scope() {
        let most = (1..20).rev().find(|n| statement.postgres.contains(&format!("${n}"))).unwrap();
        // The sets are the last parameters, the domains after the tenants where there are both.
        let has_domains =
            ["::domains::store", "::lists::store", "::grants::store", "::audit::store", "::invitations::store"];
        let sets = if has_domains.iter().any(|module| statement.module.ends_with(module)) { 2 } else { 1 };
        let mut arguments: Vec<String> = (1..=most).map(|_| "NULL".to_owned()).collect();
        arguments[0] = if statement.module.ends_with("::audit::store") {
            "'ffffffff-ffff-ffff-ffff-ffffffffffff'".to_owned()
        } else {
            "'00000000-0000-0000-0000-000000000000'".to_owned()
        };
        let limit =
            statement.postgres.rsplit("LIMIT $").next().unwrap().trim_end_matches(|c: char| !c.is_ascii_digit());
        arguments[limit.parse::<usize>().unwrap() - 1] = "101".to_owned();
        arguments[most - sets].clone_from(&set);
        if sets == 2 {
            "'[]'".clone_into(&mut arguments[most - 1]);
        }
        let texts = (1..=most).map(|n| if n > most - sets { "text" } else { "unknown" }).collect::<Vec<_>>().join(", ");
        connection.execute(AssertSqlSafe(format!("PREPARE it ({texts}) AS {}", statement.postgres))).await.unwrap();
        for mode in ["force_custom_plan", "force_generic_plan"] {
            connection.execute(AssertSqlSafe(format!("SET plan_cache_mode = {mode}"))).await.unwrap();
            let explain = format!("EXPLAIN EXECUTE it({})", arguments.join(", "));
            let plan = connection.fetch_all(AssertSqlSafe(explain)).await.unwrap();
            let lines: Vec<String> = plan.iter().map(|row| row.get::<String, _>(0)).collect();
            let walk = |line: &&String| SHARES.iter().any(|table| line.contains(&format!("Seq Scan on {table} ")));
            if let Some(line) = lines.iter().find(walk) {
                walks.push(format!("{} ({mode}): {line} in {lines:#?}", statement.module));
            }
        }
        connection.execute("DEALLOCATE it").await.unwrap();
    }
    connection.close().await.unwrap();
    assert!(walks.is_empty(), "{walks:#?}");
}
