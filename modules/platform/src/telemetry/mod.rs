//! What the process says of itself: structured logs and metrics. Nothing that people write or keep secret goes in.

mod logs;
mod metrics;
mod process;

pub use self::logs::{Format, LogSettings, TelemetryError, init};
pub use self::metrics::{Metrics, serve_metrics};
