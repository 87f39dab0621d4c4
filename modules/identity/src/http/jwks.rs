//! GET /.well-known/jwks.json

use data_encoding::BASE64URL_NOPAD;
use platform::web::{Anonymous, Answer, Problem, State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::app::key_ring::PublicKey;
use crate::domain::signing_key::Algorithm;

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
    crv: &'static str,
    x: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<String>,
}

fn jwk(key: PublicKey) -> Jwk {
    let encode = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    let (alg, usage) = (key.algorithm().as_str(), "sig");
    match key.algorithm() {
        Algorithm::Es256 => {
            // SEC 1: 0x04, then x and y of 32 bytes each.
            let point = key.bytes.get(1..).unwrap_or_default();
            let (x, y) = point.split_at_checked(32).unwrap_or_default();
            Jwk { kid: key.kid, usage, alg, kty: "EC", crv: "P-256", x: encode(x), y: Some(encode(y)) }
        }
        Algorithm::EdDsa => {
            let x = encode(&key.bytes);
            Jwk { kid: key.kid, usage, alg, kty: "OKP", crv: "Ed25519", x, y: None }
        }
    }
}

pub(super) async fn handle(_who: Anonymous, app: State<App>) -> Result<Answer<Jwks>, Problem> {
    let keys = app.keys.ring().published().into_iter().map(jwk).collect();
    Ok(Answer::ok(Jwks { keys }).public_for(KEPT))
}
