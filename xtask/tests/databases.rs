//! The last test of `cargo test --workspace`: prepares every statement of the control plane on both engines, and closes
//! the run with the databases that it was on. Without a harness, so that its words are seen.

use std::sync::Arc;

use control_plane::db::{Ambient, Db, Place, Which, statements};
use pretend::postgres::{Engine, chosen};

async fn refused(places: [(Place, Which); 2]) -> Vec<String> {
    let mut refused = Vec::new();
    for (place, which) in places {
        let ambient = Ambient::new(pretend::clock::system_clock(), pretend::clock::entropy());
        let db = Db::open(&place, which, Arc::new(ambient)).await.expect("a database");
        refused.extend(db.refused_statements().await);
        db.close().await;
    }
    refused
}

fn main() {
    // What a test runner asks of a binary that has no tests to list.
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let (on, failed) = runtime.block_on(run());
    for failure in &failed {
        println!("{failure}");
    }
    let outcome = if failed.is_empty() { "ok" } else { "FAILED" };
    println!("\n{} statements prepared on {}", statements().len(), on.join(" and "));
    println!("databases of this run: {}", on.join(", "));
    println!(
        "test result: {outcome}. {} passed; {} failed; 0 ignored; 0 measured; 0 filtered out",
        on.len(),
        failed.len()
    );
    if !failed.is_empty() {
        std::process::exit(101);
    }
}

async fn run() -> (Vec<String>, Vec<String>) {
    let dir = tempfile::tempdir().expect("a directory");
    let sqlite = |name: &str, which| (Place::Sqlite(dir.path().join(name)), which);
    let mut failed = refused([sqlite("postern.db", Which::Main), sqlite("trace.db", Which::Trace)]).await;
    let all_on_postgres = chosen() == Some(Engine::Postgres);
    let both = "the control plane's scenarios";
    let mut on = vec![format!("SQLite ({})", if all_on_postgres { "statements only" } else { "the whole suite" })];
    match tests::database::postgres().await {
        Some(database) => {
            let place = || Place::Postgres(database.url.clone());
            failed.extend(refused([(place(), Which::Main), (place(), Which::Trace)]).await);
            on.push(format!("PostgreSQL ({})", if all_on_postgres { "the whole suite" } else { both }));
        }
        None => println!("no PostgreSQL programs here: skipped"),
    }
    (on, failed)
}
