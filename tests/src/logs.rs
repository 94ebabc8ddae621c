//! Lines of level ERROR, kept by the thread that wrote them: a test's own planes run on its thread, so that tests running
//! side by side do not answer for each other. What pools of threads write counts against every test that runs meanwhile.

use std::{
    collections::HashSet,
    fmt::{Debug, Write},
    sync::{Mutex, MutexGuard, Once, PoisonError},
    thread::ThreadId,
};

use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Layer, filter::LevelFilter, fmt, layer::Context, layer::SubscriberExt, util::SubscriberInitExt,
};

#[derive(Default)]
struct Log {
    errors: Vec<(ThreadId, String)>,
    tests: HashSet<ThreadId>,
}

static LOG: Mutex<Option<Log>> = Mutex::new(None);

/// From here on the errors of this thread are this test's.
pub(crate) fn listen() -> usize {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Shown with a test that fails.
        let shown = fmt::layer().with_test_writer().with_filter(LevelFilter::WARN);
        let _ = tracing_subscriber::registry().with(Errors).with(shown).try_init();
    });
    let mut log = log();
    let log = log.get_or_insert_default();
    log.tests.insert(std::thread::current().id());
    log.errors.len()
}

/// What was written since [`listen`] gave `since`, by this thread or by one of no test.
pub(crate) fn errors(since: usize) -> Vec<String> {
    let mut log = log();
    let log = log.get_or_insert_default();
    let here = std::thread::current().id();
    let ours = |thread: &ThreadId| *thread == here || !log.tests.contains(thread);
    log.errors.iter().skip(since).filter(|(thread, _)| ours(thread)).map(|(_, text)| text.clone()).collect()
}

fn log() -> MutexGuard<'static, Option<Log>> {
    LOG.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Errors;

impl<S: Subscriber> Layer<S> for Errors {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() == Level::ERROR {
            let mut text = Text(event.metadata().target().to_owned());
            event.record(&mut text);
            log().get_or_insert_default().errors.push((std::thread::current().id(), text.0));
        }
    }
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a String does not fail.
        let _ = write!(self.0, " {field}={value:?}");
    }
}
