//! `GET /.well-known/apple-app-site-association`: which links iOS hands to the app instead of the browser.

use std::sync::Arc;

use platform::web::{Answer, State};
use serde::Serialize;

use crate::config::Config;

/// A day; iOS fetches it through a cache of its own anyway.
const KEPT_S: u32 = 86_400;

/// The association file, as configured.
#[derive(Clone, Serialize)]
pub(crate) struct Association {
    applinks: AppLinks,
    webcredentials: Apps,
}

#[derive(Clone, Serialize)]
struct AppLinks {
    details: Vec<Detail>,
}

#[derive(Clone, Serialize)]
struct Detail {
    #[serde(rename = "appIDs")]
    app_ids: Vec<String>,
    components: [Component; 2],
}

#[derive(Clone, Serialize)]
struct Component {
    #[serde(rename = "/")]
    path: &'static str,
    #[serde(rename = "#")]
    fragment: &'static str,
    comment: &'static str,
}

#[derive(Clone, Serialize)]
struct Apps {
    apps: Vec<String>,
}

impl Association {
    pub(crate) fn of(config: &Config) -> Arc<Self> {
        let apps = config.apple_app_ids.clone();
        let invite = Component { path: "/i", fragment: "civ_*", comment: "invites" };
        let game = Component { path: "/g", fragment: "giv_*", comment: "invites to games" };
        let detail = Detail { app_ids: apps.clone(), components: [invite, game] };
        let details = if apps.is_empty() { Vec::new() } else { vec![detail] };
        Arc::new(Self { applinks: AppLinks { details }, webcredentials: Apps { apps } })
    }
}

pub(crate) async fn handle(association: State<Association>) -> Answer<Association> {
    Answer::ok(association.get_ref().clone()).public_for(KEPT_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_has_the_form_that_ios_reads() {
        let app = "A1B2C3D4E5.ng.example.whot";
        let config = Config { apple_app_ids: vec![app.to_owned()], ..Config::default() };
        let expected = serde_json::json!({
            "applinks": {"details": [{
                "appIDs": [app],
                "components": [
                    {"/": "/i", "#": "civ_*", "comment": "invites"},
                    {"/": "/g", "#": "giv_*", "comment": "invites to games"},
                ],
            }]},
            "webcredentials": {"apps": [app]},
        });
        assert_eq!(serde_json::to_value(&*Association::of(&config)).unwrap(), expected);
        let none = serde_json::to_value(&*Association::of(&Config::default())).unwrap();
        assert_eq!(none["applinks"]["details"], serde_json::json!([]));
    }
}
