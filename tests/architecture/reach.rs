//! Which third-party crates ours may use: what the pure crates must not reach even through others, what has one home,
//! and what must not be in the build at all.

use std::collections::{BTreeMap, VecDeque};

use crate::dependencies::Role;
use crate::graph::{Crate, Graph, Kind};

/// What no kernel, api, engine, record or bot may reach. A trailing `*` stands for any ending.
const IMPURE: [&str; 8] =
    ["tokio", "actix*", "diesel*", "config", "deadpool", "rusqlite", "libsqlite3-sys", "reqwest"];

/// All that an engine, and the bots that play by it, may name of others: errors, random-source traits, and the generator of the shuffle.
const OF_THE_ENGINE: [&str; 3] = ["thiserror", "rand_core", "chacha20"];

/// Crates that only some of ours may name, and which.
struct Home {
    crates: &'static [&'static str],
    /// For the message.
    place: &'static str,
    admits: fn(Role<'_>) -> bool,
}

const HOMES: [Home; 4] = [
    Home {
        crates: &["diesel*", "deadpool", "libsqlite3-sys", "tokio-postgres"],
        place: "platform and the contexts",
        admits: |role| matches!(role, Role::Platform | Role::Context(_)),
    },
    Home {
        crates: &["actix*"],
        place: "platform, the contexts and the root",
        admits: |role| matches!(role, Role::Platform | Role::Context(_) | Role::Root),
    },
    Home {
        crates: &["jsonwebtoken", "argon2"],
        place: "identity",
        admits: |role| matches!(role, Role::Context("identity")),
    },
    Home { crates: &["config"], place: "the root", admits: |role| matches!(role, Role::Root) },
];

/// Not in the build at all, with the version it begins with where only old ones are meant.
const BANNED: [(&str, &str, &str); 9] = [
    ("actix-governor", "", "GPL"),
    ("a2", "", "unpatched dependencies"),
    ("chrono", "", "jiff is the one library for time"),
    ("h2", "0.3.", "an advisory without a fix"),
    ("mimalloc", "", "costs memory per socket"),
    ("native-tls", "", "TLS is rustls"),
    ("openssl", "", "TLS is rustls"),
    ("openssl-sys", "", "TLS is rustls"),
    ("password-auth", "", "a release candidate"),
];

fn named(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == pattern,
    }
}

fn is_pure(role: Role<'_>) -> bool {
    matches!(role, Role::Kernel | Role::Api(_) | Role::Engine(_) | Role::Record(_) | Role::Bots(_))
}

/// The chains from pure crates to impure ones, the shortest each.
fn impure_reaches(graph: &Graph) -> Vec<String> {
    let mut faults = Vec::new();
    for (krate, folder) in graph.members().filter(|(_, folder)| Role::of(folder).is_some_and(is_pure)) {
        let paths = paths_from(graph, &graph.key(&krate.name));
        for (key, path) in &paths {
            let reached = &graph.crates[key].name;
            if IMPURE.iter().any(|pattern| named(pattern, reached)) {
                faults.push(format!("{folder} reaches {reached}: {}", path.join(" -> ")));
            }
        }
    }
    faults
}

/// Every crate reached by what is built for use, with the names on the way to it.
fn paths_from(graph: &Graph, start: &str) -> BTreeMap<String, Vec<String>> {
    let mut paths = BTreeMap::from([(start.to_owned(), vec![graph.crates[start].name.clone()])]);
    let mut waiting = VecDeque::from([start.to_owned()]);
    while let Some(key) = waiting.pop_front() {
        for edge in graph.crates[&key].edges.iter().filter(|edge| edge.kind == Kind::Use) {
            if !paths.contains_key(&edge.to) {
                let mut path = paths[&key].clone();
                path.push(graph.crates[&edge.to].name.clone());
                paths.insert(edge.to.clone(), path);
                waiting.push_back(edge.to.clone());
            }
        }
    }
    paths
}

/// Direct uses of crates whose home is elsewhere. Development dependencies are free: tests may look at anything.
fn homeless_uses(graph: &Graph) -> Vec<String> {
    let mut faults = Vec::new();
    for (krate, folder) in graph.members() {
        let Some(role) = Role::of(folder) else { continue };
        for edge in krate.edges.iter().filter(|edge| edge.kind == Kind::Use) {
            let used = &graph.crates[&edge.to];
            if used.folder.is_some() {
                continue;
            }
            for home in &HOMES {
                if home.crates.iter().any(|pattern| named(pattern, &used.name)) && !(home.admits)(role) {
                    faults.push(format!("{} uses {}, whose home is {}", krate.name, used.name, home.place));
                }
            }
            let plays = matches!(role, Role::Engine(_) | Role::Bots(_));
            if plays && !OF_THE_ENGINE.contains(&used.name.as_str()) {
                faults.push(format!("{} uses {}, which no engine needs", krate.name, used.name));
            }
        }
    }
    faults
}

fn banned_crates(graph: &Graph) -> Vec<String> {
    let mut faults = Vec::new();
    for Crate { name, version, from_known_source, .. } in graph.crates.values() {
        for (_, _, why) in BANNED.iter().filter(|(banned, old, _)| name == banned && version.starts_with(old))
        {
            faults.push(format!("{name} {version} is banned: {why}"));
        }
        if !from_known_source {
            faults.push(format!("{name} {version} comes from an unknown source"));
        }
    }
    faults
}

mod checks {
    use super::*;
    use crate::assert_clean;

    #[test]
    fn kernel_apis_and_engines_reach_no_runtime_web_or_database() {
        assert_clean(&impure_reaches(Graph::of_the_workspace()));
    }

    #[test]
    fn each_infrastructure_crate_is_used_in_its_home_only() {
        assert_clean(&homeless_uses(Graph::of_the_workspace()));
    }

    #[test]
    fn no_banned_crate_is_in_the_build() {
        let graph = Graph::of_the_workspace();
        assert!(graph.crates.len() > 100, "the dependencies were not found");
        assert_clean(&banned_crates(graph));
    }
}

mod controls {
    use super::*;
    use crate::assert_finds;

    fn with(from: &str, to: &str, kind: Kind) -> Graph {
        Graph::of_the_workspace().with_edge(from, to, kind, &[])
    }

    #[test]
    fn a_runtime_inside_an_api_is_found_directly_and_through_another_crate() {
        let direct = impure_reaches(&with("game-api", "tokio", Kind::Use));
        assert!(
            direct.contains(&"modules/game/api reaches tokio: game-api -> tokio".to_owned()),
            "{direct:?}"
        );
        let through = impure_reaches(&with("thiserror", "diesel", Kind::Use));
        let planted = "modules/game/engine reaches diesel: game-engine -> thiserror -> diesel";
        assert!(through.contains(&planted.to_owned()), "{through:?}");
        assert!(
            through.iter().any(|fault| fault.starts_with("modules/kernel reaches diesel: ")),
            "{through:?}"
        );
    }

    #[test]
    fn what_only_tests_use_is_not_reached() {
        assert_eq!(impure_reaches(&with("game-api", "tokio", Kind::Dev)), [""; 0]);
    }

    #[test]
    fn infrastructure_outside_its_home_is_found() {
        let cases = [
            ("whot", "diesel", "platform and the contexts"),
            ("customer", "argon2", "identity"),
            ("platform", "jsonwebtoken", "identity"),
            ("game", "config", "the root"),
        ];
        for (from, to, home) in cases {
            let found = homeless_uses(&with(from, to, Kind::Use));
            assert_finds(&found, &format!("{from} uses {to}, whose home is {home}"));
            assert_eq!(homeless_uses(&with(from, to, Kind::Dev)), [""; 0]);
        }
        let found = homeless_uses(&with("game-engine", "serde", Kind::Use));
        assert_finds(&found, "game-engine uses serde, which no engine needs");
        let found = homeless_uses(&with("game-bots", "serde", Kind::Use));
        assert_finds(&found, "game-bots uses serde, which no engine needs");
    }

    #[test]
    fn a_banned_crate_and_an_unknown_source_are_found() {
        let planted = Graph::of_the_workspace().with_crate("h2", None, None);
        assert_finds(&banned_crates(&planted), "h2 0.3.27 is banned: an advisory without a fix");
        let mut planted = Graph::of_the_workspace().with_crate("stray", None, None);
        planted.crates.get_mut("stray").unwrap().from_known_source = false;
        assert_finds(&banned_crates(&planted), "stray 0.3.27 comes from an unknown source");
    }
}
