//! The whole configuration as one typed tree: defaults, the profile's file, the environment, flags.

use std::path::{Path, PathBuf};

use config::{Config, Environment, File, FileFormat};
use platform::db::{DatabaseSettings, DatabaseUrl, Synchronous};
use secrecy::SecretString;
use serde::Deserialize;

kernel::words! {
    /// What a configuration is for.
    pub(crate) enum Profile as "profile" {
        /// A developer's own machine.
        Development = "development",
        /// Automated tests.
        Test = "test",
        /// Real people.
        Production = "production",
    }
}

impl Profile {
    fn embedded(self) -> &'static str {
        match self {
            Self::Development => include_str!("../config/development.toml"),
            Self::Test => include_str!("../config/test.toml"),
            Self::Production => include_str!("../config/production.toml"),
        }
    }
}

/// Why a configuration cannot be used. Values are never repeated in it: one could be a secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    /// A file or variable does not fit.
    #[error("configuration: {0}")]
    Unreadable(#[from] config::ConfigError),
    /// Production lacks what it needs, or has what only tests may have.
    #[error("the production profile refuses to start:\n  - {}", .0.join("\n  - "))]
    NotForProduction(Vec<String>),
    /// A value is out of its range.
    #[error("configuration: {0}")]
    Invalid(String),
}

/// Everything that can be configured.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    #[serde(skip, default = "development")]
    pub(crate) profile: Profile,
    pub(crate) data_dir: PathBuf,
    pub(crate) server: ServerSettings,
    pub(crate) database: DatabaseTree,
    #[serde(default)]
    pub(crate) secrets: SecretSettings,
    pub(crate) log: platform::telemetry::LogSettings,
    #[serde(default)]
    pub(crate) web: platform::web::WebSettings,
    #[serde(default)]
    pub(crate) live: platform::live::LiveSettings,
    pub(crate) ports: PortSettings,
    #[serde(default)]
    pub(crate) retention: platform::upkeep::Retention,
    #[serde(default)]
    pub(crate) identity: identity::Config,
    #[serde(default)]
    pub(crate) customer: customer::Config,
    #[serde(default)]
    pub(crate) game: game::Config,
    #[serde(default)]
    pub(crate) test: TestSettings,
}

fn development() -> Profile {
    Profile::Development
}

/// The listeners and what stands before them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServerSettings {
    pub(crate) listen: String,
    pub(crate) workers: usize,
    public_url: String,
    pub(crate) metrics_listen: String,
    pub(crate) drain_seconds: u64,
}

impl ServerSettings {
    /// How the outside reaches this server; the listener itself unless configured.
    pub(crate) fn public_url(&self) -> String {
        if self.public_url.is_empty() { format!("http://{}", self.listen) } else { self.public_url.clone() }
    }
}

/// One database for all contexts, with exceptions by context.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DatabaseTree {
    url: DatabaseUrl,
    owner_url: Option<DatabaseUrl>,
    pool_size: usize,
    readers: usize,
    synchronous: Synchronous,
    #[serde(default)]
    identity: DatabaseOverride,
    #[serde(default)]
    customer: DatabaseOverride,
    #[serde(default)]
    game: DatabaseOverride,
}

/// What one context has of its own.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct DatabaseOverride {
    url: Option<DatabaseUrl>,
    owner_url: Option<DatabaseUrl>,
}

impl DatabaseTree {
    /// What the context of this name uses.
    pub(crate) fn of(&self, context: &str, data_dir: &Path) -> DatabaseSettings {
        let own = match context {
            "identity" => Some(&self.identity),
            "customer" => Some(&self.customer),
            "game" => Some(&self.game),
            _ => None,
        };
        DatabaseSettings {
            url: own.and_then(|own| own.url.clone()).unwrap_or_else(|| self.url.clone()),
            owner_url: own.and_then(|own| own.owner_url.clone()).or_else(|| self.owner_url.clone()),
            data_dir: data_dir.to_owned(),
            pool_size: self.pool_size,
            readers: self.readers,
            synchronous: self.synchronous,
        }
    }
}

/// Where the root secret comes from.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecretSettings {
    pub(crate) root: Option<SecretString>,
    pub(crate) root_file: Option<PathBuf>,
}

/// How calls between contexts travel.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PortSettings {
    pub(crate) loopback: bool,
    delay_ms: u64,
    lose_request_every: u64,
    lose_answer_every: u64,
}

impl PortSettings {
    /// What the loopback does to the calls that pass through it.
    pub(crate) fn disturbance(&self) -> kernel::port::Disturbance {
        kernel::port::Disturbance {
            delay: std::time::Duration::from_millis(self.delay_ms),
            lose_request_every: self.lose_request_every,
            lose_answer_every: self.lose_answer_every,
        }
    }
}

/// What only tests and demos may ask for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TestSettings {
    /// Ends the process, as kill -9 would, when it reaches this point: `name` or `name:how many times`.
    pub(crate) crash_at: Option<String>,
    /// Seeds the server's random source.
    pub(crate) seed: Option<u64>,
}

/// What the command line adds to the files and the environment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides {
    /// `key=value` pairs, the key dotted as in the files.
    pub(crate) pairs: Vec<(String, String)>,
    /// A directory with files that replace the built-in ones.
    pub(crate) directory: Option<PathBuf>,
}

impl Settings {
    /// Reads the configuration of a profile and checks it.
    pub(crate) fn load(profile: Profile, overrides: &Overrides) -> Result<Self, SettingsError> {
        let mut builder = Config::builder();
        let file = |name: &str| overrides.directory.as_ref().map(|dir| dir.join(name));
        for (name, embedded) in [
            ("default.toml".to_owned(), include_str!("../config/default.toml")),
            (format!("{profile}.toml"), profile.embedded()),
        ] {
            builder = match file(&name).filter(|path| path.exists()) {
                Some(path) => builder.add_source(File::from(path).format(FileFormat::Toml)),
                None => builder.add_source(File::from_str(embedded, FileFormat::Toml)),
            };
        }
        builder = builder.add_source(
            Environment::with_prefix("WHOT").prefix_separator("__").separator("__").try_parsing(true),
        );
        for (key, value) in &overrides.pairs {
            builder = builder.set_override(key, parsed(value))?;
        }
        let mut settings: Self = builder.build()?.try_deserialize()?;
        settings.profile = profile;
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), SettingsError> {
        if !(1..=60).contains(&self.server.drain_seconds) {
            return Err(SettingsError::Invalid("server.drain_seconds lies between 1 and 60".to_owned()));
        }
        for (section, checked) in [
            ("retention", self.retention.validate()),
            ("identity", self.identity.validate()),
            ("customer", self.customer.validate()),
            ("game", self.game.validate()),
        ] {
            checked.map_err(|reason| SettingsError::Invalid(format!("{section}: {reason}")))?;
        }
        if self.profile == Profile::Production {
            let faults = self.production_faults();
            if !faults.is_empty() {
                return Err(SettingsError::NotForProduction(faults));
            }
        }
        Ok(())
    }

    /// Everything production lacks or must not have, in one list.
    fn production_faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.secrets.root.is_none() && self.secrets.root_file.is_none() {
            faults.push(
                "secrets.root or secrets.root_file is missing; `whot secrets init FILE` makes one".to_owned(),
            );
        }
        if !self.server.public_url.starts_with("https://") {
            faults.push("server.public_url must begin with https://".to_owned());
        }
        if self.test.crash_at.is_some() || self.test.seed.is_some() {
            faults.push("the [test] section is for tests only".to_owned());
        }
        if self.ports.loopback {
            faults.push("ports.loopback is for tests only".to_owned());
        }
        faults.extend(self.identity.production_faults());
        faults
    }
}

/// A flag's value, typed as the environment's are.
fn parsed(text: &str) -> config::Value {
    if let Ok(flag) = text.parse::<bool>() {
        flag.into()
    } else if let Ok(number) = text.parse::<i64>() {
        number.into()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(profile: Profile, pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Settings::load(profile, &Overrides { pairs, directory: None })
    }

    #[test]
    fn every_built_in_profile_but_production_starts_as_it_is() {
        for profile in [Profile::Development, Profile::Test] {
            assert_eq!(with(profile, &[]).unwrap().profile, profile);
        }
    }

    #[test]
    fn production_names_all_that_is_missing_in_one_message() {
        let pairs = [("test.seed", "7"), ("ports.loopback", "true"), ("identity.second_factor", "relaxed")];
        let message = with(Profile::Production, &pairs).unwrap_err().to_string();
        for part in ["secrets.root", "https://", "[test]", "loopback", "second"] {
            assert!(message.contains(part), "{part} is not in: {message}");
        }
    }

    #[test]
    fn an_unknown_key_is_an_error() {
        assert!(with(Profile::Development, &[("server.listne", "x")]).is_err());
        assert!(with(Profile::Development, &[("serverr.listen", "x")]).is_err());
    }

    #[test]
    fn a_context_may_have_a_database_of_its_own() {
        let settings =
            with(Profile::Development, &[("database.game.url", "postgres://games@db/whot")]).unwrap();
        let dir = Path::new("d");
        assert!(settings.database.of("game", dir).url.postgres().is_some());
        assert!(settings.database.of("identity", dir).url.postgres().is_none());
    }
}
