//! `GET /i` and `GET /g`: what somebody sees who opens the link of an invite, or of an invite to a game, without the app.
//! The code or id is in the link's fragment, which browsers keep to themselves: no request of these pages ever carries
//! it, and none spends anything.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use platform::web::State;

use crate::config::Config;

const PAGE: &str = include_str!("landing/landing.html");
const GAME_PAGE: &str = include_str!("landing/game.html");
const STYLE: &str = include_str!("landing/landing.css");
const SCRIPT: &str = include_str!("landing/landing.js");

/// Nothing but the page's own style and script; no request may leave it.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'; require-trusted-types-for 'script'";

/// The pages, filled in from the configuration once.
pub(crate) struct Landing {
    page: String,
    game_page: String,
}

impl Landing {
    pub(crate) fn of(config: &Config) -> Arc<Self> {
        let store = config.app_store_url.as_deref().unwrap_or("");
        let filled = |page: &str| {
            page.replace("{{app_scheme}}", &escaped(&config.app_scheme))
                .replace("{{store_url}}", &escaped(store))
        };
        Arc::new(Self { page: filled(PAGE), game_page: filled(GAME_PAGE) })
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}

pub(crate) async fn page(landing: State<Landing>) -> HttpResponse {
    answer("text/html; charset=utf-8", landing.page.clone())
}

pub(crate) async fn game_page(landing: State<Landing>) -> HttpResponse {
    answer("text/html; charset=utf-8", landing.game_page.clone())
}

pub(crate) async fn style() -> HttpResponse {
    answer("text/css; charset=utf-8", STYLE.to_owned())
}

pub(crate) async fn script() -> HttpResponse {
    answer("text/javascript; charset=utf-8", SCRIPT.to_owned())
}

fn answer(media: &'static str, body: String) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(media)
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .body(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_are_filled_in_and_load_their_own_files_only() {
        let config = Config {
            app_store_url: Some("https://store.example/?a=1&b=\"2".to_owned()),
            ..Config::default()
        };
        let landing = Landing::of(&config);
        for page in [&landing.page, &landing.game_page] {
            assert!(
                page.contains("data-scheme=\"whot\"")
                    && page.contains("https://store.example/?a=1&amp;b=&quot;2")
            );
            assert!(!page.contains("{{"));
            for forbidden in ["<style", "onclick", "style=", "http://", "//cdn"] {
                assert!(!page.contains(forbidden), "{forbidden}");
            }
            assert_eq!(page.matches("<script").count(), 1);
            assert!(page.contains("<script src=\"/i/landing.js\" defer></script>"));
        }
    }

    #[test]
    fn the_script_keeps_the_code_to_itself() {
        for way_out in
            ["fetch(", "XMLHttpRequest", "sendBeacon", "WebSocket", "localStorage", "cookie", "innerHTML"]
        {
            assert!(!SCRIPT.contains(way_out), "{way_out}");
        }
    }
}
