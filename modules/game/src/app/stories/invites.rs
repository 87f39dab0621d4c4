//! From an invite to a game, and every way in which it does not come to one.

use super::*;

platform::for_each_database! { MIGRATIONS;
    async fn an_invite_that_is_taken_back_while_it_is_accepted_is_either(db: TestDb) {
        let house = House::open(&db.db).await;
        let [one, two]: [Principal; 2] = house.network("pair");
        for _ in 0..24 {
            let invite = house.invite(&one, "pair1", classic()).await.unwrap();
            let (accepting, cancelling) = (house.call(&two), house.call(&one));
            let (accepted, cancelled) = tokio::join!(
                accept_invite::run(&house.app, &accepting, two.account, invite.id, None),
                answer_invite::cancel(&house.app, &cancelling, one.account, invite.id),
            );
            let refused = matches!(accepted, Err(accept_invite::AcceptError::Closed(InviteClosed::Cancelled)));
            assert!(accepted.is_ok() != cancelled.is_ok() && (accepted.is_ok() || refused), "{accepted:?} {cancelled:?}");
        }
    }

    async fn a_block_cancels_the_pairs_invites_in_both_directions_and_no_running_game(db: TestDb) {
        let house = House::open(&db.db).await;
        let (game, players) = house.game(classic()).await;
        let there = house.invite(&players[0], &name(&house, &players[1]).await, classic()).await.unwrap();
        let back = house.invite(&players[1], &name(&house, &players[0]).await, classic()).await.unwrap();
        let event = customer_api::CustomerEvent::BlockAdded { by: players[1].account, blocked: players[0].account };
        let envelope = Envelope {
            number: 1,
            id: house.ids.next(),
            aggregate: event.aggregate(),
            at: house.clock.now(),
            event,
        };
        begin_consumer(&db, follow_customer::CONSUMER).await;
        FollowCustomer(Arc::clone(&house.app)).handle(&envelope).await.unwrap();
        for id in [there.id, back.id] {
            assert_eq!(house.app.store.invite(id).await.unwrap().unwrap().recorded, InviteState::Cancelled);
        }
        for player in &players {
            let kinds = house.heard.kinds_for(player.account);
            assert_eq!(kinds.iter().filter(|kind| **kind == "game_invite_cancelled").count(), 2);
        }
        house.move_somehow(game, &players).await;
    }

    async fn whoever_leaves_a_network_has_nothing_pending_with_anybody_of_it(db: TestDb) {
        let house = House::open(&db.db).await;
        let [one, two, three]: [Principal; 3] = house.network("net");
        let there = house.invite(&one, "net1", classic()).await.unwrap();
        let back = house.invite(&three, "net0", classic()).await.unwrap();
        let others = house.invite(&two, "net2", classic()).await.unwrap();
        let practice = house.ask_to_practise(&one, game_bots::Strength::Easy, classic()).await.unwrap();
        begin_consumer(&db, follow_customer::CONSUMER).await;
        let (relationship, distributor) = (house.ids.next(), house.ids.next());
        let event = customer_api::CustomerEvent::RelationshipEnded { relationship, distributor, customer: one.account };
        let (id, aggregate, at) = (house.ids.next(), event.aggregate(), house.clock.now());
        let envelope = Envelope { number: 1, id, aggregate, at, event };
        house.customer.relate(house.ids.next(), one.account);
        house.customer.doubt(true);
        let follow = FollowCustomer(Arc::clone(&house.app));
        let waits = follow.handle(&envelope).await;
        assert!(matches!(waits, Err(platform::inbox::HandleError::Retry(_))), "{waits:?}");
        house.customer.doubt(false);
        follow.handle(&envelope).await.unwrap();
        for (id, state) in [
            (there.id, InviteState::Cancelled),
            (back.id, InviteState::Cancelled),
            (others.id, InviteState::Pending),
            (practice.id, InviteState::Pending),
        ] {
            assert_eq!(house.app.store.invite(id).await.unwrap().unwrap().recorded, state);
        }
        let told = |who: &Principal| {
            let kinds = house.heard.kinds_for(who.account);
            kinds.into_iter().filter(|kind| *kind == "game_invite_cancelled").count()
        };
        assert_eq!([&one, &two, &three].map(told), [2, 1, 1]);
    }

    async fn unknown_foreign_and_restricted_people_are_equally_not_available(db: TestDb) {
        let house = House::open(&db.db).await;
        let [one, two]: [Principal; 2] = house.network("near");
        house.person("far");
        let not_available = |outcome: Result<_, CreateError>| {
            assert!(matches!(outcome.map(|_: crate::domain::invite::Invite| ()), Err(CreateError::NotAvailable)));
        };
        for username in ["nobody", "far", "near0"] {
            not_available(house.invite(&one, username, classic()).await);
        }
        let until = house.clock.now().plus(Duration::from_mins(1));
        let call = house.call(&one);
        let invite = house.invite(&one, "near1", classic()).await.unwrap();
        restrict::run(&house.app, &call, two.account, Some(until), "case".to_owned()).await.unwrap();
        not_available(house.invite(&one, "near1", classic()).await);
        assert!(matches!(house.invite(&two, "near0", classic()).await, Err(CreateError::Restricted(at)) if at == until));
        let accepted = accept_invite::run(&house.app, &house.call(&two), two.account, invite.id, None).await;
        assert!(matches!(accepted, Err(accept_invite::AcceptError::Closed(InviteClosed::Cancelled))));
        house.clock.advance(Duration::from_mins(1));
        house.invite(&one, "near1", classic()).await.unwrap();
    }

    async fn play_is_asked_for_again_when_an_invite_is_accepted(db: TestDb) {
        let house = House::open(&db.db).await;
        let [one, two]: [Principal; 2] = house.network("pair");
        let invite = house.invite(&one, "pair1", classic()).await.unwrap();
        house.customer.block(one.account, two.account);
        let accepted = accept_invite::run(&house.app, &house.call(&two), two.account, invite.id, None).await;
        assert!(matches!(accepted, Err(accept_invite::AcceptError::NotAvailable)));
        assert!(house.app.store.summary(invite.game).await.unwrap().is_none());
    }

    async fn one_invite_becomes_one_game_however_often_it_is_accepted(db: TestDb) {
        let house = House::open(&db.db).await;
        let other = house.next().await;
        let [one, two]: [Principal; 2] = house.network("pair");
        let invite = house.invite(&one, "pair1", classic()).await.unwrap();
        put_entropy::run(&house.app, one.account, invite.id, Entropy::new([1; 32])).await.unwrap();
        put_entropy::run(&house.app, one.account, invite.id, Entropy::new([2; 32])).await.unwrap();
        let calls: Vec<_> = (0..8).map(|_| house.call(&two)).collect();
        let accepts = calls.iter().enumerate().map(|(number, call)| {
            let node = if number % 2 == 0 { &house } else { &other };
            accept_invite::run(&node.app, call, two.account, invite.id, Some(Entropy::new([3; 32])))
        });
        for game in join_all(accepts).await {
            assert_eq!(game.unwrap(), invite.game);
        }
        let journal = house.journal(invite.game).await;
        assert_eq!(kinds(&journal), ["started", "dealt"]);
        let Entry::Started(started) = &journal[0].entry else { panic!() };
        assert_eq!(started.commitment, invite.commitment);
        assert_eq!(started.entropy.first, Some(Entropy::new([2; 32])));
        assert_eq!(started.entropy.second, Some(Entropy::new([3; 32])));
        let table = hot::load(house.app.store.as_ref(), &house.app.keys, invite.game).await.unwrap();
        let promised = Commitment::to(&table.shuffle.seed, invite.game, &started.rules, &started.players);
        assert_eq!(promised, invite.commitment);
        let late = put_entropy::run(&house.app, one.account, invite.id, Entropy::new([4; 32])).await;
        assert!(matches!(late, Err(put_entropy::EntropyError::Closed(InviteClosed::Accepted))));
        assert_eq!(house.heard.kinds_for(two.account).iter().filter(|kind| **kind == "game_started").count()
            + other.heard.kinds_for(two.account).iter().filter(|kind| **kind == "game_started").count(), 1);
    }

    async fn an_invite_is_answered_once_and_saying_it_again_changes_nothing(db: TestDb) {
        let house = House::open(&db.db).await;
        let [one, two]: [Principal; 2] = house.network("pair");
        let invite = house.invite(&one, "pair1", classic()).await.unwrap();
        for _ in 0..2 {
            let reason = DeclineReason::NotNow;
            let call = house.call(&two);
            let declined = answer_invite::decline(&house.app, &call, two.account, invite.id, reason).await.unwrap();
            assert_eq!(declined.recorded, InviteState::Declined);
        }
        let cancelled = answer_invite::cancel(&house.app, &house.call(&one), one.account, invite.id).await;
        assert!(matches!(cancelled, Err(answer_invite::AnswerError::Closed(InviteClosed::Declined))));
        assert_eq!(house.heard.kinds_for(one.account), ["game_invite_declined"]);
        let invite = house.invite(&one, "pair1", classic()).await.unwrap();
        let wrong = answer_invite::decline(&house.app, &house.call(&one), one.account, invite.id, DeclineReason::NotNow).await;
        assert!(matches!(wrong, Err(answer_invite::AnswerError::NotYours)));
        house.clock.advance(LIFE);
        let late = accept_invite::run(&house.app, &house.call(&two), two.account, invite.id, None).await;
        assert!(matches!(late, Err(accept_invite::AcceptError::Closed(InviteClosed::Expired))));
        let told = house.app.store.record_expired(house.clock.now()).await.unwrap();
        assert_eq!(told.len(), 2);
        assert!(house.app.store.record_expired(house.clock.now()).await.unwrap().is_empty());
    }

    async fn a_key_makes_one_invite_and_another_body_under_it_is_refused(db: TestDb) {
        let house = House::open(&db.db).await;
        let [one, _two, _]: [Principal; 3] = house.network("pair");
        let claim = house.claim();
        let ask = || create_invite::Invitation {
            username: "pair1".to_owned(), rules: classic(), rematch_of: None, rated: true,
        };
        let call = house.call(&one);
        let first = create_invite::run(&house.app, &call, &one, claim.clone(), ask()).await.unwrap();
        let again = create_invite::run(&house.app, &call, &one, claim.clone(), ask()).await.unwrap();
        assert_eq!(first, again);
        let other = platform::web::ClaimParts { digest: [9; 32], ..claim };
        let reused = create_invite::run(&house.app, &call, &one, other, ask()).await;
        assert!(matches!(reused, Err(CreateError::KeyReused)));
        for _ in 1..5 {
            house.invite(&one, "pair2", classic()).await.unwrap();
        }
        assert!(matches!(house.invite(&one, "pair2", classic()).await, Err(CreateError::TooManyOpen)));
    }

    async fn a_rematch_names_the_finished_game_and_is_offered_once(db: TestDb) {
        let house = House::open(&db.db).await;
        let (game, players) = house.game(classic()).await;
        let call = house.call(&players[1]);
        let offer = || rematch::run(&house.app, &call, &players[1], house.claim(), game);
        assert!(matches!(offer().await, Err(CreateError::NoSuchRematch)), "it is still played");
        house.play_out(game, &players).await;
        let invite = offer().await.unwrap().unwrap();
        assert_eq!((invite.rematch_of, invite.creator, invite.invitee, invite.rules),
            (Some(game), players[1].account, players[0].account, classic()));
        assert!(matches!(offer().await, Err(CreateError::RematchOffered(id)) if id == invite.id));
        let stranger = house.person("stranger");
        let foreign = rematch::run(&house.app, &house.call(&stranger), &stranger, house.claim(), game).await;
        assert!(matches!(foreign, Ok(None)));
        house.clock.advance(LIFE);
        assert!(offer().await.is_ok(), "one that ran out makes room");
    }

    async fn two_who_ask_for_a_rematch_at_once_make_one_offer(db: TestDb) {
        let house = House::open(&db.db).await;
        let (game, players) = house.game(classic()).await;
        house.play_out(game, &players).await;
        let calls = [house.call(&players[0]), house.call(&players[1])];
        let (one, two) = tokio::join!(
            rematch::run(&house.app, &calls[0], &players[0], house.claim(), game),
            rematch::run(&house.app, &calls[1], &players[1], house.claim(), game),
        );
        let (made, refused) = if one.is_ok() { (one, two) } else { (two, one) };
        let made = made.unwrap().unwrap();
        assert!(matches!(refused, Err(CreateError::RematchOffered(id)) if id == made.id), "{refused:?}");
    }

    async fn cancelling_ones_own_invites_leaves_those_of_others(db: TestDb) {
        let house = House::open(&db.db).await;
        let [one, two, three]: [Principal; 3] = house.network("trio");
        let mine = house.invite(&one, "trio1", classic()).await.unwrap();
        let theirs = house.invite(&two, "trio2", classic()).await.unwrap();
        let stamp = house.app.stamp(&house.call(&three));
        house.app.store.cancel_invites(Cancelling::AllOf(one.account), None, stamp).await.unwrap();
        assert_eq!(house.app.store.invite(mine.id).await.unwrap().unwrap().recorded, InviteState::Cancelled);
        assert_eq!(house.app.store.invite(theirs.id).await.unwrap().unwrap().recorded, InviteState::Pending);
    }
}
