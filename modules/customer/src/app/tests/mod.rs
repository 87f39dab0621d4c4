//! The use cases over real databases, each test on SQLite and on PostgreSQL, with an identity in memory.

mod entitlements;
mod invites;
mod relationships;
mod saga;

use kernel::Limit;
use kernel::id::AccountId;

use crate::domain::invite::{Invite, InviteState};
use crate::domain::relationship::Relationship;
use crate::house::House;
use crate::store::{InviteQuery, RelationshipQuery};

async fn invites_of(house: &House, distributor: AccountId) -> Vec<Invite> {
    let query = InviteQuery {
        distributor,
        shown: None,
        before: None,
        limit: Limit::MAX,
        now: kernel::Timestamp::UNIX_EPOCH,
    };
    house.app.store.invites(query).await.unwrap()
}

async fn relationships_of(house: &House, of: AccountId) -> Vec<Relationship> {
    let query = RelationshipQuery { of, state: None, before: None, limit: Limit::MAX };
    house.app.store.relationships(query).await.unwrap()
}

/// DOMAIN.md 3: redeemed invites = relationships with that origin = accounts created by that redemption.
async fn assert_whole(house: &House, distributor: AccountId, redeemed: usize) {
    let invites = invites_of(house, distributor).await;
    let used: Vec<_> = invites.iter().filter(|invite| invite.state == InviteState::Redeemed).collect();
    let relationships = relationships_of(house, distributor).await;
    assert_eq!((used.len(), relationships.len(), house.world.created()), (redeemed, redeemed, redeemed));
    for invite in used {
        let origin = |one: &&Relationship| one.origin.is_some_and(|origin| origin.invite == invite.id);
        let one = relationships.iter().find(origin).expect("a relationship of that origin");
        assert_eq!(invite.redeemed.map(|(by, _)| by), Some(one.customer));
        assert!(house.account(one.customer).await.is_active(), "and its account is active");
    }
    assert_eq!(house.app.store.owed().await, Ok(0), "nothing is owed any more");
}
