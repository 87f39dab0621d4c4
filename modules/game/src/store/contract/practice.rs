//! What practice games leave behind, and what they do not.

use std::time::Duration;

use futures_util::future::join_all;
use game_bots::Strength;
use kernel::Timestamp;

use super::*;
use crate::app::accept_invite::{self, AcceptError};
use crate::app::create_invite::CreateError;
use crate::app::practice::offer::{self, Wanted};
use crate::domain::invite::{Invite, InviteState};
use crate::domain::practice::{account, to_act};
use crate::house::PRACTICE_GAMES;
use crate::store::PairScore;

/// A practice game that has just begun, and its table.
async fn practice(stage: &Stage, strength: Strength) -> (Table, Principal) {
    let person = stage.house.person(&format!("p{}", stage.house.ids.uuid().simple()));
    let game = stage.house.practice(&person, strength, RuleSet::naija_classic()).await;
    (stage.table(game).await, person)
}

/// Plays one move of whoever has the turn, and says since when the opponent is to act after it.
async fn moved(stage: &Stage, table: &Table, since: Option<Timestamp>) -> Plan {
    let plan = stage.draw(table, stage.house.cid());
    let done = stage.store().append(Append { practice_since: since, ..append(table, &plan) }).await.unwrap();
    assert!(done.is_some());
    plan
}

/// Whether a practice game began, or there are too many.
async fn begins(stage: &Stage, who: &Principal, invite: &Invite) -> bool {
    match accept_invite::run(&stage.house.app, &stage.house.call(who), who.account, invite.id, None).await {
        Ok(game) => game == invite.game,
        Err(AcceptError::TooMuchPractice) => false,
        Err(other) => panic!("{other}"),
    }
}

/// Gives a practice game up.
async fn give_up(stage: &Stage, who: &Principal, game: GameId) {
    let table = stage.table(game).await;
    let plan = stage.resign(&table, table.seat_of(who.account).unwrap());
    let finish = Some(stage.finish(&table, &plan, who, ""));
    stage.store().append(Append { finish, ..append(&table, &plan) }).await.unwrap().unwrap();
}

for_each_store! {
    async fn nobody_plays_more_practice_games_at_once_than_are_allowed(stage: Stage) {
        let [one, two]: [Principal; 2] = stage.house.network("busy");
        let ask = |who, strength| stage.house.ask_to_practise(who, strength, RuleSet::quick());
        let quick = stage.house.practice(&one, Strength::Easy, RuleSet::quick()).await;
        for number in 2..PRACTICE_GAMES as usize - 1 {
            let strength = Strength::ALL[number % Strength::ALL.len()];
            stage.house.practice(&one, strength, RuleSet::quick()).await;
        }
        let mut invites = Vec::new();
        for _ in 0..3 {
            invites.push(ask(&one, Strength::Hard).await.unwrap());
        }
        let (claim, wanted) = (stage.house.claim(), Wanted { strength: Strength::Easy, rules: RuleSet::quick(), rematch_of: None });
        let asked = async || offer::run(&stage.house.app, &stage.house.call(&one), &one, claim.clone(), wanted).await;
        invites.push(asked().await.unwrap());
        let begun = join_all(invites.iter().map(|invite| begins(&stage, &one, invite))).await;
        assert_eq!(begun.iter().filter(|begun| **begun).count(), 2, "two more, however many are accepted at once");
        assert!(matches!(ask(&one, Strength::Random).await, Err(CreateError::TooMuchPractice)));
        assert_eq!(asked().await.unwrap(), stage.store().invite(invites[3].id).await.unwrap().unwrap(), "a repeat is answered as it was");
        let (kept, _) = invites.iter().zip(&begun).find(|(_, begun)| !**begun).unwrap();
        let still = stage.store().invite(kept.id).await.unwrap().unwrap();
        assert_eq!((still.recorded, stage.store().summary(kept.game).await.unwrap()), (InviteState::Pending, None));
        assert_eq!(stage.announced(kept.game).await, [], "nothing is left of what was refused");
        // Others practise as they like, and games between people are not counted.
        stage.house.practice(&two, Strength::Hard, RuleSet::quick()).await;
        let between = stage.house.invite(&two, "busy0", RuleSet::quick()).await.unwrap();
        assert!(begins(&stage, &one, &between).await);
        assert!(!begins(&stage, &one, kept).await);
        give_up(&stage, &one, quick).await;
        assert!(begins(&stage, &one, kept).await, "one that is over makes room");
        assert!(begins(&stage, &one, kept).await, "and repeating it is no game more");
    }

    async fn an_opponent_that_is_to_act_is_found_until_it_has_acted(stage: Stage) {
        let person = stage.house.person("someone");
        let store = stage.store();
        let mut waiting = Vec::new();
        for _ in 0..12 {
            let game = stage.house.practice(&person, Strength::Easy, RuleSet::naija_classic()).await;
            let table = stage.table(game).await;
            if to_act(&table.players, &table.state).is_some() {
                waiting.push(game);
            }
        }
        assert!((1..12).contains(&waiting.len()), "each begins about as often: {}", waiting.len());
        waiting.sort_unstable();
        let mut found = store.awaiting_practice(stage.now(), 100).await.unwrap();
        found.sort_unstable();
        assert_eq!(found, waiting, "to the instant");
        let before = Timestamp::from_micros(stage.now().micros() - 1);
        assert_eq!(store.awaiting_practice(before, 100).await.unwrap(), []);
        assert_eq!(store.awaiting_practice(stage.now(), 1).await.unwrap().len(), 1);
        for game in &waiting {
            moved(&stage, &stage.table(*game).await, None).await;
        }
        assert_eq!(store.awaiting_practice(stage.now(), 100).await.unwrap(), []);
        let (later, one) = (stage.now().plus(Duration::from_secs(9)), waiting[0]);
        moved(&stage, &stage.table(one).await, Some(later)).await;
        assert_eq!(store.awaiting_practice(later, 100).await.unwrap(), [one]);
        let table = stage.table(one).await;
        let seat = table.seat_of(person.account).unwrap();
        let plan = stage.resign(&table, seat);
        let finish = Some(stage.finish(&table, &plan, &person, ""));
        stage.store().append(Append { practice_since: Some(later), finish, ..append(&table, &plan) }).await.unwrap();
        assert_eq!(store.awaiting_practice(later, 100).await.unwrap(), [], "it is over");
    }

    async fn practice_counts_in_no_score_and_writes_to_nobody_but_the_person(stage: Stage) {
        let (table, person) = practice(&stage, Strength::Random).await;
        let seat = table.seat_of(person.account).unwrap();
        assert_eq!(seat, Seat::Second, "the opponent invites");
        let plan = stage.resign(&table, seat);
        let finish = Some(stage.finish(&table, &plan, &person, ""));
        let whole = Append { finish, ..append(&table, &plan) };
        let told = stage.store().append(whole).await.unwrap().unwrap();
        assert!(told.iter().all(|told| told.to == person.account), "{told:?}");
        assert_eq!(stage.notices(&person).await, ["game_started", "game_over"]);
        let bot = account(Strength::Random);
        assert_eq!(stage.store().notice_head(bot).await.unwrap(), 0);
        assert_eq!(stage.store().pair_score(table.players).await.unwrap(), PairScore::default());
        let summary = stage.store().summary(table.game).await.unwrap().unwrap();
        assert!(!summary.rated && summary.ending.is_some());
    }

    async fn open_invites_to_practise_are_counted_for_each_person(stage: Stage) {
        let (one, two) = (stage.house.person("one"), stage.house.person("two"));
        let ask = async |who: &Principal| {
            stage.house.ask_to_practise(who, Strength::Hard, RuleSet::quick()).await
        };
        for _ in 0..5 {
            ask(&one).await.unwrap();
        }
        assert!(matches!(ask(&one).await, Err(CreateError::TooManyOpen)));
        ask(&two).await.unwrap();
        assert_eq!(stage.notices(&one).await, [""; 0], "whoever asked knows already");
    }
}
