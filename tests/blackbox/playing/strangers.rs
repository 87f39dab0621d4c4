//! Somebody alone at a terminal: finding a stranger through the open queue, going back, and seeing how one stands.

use reqwest::Method;
use serde_json::{Value, json};
use whot::client::{Person, fresh_id};

use super::{Player, count};
use crate::harness::{PASSWORD, Server, game_of};

const QUEUE: &str = "/api/v1/games/queue";
const FOUND: &str = "Somebody is found: ";

/// Where somebody stands in the queue, as the server has it.
async fn place(who: &Person) -> Value {
    who.api.get(QUEUE).await.unwrap().body
}

async fn state(who: &Person) -> String {
    place(who).await["state"].as_str().unwrap().to_owned()
}

async fn join(who: &Person) {
    who.api.post(QUEUE, json!({"rule_set": "quick"})).await.unwrap();
}

/// Answers what is on offer by the API, as an app does.
async fn answer(who: &Person, how: &str) {
    let pairing = place(who).await["pairing"]["id"].as_str().expect("an offer").to_owned();
    let path = format!("/api/v1/games/pairings/{pairing}/{how}");
    let body = (how == "accept").then(|| json!({}));
    let said = who.api.call(Method::POST, &path, body.as_ref()).await.unwrap();
    assert!(said.status < 300, "{}", said.text);
}

fn hear(player: &mut Player, wanted: &str) -> String {
    tokio::task::block_in_place(|| player.hears(wanted))
}

fn waits(server: &Server, name: &'static str) -> Player {
    let mut player = Player::sit(server.api.base(), name, &["--queue", "--rules", "quick"]);
    hear(&mut player, "In the queue for quick");
    player
}

#[tokio::test(flavor = "multi_thread")]
async fn two_strangers_find_each_other_at_their_terminals_play_and_see_how_they_stand() {
    let server = Server::start();
    let (_house, ada, ben) = server.pair().await;
    let mut one = waits(&server, "ada");
    hear(&mut one, "whose rating is within 100 points of yours (1500)");
    hear(&mut one, "after 2 minutes anybody will do");
    one.types("hello");
    hear(&mut one, "Nobody is found yet.");
    let mut two = Player::sit(server.api.base(), "ben", &[]);
    hear(&mut two, "queue finds a stranger");
    for (typed, heard) in [
        ("ratings", "You have no rating yet"),
        ("board quick", "Nobody of your network has a rating for quick yet."),
        ("?", "waits for a stranger of near strength"),
        ("queue quick", "In the queue for quick, "),
    ] {
        two.types(typed);
        hear(&mut two, heard);
    }
    assert!(hear(&mut one, FOUND).contains("ben (no rating yet) for quick"));
    assert!(hear(&mut two, FOUND).contains("ada (no rating yet) for quick"));
    one.types("what?");
    hear(&mut one, "y accepts, n declines");
    hear(&mut one, "y accepts, n declines; cancel leaves");
    one.types("y");
    hear(&mut one, "Accepted. Waiting for the answer of ben");
    two.types("accept");
    let both = [one, two].map(|mut player| {
        std::thread::spawn(move || {
            player.hears("You sit down with");
            player.plays_on();
            player
        })
    });
    let both = tokio::task::block_in_place(|| both.map(|thread| thread.join().expect("it plays")));
    assert_eq!((state(&ada).await, state(&ben).await), ("idle".to_owned(), "idle".to_owned()));

    for (mut player, person) in both.into_iter().zip([ada, ben]) {
        let seen = player.seen.join("\n");
        assert_eq!(count(&player.seen, "your own random bytes are in every shuffle"), 1, "{seen}");
        let ratings = person.api.get("/api/v1/games/ratings").await.unwrap().body["ratings"].clone();
        let rating = ratings[0]["rating"].as_f64().unwrap();
        assert_eq!((&ratings[0]["family"], &ratings[0]["games"]), (&json!("quick"), &json!(1)));
        // A drawn game of two who had no rating leaves both where they were.
        assert!((rating - 1_500.0).abs() > 1.0 || ratings[0]["draws"] == 1, "{ratings}");
        let change = format!("Your rating: 1500 -> {rating:.0} (");
        assert_eq!(count(&player.seen, &change), 1, "{change} in {seen}");
        for command in ["l", "ratings"] {
            player.types(command);
        }
        let shown = hear(&mut player, "  quick ");
        let won = if rating > 1_500.0 { "1 game: 1 won, 0 lost" } else { "1 game: 0 won, 1 lost" };
        assert!(shown.contains(&format!("{rating:.0}?  ")) && shown.contains(won), "{shown}");
        hear(&mut player, "? is provisional");
        player.types("board quick");
        hear(&mut player, "quick, you and your network");
        let row = hear(&mut player, "<- you");
        let name = format!("- {} ", person.username);
        assert!(row.split_whitespace().collect::<Vec<_>>().join(" ").starts_with(&name), "{row}");
        assert!(row.contains(&format!("{rating:.0}?")), "{row}");
        hear(&mut player, "? is provisional");
        let rows = player.seen.iter().rev().take_while(|line| !line.contains("and your network"));
        assert_eq!(rows.filter(|line| line.contains("1 game: ")).count(), 2, "both, and one is oneself");
        assert_eq!(count(&player.seen, "<- you"), 1);
        tokio::task::block_in_place(|| player.leaves());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn going_back_by_any_way_leaves_the_queue_at_the_server() {
    let server = Server::start();
    let (_house, ada, _ben) = server.pair().await;
    let mut player = waits(&server, "ada");
    assert_eq!(place(&ada).await["waiting"]["rule_set"]["name"], "quick");
    for word in ["", "cancel"] {
        player.types(word);
        hear(&mut player, "You have left the queue.");
        assert_eq!(state(&ada).await, "idle", "{word:?}");
        player.types("queue deal=4 best_of(3)");
        hear(&mut player, "In the queue for custom (as quick), best of 3, rated");
        assert_eq!(state(&ada).await, "waiting");
    }
    let seen = tokio::task::block_in_place(|| player.leaves());
    assert_eq!(count(&seen, "You have left the queue."), 3, "at the end of input: {}", seen.join("\n"));
    assert_eq!(state(&ada).await, "idle");

    let mut player = waits(&server, "ada");
    assert_eq!(state(&ada).await, "waiting");
    let pid = rustix::process::Pid::from_child(&player.child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    hear(&mut player, "You have left the queue.");
    tokio::task::block_in_place(|| player.leaves());
    assert_eq!(state(&ada).await, "idle", "by Ctrl-C");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_offer_says_so_and_whoever_did_not_decline_waits_on() {
    let server = Server::start();
    let (house, ada, ben) = server.pair().await;
    // The same two are not offered to each other again at once.
    let cara = house.new_customer("cara", PASSWORD).await.unwrap();
    let dan = house.new_customer("dan", PASSWORD).await.unwrap();
    let mut player = waits(&server, "ada");
    join(&ben).await;
    hear(&mut player, FOUND);
    player.types("y");
    hear(&mut player, "Accepted.");
    assert_eq!(place(&ada).await["pairing"]["accepted"], true);
    answer(&ben, "decline").await;
    hear(&mut player, "ben does not want to play now. You wait on");
    assert_eq!((state(&ada).await.as_str(), state(&ben).await.as_str()), ("waiting", "idle"));

    join(&cara).await;
    hear(&mut player, FOUND);
    player.types("n");
    hear(&mut player, "You declined. You have left the queue");
    hear(&mut player, "Nothing is open.");
    assert_eq!((state(&ada).await.as_str(), state(&cara).await.as_str()), ("idle", "waiting"));

    // What was not answered is declined by going back.
    cara.api.call(Method::DELETE, QUEUE, None).await.unwrap();
    join(&dan).await;
    player.types("queue quick");
    hear(&mut player, FOUND);
    player.types("cancel");
    hear(&mut player, "You have left the queue.");
    assert_eq!((state(&ada).await.as_str(), state(&dan).await.as_str()), ("idle", "waiting"));
    tokio::task::block_in_place(|| player.leaves());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_that_one_of_two_lets_pass_is_told_to_both() {
    let server = Server::start();
    let (_house, ada, ben) = server.pair().await;
    let (mut one, mut two) = (waits(&server, "ada"), waits(&server, "ben"));
    hear(&mut one, FOUND);
    hear(&mut two, FOUND);
    two.types("y");
    hear(&mut one, "You did not answer in time. You have left the queue");
    hear(&mut two, "ada did not answer in time. You wait on");
    hear(&mut one, "Nothing is open.");
    assert_eq!((state(&ada).await.as_str(), state(&ben).await.as_str()), ("idle", "waiting"));
    tokio::task::block_in_place(|| [one, two].map(Player::leaves));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_through_an_outage_keeps_the_place_and_an_answer_given_ahead_counts() {
    let mut server = Server::start();
    let _house = server.pair().await;
    let mut player = waits(&server, "ada");
    tokio::task::block_in_place(|| {
        server.kill();
        player.hears("Connection lost");
        server.run();
        player.hears("The connection is back.");
    });
    player.types("y");
    let ben = Person::sign_in(&server.api, "ben", PASSWORD).await.unwrap();
    join(&ben).await;
    hear(&mut player, FOUND);
    hear(&mut player, "Accepted.");
    answer(&ben, "accept").await;
    hear(&mut player, "You sit down with ben");
    tokio::task::block_in_place(|| player.leaves());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_refuses_is_said_in_words() {
    let server = Server::start();
    let (_house, ada, _ben) = server.pair().await;
    ada.api.post(QUEUE, json!({"rule_set": "street_strict"})).await.unwrap();
    let mut player = Player::sit(server.api.base(), "ada", &["--queue", "--rules", "quick"]);
    hear(&mut player, "in the queue for something else already: street_strict");
    player.types("queue leave");
    hear(&mut player, "You are not in the queue any more.");
    assert_eq!(state(&ada).await, "idle");
    for (typed, heard) in [
        ("queue bridge", "\"bridge\" is no preset"),
        ("queue deal=99", "deal"),
        ("board bridge", "There are leaderboards of naija_classic"),
        ("board ../ratings", "There are leaderboards of naija_classic"),
        ("more", "There is no next page"),
    ] {
        player.types(typed);
        let said = hear(&mut player, heard);
        assert!(said.starts_with("  ") && !said.contains("422"), "{said}");
    }
    assert_eq!(state(&ada).await, "idle");
    tokio::task::block_in_place(|| player.leaves());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_leaderboard_comes_page_by_page() {
    let server = Server::start_with(&[("customer.daily_invites", "1000"), ("customer.open_invites", "1000")]);
    let house = server.house().await;
    let mut people = Vec::new();
    for number in 0..12 {
        people.push(house.new_customer(&format!("player{number}"), PASSWORD).await.unwrap());
    }
    for pair in people.chunks(2) {
        let game = game_of(&pair[0], &pair[1]).await;
        let path = format!("/api/v1/games/{game}/resign");
        pair[0].api.post(&path, json!({"cid": fresh_id()})).await.unwrap();
    }
    let board = "/api/v1/games/leaderboards/naija_classic?limit=100";
    let full = until(&people[0], board, |board| {
        board["items"].as_array().is_some_and(|items| items.len() == people.len())
    });
    let full = full.await;
    let mut player = Player::sit(server.api.base(), "player0", &[]);
    hear(&mut player, "Nothing is open.");
    player.types("board");
    hear(&mut player, "naija_classic, you and your network");
    hear(&mut player, "more shows the next places.");
    assert_eq!(count(&player.seen, "1 game: "), 10, "{}", player.seen.join("\n"));
    player.types("more");
    hear(&mut player, "? is provisional");
    player.types("more");
    hear(&mut player, "There is no next page");
    let rows: Vec<&str> =
        player.seen.iter().filter(|line| line.contains("1 game: ")).map(String::as_str).collect();
    let shown: Vec<&str> = rows.iter().filter_map(|row| row.split_whitespace().nth(1)).collect();
    let names = full["items"].as_array().unwrap().iter().map(|place| &place["player"]["username"]);
    assert_eq!(
        json!(shown),
        json!(names.collect::<Vec<_>>()),
        "everybody once, in the order of the whole board"
    );
    assert_eq!(count(&player.seen, "<- you"), 1);
    tokio::task::block_in_place(|| player.leaves());
}

/// Asks again and again until the answer is the wanted one: games are counted in the background.
async fn until(who: &Person, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..200 {
        let body = who.api.get(path).await.unwrap().body;
        if wanted(&body) {
            return body;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("it never came: {}", who.api.get(path).await.unwrap().text);
}
