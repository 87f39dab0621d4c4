//! An invite on the wire: as its distributor sees it, and with the code that was issued for it just now.

use kernel::Timestamp;
use kernel::id::{AccountId, InviteId};
use platform::web::schema;
use qrcode::QrCode;
use qrcode::render::svg;
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::list_invites::Named;
use crate::app::{App, Issued};
use crate::domain::invite::{Invite, InviteShown};

platform::word_schema!(InviteState: InviteShown);

/// An invite, as its distributor sees it. Its code cannot be read again.
#[derive(Serialize, ToSchema)]
pub(crate) struct InviteView {
    #[schema(value_type = schema::InviteId)]
    id: InviteId,
    #[schema(value_type = InviteState)]
    state: InviteShown,
    /// The distributor's own note.
    label: Option<String>,
    #[schema(value_type = schema::Time)]
    created_at: Timestamp,
    #[schema(value_type = schema::Time)]
    expires_at: Timestamp,
    /// Who came through it.
    redeemed_by: Option<Redeemer>,
    #[schema(value_type = Option<schema::Time>)]
    revoked_at: Option<Timestamp>,
    /// How many codes were issued for it; all but the last are void.
    codes_issued: i32,
}

/// Who redeemed an invite, and when.
#[derive(Serialize, ToSchema)]
pub(crate) struct Redeemer {
    #[schema(value_type = schema::AccountId)]
    account_id: AccountId,
    /// The public name, when it is known in time.
    username: Option<String>,
    #[schema(value_type = schema::Time)]
    at: Timestamp,
}

impl InviteView {
    pub(super) fn of(invite: Invite, now: Timestamp) -> Self {
        Self::named(Named { invite, redeemer: None }, now)
    }

    pub(super) fn named(Named { invite, redeemer }: Named, now: Timestamp) -> Self {
        Self {
            id: invite.id,
            state: invite.shown(now),
            label: invite.label,
            created_at: invite.created_at,
            expires_at: invite.expires_at,
            redeemed_by: invite.redeemed.map(|(account_id, at)| Redeemer {
                account_id,
                username: redeemer,
                at,
            }),
            revoked_at: invite.revoked_at,
            codes_issued: invite.codes,
        }
    }
}

/// An invite and its new code. Show or send it now: it cannot be read again.
#[derive(Serialize, ToSchema)]
pub(crate) struct InviteIssued {
    #[serde(flatten)]
    invite: InviteView,
    /// `civ_` and 38 characters.
    code: String,
    /// The universal link; the code is in its fragment, which no server sees.
    link: String,
    /// The link as a QR code: an SVG document.
    qr_svg: String,
}

impl InviteIssued {
    pub(super) fn of(app: &App, issued: Issued) -> Self {
        let link = app.link(&issued.code);
        Self {
            invite: InviteView::of(issued.invite, app.clock.now()),
            code: issued.code.expose_secret().to_owned(),
            qr_svg: drawn(link.expose_secret()),
            link: link.expose_secret().to_owned(),
        }
    }
}

/// The QR code of a link. Only a text of several kilobytes would not fit, and a link is none.
fn drawn(link: &str) -> String {
    let Ok(code) = QrCode::new(link.as_bytes()) else { return String::new() };
    code.render::<svg::Color<'_>>().min_dimensions(240, 240).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_drawn_as_an_svg_that_loads_nothing() {
        let drawn = drawn("https://whot.example/i#civ_0123456789abcdefghjkmnpqrstvwxyz0123456789");
        assert!(drawn.contains("<svg") && drawn.trim_end().ends_with("</svg>"));
        assert!(!drawn.contains("href") && !drawn.contains("script") && !drawn.contains("civ_"));
    }
}
