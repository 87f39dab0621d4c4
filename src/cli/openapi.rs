//! `whot openapi`: the document that clients are generated from, straight from the route tables.

use super::{CliError, say};

pub(super) fn run() -> Result<(), CliError> {
    let document = crate::http::openapi().map_err(|error| CliError::Failed(error.to_string()))?;
    let text =
        serde_json::to_string_pretty(&document).map_err(|error| CliError::Failed(error.to_string()))?;
    say(text);
    Ok(())
}
