//! Tickets for one socket upgrade, and the revocation log that every node tails.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::Timestamp;
use kernel::id::{SessionId, Uuid};
use platform::db::StoreError;
use platform::sql::{Key, Ts};

use super::diesel_store::DieselStore;
use super::rows::RevocationRow;
use super::schema::{live_tickets, revocations, sessions};
use super::statements::Statements;
use super::{Bearer, NewTicket, RevocationStore, Stamp, TicketStore};
use crate::domain::revocation::Revocation;

#[async_trait]
impl TicketStore for DieselStore {
    async fn keep_ticket(&self, stamp: Stamp, ticket: NewTicket) -> Result<(), StoreError> {
        platform::write_one!(self.db, |c| {
            diesel::insert_into(live_tickets::table)
                .values((
                    live_tickets::mac.eq(ticket.mac.to_vec()),
                    live_tickets::account_id.eq(Key::from(ticket.account)),
                    live_tickets::session_id.eq(Key::from(ticket.session)),
                    live_tickets::origin.eq(ticket.origin),
                    live_tickets::created_at.eq(Ts::from(stamp.at)),
                    live_tickets::expires_at.eq(Ts::from(ticket.expires_at)),
                ))
                .execute(c)
                .await?;
            Ok(())
        })
    }

    async fn spend_ticket(
        &self,
        mac: [u8; 32],
        origin: Option<String>,
        now: Timestamp,
    ) -> Result<Option<(SessionId, Bearer)>, StoreError> {
        platform::write!(self.db, |c| {
            let spent: Option<(Key, Option<String>)> = diesel::update(
                live_tickets::table
                    .find(mac.to_vec())
                    .filter(live_tickets::spent_at.is_null())
                    .filter(live_tickets::expires_at.gt(Ts::from(now))),
            )
            .set(live_tickets::spent_at.eq(Some(Ts::from(now))))
            .returning((live_tickets::session_id, live_tickets::origin))
            .get_result(c)
            .await
            .optional()?;
            // A ticket offered from elsewhere is spent all the same: it has been seen by somebody it was not for.
            let Some((session, bound)) = spent else { return Ok(None) };
            if bound != origin {
                return Ok(None);
            }
            let row: Option<(Key, Ts, Ts, Option<Ts>)> = sessions::table
                .find(session)
                .select((sessions::account_id, sessions::auth_time, sessions::expires_at, sessions::ended_at))
                .first(c)
                .await
                .optional()?;
            let Some((account, auth_time, expires_at, ended_at)) = row else { return Ok(None) };
            let Some(account) = c.load_account(account.id()).await? else { return Ok(None) };
            let over = ended_at.is_some() || expires_at.time() <= now;
            Ok(Some((session.id(), Bearer { account, auth_time: auth_time.time(), over })))
        })
    }
}

#[async_trait]
impl RevocationStore for DieselStore {
    async fn revocations(
        &self,
        since: Timestamp,
        after: Option<(Timestamp, Uuid)>,
        limit: i64,
    ) -> Result<Vec<Revocation>, StoreError> {
        let rows: Result<Vec<RevocationRow>, StoreError> = platform::read!(self.db, |c| {
            let mut query = revocations::table
                .filter(revocations::at.ge(Ts::from(since)))
                .select(RevocationRow::as_select())
                .into_boxed();
            if let Some((at, id)) = after {
                let at = Ts::from(at);
                query = query.filter(
                    revocations::at.gt(at).or(revocations::at.eq(at).and(revocations::id.gt(Key(id)))),
                );
            }
            Ok(query.order((revocations::at, revocations::id)).limit(limit).load(c).await?)
        });
        rows?.into_iter().map(Revocation::try_from).collect()
    }
}
