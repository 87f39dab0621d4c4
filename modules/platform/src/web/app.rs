//! What every request needs beside its route: clock, randomness, who verifies tokens, limits, trusted proxies.

use std::sync::Arc;

use ipnet::IpNet;
use kernel::{Clock, IdSource, Random};
use serde::Deserialize;

use super::access::Authenticator;
use super::limit::{LimitSettings, Limiter};
use crate::crypto::Mac;

/// How the web floor behaves, as the operator sets it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebSettings {
    /// Proxies whose `X-Forwarded-For` is believed. None unless listed.
    pub trusted_proxies: Vec<IpNet>,
    /// Origins that may call from a browser, for example `https://console.example`. None unless listed.
    pub cors_origins: Vec<String>,
    /// Whether answers carry `Strict-Transport-Security`. On wherever people reach the server by TLS.
    pub hsts: bool,
    /// Limits of the rate classes.
    pub limits: LimitSettings,
}

/// The web floor's own state, shared by every worker. Handlers take it as `State<Web>`.
pub struct Web {
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    ids: IdSource,
    pub(crate) authenticator: Arc<dyn Authenticator>,
    cursor_key: Mac,
    pub(crate) limiter: Limiter,
    pub(crate) settings: WebSettings,
}

impl Web {
    /// The state around what the root hands in.
    pub fn new(
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        authenticator: Arc<dyn Authenticator>,
        cursor_key: Mac,
        settings: WebSettings,
    ) -> Self {
        let limiter = Limiter::new(&clock, &settings.limits);
        let ids = IdSource::new(clock.clone(), random.clone());
        Self { clock, random, ids, authenticator, cursor_key, limiter, settings }
    }

    /// The clock.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// The random source.
    pub fn random(&self) -> &dyn Random {
        &*self.random
    }

    /// Where ids come from.
    pub fn ids(&self) -> &IdSource {
        &self.ids
    }

    /// The key that signs cursors.
    pub fn cursor_key(&self) -> &Mac {
        &self.cursor_key
    }
}
