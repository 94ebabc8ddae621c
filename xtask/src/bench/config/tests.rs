use super::*;

#[test]
fn the_kinds_come_in_turn_and_the_largest_route_now_and_then() {
    let found = plan(100);
    let count = |kind: Kind| found.iter().filter(|each| **each == kind).count();
    assert_eq!(Kind::ALL.map(count), [25, 25, 20, 5, 25]);
    assert_eq!(found[..4], [Kind::List, Kind::Recipient, Kind::LargestRoute, Kind::Policy]);
    assert_eq!(found[6], Kind::Route);
    assert!(plan(0).is_empty());
}

/// The bench as it is, on processes that were built for tests.
#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_edit_reaches_a_worker_that_relays_mail() {
    // All of the workspace's tests are built before one runs, and `postern` with them.
    let mut exe = std::env::current_exe().unwrap();
    exe.pop();
    exe.set_file_name("postern");
    assert!(exe.exists(), "{} is not built: run the tests with --workspace", exe.display());
    let size = Size { tenants: 7, domains: 40, recipients: 300, entries: 2 };
    let bench = Bench { size, edits: 8, load: 20, only: Engine::Sqlite, json: true };
    let mut running = engines::open(bench.only, &exe).await.unwrap().unwrap();
    let report = measure(&bench, &mut running).await.unwrap();
    report.verdict().unwrap();
    let kinds: Vec<Kind> = report.edits.iter().map(|edit| edit.kind).collect();
    assert!(Kind::ALL.iter().all(|kind| kinds.contains(kind)), "{kinds:?}");
    let head = head_bytes(&running.database).await.unwrap();
    assert!(head > 0);
    for edit in &report.edits {
        assert!(edit.bytes > head, "nothing was fetched for {edit:?}");
        assert!(edit.bytes < report.cold_start.bytes, "{edit:?} moved all there is");
    }
    assert!(report.worker_peak_kib > 0 && report.control_plane_peak_kib > 0);
}
