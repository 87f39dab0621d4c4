//! `whot migrate`: brings every database up to date and stops.

use serde_json::json;

use super::{CliError, Global, say};
use crate::compose;

pub(super) async fn run(global: &Global) -> Result<(), CliError> {
    let settings = global.settings()?;
    for migrations in compose::MIGRATIONS {
        let database = settings.database.of(migrations.context, &settings.data_dir);
        let applied = platform::db::migrate(&database, migrations)
            .await
            .map_err(|error| CliError::Failed(format!("{}: {error}", migrations.context)))?;
        if global.json {
            say(json!({"context": migrations.context, "applied": applied}));
        } else {
            say(format_args!("{:<10} {applied} applied", migrations.context));
        }
    }
    Ok(())
}
