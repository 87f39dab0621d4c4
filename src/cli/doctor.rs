//! `whot doctor`: what is in force, secrets masked, and whether everything it depends on is well.

use platform::db::{StoreError, migration_state};
use serde_json::{Value, json};

use super::{CliError, Global, operate, say};
use crate::compose;
use crate::settings::Settings;

/// One thing looked at.
struct Finding {
    what: String,
    fault: Option<String>,
    note: String,
}

pub(super) async fn run(global: &Global) -> Result<(), CliError> {
    let settings = global.settings()?;
    let mut findings = vec![data_directory(&settings), root_secret(&settings)];
    for migrations in compose::MIGRATIONS {
        findings.push(database(&settings, migrations).await);
    }
    findings.extend(connections(&settings).await);
    findings.extend(contexts(global, &settings).await);
    let faults = findings.iter().filter(|finding| finding.fault.is_some()).count();
    if global.json {
        let list: Vec<_> = findings
            .iter()
            .map(|finding| json!({"what": finding.what, "ok": finding.fault.is_none(), "fault": finding.fault, "note": finding.note}))
            .collect();
        say(json!({"profile": settings.profile, "findings": list}));
    } else {
        say(format_args!("{settings:#?}\n"));
        for finding in &findings {
            let mark = if finding.fault.is_some() { "FAULT" } else { "ok" };
            let detail = finding.fault.as_deref().unwrap_or(&finding.note);
            say(format_args!("{mark:<6} {:<22} {detail}", finding.what));
        }
    }
    if faults > 0 {
        Err(CliError::Failed(format!("{faults} of {} findings are faults", findings.len())))
    } else {
        Ok(())
    }
}

fn data_directory(settings: &Settings) -> Finding {
    let what = "data directory".to_owned();
    let note = settings.data_dir.display().to_string();
    match std::fs::metadata(&settings.data_dir) {
        Ok(found) if !found.is_dir() => {
            Finding { what, fault: Some(format!("{note} is no directory")), note }
        }
        Ok(found) => {
            use std::os::unix::fs::PermissionsExt;
            let open = found.permissions().mode() & 0o077 != 0;
            Finding { what, fault: open.then(|| format!("{note} is readable by others")), note }
        }
        Err(_) => Finding { what, fault: None, note: format!("{note} will be made at the first start") },
    }
}

fn root_secret(settings: &Settings) -> Finding {
    let what = "root secret".to_owned();
    let file = settings.secrets.root_file.clone();
    let (fault, note) = match (&settings.secrets.root, file) {
        (Some(_), _) => (None, "from the configuration".to_owned()),
        (None, Some(file)) if file.exists() => (None, format!("from {}", file.display())),
        (None, Some(file)) => (Some(format!("{} does not exist", file.display())), String::new()),
        (None, None) => (None, "of this development machine, under the data directory".to_owned()),
    };
    Finding { what, fault, note }
}

/// Whether one PostgreSQL server takes the connections that all contexts' pools may open together.
async fn connections(settings: &Settings) -> Option<Finding> {
    let shared = settings.database.of("identity", &settings.data_dir);
    let limits = platform::db::connection_limits(&shared).await.ok().flatten()?;
    let free = limits.max - limits.reserved;
    let wanted = i64::try_from(shared.pool_size * compose::MIGRATIONS.len()).unwrap_or(i64::MAX);
    let note = format!("{wanted} at most of {free} the server takes, {} taken now", limits.taken);
    let fault = (wanted > free).then(|| format!("{note}: lower database.pool_size or raise max_connections"));
    Some(Finding { what: "connections".to_owned(), fault, note })
}

/// What the contexts say of themselves: through the running server, or alone. Looking never makes what is not there.
async fn contexts(global: &Global, settings: &Settings) -> Vec<Finding> {
    let what = "contexts".to_owned();
    match never_started(settings).await {
        Ok(false) => {}
        Ok(true) => {
            let note = "not asked: they come to be at the first start".to_owned();
            return vec![Finding { what, fault: None, note }];
        }
        // The databases' own findings say it.
        Err(_) => return Vec::new(),
    }
    let asked = operate::run(global, "doctor", json!({})).await;
    let answer = match asked {
        Ok(answer) => answer,
        Err(error) => return vec![Finding { what, fault: Some(error.to_string()), note: String::new() }],
    };
    let text = |finding: &Value, name: &str| finding.get(name).and_then(Value::as_str).map(str::to_owned);
    let finding = |found: &Value| Finding {
        what: text(found, "what").unwrap_or_default(),
        fault: text(found, "fault"),
        note: text(found, "note").unwrap_or_default(),
    };
    answer.as_array().into_iter().flatten().map(finding).collect()
}

/// Whether something that a start would make is still missing.
async fn never_started(settings: &Settings) -> Result<bool, StoreError> {
    let configured = settings.secrets.root.is_some() || settings.secrets.root_file.is_some();
    if !settings.data_dir.exists() || !(configured || settings.data_dir.join("root.secret").exists()) {
        return Ok(true);
    }
    for migrations in compose::MIGRATIONS {
        let of = settings.database.of(migrations.context, &settings.data_dir);
        if !migration_state(&of, migrations).await?.pending.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn database(settings: &Settings, migrations: &'static platform::db::Migrations) -> Finding {
    let of = settings.database.of(migrations.context, &settings.data_dir);
    let what = format!("database {}", migrations.context);
    let kind = match (of.url.postgres(), &of.owner_url) {
        (None, _) => "sqlite",
        (Some(_), Some(_)) => "postgres; the serving role has data rights only",
        (Some(_), None) => "postgres; one role migrates and serves",
    };
    match migration_state(&of, migrations).await {
        Ok(state) if !state.unknown.is_empty() => Finding {
            what,
            fault: Some("it was migrated by a later release".to_owned()),
            note: kind.to_owned(),
        },
        Ok(state) if state.pending.is_empty() => {
            Finding { what, fault: None, note: format!("{kind}; migrated") }
        }
        Ok(_) => {
            Finding { what, fault: None, note: format!("{kind}; migrations are pending and run at start") }
        }
        Err(error) => Finding { what, fault: Some(error.to_string()), note: kind.to_owned() },
    }
}
