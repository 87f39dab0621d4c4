//! Every route, asked by everybody: `tests/permissions.csv` says, by hand, what each role gets for what is its own, what
//! is another's, and what does not exist. A route that is not in it, or declares nothing, fails.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use whot::client::{Answer, Api, House, Person, fresh_id};

use crate::finding::pair_up;
use crate::harness::{PASSWORD, Server, game_of};

const TABLE: &str = include_str!("../permissions.csv");
const ROLES: [&str; 6] = ["anonymous", "player", "customer", "distributor", "admin", "approver"];

/// A line: a route, whose thing it is asked for, and what each role gets.
struct Line {
    method: Method,
    path: &'static str,
    relation: &'static str,
    /// By role; none where the relation makes no sense for it.
    expected: Vec<Option<u16>>,
}

fn lines() -> Vec<Line> {
    let mut rows = TABLE.lines();
    let header = rows.next().unwrap();
    assert_eq!(header, format!("method,path,relation,{}", ROLES.join(",")));
    rows.map(|row| {
        let cells: Vec<&'static str> = row.split(',').collect();
        assert_eq!(cells.len(), 3 + ROLES.len(), "{row}");
        let expected = cells[3..].iter().map(|cell| (*cell != "-").then(|| cell.parse().unwrap())).collect();
        Line { method: cells[0].parse().unwrap(), path: cells[1], relation: cells[2], expected }
    })
    .collect()
}

/// People of every role, in two networks, who can be signed in anew for every question.
struct World {
    house: House,
    /// Another distributor and two of its customers: everything of theirs is another's.
    others: House,
    one: Person,
    two: Person,
}

impl World {
    async fn new(server: &Server) -> Self {
        let house = server.house().await;
        let stranger = House::provision(&house.admin, &house.approver, "stranger", PASSWORD).await.unwrap();
        let others = House {
            api: house.api.clone(),
            admin: house.admin.clone(),
            approver: house.approver.clone(),
            distributor: stranger,
        };
        let one = others.new_customer("one", PASSWORD).await.unwrap();
        let two = others.new_customer("two", PASSWORD).await.unwrap();
        Self { house, others, one, two }
    }

    async fn new_customer(&self) -> Person {
        // Signed in anew: an earlier question may have ended every session of the distributor's.
        let house = House { distributor: self.staff(&self.house.distributor).await, ..self.house.clone() };
        house.new_customer(&name(), PASSWORD).await.unwrap()
    }

    /// Somebody of this role with a session of their own.
    async fn person(&self, role: &str) -> Option<Person> {
        let again = |person: &Person| {
            let username = person.username.clone();
            async move { Person::sign_in(&self.house.api, &username, PASSWORD).await.unwrap() }
        };
        Some(match role {
            "anonymous" => return None,
            "player" => {
                let username = name();
                let body = json!({"username": username, "password": PASSWORD});
                let made = self.house.api.post("/api/v1/auth/register", body).await.unwrap();
                Person::of_session(&self.house.api, &username, PASSWORD, &made.body).unwrap()
            }
            "customer" => self.new_customer().await,
            "distributor" => again(&self.house.distributor).await,
            "admin" => again(&self.house.admin).await,
            "approver" => again(&self.house.approver).await,
            other => panic!("no role {other}"),
        })
    }

    /// Somebody the caller may play with: in its network.
    async fn partner(&self, caller: &Person) -> Person {
        if caller.account == self.house.distributor.account {
            self.new_customer().await
        } else {
            Person::sign_in(&self.house.api, &self.house.distributor.username, PASSWORD).await.unwrap()
        }
    }

    /// Somebody new in the other network.
    async fn new_other(&self) -> Person {
        self.others.new_customer(&name(), PASSWORD).await.unwrap()
    }

    /// A fresh staff sign-in: earlier questions may have ended any session.
    async fn staff(&self, person: &Person) -> Person {
        Person::sign_in(&self.house.api, &person.username, PASSWORD).await.unwrap()
    }
}

/// A user name that nobody has.
fn name() -> String {
    format!("u{}", fresh_id().replace('-', "").split_off(12))
}

const NOBODY: &str = "00000000000000000000000001";

/// A question: the path with its ids, and the body.
struct Question {
    path: String,
    body: Option<Value>,
    if_match: Option<&'static str>,
}

async fn question(world: &World, line: &Line, caller: Option<&Person>) -> Question {
    let mut path = line.path.to_owned();
    for (placeholder, value) in ids(world, line, caller).await {
        path = path.replace(placeholder, &value);
    }
    if line.path == "/api/v1/games/invites" && line.method == Method::GET {
        path.push_str("?direction=incoming");
    }
    if line.path == "/api/v1/games/ratings/history" {
        path.push_str("?family=naija_classic");
    }
    assert!(!path.contains('{'), "{path} has a placeholder that nobody fills");
    Question { body: body(world, line, caller).await, path, if_match: if_match(line.path) }
}

/// The version that a write names, where it names one.
fn if_match(path: &str) -> Option<&'static str> {
    if path.starts_with("/api/v1/relationships/") {
        Some("\"1\"")
    } else {
        (path == "/api/v1/games/preferences").then_some("\"0\"")
    }
}

/// Ids for the placeholders of a path.
async fn ids(world: &World, line: &Line, caller: Option<&Person>) -> Vec<(&'static str, String)> {
    let none = line.relation == "none";
    let own = line.relation == "own";
    let mine = || caller.expect("own things need somebody").account.clone();
    match line.path.split('/').nth(3).unwrap_or_default() {
        "admin" if line.path.contains("{distributor_id}") => {
            vec![(
                "{distributor_id}",
                if none { format!("acc_{NOBODY}") } else { some_distributor(world, line.path).await },
            )]
        }
        "admin" => {
            let account = if none {
                format!("acc_{NOBODY}")
            } else if own {
                mine()
            } else if line.path.contains("/staff/") {
                world.house.approver.account.clone()
            } else {
                world.new_customer().await.account
            };
            vec![("{account_id}", account), ("{role}", "approver".to_owned())]
        }
        "auth" => vec![("{redemption_id}", format!("red_{NOBODY}"))],
        "sessions" => vec![("{session_id}", session(world, line.relation, caller).await)],
        "invites" => vec![("{token}", junk_code()), ("{invite_id}", invite(world, line.relation).await)],
        "relationships" => vec![("{customer_id}", customer(world, line.relation, caller).await)],
        "entitlements" => {
            let (first, second) = if none {
                (format!("acc_{NOBODY}"), format!("acc_{NOBODY}").replace('1', "2"))
            } else if own {
                (mine(), world.partner(caller.unwrap()).await.account)
            } else {
                (world.one.account.clone(), world.two.account.clone())
            };
            vec![("{first_user_id}", first), ("{second_user_id}", second)]
        }
        "blocks" => {
            let account = if none {
                format!("acc_{NOBODY}")
            } else if own {
                mine()
            } else {
                world.one.account.clone()
            };
            vec![("{account_id}", account)]
        }
        "games" => vec![
            ("{invite_id}", game_invite(world, line, caller).await),
            ("{pairing_id}", pairing(world, line, caller).await),
            ("{game_id}", game(world, line, caller).await),
            ("{account_id}", player(world, line, caller).await),
            ("{family}", if none { "bridge" } else { "naija_classic" }.to_owned()),
        ],
        _ => Vec::new(),
    }
}

/// A distributor in the state that the question needs.
async fn some_distributor(world: &World, path: &str) -> String {
    if path.ends_with("approve") || path.ends_with("reject") {
        let admin = world.staff(&world.house.admin).await;
        let requested =
            admin.api.post("/api/v1/admin/distributors", json!({"username": name()})).await.unwrap();
        return requested.text_at("/id").unwrap();
    }
    let (admin, approver) = (world.staff(&world.house.admin).await, world.staff(&world.house.approver).await);
    let made = House::provision(&admin, &approver, &name(), PASSWORD).await.unwrap();
    if path.ends_with("resume") {
        let suspend = format!("/api/v1/admin/distributors/{}/suspend", made.account);
        admin.api.post(&suspend, json!({"reason": "test"})).await.unwrap();
    }
    made.account
}

async fn session(world: &World, relation: &str, caller: Option<&Person>) -> String {
    let person = match relation {
        "none" => return format!("ses_{NOBODY}"),
        "own" => caller.unwrap(),
        _ => &world.one,
    };
    Person::sign_in(&world.house.api, &person.username, PASSWORD).await.unwrap().session
}

fn junk_code() -> String {
    "civ_00000000000000000000000000000000000000".to_owned()
}

async fn invite(world: &World, relation: &str) -> String {
    let of = match relation {
        "own" => &world.house.distributor,
        "other" => &world.others.distributor,
        _ => return format!("inv_{NOBODY}"),
    };
    let of = world.staff(of).await;
    of.api.post("/api/v1/invites", json!({})).await.unwrap().text_at("/id").unwrap()
}

async fn customer(world: &World, relation: &str, caller: Option<&Person>) -> String {
    match (relation, caller) {
        ("own", Some(caller)) if caller.account != world.house.distributor.account => caller.account.clone(),
        ("own", _) => world.new_customer().await.account,
        ("other", _) => world.one.account.clone(),
        _ => format!("acc_{NOBODY}"),
    }
}

/// A pending invite: to the caller where it is to be answered, by the caller otherwise; or between others.
async fn game_invite(world: &World, line: &Line, caller: Option<&Person>) -> String {
    if !line.path.contains("{invite_id}") || line.relation == "none" {
        return format!("giv_{NOBODY}");
    }
    let answered = line.path.ends_with("accept") || line.path.ends_with("decline");
    let (from, to) = match (line.relation, caller) {
        ("own", Some(caller)) if answered => (world.partner(caller).await, caller.username.clone()),
        ("own", Some(caller)) => (caller.clone(), world.partner(caller).await.username),
        _ => (world.one.clone(), world.two.username.clone()),
    };
    let made = from.invite_to_game(&to).await.unwrap();
    let id = made["id"].as_str().unwrap().to_owned();
    if line.relation == "other" {
        // One invite between the same two at a time is enough for everybody to be refused.
        from.api.post(&format!("/api/v1/games/invites/{id}/cancel"), json!({})).await.unwrap();
    }
    id
}

/// What the queue has offered to the caller and its partner, or to others.
async fn pairing(world: &World, line: &Line, caller: Option<&Person>) -> String {
    let (one, other) = match (line.path.contains("{pairing_id}"), line.relation, caller) {
        // New ones each time: the same two are not offered to each other again at once.
        (true, "own", Some(caller)) => (caller.clone(), world.new_customer().await),
        (true, "other", _) => (world.new_other().await, world.new_other().await),
        _ => return format!("pai_{NOBODY}"),
    };
    pair_up(&one, &other).await
}

async fn game(world: &World, line: &Line, caller: Option<&Person>) -> String {
    match (line.path.contains("{game_id}"), line.relation, caller) {
        (true, "own", Some(caller)) => game_of(caller, &world.partner(caller).await).await,
        (true, "other", _) => game_of(&world.one, &world.two).await,
        _ => format!("gam_{NOBODY}"),
    }
}

/// Somebody whom the caller may play, or somebody of another network.
async fn player(world: &World, line: &Line, caller: Option<&Person>) -> String {
    match (line.path.contains("{account_id}"), line.relation, caller) {
        (true, "own", Some(caller)) => world.partner(caller).await.account,
        (true, "other", _) => world.one.account.clone(),
        _ => format!("acc_{NOBODY}"),
    }
}

/// The smallest body that a route takes.
async fn body(world: &World, line: &Line, caller: Option<&Person>) -> Option<Value> {
    if line.method == Method::GET || line.method == Method::DELETE {
        return None;
    }
    let path = line.path;
    Some(match path.rsplit('/').next().unwrap() {
        _ if path.contains("/spectators/") => return None,
        "suspend" | "reinstate" | "reject" | "resume" if path.contains("/admin/") => {
            json!({"reason": "test"})
        }
        "distributors" | "staff" => json!({"username": name()}),
        "activate" => json!({"token": "act_00000000000000000000000000000000000000", "password": PASSWORD}),
        "login" => json!({"login": "nobody", "password": "wrong horse battery staple"}),
        "refresh" => json!({"refresh_token": "rft_00000000000000000000000000000000000000"}),
        "register" => json!({"username": name(), "password": PASSWORD}),
        "redeem" if !path.contains("{token}") => json!({"token": junk_code()}),
        "vip" => json!({"enabled": true}),
        "entropy" => json!({"entropy": "A".repeat(43)}),
        "decline" if path.contains("{invite_id}") => json!({"reason": "not_now"}),
        "play" => json!({"cid": fresh_id(), "base": 2, "do": {"resign": {}}}),
        "resign" => json!({"cid": fresh_id()}),
        "invites" if path.contains("/games/") => {
            let to = match (line.relation, caller) {
                ("own", Some(caller)) => world.partner(caller).await.username,
                _ => world.one.username.clone(),
            };
            json!({"username": to, "rule_set": "naija_classic"})
        }
        "spectators" => {
            let whom = if line.relation == "own" {
                world.new_customer().await.username
            } else {
                world.one.username.clone()
            };
            json!({"username": whom})
        }
        "practice" => json!({"strength": "easy", "rule_set": "quick"}),
        "queue" => json!({"rule_set": "naija_classic"}),
        "preferences" => json!({"presence": "off", "quiet_hours": null}),
        "invites" | "accept" | "rematch" => json!({}),
        _ => return None,
    })
}

async fn ask(api: &Api, method: &Method, question: &Question) -> Answer {
    let mut request = api.request(method.clone(), &question.path).header("idempotency-key", fresh_id());
    if let Some(version) = question.if_match.filter(|_| *method != Method::GET) {
        request = request.header("if-match", version);
    }
    if let Some(body) = &question.body {
        request = request.json(body);
    }
    Api::send(request).await.unwrap()
}

#[tokio::test]
async fn every_role_gets_what_the_table_says_on_every_route() {
    let server = Server::start_with(&[
        ("identity.open_registration", "true"),
        ("customer.daily_invites", "100000"),
        ("customer.open_invites", "100000"),
    ]);
    let world = World::new(&server).await;
    let mut wrong = Vec::new();
    for line in lines() {
        for (role, expected) in ROLES.iter().zip(&line.expected) {
            let Some(expected) = expected else { continue };
            let caller = world.person(role).await;
            let question = question(&world, &line, caller.as_ref()).await;
            let api = caller.as_ref().map_or(&world.house.api, |caller| &caller.api);
            let answer = ask(api, &line.method, &question).await;
            if answer.status != *expected {
                let (method, path, relation) = (&line.method, line.path, line.relation);
                wrong.push(format!(
                    "{method} {path} {relation} {role}: {expected}, got {} {}",
                    answer.status,
                    answer.code()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[tokio::test]
async fn every_route_is_in_the_table_and_declares_who_may_use_it() {
    let server = Server::start();
    let document = server.api.get("/openapi.json").await.unwrap().body;
    let mut declared = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            declared.insert(format!("{} {path}", method.to_uppercase()));
            let access = operation["x-access"].as_str().unwrap_or_default();
            let named = operation["x-permission"].as_array().is_some_and(|names| !names.is_empty());
            assert!(
                named || ["public", "process"].contains(&access),
                "{method} {path} declares no permission"
            );
        }
    }
    let listed: BTreeSet<String> =
        lines().iter().map(|line| format!("{} {}", line.method, line.path)).collect();
    let missing: Vec<_> = declared.difference(&listed).collect();
    let stale: Vec<_> = listed.difference(&declared).collect();
    assert!(missing.is_empty() && stale.is_empty(), "not in the table: {missing:?}; not a route: {stale:?}");
}
