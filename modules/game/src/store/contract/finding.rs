//! The queue, its pairings, preferences and who is online.

use std::time::Duration;

use futures_util::future::join_all;
use game_engine::BySeat;
use kernel::id::AccountId;
use kernel::{Timestamp, TypedId};
use platform::idempotency::Claim;

use super::*;
use crate::domain::clock::Clock as TableClock;
use crate::domain::entry::{Entry as Line, Recorded, Started};
use crate::domain::notice::{Addressed, Notice};
use crate::domain::pairing::{Cause, LIFE, Pairing, PairingState, Yes};
use crate::domain::preferences::{Preferences, PresenceChoice, QuietHours};
use crate::domain::queue::{Entry, LEASE, Pool, Waiter, Wish};
use crate::domain::shuffle::{Commitment, Entropy, Seed};
use crate::store::{Cancelling, Chosen, Joining, NewPairing, PairingBegin};

fn entry(stage: &Stage, who: &Principal, pool: u8, rating: i32) -> Entry {
    Entry {
        account: who.account,
        wish: Wish { rules: RuleSet::quick(), rated: pool.is_multiple_of(2) },
        pool: Pool([pool; 32]),
        circle: who.account,
        rating,
        since: stage.now(),
        seen_until: stage.now().plus(LEASE),
        pairing: None,
    }
}

fn claim(stage: &Stage, who: &Principal, key: &str, body: u8) -> Claim {
    let (scope, at) = (who.account.to_string(), stage.now());
    Claim { scope, route: "POST /queue".to_owned(), key: key.to_owned(), body_digest: [body; 32], at }
}

async fn join(stage: &Stage, who: &Principal, pool: u8, rating: i32) -> Entry {
    let entry = entry(stage, who, pool, rating);
    let claim = claim(stage, who, &stage.house.cid().to_string(), pool);
    let joined = stage.store().join_queue(entry.clone(), claim, stage.stamp(who)).await.unwrap();
    assert_eq!(joined, Joining::Joined);
    entry
}

fn pairing(stage: &Stage, one: &Principal, other: &Principal) -> NewPairing {
    let (ids, rules) = (&stage.house.ids, RuleSet::quick());
    let (game, players) = (ids.next(), BySeat::new(one.account, other.account));
    let pairing = Pairing {
        id: ids.next(),
        game,
        players,
        rules,
        rated: true,
        commitment: Commitment::to(&Seed::new([7; 32]), game, &rules.canonical(), &players),
        answers: BySeat::new(None, None),
        rev: 0,
        recorded: PairingState::Offered,
        created_at: stage.now(),
        expires_at: stage.now().plus(LIFE),
        closed_at: None,
    };
    NewPairing { pairing, sealed_seed: vec![1, 2, 3], pool: Pool([0; 32]) }
}

/// Two who wait, and what is offered to them.
async fn offered(stage: &Stage) -> (Pairing, [Principal; 2]) {
    let people = [stage.house.person("one"), stage.house.person("two")];
    for who in &people {
        join(stage, who, 0, 1_500).await;
    }
    let new = pairing(stage, &people[0], &people[1]);
    stage.store().offer_pairing(new.clone(), stage.stamp(&people[0])).await.unwrap().unwrap();
    (new.pairing, people)
}

async fn now(stage: &Stage, pairing: &Pairing) -> Pairing {
    stage.store().pairing(pairing.id).await.unwrap().unwrap()
}

async fn place(stage: &Stage, who: &Principal) -> Option<Entry> {
    stage.store().queue_entry(who.account).await.unwrap()
}

async fn waiting(stage: &Stage) -> Vec<AccountId> {
    let all = stage.store().waiting(None, stage.now(), 100).await.unwrap();
    all.into_iter().map(|waiter| waiter.account).collect()
}

fn begin(stage: &Stage, pairing: &Pairing) -> PairingBegin {
    let started = Started {
        players: pairing.players,
        rules: pairing.rules.canonical(),
        commitment: pairing.commitment,
        entropy: pairing.answers.map(|yes| yes.and_then(|yes| yes.entropy)),
    };
    let line = Recorded {
        seq: 1,
        at: stage.now(),
        entry: Line::Started(Box::new(started)),
        clock: Some(TableClock::new(pairing.rules.clock)),
        answers: None,
    };
    let started = |seat: Seat| Addressed {
        to: *pairing.players.get(seat),
        notice: Notice::Started { game: pairing.game, opponent: *pairing.players.get(seat.other()), seat },
    };
    let notices = Seat::ALL.iter().map(|seat| started(*seat)).collect();
    PairingBegin { pairing: pairing.clone(), lines: vec![line], due_at: Some(stage.now()), notices }
}

fn yes(stage: &Stage, byte: u8) -> Yes {
    Yes { entropy: Some(Entropy::new([byte; 32])), at: stage.now() }
}

fn with_both(pairing: &Pairing, second: Yes) -> Pairing {
    Pairing { answers: BySeat::new(pairing.answers.first, Some(second)), ..pairing.clone() }
}

for_each_store! {
    async fn an_account_has_one_place_however_often_it_joins(stage: Stage) {
        let who = stage.house.person("who");
        let entry = entry(&stage, &who, 0, 1_500);
        let join = |key: &'static str, body, pool| {
            let entry = Entry { pool: Pool([pool; 32]), ..entry.clone() };
            stage.store().join_queue(entry, claim(&stage, &who, key, body), stage.stamp(&who))
        };
        let all = join_all(["a", "b", "c", "d", "e", "f"].map(|key| join(key, 1, 0))).await;
        let joined = |wanted| all.iter().filter(|joining| **joining == Ok(wanted)).count();
        assert_eq!((joined(Joining::Joined), joined(Joining::Same)), (1, 5), "{all:?}");
        assert_eq!(join("a", 1, 0).await, Ok(Joining::Repeated));
        assert_eq!(join("a", 2, 1).await, Ok(Joining::KeyReused));
        assert_eq!(join("g", 2, 1).await, Ok(Joining::Other), "it waits for something else");
        assert_eq!(place(&stage, &who).await, Some(entry.clone()));
        let left = stage.store().leave_queue(who.account, None, stage.stamp(&who)).await.unwrap();
        assert_eq!(left, Some(Vec::new()), "whoever asked to leave is not told");
        assert_eq!(stage.store().leave_queue(who.account, None, stage.stamp(&who)).await.unwrap(), None);
        assert_eq!(join("a", 1, 0).await, Ok(Joining::Repeated));
        assert_eq!(place(&stage, &who).await, None, "a repeat that comes late brings nobody back");
        assert_eq!(join("g", 2, 1).await, Ok(Joining::Joined), "what was refused is no repeat");
        let audited = |action: &str, why: Option<&str>| (action.to_owned(), who.account.to_string(), why.map(str::to_owned));
        let (came, left) = (audited("queue.join", None), audited("queue.leave", Some("asked")));
        assert_eq!(stage.audited(who.account).await, [came.clone(), came, left]);
    }

    async fn whoever_joins_again_waits_on_among_the_people_it_belongs_to_now(stage: Stage) {
        let who = stage.house.person("who");
        let before = join(&stage, &who, 0, 1_500).await;
        stage.house.clock.advance(Duration::from_secs(5));
        let again = Entry { circle: stage.house.ids.next(), rating: 9, ..entry(&stage, &who, 0, 1_500) };
        let joining = stage.store().join_queue(again.clone(), claim(&stage, &who, "again", 1), stage.stamp(&who)).await;
        assert_eq!(joining, Ok(Joining::Same));
        assert_eq!(place(&stage, &who).await, Some(Entry { circle: again.circle, ..before }), "and keeps the rest");
    }

    async fn whoever_joins_and_leaves_at_once_is_never_told_of_another_wish(stage: Stage) {
        let who = stage.house.person("who");
        for round in 0..40 {
            let acts = (0..8).map(|number| {
                let (stage, who) = (&stage, &who);
                async move {
                    if number % 2 == 1 {
                        stage.store().leave_queue(who.account, None, stage.stamp(who)).await.unwrap();
                        return None;
                    }
                    let claim = claim(stage, who, &format!("{round}-{number}"), 1);
                    Some(stage.store().join_queue(entry(stage, who, 0, 1_500), claim, stage.stamp(who)).await)
                }
            });
            for joining in join_all(acts).await.into_iter().flatten() {
                let expected = matches!(joining, Ok(Joining::Joined | Joining::Same) | Err(StoreError::LostRace));
                assert!(expected, "{joining:?}");
            }
        }
    }

    async fn those_who_wait_are_known_to_have_been_offered_in_vain_for_a_while(stage: Stage) {
        let mut expected = Vec::new();
        let began = stage.now();
        let refused = |since| stage.store().refused_pairs(since, 100);
        for cause in [Cause::Refusal(Seat::First), Cause::Time, Cause::Parted, Cause::Stopped(Seat::Second)] {
            let (pairing, people) = offered(&stage).await;
            assert_eq!(refused(began).await.unwrap(), expected, "what is on offer is not in vain");
            stage.house.clock.advance(Duration::from_secs(1));
            stage.store().end_pairing(&pairing, pairing.ended(cause), stage.stamp(&people[0])).await.unwrap().unwrap();
            assert_eq!(refused(began).await.unwrap(), expected, "not of whoever is not here");
            for who in &people {
                if place(&stage, who).await.is_none() {
                    join(&stage, who, 0, 1_500).await;
                }
            }
            if matches!(cause, Cause::Refusal(_) | Cause::Time) {
                expected.insert(0, (people[0].account, people[1].account));
            }
            assert_eq!(refused(began).await.unwrap(), expected, "{cause:?}");
        }
        assert_eq!(stage.store().refused_pairs(began, 1).await.unwrap(), expected[..1], "the latest first");
        let first_ended = began.plus(Duration::from_secs(1));
        assert_eq!(refused(first_ended).await.unwrap(), expected[..1]);
        assert_eq!(refused(stage.now()).await.unwrap(), []);
    }

    async fn those_who_wait_stand_in_order_and_are_read_from_any_place_on(stage: Stage) {
        let mut expected = Vec::new();
        for (pool, rating) in [(1, 1_500), (0, 1_700), (0, 1_400), (1, 1_500), (0, -3), (1, 2_000)] {
            let who = stage.house.person(&format!("p{pool}{rating}{}", expected.len()));
            let Entry { account, pool, circle, rating, since, .. } = Entry {
                circle: AccountId::from_uuid(Uuid::from_u128(u128::from(pool) * 3)),
                ..entry(&stage, &who, pool, rating)
            };
            join(&stage, &who, pool.0[0], rating).await;
            stage.store().move_circle(account, circle).await.unwrap();
            expected.push(Waiter { account, pool, circle, rating, since });
        }
        expected.sort_by_key(|one| (one.pool, one.circle, one.rating, one.account));
        let read = |from, rows| stage.store().waiting(from, stage.now(), rows);
        assert_eq!(read(None, 100).await.unwrap(), expected);
        assert_eq!(read(None, 2).await.unwrap(), expected[..2]);
        for (place, one) in expected.iter().enumerate() {
            assert_eq!(read(Some(*one), 100).await.unwrap(), expected[place..], "{place}");
        }
    }

    async fn whoever_gives_no_sign_of_life_leaves_and_is_told(stage: Stage) {
        let [gone, kept, paired, other] = ["gone", "kept", "paired", "other"].map(|name| stage.house.person(name));
        for who in [&gone, &kept, &paired, &other] {
            join(&stage, who, 0, 1_500).await;
        }
        let new = pairing(&stage, &paired, &other);
        stage.store().offer_pairing(new, stage.stamp(&paired)).await.unwrap().unwrap();
        let until = stage.now().plus(LEASE * 2);
        stage.store().keep_entries(vec![kept.account, stage.house.ids.next()], until).await.unwrap();
        stage.store().keep_entries(vec![kept.account], stage.now()).await.unwrap();
        assert_eq!(place(&stage, &kept).await.unwrap().seen_until, until, "no sign of life shortens it");
        let mut lapsing = stage.store().lapsing_entries(until, 10).await.unwrap();
        lapsing.sort_unstable();
        let mut expected = vec![gone.account, paired.account, other.account];
        expected.sort_unstable();
        assert_eq!(lapsing, expected);
        assert_eq!(stage.store().drop_gone(stage.now()).await.unwrap(), []);
        stage.house.clock.advance(LEASE);
        assert_eq!(waiting(&stage).await, [kept.account], "whoever has gone is not paired");
        let told = stage.store().drop_gone(stage.now()).await.unwrap();
        assert_eq!(told.iter().map(|told| (told.to, told.kind)).collect::<Vec<_>>(), [(gone.account, "game_queue_left")]);
        assert_eq!(told[0].body, serde_json::json!({"reason": "gone"}));
        assert_eq!(place(&stage, &gone).await, None);
        assert!(place(&stage, &paired).await.is_some(), "what is on offer ends by its own time");
    }

    async fn nobody_is_ever_in_two_pairings(stage: Stage) {
        let people: Vec<Principal> = (0..4).map(|number| stage.house.person(&format!("p{number}"))).collect();
        for who in &people {
            join(&stage, who, 0, 1_500).await;
        }
        let pairs = [(0, 1), (1, 0), (0, 2), (2, 1), (3, 0), (1, 3), (2, 3), (0, 1)];
        let offers = pairs.map(|(one, other)| {
            let new = pairing(&stage, &people[one], &people[other]);
            stage.store().offer_pairing(new, stage.stamp(&people[one]))
        });
        let offers: Vec<_> = join_all(offers).await.into_iter().map(Result::unwrap).collect();
        let made = offers.iter().flatten().count();
        assert!((1..=2).contains(&made), "{made}");
        let mut told: Vec<AccountId> = offers.iter().flatten().flatten().map(|told| told.to).collect();
        told.sort_unstable();
        told.dedup();
        assert_eq!(told.len(), made * 2, "each of them is asked once");
        for who in &people {
            let entry = place(&stage, who).await.unwrap();
            assert_eq!(entry.pairing.is_some(), told.contains(&who.account));
            assert_eq!(waiting(&stage).await.contains(&who.account), entry.pairing.is_none());
            let left = stage.store().leave_queue(who.account, None, stage.stamp(who)).await.unwrap();
            assert_eq!(left.is_some(), entry.pairing.is_none(), "a pairing is not left by leaving the queue");
        }
    }

    async fn only_those_are_paired_who_wait_for_it(stage: Stage) {
        let [one, two, elsewhere, nobody] = ["one", "two", "elsewhere", "nobody"].map(|name| stage.house.person(name));
        join(&stage, &one, 0, 1_500).await;
        join(&stage, &elsewhere, 1, 1_500).await;
        for other in [&elsewhere, &nobody] {
            for new in [pairing(&stage, &one, other), pairing(&stage, other, &one)] {
                let id = new.pairing.id;
                assert_eq!(stage.store().offer_pairing(new, stage.stamp(&one)).await.unwrap(), None);
                assert_eq!(stage.store().pairing(id).await.unwrap(), None);
            }
        }
        assert_eq!(place(&stage, &one).await.unwrap().pairing, None, "nothing changed");
        join(&stage, &two, 0, 1_500).await;
        stage.house.clock.advance(LEASE);
        let late = pairing(&stage, &one, &two);
        assert_eq!(stage.store().offer_pairing(late, stage.stamp(&one)).await.unwrap(), None, "they have gone");
    }

    async fn both_are_asked_and_the_second_yes_begins_the_game(stage: Stage) {
        let (pairing, people) = offered(&stage).await;
        for who in &people {
            assert_eq!(stage.notices(who).await, ["game_pairing_offered"]);
            assert_eq!(place(&stage, who).await.unwrap().pairing, Some(pairing.id));
        }
        assert_eq!(now(&stage, &pairing).await, pairing);
        assert!(stage.store().sealed_seed(pairing.game).await.unwrap().is_some());
        let first = yes(&stage, 1);
        assert_eq!(stage.store().answer_pairing(&pairing, Seat::First, first).await, Ok(true));
        assert_eq!(stage.store().answer_pairing(&pairing, Seat::Second, yes(&stage, 2)).await, Ok(false), "it is not as it was seen");
        let seen = now(&stage, &pairing).await;
        assert_eq!((seen.answers, seen.rev), (BySeat::new(Some(first), None), 1));
        let early = begin(&stage, &Pairing { rev: 0, ..with_both(&seen, yes(&stage, 2)) });
        assert_eq!(stage.store().begin_pairing(early, stage.stamp(&people[1])).await.unwrap(), None);
        let begun = begin(&stage, &with_both(&seen, yes(&stage, 2)));
        let all = join_all((0..4).map(|_| stage.store().begin_pairing(begun.clone(), stage.stamp(&people[1])))).await;
        assert_eq!(all.into_iter().filter_map(Result::unwrap).count(), 1, "one game");
        let over = now(&stage, &pairing).await;
        assert_eq!((over.recorded, over.closed_at), (PairingState::Begun, Some(stage.now())));
        assert_eq!(over.answers, BySeat::new(Some(first), Some(yes(&stage, 2))));
        let summary = stage.store().summary(pairing.game).await.unwrap().unwrap();
        assert_eq!((summary.players, summary.rated, summary.rules), (pairing.players, true, pairing.rules));
        for (seat, who) in people.iter().enumerate() {
            assert_eq!(stage.notices(who).await, ["game_pairing_offered", "game_started"]);
            assert_eq!(place(&stage, who).await, None);
            assert_eq!(stage.store().seat(pairing.game, who.account).await.unwrap(), Some(Seat::ALL[seat]));
        }
        let event = GameEvent::GameStarted { game: pairing.game, players: [people[0].account, people[1].account] };
        assert_eq!(stage.announced(pairing.game).await, [event]);
        assert_eq!(stage.store().running(None, None, 10).await.unwrap(), [pairing.game]);
    }

    async fn a_pairing_has_one_end_and_each_waits_on_or_leaves_by_it(stage: Stage) {
        let (pairing, people) = offered(&stage).await;
        let since = place(&stage, &people[0]).await.unwrap().since;
        stage.house.clock.advance(Duration::from_secs(5));
        let refusal = pairing.ended(Cause::Refusal(Seat::Second));
        let ends = join_all((0..4).map(|_| stage.store().end_pairing(&pairing, refusal.clone(), stage.stamp(&people[1])))).await;
        let told: Vec<_> = ends.into_iter().filter_map(Result::unwrap).collect();
        assert_eq!(told.len(), 1);
        let mut bodies: Vec<_> = told[0].iter().map(|told| (told.to, told.kind, told.body["waiting"].clone())).collect();
        bodies.sort_by_key(|(to, ..)| *to != people[0].account);
        assert_eq!(bodies, [
            (people[0].account, "game_pairing_ended", serde_json::json!(true)),
            (people[1].account, "game_pairing_ended", serde_json::json!(false)),
        ]);
        let back = place(&stage, &people[0]).await.unwrap();
        assert_eq!((back.pairing, back.since), (None, since), "the time already waited counts");
        assert_eq!(place(&stage, &people[1]).await, None);
        assert_eq!(waiting(&stage).await, [people[0].account]);
        assert_eq!(now(&stage, &pairing).await.recorded, PairingState::Declined);
        assert_eq!(stage.store().sealed_seed(pairing.game).await.unwrap(), None, "no game will need it");
        assert_eq!(stage.store().answer_pairing(&pairing, Seat::First, yes(&stage, 1)).await, Ok(false));
        let begun = begin(&stage, &with_both(&pairing, yes(&stage, 1)));
        assert_eq!(stage.store().begin_pairing(begun, stage.stamp(&people[0])).await.unwrap(), None);
        let audited: Vec<String> = stage.audited(pairing.id).await.into_iter().map(|(action, ..)| action).collect();
        assert_eq!(audited, ["pairing.end", "pairing.offer"]);
    }

    async fn an_offer_is_overdue_from_its_last_instant_on_and_counts_no_answer_then(stage: Stage) {
        let (pairing, people) = offered(&stage).await;
        let overdue = || stage.store().overdue_pairings(stage.now(), 10);
        assert_eq!(overdue().await.unwrap(), []);
        assert_eq!(stage.store().answer_pairing(&pairing, Seat::Second, yes(&stage, 2)).await, Ok(true));
        stage.house.clock.advance(LIFE);
        let seen = now(&stage, &pairing).await;
        assert_eq!(overdue().await.unwrap(), std::slice::from_ref(&seen));
        assert_eq!(stage.store().answer_pairing(&seen, Seat::First, yes(&stage, 1)).await, Ok(false));
        let late = begin(&stage, &Pairing { answers: BySeat::new(Some(yes(&stage, 1)), seen.answers.second), ..seen.clone() });
        assert_eq!(stage.store().begin_pairing(late, stage.stamp(&people[0])).await.unwrap(), None);
        let ended = seen.ended(Cause::Time);
        stage.store().end_pairing(&seen, ended, stage.stamp(&people[0])).await.unwrap().unwrap();
        assert_eq!(overdue().await.unwrap(), []);
        assert_eq!(place(&stage, &people[0]).await, None);
        assert_eq!(place(&stage, &people[1]).await.unwrap().pairing, None);
    }

    async fn what_is_on_offer_is_found_by_its_people(stage: Stage) {
        let (pairing, people) = offered(&stage).await;
        let stranger = stage.house.person("stranger").account;
        let (one, two) = (people[0].account, people[1].account);
        for (which, expected) in [
            (Cancelling::Between(one, two), true),
            (Cancelling::Between(two, one), true),
            (Cancelling::AllOf(one), true),
            (Cancelling::AllOf(two), true),
            (Cancelling::Between(one, stranger), false),
            (Cancelling::Between(stranger, two), false),
            (Cancelling::AllOf(stranger), false),
        ] {
            let found = stage.store().offered_pairings(which).await.unwrap();
            assert_eq!(found, if expected { vec![pairing.clone()] } else { Vec::new() }, "{which:?}");
        }
    }

    async fn a_time_without_any_node_takes_nobodys_place_and_nobodys_chance(stage: Stage) {
        let (pairing, people) = offered(&stage).await;
        let lapsed = stage.house.person("lapsed");
        join(&stage, &lapsed, 0, 1_500).await;
        let gap = stage.now().plus(Duration::from_secs(10));
        let before_that = stage.now().plus(Duration::from_secs(9));
        let mut early = entry(&stage, &stage.house.person("early"), 0, 1_500);
        early.seen_until = before_that;
        let account = early.account;
        let who = Principal { account, ..people[0].clone() };
        stage.store().join_queue(early, claim(&stage, &who, "early", 1), stage.stamp(&who)).await.unwrap();
        let later = |seconds| gap.plus(Duration::from_secs(seconds));
        stage.store().make_good_queue(gap, later(600), later(500)).await.unwrap();
        assert_eq!(now(&stage, &pairing).await.expires_at, later(500));
        assert_eq!(place(&stage, &lapsed).await.unwrap().seen_until, later(600));
        assert_eq!(place(&stage, &who).await.unwrap().seen_until, before_that, "it had lapsed before");
        stage.store().make_good_queue(gap, gap, gap).await.unwrap();
        assert_eq!(now(&stage, &pairing).await.expires_at, later(500), "nothing is shortened");
    }

    async fn pairings_that_are_over_are_forgotten_after_a_while(stage: Stage) {
        let (pairing, people) = offered(&stage).await;
        let forget = |before: Timestamp| stage.store().forget_pairings(before, 10);
        assert_eq!(forget(stage.now().plus(LIFE)).await, Ok(false));
        let ended = pairing.ended(Cause::Parted);
        stage.store().end_pairing(&pairing, ended, stage.stamp(&people[0])).await.unwrap().unwrap();
        assert_eq!(forget(stage.now()).await, Ok(false));
        assert_eq!(now(&stage, &pairing).await.recorded, PairingState::Cancelled);
        assert_eq!(stage.store().forget_pairings(stage.now().plus(LIFE), 1).await, Ok(true), "there may be more");
        assert_eq!(stage.store().pairing(pairing.id).await.unwrap(), None);
    }

    async fn preferences_have_versions_and_nobody_overwrites_what_was_not_seen(stage: Stage) {
        let who = stage.house.person("who");
        let choose = |seen, preferences| stage.store().choose(who.account, seen, preferences, stage.stamp(&who));
        let quiet = QuietHours::new("22:00".parse().unwrap(), "07:00".parse().unwrap(), "Africa/Lagos").unwrap();
        let wanted = Preferences { presence: PresenceChoice::Network, quiet: Some(quiet) };
        assert_eq!(stage.store().preferences(who.account).await, Ok(Chosen::default()));
        assert_eq!(choose(1, wanted.clone()).await, Ok(None));
        let racing = join_all((0..4).map(|_| choose(0, wanted.clone()))).await;
        assert_eq!(racing.into_iter().filter_map(Result::unwrap).count(), 1);
        let first = Chosen { version: 1, preferences: wanted.clone() };
        assert_eq!(stage.store().preferences(who.account).await, Ok(first));
        let second = Chosen { version: 2, preferences: Preferences { quiet: None, ..wanted } };
        assert_eq!(choose(1, second.preferences.clone()).await, Ok(Some(second.clone())));
        assert_eq!(choose(1, Preferences::default()).await, Ok(None));
        assert_eq!(stage.store().preferences(who.account).await, Ok(second));
        assert_eq!(stage.audited(who.account).await.len(), 2);
    }

    async fn only_those_are_seen_online_who_want_it_and_only_while_somebody_vouches(stage: Stage) {
        let [open, closed, away] = ["open", "closed", "away"].map(|name| stage.house.person(name));
        for who in [&open, &away] {
            let seen = Preferences { presence: PresenceChoice::Network, quiet: None };
            stage.store().choose(who.account, 0, seen, stage.stamp(who)).await.unwrap().unwrap();
        }
        // Somebody who chose not to be seen, not somebody who never chose.
        stage.store().choose(closed.account, 0, Preferences::default(), stage.stamp(&closed)).await.unwrap().unwrap();
        let all = || vec![open.account, closed.account, away.account];
        let online = |at| stage.store().online(all(), at);
        let (until, nodes) = (stage.now().plus(Duration::from_secs(30)), [stage.house.ids.next(), stage.house.ids.next()]);
        let vouch = |node, accounts| stage.store().vouch(node, accounts, until);
        assert_eq!(online(stage.now()).await.unwrap(), []);
        assert_eq!(vouch(nodes[0], vec![open.account, closed.account]).await.unwrap(), [open.account]);
        assert_eq!(vouch(nodes[1], vec![open.account]).await.unwrap(), [open.account]);
        assert_eq!(online(stage.now()).await.unwrap(), [open.account]);
        stage.store().withdraw(nodes[0], all()).await.unwrap();
        assert_eq!(online(stage.now()).await.unwrap(), [open.account], "another node vouches");
        assert_eq!(online(until).await.unwrap(), [], "until the lease is over");
        let later = until.plus(Duration::from_secs(30));
        stage.store().vouch(nodes[1], vec![open.account], later).await.unwrap();
        stage.store().forget_online(until).await.unwrap();
        assert_eq!(online(until).await.unwrap(), [open.account], "it was prolonged");
        let hidden = Preferences::default();
        stage.store().choose(open.account, 1, hidden, stage.stamp(&open)).await.unwrap().unwrap();
        assert_eq!(online(stage.now()).await.unwrap(), []);
        let shown = Preferences { presence: PresenceChoice::Network, quiet: None };
        stage.store().choose(open.account, 2, shown, stage.stamp(&open)).await.unwrap().unwrap();
        assert_eq!(online(stage.now()).await.unwrap(), [], "whoever hid was forgotten at once");
    }
}
