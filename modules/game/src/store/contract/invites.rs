//! Invites: one per key, closed once, accepted once.

use std::time::Duration;

use futures_util::future::join_all;
use game_engine::BySeat;
use kernel::Timestamp;
use platform::idempotency::Claim;

use super::*;
use crate::domain::clock::Clock as TableClock;
use crate::domain::entry::{Entry, Recorded, Started};
use crate::domain::invite::{Invite, InviteState, LIFE, Side};
use crate::domain::notice::{Addressed, Notice};
use crate::domain::shuffle::{Commitment, Entropy, Seed};
use crate::store::{Acceptance, Accepting, Cancelling, Closing, Creation, Cursor, InvitesQuery, NewInvite};

fn new(stage: &Stage, from: &Principal, to: &Principal) -> NewInvite {
    let (ids, rules) = (&stage.house.ids, RuleSet::quick());
    let game = ids.next();
    let players = BySeat::new(from.account, to.account);
    let invite = Invite {
        id: ids.next(),
        game,
        creator: from.account,
        invitee: to.account,
        rules,
        commitment: Commitment::to(&Seed::new([7; 32]), game, &rules.canonical(), &players),
        entropy: None,
        entropy_rev: 0,
        rematch_of: None,
        rated: true,
        recorded: InviteState::Pending,
        reason: None,
        created_at: stage.now(),
        expires_at: stage.now().plus(LIFE),
        closed_at: None,
    };
    NewInvite { invite, sealed_seed: vec![1, 2, 3], open_at_most: 5, practice_at_most: 5, quiet: false }
}

fn claim(stage: &Stage, from: &Principal, key: &str) -> Claim {
    let (scope, at) = (from.account.to_string(), stage.now());
    Claim { scope, route: "POST /invites".to_owned(), key: key.to_owned(), body_digest: [1; 32], at }
}

/// Makes it under a key of its own.
async fn make(stage: &Stage, new: &NewInvite, from: &Principal) -> Creation {
    let claim = claim(stage, from, &new.invite.id.to_string());
    stage.store().create_invite(new.clone(), claim, stage.stamp(from)).await.unwrap()
}

async fn made(stage: &Stage, from: &Principal, to: &Principal) -> Invite {
    let new = new(stage, from, to);
    let creation = make(stage, &new, from).await;
    assert!(matches!(creation, Creation::Made(_)), "{creation:?}");
    stage.house.clock.advance(Duration::from_millis(2));
    new.invite
}

async fn state(stage: &Stage, invite: &Invite) -> InviteState {
    stage.store().invite(invite.id).await.unwrap().unwrap().recorded
}

fn acceptance(stage: &Stage, invite: &Invite) -> Acceptance {
    let started = Started {
        players: invite.players(),
        rules: invite.rules.canonical(),
        commitment: invite.commitment,
        entropy: BySeat::new(invite.entropy, None),
    };
    let clock = Some(TableClock::new(invite.rules.clock));
    let line =
        Recorded { seq: 1, at: stage.now(), entry: Entry::Started(Box::new(started)), clock, answers: None };
    let begun = |to| Addressed { to, notice: Notice::Accepted { invite: invite.id, game: invite.game } };
    Acceptance {
        invite: invite.clone(),
        lines: vec![line],
        due_at: Some(stage.now()),
        practice_since: None,
        practice_at_most: 5,
        notices: vec![begun(invite.creator), begun(invite.invitee)],
    }
}

fn closing(invite: &Invite, state: InviteState) -> Closing {
    let notice = Notice::Declined { invite: invite.id, reason: "not_now".to_owned() };
    let notices = vec![Addressed { to: invite.creator, notice }];
    Closing { invite: invite.id, state, reason: "not_now".to_owned(), notices }
}

fn query(account: kernel::id::AccountId, side: Side, open_at: Option<Timestamp>) -> InvitesQuery {
    InvitesQuery { account, side, open_at, before: None, rows: 10 }
}

for_each_store! {
    async fn a_key_makes_one_invite_and_says_so_again_for_a_day(stage: Stage) {
        let [one, two]: [Principal; 2] = stage.house.network("keys");
        let first = new(&stage, &one, &two);
        let claim = claim(&stage, &one, "key");
        let told = match stage.store().create_invite(first.clone(), claim.clone(), stage.stamp(&one)).await.unwrap() {
            Creation::Made(told) => told,
            other => panic!("{other:?}"),
        };
        assert_eq!(told.iter().map(|told| (told.to, told.seq, told.kind)).collect::<Vec<_>>(), [(two.account, 1, "game_invited")]);
        assert_eq!(stage.store().invite(first.invite.id).await.unwrap(), Some(first.invite.clone()));
        assert_eq!(stage.store().sealed_seed(first.invite.game).await.unwrap(), Some(vec![1, 2, 3]));
        let second = new(&stage, &one, &two);
        let again = |claim| stage.store().create_invite(second.clone(), claim, stage.stamp(&one));
        assert_eq!(again(claim.clone()).await.unwrap(), Creation::Repeated(first.invite.id));
        let other_body = Claim { body_digest: [2; 32], ..claim.clone() };
        assert_eq!(again(other_body).await.unwrap(), Creation::KeyReused);
        assert_eq!(stage.store().invite(second.invite.id).await.unwrap(), None);
        assert_eq!(stage.store().sealed_seed(second.invite.game).await.unwrap(), None);
        assert_eq!(stage.notices(&two).await, ["game_invited"]);
        let audited = ("game_invite.create".to_owned(), first.invite.id.to_string(), None);
        assert_eq!(stage.audited(first.invite.id).await, [audited]);
        stage.house.clock.advance(Duration::from_hours(24));
        let later = Claim { at: stage.now(), ..claim.clone() };
        assert!(matches!(again(later).await.unwrap(), Creation::Made(_)), "the key is free again");
        let foreign = Claim { scope: two.account.to_string(), ..claim };
        assert!(matches!(make(&stage, &new(&stage, &two, &one), &two).await, Creation::Made(_)), "{foreign:?}");
    }

    async fn whether_a_game_counts_is_settled_by_its_invite(stage: Stage) {
        let [one, two]: [Principal; 2] = stage.house.network("counts");
        for rated in [true, false] {
            let mut new = new(&stage, &one, &two);
            new.invite.rated = rated;
            make(&stage, &new, &one).await;
            assert_eq!(stage.store().invite(new.invite.id).await.unwrap().unwrap().rated, rated);
            let begun = stage.store().accept_invite(acceptance(&stage, &new.invite), stage.stamp(&two)).await;
            assert!(matches!(begun, Ok(Accepting::Begun(_))));
            assert_eq!(stage.store().summary(new.invite.game).await.unwrap().unwrap().rated, rated);
        }
    }

    async fn whoever_has_too_many_open_makes_no_more_until_one_is_closed_or_over(stage: Stage) {
        let [one, two]: [Principal; 2] = stage.house.network("many");
        let limited = |stage: &Stage| NewInvite { open_at_most: 2, ..new(stage, &one, &two) };
        let first = made(&stage, &one, &two).await;
        made(&stage, &one, &two).await;
        let third = limited(&stage);
        assert_eq!(make(&stage, &third, &one).await, Creation::TooManyOpen);
        assert_eq!(stage.store().invite(third.invite.id).await.unwrap(), None);
        assert!(matches!(make(&stage, &new(&stage, &two, &one), &two).await, Creation::Made(_)), "of somebody else");
        stage.store().close_invite(closing(&first, InviteState::Declined), stage.stamp(&two)).await.unwrap().unwrap();
        assert!(matches!(make(&stage, &third, &one).await, Creation::Made(_)), "and the key was not spent");
        assert_eq!(make(&stage, &limited(&stage), &one).await, Creation::TooManyOpen);
        stage.house.clock.advance(LIFE);
        assert!(matches!(make(&stage, &limited(&stage), &one).await, Creation::Made(_)), "all have run out");
    }

    async fn a_finished_game_has_one_rematch_on_offer(stage: Stage) {
        let [one, two]: [Principal; 2] = stage.house.network("again");
        let of = stage.house.ids.next();
        let rematch = |from, to| {
            let mut new = new(&stage, from, to);
            new.invite.rematch_of = Some(of);
            new
        };
        let first = rematch(&one, &two);
        assert!(matches!(make(&stage, &first, &one).await, Creation::Made(_)));
        let offered = Creation::RematchOffered(first.invite.id);
        assert_eq!(make(&stage, &rematch(&one, &two), &one).await, offered);
        assert_eq!(make(&stage, &rematch(&two, &one), &two).await, offered);
        stage.house.clock.advance(LIFE);
        assert!(matches!(make(&stage, &rematch(&two, &one), &two).await, Creation::Made(_)), "it ran out");
        assert_eq!(state(&stage, &first.invite).await, InviteState::Expired);
        let both = [rematch(&one, &two), rematch(&one, &two)];
        assert_eq!(make(&stage, &both[0], &one).await, make(&stage, &both[1], &one).await);
    }

    async fn invites_are_listed_by_end_newest_first_and_open_ones_alone_if_asked(stage: Stage) {
        let [one, two, three]: [Principal; 3] = stage.house.network("list");
        let (first, second) = (made(&stage, &one, &two).await, made(&stage, &one, &three).await);
        let third = made(&stage, &two, &one).await;
        let ids = async |query| {
            let listed = stage.store().invites(query).await.unwrap();
            listed.into_iter().map(|invite| invite.id).collect::<Vec<_>>()
        };
        assert_eq!(ids(query(one.account, Side::Creator, None)).await, [second.id, first.id]);
        assert_eq!(ids(query(one.account, Side::Invitee, None)).await, [third.id]);
        let all = query(one.account, Side::Creator, None);
        assert_eq!(ids(InvitesQuery { rows: 1, ..all }).await, [second.id]);
        assert_eq!(ids(InvitesQuery { before: Some(second.id), ..all }).await, [first.id]);
        stage.store().close_invite(closing(&second, InviteState::Cancelled), stage.stamp(&one)).await.unwrap().unwrap();
        assert_eq!(ids(query(one.account, Side::Creator, Some(stage.now()))).await, [first.id]);
        assert_eq!(ids(query(one.account, Side::Creator, None)).await, [second.id, first.id]);
        let over = stage.now().plus(LIFE);
        assert_eq!(ids(query(one.account, Side::Creator, Some(over))).await, []);
        assert_eq!(ids(query(three.account, Side::Creator, None)).await, []);
    }

    async fn entropy_is_taken_while_the_invite_is_open_and_each_time_is_counted(stage: Stage) {
        let [one, two]: [Principal; 2] = stage.house.network("entropy");
        let invite = made(&stage, &one, &two).await;
        for (number, byte) in [(1, 5), (2, 6)] {
            assert!(stage.store().put_entropy(invite.id, Entropy::new([byte; 32]), stage.now()).await.unwrap());
            let stored = stage.store().invite(invite.id).await.unwrap().unwrap();
            assert_eq!((stored.entropy, stored.entropy_rev), (Some(Entropy::new([byte; 32])), number));
        }
        assert!(!stage.store().put_entropy(invite.id, Entropy::new([7; 32]), invite.expires_at).await.unwrap());
        stage.store().close_invite(closing(&invite, InviteState::Declined), stage.stamp(&two)).await.unwrap().unwrap();
        assert!(!stage.store().put_entropy(invite.id, Entropy::new([7; 32]), stage.now()).await.unwrap());
        assert!(!stage.store().put_entropy(stage.house.ids.next(), Entropy::new([7; 32]), stage.now()).await.unwrap());
        let stored = stage.store().invite(invite.id).await.unwrap().unwrap();
        assert_eq!((stored.entropy, stored.entropy_rev), (Some(Entropy::new([6; 32])), 2));
    }

    async fn an_invite_is_closed_once_with_its_reason_its_notice_and_its_audit_row(stage: Stage) {
        let [one, two]: [Principal; 2] = stage.house.network("close");
        let invite = made(&stage, &one, &two).await;
        let close = || stage.store().close_invite(closing(&invite, InviteState::Declined), stage.stamp(&two));
        let told: Vec<_> = join_all((0..8).map(|_| close())).await.into_iter().filter_map(Result::unwrap).collect();
        assert_eq!(told.len(), 1, "one of eight");
        let stored = stage.store().invite(invite.id).await.unwrap().unwrap();
        assert_eq!(stored.recorded, InviteState::Declined);
        assert_eq!((stored.reason.as_deref(), stored.closed_at), (Some("not_now"), Some(stage.now())));
        assert_eq!(stage.notices(&one).await, ["game_invite_declined"]);
        let declined = ("game_invite.decline".to_owned(), invite.id.to_string(), Some("not_now".to_owned()));
        assert!(stage.audited(invite.id).await.contains(&declined));
        let late = made(&stage, &one, &two).await;
        stage.house.clock.advance(LIFE);
        let refused = stage.store().close_invite(closing(&late, InviteState::Cancelled), stage.stamp(&one)).await;
        assert_eq!(refused.unwrap(), None, "it has run out");
        assert_eq!(state(&stage, &late).await, InviteState::Pending);
    }

    async fn of_many_acceptances_one_makes_the_game(stage: Stage) {
        let [one, two]: [Principal; 2] = stage.house.network("accept");
        let invite = made(&stage, &one, &two).await;
        let accept = || stage.store().accept_invite(acceptance(&stage, &invite), stage.stamp(&two));
        let all = join_all((0..8).map(|_| accept())).await.into_iter().map(Result::unwrap);
        let begun: Vec<_> = all.filter(|accepting| *accepting != Accepting::Changed).collect();
        assert!(matches!(&begun[..], [Accepting::Begun(told)] if told.len() == 2), "{begun:?}");
        assert_eq!(state(&stage, &invite).await, InviteState::Accepted);
        let summary = stage.store().summary(invite.game).await.unwrap().unwrap();
        assert_eq!((summary.players, summary.rules, summary.ending), (invite.players(), invite.rules, None));
        assert_eq!((summary.started_at, summary.ended_at), (stage.now(), None));
        assert_eq!(stage.store().heads(vec![invite.game]).await.unwrap(), [(invite.game, 1)]);
        assert_eq!(stage.store().running(None, None, 10).await.unwrap(), [invite.game]);
        assert_eq!(stage.store().due(stage.now(), 10).await.unwrap(), [(invite.game, stage.now())]);
        assert_eq!(stage.store().seat(invite.game, two.account).await.unwrap(), Some(Seat::Second));
        assert_eq!(stage.announced(invite.game).await.len(), 1);
        assert_eq!(stage.audited(invite.game).await.len(), 1);
        assert_eq!(stage.notices(&one).await, ["game_invite_accepted"]);
        assert_eq!(stage.notices(&two).await, ["game_invited", "game_invite_accepted"]);
    }

    async fn an_acceptance_of_what_has_changed_or_run_out_makes_no_game(stage: Stage) {
        let [one, two]: [Principal; 2] = stage.house.network("stale");
        let read = made(&stage, &one, &two).await;
        assert!(stage.store().put_entropy(read.id, Entropy::new([5; 32]), stage.now()).await.unwrap());
        let refused = stage.store().accept_invite(acceptance(&stage, &read), stage.stamp(&two)).await.unwrap();
        assert_eq!(refused, Accepting::Changed, "other entropy");
        let read = stage.store().invite(read.id).await.unwrap().unwrap();
        stage.house.clock.advance(LIFE);
        let refused = stage.store().accept_invite(acceptance(&stage, &read), stage.stamp(&two)).await.unwrap();
        assert_eq!(refused, Accepting::Changed, "too late");
        assert_eq!(stage.store().summary(read.game).await.unwrap(), None);
        assert_eq!(stage.announced(read.game).await, []);
        assert_eq!(stage.store().seat(read.game, two.account).await.unwrap(), None);
        assert_eq!(stage.notices(&two).await, ["game_invited"]);
    }

    async fn invites_between_people_who_may_not_play_any_more_are_cancelled_with_the_cursor(stage: Stage) {
        let [one, two, three]: [Principal; 3] = stage.house.network("cancel");
        stage.begin("test").await;
        let there = made(&stage, &one, &two).await;
        let back = made(&stage, &two, &one).await;
        let other = made(&stage, &one, &three).await;
        let between = Cancelling::Between(two.account, one.account);
        let cancel = |which, number| {
            let cursor = Some(Cursor { consumer: "test", number });
            stage.store().cancel_invites(which, cursor, stage.stamp(&one))
        };
        assert_eq!(cancel(between, 2).await.unwrap_err(), StoreError::LostRace, "not the next event");
        assert_eq!(state(&stage, &there).await, InviteState::Pending);
        assert_eq!(cancel(between, 1).await.unwrap().len(), 4);
        assert_eq!(cancel(between, 1).await.unwrap_err(), StoreError::LostRace, "once");
        assert_eq!((state(&stage, &there).await, state(&stage, &back).await), (InviteState::Cancelled, InviteState::Cancelled));
        assert_eq!(state(&stage, &other).await, InviteState::Pending);
        let stored = stage.store().invite(back.id).await.unwrap().unwrap();
        assert_eq!(stored.reason.as_deref(), Some("not_available"));
        assert_eq!(stage.audited(there.id).await.len(), 2);
        assert_eq!(cancel(between, 2).await.unwrap(), [], "nothing is left, and the cursor moves on");
        let all = stage.store().cancel_invites(Cancelling::AllOf(three.account), None, stage.stamp(&one)).await;
        assert_eq!(all.unwrap().len(), 2);
        assert_eq!(state(&stage, &other).await, InviteState::Cancelled);
        let cancelled = stage.notices(&two).await.into_iter().filter(|kind| kind == "game_invite_cancelled");
        assert_eq!(cancelled.count(), 2);
    }

    async fn what_has_run_out_is_told_once_to_both_ends_a_hundred_at_a_time(stage: Stage) {
        let [one, two]: [Principal; 2] = stage.house.network("expire");
        let first = made(&stage, &one, &two).await;
        for _ in 0..100 {
            let many = NewInvite { open_at_most: 1_000, ..new(&stage, &one, &two) };
            make(&stage, &many, &one).await;
        }
        let early = first.expires_at.minus(Duration::from_micros(1));
        assert_eq!(stage.store().record_expired(early).await.unwrap(), []);
        let told = stage.store().record_expired(first.expires_at).await.unwrap();
        assert_eq!(told.len(), 2);
        assert!(told.iter().all(|told| told.kind == "game_invite_expired"));
        assert_eq!(state(&stage, &first).await, InviteState::Expired);
        let late = first.expires_at.plus(Duration::from_hours(1));
        made(&stage, &two, &one).await;
        assert_eq!(stage.store().record_expired(late).await.unwrap().len(), 200);
        assert_eq!(stage.store().record_expired(late).await.unwrap().len(), 2);
        assert_eq!(stage.store().record_expired(late).await.unwrap(), []);
    }

    async fn a_seed_is_kept_only_while_its_game_may_begin_or_has_begun(stage: Stage) {
        let [one, two]: [Principal; 2] = stage.house.network("seed");
        let is_kept = async |invite: &Invite| stage.store().sealed_seed(invite.game).await.unwrap().is_some();
        for closed in [InviteState::Declined, InviteState::Cancelled] {
            let invite = made(&stage, &one, &two).await;
            assert!(is_kept(&invite).await);
            let closing = Closing { invite: invite.id, state: closed, reason: String::new(), notices: Vec::new() };
            stage.store().close_invite(closing, stage.stamp(&one)).await.unwrap().unwrap();
            assert!(!is_kept(&invite).await, "{closed:?}");
        }
        let (accepted, pending) = (made(&stage, &one, &two).await, made(&stage, &one, &two).await);
        let begun = stage.store().accept_invite(acceptance(&stage, &accepted), stage.stamp(&two)).await;
        assert!(matches!(begun, Ok(Accepting::Begun(_))));
        stage.store().cancel_invites(Cancelling::Between(one.account, two.account), None, stage.stamp(&one)).await.unwrap();
        assert_eq!((is_kept(&accepted).await, is_kept(&pending).await), (true, false));
        let (late, other) = (made(&stage, &one, &two).await, made(&stage, &two, &one).await);
        stage.store().record_expired(other.expires_at).await.unwrap();
        assert!(!is_kept(&late).await && !is_kept(&other).await);
        // One that has run out makes room for another offer of the same rematch.
        let rematch = |from, to| {
            let mut new = new(&stage, from, to);
            new.invite.rematch_of = Some(accepted.game);
            new
        };
        let stale = rematch(&one, &two);
        make(&stage, &stale, &one).await;
        stage.house.clock.advance(LIFE);
        let fresh = rematch(&two, &one);
        assert!(matches!(make(&stage, &fresh, &two).await, Creation::Made(_)));
        assert_eq!((is_kept(&stale.invite).await, is_kept(&fresh.invite).await), (false, true));
        assert!(is_kept(&accepted).await);
    }

    async fn invites_that_are_over_are_forgotten_after_a_while_and_their_games_stay(stage: Stage) {
        let [one, two]: [Principal; 2] = stage.house.network("forget");
        let (accepted, pending) = (made(&stage, &one, &two).await, made(&stage, &one, &two).await);
        let begun = stage.store().accept_invite(acceptance(&stage, &accepted), stage.stamp(&two)).await;
        assert!(matches!(begun, Ok(Accepting::Begun(_))));
        let late = made(&stage, &one, &two).await;
        let closing = Closing { invite: late.id, state: InviteState::Declined, reason: String::new(), notices: Vec::new() };
        let accepted_at = stage.store().invite(accepted.id).await.unwrap().unwrap().closed_at.unwrap();
        stage.house.clock.advance(Duration::from_secs(1));
        stage.store().close_invite(closing, stage.stamp(&two)).await.unwrap().unwrap();
        let (forget, there) = (
            |before: Timestamp, rows| stage.store().forget_invites(before, rows),
            async |invite: &Invite| stage.store().invite(invite.id).await.unwrap().is_some(),
        );
        assert_eq!(forget(accepted_at, 10).await, Ok(false));
        assert!(there(&accepted).await, "not yet");
        assert_eq!(forget(stage.now(), 1).await, Ok(true), "there may be more");
        assert_eq!((there(&accepted).await, there(&late).await, there(&pending).await), (false, true, true));
        assert_eq!(forget(stage.now().plus(LIFE * 9), 10).await, Ok(false));
        assert_eq!((there(&late).await, there(&pending).await), (false, true), "what is open stays");
        assert!(stage.store().summary(accepted.game).await.unwrap().is_some());
        assert!(stage.store().sealed_seed(accepted.game).await.unwrap().is_some());
    }
}
