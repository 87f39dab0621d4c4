//! A relationship on the wire.

use kernel::Timestamp;
use kernel::id::{AccountId, RelationshipId};
use platform::web::schema;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::read_relationships::Seen;
use crate::domain::relationship::RelationshipState;

platform::word_schema!(RelationshipStateWord: RelationshipState);

/// A relationship, as either side sees it. Names are absent once it has ended, or when they are not known in time.
#[derive(Serialize, ToSchema)]
pub(crate) struct RelationshipView {
    #[schema(value_type = schema::RelationshipId)]
    id: RelationshipId,
    #[schema(value_type = schema::AccountId)]
    distributor_id: AccountId,
    distributor_username: Option<String>,
    #[schema(value_type = schema::AccountId)]
    customer_id: AccountId,
    customer_username: Option<String>,
    #[schema(value_type = RelationshipStateWord)]
    state: RelationshipState,
    /// Whether the distributor marked the customer as VIP.
    vip_enabled: Option<bool>,
    /// Grows with every change; also the `ETag`.
    version: i64,
    #[schema(value_type = schema::Time)]
    started_at: Timestamp,
    #[schema(value_type = schema::Time)]
    changed_at: Timestamp,
}

impl From<Seen> for RelationshipView {
    fn from(seen: Seen) -> Self {
        let it = &seen.relationship;
        let name = |account| seen.person(account).map(|person| person.username.clone());
        Self {
            id: it.id,
            distributor_id: it.distributor,
            distributor_username: name(it.distributor),
            customer_id: it.customer,
            customer_username: name(it.customer),
            state: it.state,
            vip_enabled: seen.person(it.customer).map(|customer| customer.vip),
            version: it.version,
            started_at: it.started_at,
            changed_at: it.changed_at,
        }
    }
}
