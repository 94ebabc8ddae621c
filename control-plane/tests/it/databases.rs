//! Both engines: every statement prepares, and what must be refused is.

use std::sync::Arc;

use control_plane::db::{Ambient, Db, OpenError, Place, Which};
use pretend::postgres::Server;

use crate::postgres;

fn ambient() -> Arc<Ambient> {
    Arc::new(Ambient::new(pretend::clock::system_clock(), pretend::clock::entropy()))
}

/// Past the capture of the test harness: a run says on which databases it was.
fn say(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "databases: {text}");
}

async fn refused(place: &Place) -> Vec<String> {
    let mut refused = Vec::new();
    for which in [Which::Main, Which::Trace] {
        let db = Db::open(place, which, ambient()).await.expect("a database");
        refused.extend(db.refused_statements().await);
        db.close().await;
    }
    refused
}

#[tokio::test]
async fn every_statement_prepares_on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    let mut all = Vec::new();
    for (which, name) in [(Which::Main, "main.db"), (Which::Trace, "trace.db")] {
        let db = Db::open(&Place::Sqlite(dir.path().join(name)), which, ambient()).await.unwrap();
        all.extend(db.refused_statements().await);
        db.close().await;
    }
    assert!(all.is_empty(), "{all:#?}");
    say("SQLite: every statement prepares");
}

#[tokio::test]
async fn every_statement_prepares_on_postgresql() {
    let Some(database) = postgres::database().await else { return say("no PostgreSQL here: skipped") };
    let refused = refused(&Place::Postgres(database.url.clone())).await;
    assert!(refused.is_empty(), "{refused:#?}");
    say("PostgreSQL: every statement prepares");
}

#[tokio::test]
async fn a_postgresql_that_may_lose_what_it_acknowledged_is_refused() {
    let Some(database) = postgres::database().await else { return say("no PostgreSQL here: skipped") };
    let separator = if database.url.contains('?') { '&' } else { '?' };
    let lax = format!("{}{separator}options=-c%20synchronous_commit%3Doff", database.url);
    for which in [Which::Main, Which::Trace] {
        let refused = Db::open(&Place::Postgres(lax.clone()), which, ambient()).await.unwrap_err();
        assert!(matches!(refused, OpenError::NotDurable { setting: "synchronous_commit" }), "{refused:?}");
    }
    // A server of its own: this one is set for all of it.
    let Some(server) = Server::start(&["fsync=off"]) else { return say("no PostgreSQL programs here: skipped") };
    let refused = Db::open(&Place::Postgres(server.url().await.to_owned()), Which::Main, ambient()).await.unwrap_err();
    let text = "this PostgreSQL has fsync = off: what it acknowledges may be lost in a power cut; set fsync = on";
    assert_eq!(refused.to_string(), text);
}

#[test]
fn migrations_have_the_same_numbers_and_names_on_both_engines() {
    let names = |engine: &str, sub: &str| {
        let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations").join(engine).join(sub);
        let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = entries.filter(|name| name.strip_suffix(".sql").is_some()).collect();
        names.sort();
        names
    };
    for sub in [".", "trace"] {
        assert_eq!(names("sqlite", sub), names("postgres", sub));
    }
}
