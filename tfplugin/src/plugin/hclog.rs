//! Logs as Terraform reads them: one JSON object per line on standard error, in the shape of Go's hclog.
//!
//! Terraform decides what is shown, but only we can avoid the work: without one of its variables nothing is logged.

use std::fmt;
use std::io::Write;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// Libraries whose fine-grained logs show bytes of the wire, and so secrets: never below this level.
const WIRE_LIBRARIES: [&str; 8] =
    ["h2", "hyper", "hyper_util", "kube_client", "reqwest", "rustls", "tonic", "tower"];
const WIRE_LIBRARIES_LEVEL: LevelFilter = LevelFilter::WARN;

/// Starts logging at the level of the user's variables. Does nothing when they ask for none, or the second time.
pub(super) fn install(name: &str) {
    let level = level(name, |variable| std::env::var(variable).ok());
    if level == LevelFilter::OFF {
        return;
    }
    let layer = HclogLayer { module: name.to_owned(), write: write_to_stderr };
    let subscriber = tracing_subscriber::registry().with(layer.with_filter(filter(level)));
    // Fails when a subscriber is set already: then the embedding program has its own way of logging.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Writes one line at level error, whatever the level is.
pub(super) fn write_error(module: &str, message: &str) {
    let mut line = line(Level::ERROR, module, Map::new());
    line.insert("@message".to_owned(), message.into());
    write_to_stderr(&line);
}

/// The most special of the variables that is set. Terraform takes an unknown word, and `JSON`, as the finest level.
fn level(name: &str, variable: impl Fn(&str) -> Option<String>) -> LevelFilter {
    let special = format!("TF_LOG_PROVIDER_{}", name.to_uppercase().replace('-', "_"));
    let wish = [special.as_str(), "TF_LOG_PROVIDER", "TF_LOG"]
        .into_iter()
        .find_map(|name| variable(name).filter(|value| !value.is_empty()));
    match wish.map(|wish| wish.to_uppercase()).as_deref() {
        None | Some("OFF") => LevelFilter::OFF,
        Some("ERROR") => LevelFilter::ERROR,
        Some("WARN") => LevelFilter::WARN,
        Some("INFO") => LevelFilter::INFO,
        Some("DEBUG") => LevelFilter::DEBUG,
        Some(_) => LevelFilter::TRACE,
    }
}

fn filter(level: LevelFilter) -> Targets {
    let calm = level.min(WIRE_LIBRARIES_LEVEL);
    Targets::new().with_default(level).with_targets(WIRE_LIBRARIES.map(|library| (library, calm)))
}

/// Turns events into lines; the fields of the spans around an event become its own.
struct HclogLayer<W> {
    module: String,
    write: W,
}

/// The fields of a span, kept with it.
struct SpanFields(Map<String, Value>);

impl<S, W> Layer<S> for HclogLayer<W>
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
    W: Fn(&Map<String, Value>) + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Map::new();
        attributes.record(&mut FieldWriter(&mut fields));
        span.extensions_mut().insert(SpanFields(fields));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(SpanFields(fields)) = span.extensions_mut().get_mut() {
            values.record(&mut FieldWriter(fields));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Map::new();
        for span in context.event_scope(event).into_iter().flatten().collect::<Vec<_>>().iter().rev() {
            if let Some(SpanFields(outer)) = span.extensions().get() {
                fields.extend(outer.clone());
            }
        }
        event.record(&mut FieldWriter(&mut fields));
        let module = format!("{}.{}", self.module, event.metadata().target().replace("::", "."));
        (self.write)(&line(*event.metadata().level(), &module, fields));
    }
}

/// The line's own keys over the fields of an event.
fn line(level: Level, module: &str, mut fields: Map<String, Value>) -> Map<String, Value> {
    fields.insert("@level".to_owned(), level.as_str().to_lowercase().into());
    fields.insert("@module".to_owned(), module.into());
    fields.insert("@timestamp".to_owned(), format!("{:.6}", jiff::Timestamp::now()).into());
    fields
}

fn write_to_stderr(fields: &Map<String, Value>) {
    let Ok(mut text) = serde_json::to_vec(fields) else { return };
    text.push(b'\n');
    // One write per line, so that lines of threads do not mix. Nobody to tell when standard error is closed.
    let _ = std::io::stderr().lock().write_all(&text);
}

/// Collects fields; the message has a name of its own in hclog.
struct FieldWriter<'a>(&'a mut Map<String, Value>);

impl FieldWriter<'_> {
    fn insert(&mut self, field: &Field, value: Value) {
        let name = if field.name() == "message" { "@message" } else { field.name() };
        self.0.insert(name.to_owned(), value);
    }
}

impl Visit for FieldWriter<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.insert(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.insert(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.insert(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.insert(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.insert(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.insert(field, value.into());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn the_most_special_variable_decides_the_level() {
        let cases: [(&[(&str, &str)], LevelFilter); 8] = [
            (&[], LevelFilter::OFF),
            (&[("TF_LOG", "")], LevelFilter::OFF),
            (&[("TF_LOG", "info")], LevelFilter::INFO),
            (&[("TF_LOG", "JSON")], LevelFilter::TRACE),
            (&[("TF_LOG", "ERROR"), ("TF_LOG_PROVIDER", "DEBUG")], LevelFilter::DEBUG),
            (&[("TF_LOG_PROVIDER", "DEBUG"), ("TF_LOG_PROVIDER_MY_NOTES", "WARN")], LevelFilter::WARN),
            (&[("TF_LOG", "TRACE"), ("TF_LOG_PROVIDER_MY_NOTES", "off")], LevelFilter::OFF),
            (&[("TF_LOG_PROVIDER_OTHER", "TRACE")], LevelFilter::OFF),
        ];
        for (variables, expected) in cases {
            let found = level("my-notes", |name| {
                variables.iter().find(|(found, _)| *found == name).map(|(_, value)| (*value).to_owned())
            });
            assert_eq!(found, expected, "{variables:?}");
        }
    }

    fn logged(level: LevelFilter, work: impl FnOnce()) -> Vec<Value> {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = lines.clone();
        let layer = HclogLayer {
            module: "notes".to_owned(),
            write: move |fields: &Map<String, Value>| {
                sink.lock().unwrap().push(Value::Object(fields.clone()));
            },
        };
        tracing::subscriber::with_default(
            tracing_subscriber::registry().with(layer.with_filter(filter(level))),
            work,
        );
        let lines = lines.lock().unwrap();
        lines.clone()
    }

    #[test]
    fn an_event_carries_its_fields_and_those_of_its_spans() {
        let lines = logged(LevelFilter::INFO, || {
            let span = tracing::info_span!("call", rpc = "ReadResource", attempt = 1);
            let _entered = span.enter();
            tracing::warn!(target: "notes::wait", attempt = 2, ready = false, "not ready");
            tracing::debug!("not asked for");
        });
        assert_eq!(lines.len(), 1);
        let line = lines[0].as_object().unwrap();
        assert_eq!(line["@level"], "warn");
        assert_eq!(line["@module"], "notes.notes.wait");
        assert_eq!(line["@message"], "not ready");
        assert_eq!(line["rpc"], "ReadResource");
        assert_eq!(line["attempt"], 2);
        assert_eq!(line["ready"], false);
        let timestamp = line["@timestamp"].as_str().unwrap();
        // 2026-11-23T14:00:00.123456Z
        assert_eq!((timestamp.len(), timestamp.as_bytes()[19], timestamp.as_bytes()[26]), (27, b'.', b'Z'));
    }

    #[test]
    fn libraries_that_see_the_wire_stay_quiet_even_at_trace() {
        let lines = logged(LevelFilter::TRACE, || {
            tracing::trace!(target: "h2::codec", "bytes of a secret");
            tracing::trace!(target: "notes", "ours");
        });
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["@message"], "ours");
    }
}
