//! How two people stand against each other: all their finished games together, by family, and the last ones.

use game_engine::BySeat;
use kernel::CallContext;
use kernel::id::AccountId;

use super::App;
use crate::domain::rating::Family;
pub(crate) use crate::store::PairScore;
use crate::store::{BetweenQuery, StoreError, Summary};

/// So many of the last games are shown.
const LAST: i64 = 10;

/// The scores with the viewer as the first of the two.
#[derive(Debug, Clone)]
pub(crate) struct HeadToHead {
    pub(crate) total: PairScore,
    pub(crate) families: Vec<(Family, PairScore)>,
    /// Newest first, voided ones included.
    pub(crate) last: Vec<Summary>,
}

/// `None` if the two have not played each other and may not: whether the other exists is not said.
pub(crate) async fn run(
    app: &App,
    call: &CallContext,
    viewer: AccountId,
    other: AccountId,
) -> Result<Option<HeadToHead>, StoreError> {
    if viewer == other {
        return Ok(None);
    }
    let last = app.store.games_between(BetweenQuery { one: viewer, other, rows: LAST }).await?;
    if last.is_empty() && !app.may_play(call, viewer, other).await {
        return Ok(None);
    }
    let players = BySeat::new(viewer, other);
    let total = app.store.pair_score(players).await?;
    let families = app.store.pair_families(players).await?;
    Ok(Some(HeadToHead { total, families, last }))
}
