//! The redemption ticket: what customer vouches for when it has reserved an invite (DOMAIN.md 3).
//!
//! Here is only what it says and its bytes; both sides put their MAC around them with a key derived for this purpose.

use kernel::id::{AccountId, RedemptionId};
use kernel::{Timestamp, TypedId};
use serde::{Deserialize, Serialize};

/// An invite is reserved for whoever shows this before it expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedemptionTicket {
    /// Keys the whole saga.
    pub redemption: RedemptionId,
    /// The distributor who invited.
    pub distributor: AccountId,
    /// Ten minutes after the reservation.
    pub expires_at: Timestamp,
}

/// Bytes that are no ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a redemption ticket")]
pub struct InvalidTicket;

impl RedemptionTicket {
    /// What the MAC's key is derived for.
    pub const PURPOSE: &'static str = "redemption-ticket";

    /// What stands before the encoded ticket, so that scanners and people recognise it.
    const PREFIX: &'static str = "rdt_";

    /// The ticket as a client carries it: its bytes and the MAC over them, in base64url.
    #[must_use]
    pub fn to_text(self, mac: &[u8; 32]) -> String {
        let mut bytes = [0; 72];
        let (body, tag) = bytes.split_at_mut(40);
        body.copy_from_slice(&self.to_bytes());
        tag.copy_from_slice(mac);
        format!("{}{}", Self::PREFIX, data_encoding::BASE64URL_NOPAD.encode(&bytes))
    }

    /// Reads what [`Self::to_text`] wrote: the ticket and the MAC that the caller must check over [`Self::to_bytes`].
    pub fn from_text(text: &str) -> Result<(Self, [u8; 32]), InvalidTicket> {
        let encoded = text.strip_prefix(Self::PREFIX).filter(|rest| rest.len() == 96).ok_or(InvalidTicket)?;
        let bytes = data_encoding::BASE64URL_NOPAD.decode(encoded.as_bytes()).map_err(|_| InvalidTicket)?;
        let (body, mac) = bytes.split_last_chunk::<32>().ok_or(InvalidTicket)?;
        Ok((Self::from_bytes(body)?, *mac))
    }

    /// The 40 bytes that the MAC covers: redemption, distributor, expiry in microseconds, big-endian.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 40] {
        let mut bytes = [0; 40];
        let (redemption, rest) = bytes.split_at_mut(16);
        let (distributor, expiry) = rest.split_at_mut(16);
        redemption.copy_from_slice(self.redemption.uuid().as_bytes());
        distributor.copy_from_slice(self.distributor.uuid().as_bytes());
        expiry.copy_from_slice(&self.expires_at.micros().to_be_bytes());
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote. The caller has checked the MAC.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidTicket> {
        let (redemption, rest) = bytes.split_first_chunk::<16>().ok_or(InvalidTicket)?;
        let (distributor, expiry) = rest.split_first_chunk::<16>().ok_or(InvalidTicket)?;
        let expiry: [u8; 8] = expiry.try_into().map_err(|_| InvalidTicket)?;
        Ok(Self {
            redemption: RedemptionId::from_uuid(kernel::id::Uuid::from_bytes(*redemption)),
            distributor: AccountId::from_uuid(kernel::id::Uuid::from_bytes(*distributor)),
            expires_at: Timestamp::from_micros(i64::from_be_bytes(expiry)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::id::Uuid;

    #[test]
    fn a_ticket_travels_as_text_with_its_mac() {
        let ticket = RedemptionTicket {
            redemption: RedemptionId::from_uuid(Uuid::from_u128(1)),
            distributor: AccountId::from_uuid(Uuid::from_u128(2)),
            expires_at: Timestamp::from_micros(3),
        };
        let text = ticket.to_text(&[9; 32]);
        assert_eq!(RedemptionTicket::from_text(&text), Ok((ticket, [9; 32])));
        for bad in ["", "rdt_", &text[..99], &text.replace("rdt_", "tkt_"), &format!("{text}A")] {
            assert_eq!(RedemptionTicket::from_text(bad), Err(InvalidTicket), "{bad}");
        }
    }

    #[test]
    fn a_ticket_reads_back_as_it_was_written_and_nothing_else_does() {
        let ticket = RedemptionTicket {
            redemption: RedemptionId::from_uuid(Uuid::from_u128(1)),
            distributor: AccountId::from_uuid(Uuid::from_u128(2)),
            expires_at: Timestamp::from_micros(3),
        };
        assert_eq!(RedemptionTicket::from_bytes(&ticket.to_bytes()), Ok(ticket));
        for length in [0, 16, 39] {
            assert_eq!(RedemptionTicket::from_bytes(&ticket.to_bytes()[..length]), Err(InvalidTicket));
        }
        assert_eq!(RedemptionTicket::from_bytes(&[0; 41]), Err(InvalidTicket));
    }
}
