//! How this context behaves, as the operator sets it.

use std::time::Duration;

use serde::Deserialize;

pub use crate::domain::entitlement::PlayPolicy;
use crate::domain::entitlement::Policy;
use crate::domain::limits::InviteLimits;

/// The customer context's part of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How long an invite lives unless its maker says otherwise, in hours: 1 to `invite_max_hours`.
    pub invite_hours: u32,
    /// The longest life a maker may give, in hours: 1 to 2160 (90 days).
    pub invite_max_hours: u32,
    /// Open invites a distributor may have at one time: 1 to 100000.
    pub open_invites: u32,
    /// Invites a distributor may make within 24 hours: 1 to 100000.
    pub daily_invites: u32,
    /// How long a reservation and its ticket last, in seconds: 60 to 3600.
    pub ticket_s: u32,
    /// Blocks one account may have: 1 to 100000.
    pub max_blocks: u32,
    /// Who may play with whom: `network` (a distributor and all its customers) or `anyone`.
    pub play_policy: PlayPolicy,
    /// Whether chat needs the customer's VIP flag.
    pub chat_requires_vip: bool,
    /// Ids of the apps that open invite links, for example `A1B2C3D4E5.ng.example.whot`. None unless listed.
    pub apple_app_ids: Vec<String>,
    /// The app's own URL scheme, tried by the landing page's button: lower-case letters and digits.
    pub app_scheme: String,
    /// Where the app can be had; the landing page links to it. `https://` only; none unless set.
    pub app_store_url: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            invite_hours: 7 * 24,
            invite_max_hours: 30 * 24,
            open_invites: 200,
            daily_invites: 50,
            ticket_s: 600,
            max_blocks: 1_000,
            play_policy: PlayPolicy::Network,
            chat_requires_vip: false,
            apple_app_ids: Vec::new(),
            app_scheme: "whot".to_owned(),
            app_store_url: None,
        }
    }
}

impl Config {
    /// Names the first value that is out of range.
    pub fn validate(&self) -> Result<(), String> {
        let ranges = [
            ("invite_max_hours", self.invite_max_hours, 1, 2_160),
            ("invite_hours", self.invite_hours, 1, self.invite_max_hours),
            ("open_invites", self.open_invites, 1, 100_000),
            ("daily_invites", self.daily_invites, 1, 100_000),
            ("ticket_s", self.ticket_s, 60, 3_600),
            ("max_blocks", self.max_blocks, 1, 100_000),
        ];
        for (name, value, least, most) in ranges {
            if !(least..=most).contains(&value) {
                return Err(format!("customer.{name} lies between {least} and {most}"));
            }
        }
        if self.app_scheme.is_empty()
            || !self.app_scheme.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        {
            return Err("customer.app_scheme has lower-case letters and digits only".to_owned());
        }
        if self.app_store_url.as_deref().is_some_and(|url| !url.starts_with("https://")) {
            return Err("customer.app_store_url begins with https://".to_owned());
        }
        if self.apple_app_ids.iter().any(|id| id.len() > 255 || !id.bytes().all(is_app_id)) {
            return Err("customer.apple_app_ids are team id, a dot and the bundle id".to_owned());
        }
        Ok(())
    }

    pub(crate) fn limits(&self) -> InviteLimits {
        InviteLimits { open: self.open_invites.into(), daily: self.daily_invites.into() }
    }

    pub(crate) fn policy(&self) -> Policy {
        Policy { play: self.play_policy, chat_requires_vip: self.chat_requires_vip }
    }

    pub(crate) fn ticket(&self) -> Duration {
        Duration::from_secs(self.ticket_s.into())
    }
}

fn is_app_id(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_within_their_own_ranges() {
        assert_eq!(Config::default().validate(), Ok(()));
    }

    #[test]
    fn a_value_out_of_range_is_named() {
        let wrong = Config { ticket_s: 30, ..Config::default() };
        assert!(wrong.validate().is_err_and(|text| text.contains("ticket_s")));
        let wrong = Config { invite_hours: 721, ..Config::default() };
        assert!(wrong.validate().is_err_and(|text| text.contains("invite_hours")));
        let wrong = Config { app_scheme: "java script:".to_owned(), ..Config::default() };
        assert!(wrong.validate().is_err());
    }
}
