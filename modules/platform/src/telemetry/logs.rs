//! Logs: JSON lines in production, readable lines in development, always on standard error.

use std::io::IsTerminal;

use serde::Deserialize;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{EnvFilter, ParseError, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{Layer, fmt};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// For people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

/// What is logged, and how.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// How lines look.
    pub format: Format,
    /// Levels by target, for example `info,game=debug`. Libraries never say more than `info`, whatever stands here.
    pub filter: String,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { format: Format::default(), filter: "info".to_owned() }
    }
}

/// Why logging cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not one.
    #[error("the log filter is not understood")]
    Filter(#[from] ParseError),
    /// Somebody else logs already.
    #[error("logging was started before")]
    Twice(#[from] TryInitError),
    /// Somebody else counts already.
    #[error("metrics were started before")]
    Metrics,
}

/// Starts logging for the whole process. `own` are our own crates: everybody else's debug and trace lines stay out,
/// because libraries print what they carry there: raw requests, rows, tokens.
pub fn init(settings: &LogSettings, own: &[&str]) -> Result<(), TelemetryError> {
    let terminal = std::io::stderr().is_terminal();
    subscriber(settings, own, std::io::stderr, terminal)?.try_init()?;
    say_where_it_panicked();
    Ok(())
}

fn subscriber<W>(
    settings: &LogSettings,
    own: &[&str],
    writer: W,
    colours: bool,
) -> Result<impl Subscriber + Send + Sync, ParseError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let wanted = EnvFilter::builder().parse(&settings.filter)?;
    let libraries = Targets::new()
        .with_default(LevelFilter::INFO)
        .with_targets(own.iter().map(|target| ((*target).to_owned(), LevelFilter::TRACE)));
    let lines = match settings.format {
        Format::Human => fmt::layer().compact().with_ansi(colours).with_writer(writer).boxed(),
        Format::Json => fmt::layer()
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(true)
            .with_writer(writer)
            .boxed(),
    };
    Ok(tracing_subscriber::registry().with(wanted).with(lines.with_filter(libraries)))
}

/// A panic is logged with its place. Its message is only if it was written into the code: one that was put together at
/// run time may hold anything.
fn say_where_it_panicked() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("(not shown)");
        tracing::error!(place, message, "panicked");
    }));
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Lines {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Lines {
        type Writer = Self;
        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    fn logged(filter: &str, format: Format, act: impl FnOnce()) -> String {
        let lines = Lines::default();
        let settings = LogSettings { format, filter: filter.to_owned() };
        let subscriber = subscriber(&settings, &["platform"], lines.clone(), false).unwrap();
        tracing::subscriber::with_default(subscriber, act);
        lines.text()
    }

    #[test]
    fn a_library_never_logs_below_info_however_the_filter_asks() {
        let text = logged("trace,actix_http=trace", Format::Human, || {
            tracing::trace!(target: "actix_http::h1", "GET /i?code=planted");
            tracing::debug!(target: "tokio_postgres", "planted");
            tracing::info!(target: "actix_server", "listening");
            tracing::trace!(target: "platform::web", "our own");
        });
        assert!(!text.contains("planted"), "{text}");
        assert!(text.contains("listening") && text.contains("our own"), "{text}");
    }

    #[test]
    fn json_lines_carry_their_spans() {
        let text = logged("info", Format::Json, || {
            let _inside = tracing::info_span!("request", request_id = "r-1").entered();
            tracing::info!(status = 200, "answered");
        });
        let line: serde_json::Value = serde_json::from_str(text.trim()).unwrap();
        assert_eq!(line["status"], 200);
        assert_eq!(line["spans"][0]["request_id"], "r-1");
    }

    #[test]
    fn a_filter_that_is_none_is_an_error() {
        let settings = LogSettings { format: Format::Human, filter: "info,game=loud".to_owned() };
        assert!(subscriber(&settings, &[], Lines::default(), false).is_err());
    }
}
