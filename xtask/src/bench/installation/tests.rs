use std::{net::SocketAddr, path::Path};

use ::tests::Rest;
use contract::{Id, ids};
use control_plane::{Config, Deps, FirstOwner, Secret};
use serde_json::{Value, json};

use super::*;

const FULL: Size = Size { tenants: 10_000, domains: 100_000, recipients: 2_500_000, entries: 20 };
const OWNER: &str = "owner@provider.example";
const PASSWORD: &str = "correct horse battery staple";

#[test]
fn the_full_installation_is_as_large_as_was_asked_for() {
    let plan = Plan::of(&FULL);
    assert_eq!(plan.msps + plan.customers.len(), 10_000);
    assert_eq!(plan.customers.iter().map(|customer| customer.domains).sum::<usize>(), 100_000);
    assert_eq!(plan.customers[0].domains, 5_000);
    assert_eq!(plan.customers.iter().filter(|customer| customer.msp == 0).count(), 500);
    assert_eq!(plan.msp_entries, 10_000);
    assert!(plan.customers.iter().all(|customer| customer.domains >= 1));
    let recipients = Plan::recipients(&FULL);
    assert_eq!((recipients.len(), recipients.iter().sum::<usize>()), (100_000, 2_500_000));
    assert_eq!(recipients[0], 5_000);
}

#[test]
fn a_small_one_adds_up_too() {
    for (tenants, domains) in [(1, 1), (2, 1), (3, 50), (600, 100), (1_002, 5_000)] {
        let plan = Plan::of(&Size { tenants, domains, recipients: 10, entries: 0 });
        assert_eq!(plan.customers.iter().map(|customer| customer.domains).sum::<usize>(), domains);
        assert!(plan.customers.iter().all(|customer| customer.msp < plan.msps), "{tenants}");
        assert_eq!(plan.msp_entries, 0);
    }
    assert_eq!(pareto(3, 0, 0.5), [0, 0, 0]);
}

#[tokio::test]
async fn a_control_plane_on_sqlite_takes_a_generated_installation_for_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("postern.db");
    let database = Database::Sqlite(file);
    is_taken(dir.path(), None, database.clone()).await;
    // Statistics from before it had any would make each look-up of an object a scan of all.
    let mut with = insert::Connected::open(&database).await.unwrap();
    let counted =
        with.number("SELECT COUNT(*) FROM sqlite_stat1 WHERE tbl IN ('domains', 'list_entries')").await.unwrap();
    let objects = with.number("SELECT COUNT(*) FROM sqlite_stat1 WHERE tbl = 'pool_objects'").await.unwrap();
    assert!(counted > 0);
    assert_eq!(objects, 0);
}

#[tokio::test]
async fn a_control_plane_on_postgresql_takes_a_generated_installation_for_its_own() {
    let dir = tempfile::tempdir().unwrap();
    // Where there is none the run says so at its end.
    let Some(database) = ::tests::database::postgres().await else { return };
    let url = database.url.clone();
    is_taken(dir.path(), Some(url.clone()), Database::Postgres(url)).await;
}

/// It lists what was put in, changes it, and publishes all of it.
async fn is_taken(dir: &Path, url: Option<String>, database: Database) {
    control_plane(dir, url.clone()).await.stop().await;
    let size = Size { tenants: 7, domains: 40, recipients: 300, entries: 2 };
    let sample = fill(&database, &size).await.unwrap();
    assert_eq!((sample.customers.len(), sample.domains.len()), (6, 40));
    let token = "pwt_a-token-of-a-pretend-worker";
    workers(&database, &[("pretend".to_owned(), control_plane::auth::token_hash(token))]).await.unwrap();

    let running = control_plane(dir, url).await;
    let rest = Rest::sign_in(&format!("https://{}", running.address), OWNER, PASSWORD).await;
    let count = async |path: &str| rest.get(path).await.body["data"].as_array().map(Vec::len);
    // With the provider.
    assert_eq!(count("/v1/tenants?limit=500").await, Some(8));
    assert_eq!(count("/v1/domains?limit=500").await, Some(40));
    assert_eq!(count("/v1/routes?limit=500").await, Some(6));
    assert_eq!(count("/v1/workers?limit=500").await, Some(1));
    let domain: Id<ids::Domain> = sample.domains[0];
    let recipients = Plan::recipients(&size)[0];
    assert_eq!(count(&format!("/v1/domains/{domain}/recipients?limit=500")).await, Some(recipients));
    assert_eq!(count(&format!("/v1/list-entries?domain_id={domain}")).await, Some(2));

    let edit = rest.patch(&format!("/v1/domains/{domain}"), json!({ "external_ref": "D-1" })).await;
    let path = format!("/v1/config/versions/{}?wait=10", edit.version());
    let published =
        rest.until("a head with all of it", &path, |state| Some(state["head"].clone()).filter(Value::is_string));
    published.await;
    running.stop().await;
}

async fn control_plane(dir: &Path, url: Option<String>) -> control_plane::Running {
    let mut config = Config {
        data_dir: dir.to_owned(),
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        first_owner: FirstOwner { email: OWNER.to_owned(), password: Some(Secret(PASSWORD.to_owned())) },
        database: control_plane::Database { url: url.map(Secret) },
        ..Config::default()
    };
    config.passwords.compromised.enabled = false;
    let clock = pretend::clock::system_clock();
    let dns = checks::Dns::new(&config.dns, clock.clone()).unwrap();
    let deps = Deps { dns, clock, entropy: pretend::clock::entropy() };
    control_plane::start(config, deps).await.unwrap()
}
