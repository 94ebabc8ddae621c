//! A fresh PostgreSQL database, where there is one.

use std::{path::Path, sync::Arc};

use control_plane::db::{Ambient, Db, Place, Which};
use pretend::postgres::Database;

pub(crate) async fn database() -> Option<Database> {
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations/postgres");
    pretend::postgres::database(&migrations, async |url| {
        for which in [Which::Main, Which::Trace] {
            let ambient = Ambient::new(pretend::clock::system_clock(), pretend::clock::entropy());
            Db::open(&Place::Postgres(url.clone()), which, Arc::new(ambient)).await.expect("a template").close().await;
        }
    })
    .await
}
