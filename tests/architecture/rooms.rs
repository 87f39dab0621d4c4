//! Inside a context: which room may name what. Arrows point inward: http and live call app, app uses domain and store,
//! domain uses nothing; wire types stay in http and live, rows in store.

use crate::dependencies::CONTEXT_MAP;
use crate::sources::{Source, names_from_crate, read_all, test_modules, words};

/// A room and what its files never contain.
struct Room {
    name: &'static str,
    /// Words, alone or as the beginning of a snake-case name: `diesel` is `diesel_async` too.
    words: &'static [&'static str],
    /// Other rooms of the same crate.
    rooms: &'static [&'static str],
}

const ROOMS: [Room; 5] = [
    Room {
        name: "domain",
        words: &[
            "serde",
            "diesel",
            "actix",
            "tokio",
            "utoipa",
            "async",
            "await",
            "platform",
            "Serialize",
            "Deserialize",
        ],
        rooms: &["app", "store", "http", "live", "port"],
    },
    Room {
        name: "app",
        words: &["diesel", "actix", "utoipa", "Serialize", "Deserialize", "ToSchema"],
        rooms: &["http", "live", "port"],
    },
    Room { name: "store", words: &["actix", "utoipa", "ToSchema"], rooms: &["app", "http", "live", "port"] },
    // A request may speak the wire types of the sockets, as playing a card does; not the other way round.
    Room { name: "http", words: &["diesel"], rooms: &["store", "port"] },
    Room { name: "live", words: &["diesel"], rooms: &["store", "http", "port"] },
];

/// The face and whatever else stands beside the rooms.
const BESIDE: Room = Room { name: "", words: &["diesel", "actix", "ToSchema"], rooms: &[] };

/// The part of a path below `modules/<context>/src/`.
fn inside_context(path: &str) -> Option<&str> {
    let (context, rest) = path.strip_prefix("modules/")?.split_once('/')?;
    CONTEXT_MAP.contains(&context).then(|| rest.strip_prefix("src/"))?
}

/// The room of a file is its folder, or for `domain.rs` its name.
fn room_of(inside: &str) -> Result<&'static Room, String> {
    let (first, is_folder) = match inside.split_once('/') {
        Some((folder, _)) => (folder, true),
        None => (inside.trim_end_matches(".rs"), false),
    };
    match ROOMS.iter().find(|room| room.name == first) {
        Some(room) => Ok(room),
        None if is_folder => Err(format!("{first}/ is no room of a context")),
        None => Ok(&BESIDE),
    }
}

/// The faults of all these files. Tests in files of their own may look into any room: they put a context together.
fn faults_of_all(sources: &[Source]) -> Vec<String> {
    let tests = test_modules(sources);
    let is_test = |source: &&Source| {
        tests
            .iter()
            .any(|module| source.path.strip_prefix(module).is_some_and(|rest| rest.starts_with(['.', '/'])))
    };
    sources.iter().filter(|source| !is_test(source)).flat_map(faults_of).collect()
}

fn faults_of(source: &Source) -> Vec<String> {
    let Some(inside) = inside_context(&source.path) else { return Vec::new() };
    let room = match room_of(inside) {
        Ok(room) => room,
        Err(fault) => return vec![format!("{}: {fault}", source.path)],
    };
    let code = source.code();
    let mut faults = Vec::new();
    for (line, word) in words(&code) {
        let is = |banned: &str| {
            word.strip_prefix(banned).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
        };
        if room.words.iter().any(|banned| is(banned)) {
            faults.push(format!("{}:{line}: `{word}` has no place here", source.path));
        }
    }
    for (line, name) in names_from_crate(&code) {
        if room.rooms.contains(&name.as_str()) {
            faults.push(format!("{}:{line}: {} may not look into {name}", source.path, room.name));
        }
    }
    if inside == "lib.rs" && code.lines().any(|line| line.starts_with("pub mod ")) {
        faults.push(format!("{}: the face is all that is public: no `pub mod`", source.path));
    }
    faults
}

mod checks {
    use super::*;
    use crate::assert_clean;
    use crate::graph::root;

    #[test]
    fn no_room_names_what_it_must_not() {
        let sources = read_all(&["modules"]);
        let scanned: Vec<&Source> =
            sources.iter().filter(|source| inside_context(&source.path).is_some()).collect();
        assert_clean(&faults_of_all(&sources));
        for context in CONTEXT_MAP.iter().filter(|context| root().join("modules").join(context).exists()) {
            for room in ["domain", "app", "store", "http"] {
                let place = format!("modules/{context}/src/{room}");
                assert!(
                    scanned.iter().any(|source| source.path.starts_with(&place)),
                    "{place} was not scanned"
                );
            }
        }
    }
}

mod controls {
    use super::*;
    use crate::assert_finds;

    #[track_caller]
    fn found(path: &str, text: &str, planted: &str) {
        assert_finds(&faults_of(&Source::new(path, text)), &format!("{path}{planted}"));
    }

    #[test]
    fn words_in_the_wrong_room_are_found() {
        let game = |room: &str| format!("modules/game/src/{room}");
        found(&game("domain/game.rs"), "use serde::Serializer;", ":1: `serde` has no place here");
        found(&game("domain.rs"), "\npub async fn load() {}", ":2: `async` has no place here");
        found(&game("app/play.rs"), "use diesel_async::RunQueryDsl;", ":1: `diesel_async` has no place here");
        found(&game("app/play.rs"), "#[derive(Serialize)] struct Wire;", ":1: `Serialize` has no place here");
        found(&game("store/rows.rs"), "use actix_web::web;", ":1: `actix_web` has no place here");
        found(&game("http/play.rs"), "use diesel::prelude::*;", ":1: `diesel` has no place here");
        found(&game("live/topic.rs"), "use diesel::prelude::*;", ":1: `diesel` has no place here");
        found(&game("port.rs"), "use actix_web::web;", ":1: `actix_web` has no place here");
        found(&game("lib.rs"), "use diesel::table;", ":1: `diesel` has no place here");
    }

    #[test]
    fn looks_into_an_outer_room_are_found() {
        found("modules/game/src/domain/a.rs", "use crate::store::Row;", ":1: domain may not look into store");
        found(
            "modules/game/src/domain/a.rs",
            "use super::super::app::X;",
            ":1: domain may not look into app",
        );
        found(
            "modules/game/src/app/a.rs",
            "use crate::{domain::A, http::B};",
            ":1: app may not look into http",
        );
        found("modules/game/src/store/a.rs", "use crate::app::A;", ":1: store may not look into app");
        found("modules/game/src/http/a.rs", "use crate::store::A;", ":1: http may not look into store");
        found("modules/game/src/live/a.rs", "use crate::http::A;", ":1: live may not look into http");
    }

    #[test]
    fn an_unknown_room_and_a_public_module_are_found() {
        found("modules/chat/src/services/a.rs", "", ": services/ is no room of a context");
        found("modules/chat/src/lib.rs", "pub mod app;", ": the face is all that is public: no `pub mod`");
    }

    #[test]
    fn only_tests_in_files_of_their_own_may_look_everywhere() {
        let app = Source::new("modules/game/src/app/mod.rs", "#[cfg(test)]\nmod stories;\nmod play;\n");
        let stories = Source::new("modules/game/src/app/stories.rs", "use crate::live::Topic;\n");
        let play = Source::new("modules/game/src/app/play.rs", "use crate::live::Topic;\n");
        let planted = "modules/game/src/app/play.rs:1: app may not look into live";
        assert_finds(&faults_of_all(&[app, stories, play]), planted);
    }

    #[test]
    fn what_is_only_said_or_stands_elsewhere_is_no_fault() {
        let fine = "//! No diesel here.\nconst WHY: &str = \"tokio\";\nstruct DieselStore;\n";
        assert_eq!(faults_of(&Source::new("modules/game/src/domain/game.rs", fine)), [""; 0]);
        assert_eq!(faults_of(&Source::new("modules/platform/src/db.rs", "use diesel::a;")), [""; 0]);
        assert_eq!(faults_of(&Source::new("modules/game/src/store/a.rs", "use diesel::a;")), [""; 0]);
    }
}
