//! The database of a system: SQLite in its directory, unless `POSTERN_TEST_DATABASE=postgres`.

use std::{path::Path, sync::Arc};

use control_plane::db::{Ambient, Db, Place, Which};
use pretend::postgres::{self, Database, Engine};

/// None: SQLite.
pub async fn chosen() -> Option<Database> {
    match postgres::chosen() {
        Some(Engine::Postgres) => postgres().await,
        Some(Engine::Sqlite) | None => None,
    }
}

/// A fresh PostgreSQL database; none where there is no PostgreSQL.
pub async fn postgres() -> Option<Database> {
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations/postgres");
    postgres::database(&migrations, async |url| {
        for which in [Which::Main, Which::Trace] {
            let ambient = Ambient::new(pretend::clock::system_clock(), pretend::clock::entropy());
            Db::open(&Place::Postgres(url.clone()), which, Arc::new(ambient)).await.expect("a template").close().await;
        }
    })
    .await
}
