//! How a command gets its work done: by the process that owns the data, or alone when there is none.

use std::time::Duration;

use platform::db::{DataDir, DataDirError};
use serde_json::Value;

use super::{CliError, Global};
use crate::compose::Composition;
use crate::control;

/// How long an owner may hold the lock without answering: it may be starting or stopping.
const PATIENCE: Duration = Duration::from_secs(5);

/// Carries a command out and gives its answer.
pub(super) async fn run(global: &Global, command: &str, arguments: Value) -> Result<Value, CliError> {
    let settings = global.settings()?;
    let step = Duration::from_millis(100);
    let mut waited = Duration::ZERO;
    loop {
        if let Some(answer) = control::ask(&settings.data_dir, command, arguments.clone()).await? {
            return Ok(answer);
        }
        match DataDir::acquire(&settings.data_dir) {
            Ok(data_dir) => {
                let composition = Composition::build(settings, data_dir).await?;
                let result = composition.operator().operate(command, arguments).await;
                composition.close().await;
                return result.map_err(CliError::Failed);
            }
            Err(DataDirError::Owned(_)) if waited < PATIENCE => {
                tokio::time::sleep(step).await;
                waited += step;
            }
            Err(error) => return Err(CliError::Failed(error.to_string())),
        }
    }
}
