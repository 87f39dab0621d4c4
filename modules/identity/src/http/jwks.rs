//! GET /.well-known/jwks.json

use data_encoding::BASE64URL_NOPAD;
use platform::web::{Anonymous, Answer, Problem, State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::app::key_ring::{PublicHalf, PublicKey};

/// How long the answer may be kept, in seconds. A key is published long before it signs.
const KEPT: u32 = 300;

/// The keys, as RFC 7517 writes them.
#[derive(Serialize, ToSchema)]
pub(super) struct Jwks {
    keys: Vec<Jwk>,
}

/// A public key.
#[derive(Serialize, ToSchema)]
pub(super) struct Jwk {
    kid: String,
    #[serde(rename = "use")]
    usage: &'static str,
    alg: &'static str,
    kty: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    crv: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    e: Option<String>,
}

fn jwk(key: PublicKey) -> Jwk {
    let encode = |bytes: &[u8]| Some(BASE64URL_NOPAD.encode(bytes));
    let (alg, usage) = (key.alg(), "sig");
    let (kty, crv) = match &key.half {
        PublicHalf::Ec(_) => ("EC", Some("P-256")),
        PublicHalf::Ed(_) => ("OKP", Some("Ed25519")),
        PublicHalf::Rsa { .. } => ("RSA", None),
    };
    let bare = Jwk { kid: key.kid, usage, alg, kty, crv, x: None, y: None, n: None, e: None };
    match key.half {
        PublicHalf::Ec(point) => {
            // SEC 1: 0x04, then x and y of 32 bytes each.
            let (x, y) = point.get(1..).unwrap_or_default().split_at_checked(32).unwrap_or_default();
            Jwk { x: encode(x), y: encode(y), ..bare }
        }
        PublicHalf::Ed(bytes) => Jwk { x: encode(&bytes), ..bare },
        PublicHalf::Rsa { n, e } => Jwk { n: encode(&n), e: encode(&e), ..bare },
    }
}

pub(super) async fn handle(_who: Anonymous, app: State<App>) -> Result<Answer<Jwks>, Problem> {
    let keys = app.keys.ring().published().into_iter().map(jwk).collect();
    Ok(Answer::ok(Jwks { keys }).public_for(KEPT))
}
