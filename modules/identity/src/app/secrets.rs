//! The keys identity derives from the deployment's root secret, and the tokens it makes and reads with them. Nothing
//! here can be printed.

use data_encoding::BASE64URL_NOPAD;
use identity_api::RedemptionTicket;
use kernel::id::{RedemptionId, SessionId, Uuid};
use kernel::{Random, TypedId};
use platform::crypto::{Mac, RootSecret, Sealer, tokens};
use secrecy::{ExposeSecret, SecretString};

/// Which derivation is in use; another number gives other keys.
const VERSION: u16 = 1;
/// What activation and enrolment tokens begin with.
const ACTIVATION: &str = "act";
/// What socket tickets begin with.
const TICKET: &str = "tkt";
/// What refresh tokens begin with.
const REFRESH: &str = "rft_";
/// How much of the MAC a refresh token carries: 160 bits.
const REFRESH_TAG: usize = 20;

/// Identity's derived keys.
pub(crate) struct Secrets {
    activation: Mac,
    ticket: Mac,
    refresh: Mac,
    registration: Mac,
    redemption: Mac,
}

/// A token to hand out and the MAC to keep.
pub(crate) struct Minted {
    pub(crate) text: SecretString,
    pub(crate) mac: [u8; 32],
}

impl Secrets {
    pub(crate) fn derive(root: &RootSecret) -> Self {
        let mac = |purpose| Mac::new(&root.derive::<32>(purpose, VERSION));
        Self {
            activation: mac("identity.activation"),
            ticket: mac("identity.live-ticket"),
            refresh: mac("identity.refresh"),
            registration: mac("identity.registration"),
            redemption: mac(RedemptionTicket::PURPOSE),
        }
    }

    /// What the key ring is sealed with at rest.
    pub(crate) fn key_ring_sealer(root: &RootSecret) -> Sealer {
        Sealer::new(&root.derive::<32>("identity.key-ring", VERSION))
    }

    /// A fresh activation or enrolment token.
    pub(crate) fn mint_activation(&self, random: &dyn Random) -> Minted {
        let (text, bytes) = tokens::mint(ACTIVATION, random);
        Minted { text, mac: self.activation.tag(&[bytes.as_bytes()]) }
    }

    /// The MAC of a genuine-looking activation token.
    pub(crate) fn activation_mac(&self, text: &SecretString) -> Option<[u8; 32]> {
        let bytes = tokens::parse(ACTIVATION, text.expose_secret())?;
        Some(self.activation.tag(&[bytes.as_bytes()]))
    }

    /// A fresh socket ticket.
    pub(crate) fn mint_ticket(&self, random: &dyn Random) -> Minted {
        let (text, bytes) = tokens::mint(TICKET, random);
        Minted { text, mac: self.ticket.tag(&[bytes.as_bytes()]) }
    }

    /// The MAC of a genuine-looking ticket.
    pub(crate) fn ticket_mac(&self, text: &str) -> Option<[u8; 32]> {
        let bytes = tokens::parse(TICKET, text)?;
        Some(self.ticket.tag(&[bytes.as_bytes()]))
    }

    /// The refresh token of a session's generation: always the same, so that a lost one can be given again, although
    /// none is stored.
    pub(crate) fn refresh_token(&self, session: SessionId, generation: i32) -> SecretString {
        let (id, number) = (session.uuid(), generation.to_be_bytes());
        let tag = self.refresh.tag(&[id.as_bytes(), &number]);
        let tag = tag.first_chunk::<REFRESH_TAG>().copied().unwrap_or_default();
        let bytes = [id.as_bytes().as_slice(), &number, &tag].concat();
        format!("{REFRESH}{}", BASE64URL_NOPAD.encode(&bytes)).into()
    }

    /// Session and generation of a refresh token that this deployment made.
    pub(crate) fn read_refresh_token(&self, text: &SecretString) -> Option<(SessionId, i32)> {
        let encoded = text.expose_secret().strip_prefix(REFRESH).filter(|rest| rest.len() <= 64)?;
        let bytes = BASE64URL_NOPAD.decode(encoded.as_bytes()).ok()?;
        let (id, rest) = bytes.split_first_chunk::<16>()?;
        let (number, tag) = rest.split_first_chunk::<4>()?;
        let expected = self.refresh.tag(&[id, number]);
        let genuine = platform::crypto::same(expected.first_chunk::<REFRESH_TAG>()?, tag);
        genuine.then(|| (SessionId::from_uuid(Uuid::from_bytes(*id)), i32::from_be_bytes(*number)))
    }

    /// What lets a client ask how its registration goes on. It opens nothing else.
    pub(crate) fn registration_token(&self, redemption: RedemptionId) -> SecretString {
        let tag = self.registration.tag(&[redemption.uuid().as_bytes()]);
        format!("reg_{}", BASE64URL_NOPAD.encode(&tag)).into()
    }

    /// Whether `text` is the registration token of this redemption.
    pub(crate) fn is_registration_token(&self, redemption: RedemptionId, text: &str) -> bool {
        let expected = self.registration_token(redemption);
        platform::crypto::same(expected.expose_secret().as_bytes(), text.as_bytes())
    }

    /// The ticket that customer made, if it is genuine. Its expiry is the caller's to check.
    pub(crate) fn read_redemption_ticket(&self, text: &SecretString) -> Option<RedemptionTicket> {
        let (ticket, mac) = RedemptionTicket::from_text(text.expose_secret()).ok()?;
        self.redemption.verify(&[&ticket.to_bytes()], &mac).then_some(ticket)
    }

    /// Writes a ticket as customer would.
    #[cfg(test)]
    pub(crate) fn write_redemption_ticket(&self, ticket: RedemptionTicket) -> SecretString {
        ticket.to_text(&self.redemption.tag(&[&ticket.to_bytes()])).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> Secrets {
        Secrets::derive(&RootSecret::from_bytes([3; 32]))
    }

    fn session() -> SessionId {
        SessionId::from_uuid(Uuid::from_u128(77))
    }

    #[test]
    fn a_refresh_token_is_the_same_every_time_and_reads_back() {
        let token = secrets().refresh_token(session(), 4);
        assert_eq!(token.expose_secret(), secrets().refresh_token(session(), 4).expose_secret());
        assert_eq!(secrets().read_refresh_token(&token), Some((session(), 4)));
        assert_ne!(token.expose_secret(), secrets().refresh_token(session(), 5).expose_secret());
    }

    #[test]
    fn a_refresh_token_that_was_changed_anywhere_is_no_token() {
        let token = secrets().refresh_token(session(), 4).expose_secret().to_owned();
        for place in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(secrets().read_refresh_token(&changed.into()), None, "at {place}");
        }
        let other = Secrets::derive(&RootSecret::from_bytes([4; 32]));
        assert_eq!(other.read_refresh_token(&token.into()), None);
    }

    #[test]
    fn a_registration_token_is_good_for_its_redemption_only() {
        let redemption = RedemptionId::from_uuid(Uuid::from_u128(1));
        let other = RedemptionId::from_uuid(Uuid::from_u128(2));
        let token = secrets().registration_token(redemption);
        assert!(secrets().is_registration_token(redemption, token.expose_secret()));
        assert!(!secrets().is_registration_token(other, token.expose_secret()));
    }
}
