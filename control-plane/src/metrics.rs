//! This plane's metrics, in a recorder of its own: two planes in one process do not mix their numbers.

use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

pub struct Metrics {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
}

/// Seconds.
const BUCKETS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];

impl Default for Metrics {
    fn default() -> Self {
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), BUCKETS)
            .expect("there are buckets")
            .build_recorder();
        let handle = recorder.handle();
        Self { recorder, handle }
    }
}

impl Metrics {
    /// Runs `record` with the macros of `metrics` writing here: `metrics.with(|| counter!("postern_…").increment(1))`.
    pub fn with(&self, record: impl FnOnce()) {
        metrics::with_local_recorder(&self.recorder, record);
    }

    /// `route` is the pattern, never the path: a stranger must not choose our labels.
    pub(crate) fn request(&self, method: &str, route: &str, status: u16, took: Duration) {
        // Any other method is a stranger's word.
        let method = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
            .into_iter()
            .find(|known| *known == method)
            .unwrap_or("other");
        let route = route.to_owned();
        self.with(|| {
            metrics::counter!("postern_api_requests_total", "method" => method, "route" => route.clone(), "status" => status.to_string())
                .increment(1);
            metrics::histogram!("postern_api_request_seconds", "route" => route).record(took.as_secs_f64());
        });
    }

    /// The text form of Prometheus.
    pub fn render(&self) -> String {
        self.handle.run_upkeep();
        self.handle.render()
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics(…)")
    }
}
