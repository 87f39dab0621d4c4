//! Restrictions, reconnect tokens, inboxes and cursors.

use std::time::Duration;

use futures_util::future::join_all;

use super::*;
use crate::domain::notice::Notice;
use crate::store::{Cursor, ReconnectRow, Sessions};

fn row(stage: &Stage, seconds: u64) -> ReconnectRow {
    ReconnectRow {
        game: stage.house.ids.next(),
        seat: Seat::Second,
        account: stage.house.ids.next(),
        session: stage.house.ids.next(),
        expires_at: stage.now().plus(Duration::from_secs(seconds)),
    }
}

for_each_store! {
    async fn a_restriction_lasts_until_its_instant_or_until_it_is_lifted(stage: Stage) {
        let who = stage.house.person("restricted");
        let until = stage.now().plus(Duration::from_mins(1));
        let restrict = |until, why: &str| {
            stage.store().restrict(who.account, until, why.to_owned(), stage.stamp(&who))
        };
        assert_eq!(stage.store().restricted_until(who.account, stage.now()).await.unwrap(), None);
        restrict(Some(until), "case").await.unwrap();
        assert_eq!(stage.store().restricted_until(who.account, stage.now()).await.unwrap(), Some(until));
        assert_eq!(stage.store().restricted_until(who.account, until).await.unwrap(), None, "to the instant");
        let longer = until.plus(Duration::from_secs(1));
        restrict(Some(longer), "case").await.unwrap();
        assert_eq!(stage.store().restricted_until(who.account, until).await.unwrap(), Some(longer));
        restrict(None, "mistake").await.unwrap();
        restrict(None, "mistake").await.unwrap();
        assert_eq!(stage.store().restricted_until(who.account, stage.now()).await.unwrap(), None);
        let audited = |action: &str, why: &str| (action.to_owned(), who.account.to_string(), Some(why.to_owned()));
        let (allowed, restricted) = (audited("play.allow", "mistake"), audited("play.restrict", "case"));
        assert_eq!(stage.audited(who.account).await, [allowed.clone(), allowed, restricted.clone(), restricted]);
    }

    async fn a_reconnect_token_has_one_spender(stage: Stage) {
        let (now, row) = (stage.now(), row(&stage, 1));
        stage.store().put_reconnect([3; 32], row.clone(), now).await.unwrap();
        let spend = (0..16).map(|_| stage.store().take_reconnect([3; 32], now));
        let taken: Vec<_> = join_all(spend).await.into_iter().filter_map(|taken: Result<_, StoreError>| taken.unwrap()).collect();
        assert_eq!(taken, [row]);
    }

    async fn a_reconnect_token_that_ran_out_opens_nothing(stage: Stage) {
        let (now, row) = (stage.now(), row(&stage, 1));
        stage.store().put_reconnect([3; 32], row.clone(), now).await.unwrap();
        assert_eq!(stage.store().take_reconnect([3; 32], row.expires_at).await.unwrap(), None);
        assert_eq!(stage.store().take_reconnect([3; 32], now).await.unwrap(), None, "it was spent all the same");
        stage.store().put_reconnect([4; 32], row.clone(), now).await.unwrap();
        stage.store().put_reconnect([5; 32], row.clone(), row.expires_at).await.unwrap();
        assert_eq!(stage.store().take_reconnect([4; 32], now).await.unwrap(), None, "forgotten by the next one");
        assert_eq!(stage.store().take_reconnect([5; 32], now).await.unwrap(), Some(row));
        assert_eq!(stage.store().take_reconnect([6; 32], now).await.unwrap(), None);
    }

    async fn tokens_die_with_their_session_and_the_cursor_moves_with_them(stage: Stage) {
        stage.begin("test").await;
        let now = stage.now();
        let first = row(&stage, 9);
        let same_account = ReconnectRow { session: stage.house.ids.next(), ..first.clone() };
        let foreign = row(&stage, 9);
        for (mac, row) in [([1; 32], &first), ([2; 32], &same_account), ([3; 32], &foreign)] {
            stage.store().put_reconnect(mac, row.clone(), now).await.unwrap();
        }
        let drop = |session, number| {
            let sessions = Sessions { account: first.account, session };
            stage.store().drop_reconnects(sessions, Cursor { consumer: "test", number })
        };
        assert_eq!(drop(None, 2).await, Err(StoreError::LostRace));
        drop(Some(foreign.session), 1).await.unwrap();
        drop(Some(same_account.session), 2).await.unwrap();
        assert_eq!(stage.store().take_reconnect([2; 32], now).await.unwrap(), None);
        stage.store().put_reconnect([2; 32], same_account, now).await.unwrap();
        assert_eq!(drop(None, 2).await, Err(StoreError::LostRace), "the refused one changed nothing");
        assert_eq!(stage.store().take_reconnect([1; 32], now).await.unwrap(), Some(first.clone()));
        stage.store().put_reconnect([1; 32], first.clone(), now).await.unwrap();
        drop(None, 3).await.unwrap();
        for mac in [[1; 32], [2; 32]] {
            assert_eq!(stage.store().take_reconnect(mac, now).await.unwrap(), None);
        }
        assert_eq!(stage.store().take_reconnect([3; 32], now).await.unwrap(), Some(foreign));
    }

    async fn a_cursor_moves_by_one_and_by_one_alone(stage: Stage) {
        stage.begin("one").await;
        stage.begin("other").await;
        let advance = |consumer, number| stage.store().advance(Cursor { consumer, number });
        advance("one", 1).await.unwrap();
        for number in [0, 1, 3] {
            assert_eq!(advance("one", number).await, Err(StoreError::LostRace), "{number}");
        }
        advance("one", 2).await.unwrap();
        advance("other", 1).await.unwrap();
    }

    async fn an_inbox_is_dense_per_account_and_read_in_portions(stage: Stage) {
        let (table, players) = stage.game().await;
        let (other, _) = stage.game().await;
        let who = players[0].account;
        assert_eq!(stage.notices(&players[0]).await, ["game_invite_accepted", "game_started"]);
        let page = stage.store().notices(who, 0, 1).await.unwrap();
        assert_eq!(page.iter().map(|notice| notice.seq).collect::<Vec<_>>(), [1]);
        let page = stage.store().notices(who, 1, 10).await.unwrap();
        let started = Notice::Started { game: table.game, opponent: players[1].account, seat: Seat::First };
        assert_eq!(page.len(), 1);
        assert_eq!((page[0].kind.as_str(), page[0].at), (started.kind(), stage.now()));
        assert_eq!(page[0].body["game_id"], table.game.to_string());
        assert_eq!(page[0].body["opponent_account_id"], players[1].account.to_string());
        assert_eq!(stage.store().notices(who, 2, 10).await.unwrap(), []);
        assert_eq!(stage.store().notices(who, 77, 10).await.unwrap(), []);
        let nobody = stage.house.person("nobody");
        assert_eq!(stage.notices(&nobody).await, [""; 0]);
        assert_ne!(other.game, table.game);
    }
}
