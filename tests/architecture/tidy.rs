//! What no file may contain: a missing introduction, a name that says nothing, a clock or random source outside its
//! home, unfinished work, places that exist on one machine only.

use std::path::Path;

use crate::sources::{Source, read_all};

/// Everything that is ours and text.
const PROJECT: [&str; 17] = [
    ".cargo",
    ".ci",
    ".dockerignore",
    "Cargo.toml",
    "Dockerfile",
    "README.md",
    "ARCHITECTURE.md",
    "clippy.toml",
    "config",
    "deny.toml",
    "deploy",
    "docs",
    "ios-api-spec",
    "migrations",
    "modules",
    "src",
    "tests",
];
const CHORES: [&str; 2] = ["xtask", "web-console"];

const LONGEST: usize = 600;

const NAMES_THAT_SAY_NOTHING: [&str; 8] =
    ["common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"];

/// Reading the wall clock or the global random source.
const GLOBAL_SOURCES: [&str; 12] = [
    "SystemTime::now",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "Utc::now",
    "now_v7",
    "new_v4",
    "getrandom",
    "rand::rng",
    "rand::random",
    "thread_rng",
    "SysRng",
];

/// The only files that may: one home each, and the chores' stopwatch, which must not use ours.
const HOMES: [&str; 3] =
    ["modules/platform/src/clock.rs", "modules/platform/src/random.rs", "xtask/src/stopwatch.rs"];

// In two halves, so that this file does not contain what it looks for.
const UNFINISHED: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
const STUBS: [&str; 2] = ["todo!", "unimplemented!"];
const ELSEWHERE: [&str; 9] = [
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
    concat!("/wo", "rk/"),
    concat!("/tm", "p/plan"),
    concat!("index.", "crates", ".io"),
    concat!("static.", "crates", ".io"),
    concat!("registry.", "npmjs.org"),
    concat!("arti", "factory"),
];

fn faults_of(source: &Source) -> Vec<String> {
    let mut faults = faults_of_text(source);
    if source.is_rust() {
        faults.extend(faults_of_rust(source));
    }
    faults.into_iter().map(|fault| format!("{}{fault}", source.path)).collect()
}

fn faults_of_text(source: &Source) -> Vec<String> {
    let mut faults = Vec::new();
    for (number, line) in (1..).zip(source.text.lines()) {
        for word in UNFINISHED.iter().filter(|word| has_word(line, word)) {
            faults.push(format!(":{number}: unfinished work: {word}"));
        }
        for place in ELSEWHERE.iter().filter(|place| line.contains(**place)) {
            faults.push(format!(":{number}: {place} is not everyone's"));
        }
    }
    let parts = Path::new(&source.path).iter().filter_map(|part| Path::new(part).file_stem()?.to_str());
    for name in parts.filter(|name| NAMES_THAT_SAY_NOTHING.contains(name)) {
        faults.push(format!(": `{name}` says nothing"));
    }
    faults
}

fn faults_of_rust(source: &Source) -> Vec<String> {
    let mut faults = Vec::new();
    if !source.text.starts_with("//! ") {
        faults.push(": begins without saying what lives here".to_owned());
    }
    let length = source.text.lines().count();
    if length > LONGEST {
        faults.push(format!(": {length} lines, more than {LONGEST}"));
    }
    for (number, line) in (1..).zip(source.code().lines()) {
        if !HOMES.contains(&source.path.as_str()) {
            for found in GLOBAL_SOURCES.iter().filter(|global| has_word(line, global)) {
                faults.push(format!(":{number}: {found}: take kernel::Clock or kernel::Random"));
            }
        }
        for stub in STUBS.iter().filter(|stub| line.contains(**stub)) {
            faults.push(format!(":{number}: unfinished work: {stub}"));
        }
    }
    faults
}

/// Whether a line contains this with no letter, digit or underscore touching it.
fn has_word(line: &str, wanted: &str) -> bool {
    let touches = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(wanted).any(|(at, _)| {
        !touches(line[..at].chars().next_back()) && !touches(line[at + wanted.len()..].chars().next())
    })
}

mod checks {
    use super::*;
    use crate::assert_clean;
    use crate::graph::root;

    #[test]
    fn every_file_is_tidy() {
        let places: Vec<&str> =
            PROJECT.into_iter().chain(CHORES).filter(|place| root().join(place).exists()).collect();
        let sources = read_all(&places);
        assert!(sources.iter().filter(|source| source.is_rust()).count() > 50, "the sources were not found");
        assert_clean(&sources.iter().flat_map(faults_of).collect::<Vec<_>>());
    }

    #[test]
    fn the_homes_of_clock_and_randomness_exist() {
        for home in HOMES {
            assert!(root().join(home).exists(), "{home}");
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
    fn a_file_without_introduction_is_found() {
        found("src/http.rs", "use std::fs;\n", ": begins without saying what lives here");
    }

    #[test]
    fn names_that_say_nothing_are_found() {
        found("src/utils.rs", "//! Things.\n", ": `utils` says nothing");
        found("src/common/http.rs", "//! Things.\n", ": `common` says nothing");
    }

    #[test]
    fn every_global_source_outside_its_home_is_found() {
        for global in GLOBAL_SOURCES {
            let text = format!("//! Things.\nfn f() {{ {global}(); }}\n");
            found("src/http.rs", &text, &format!(":2: {global}: take kernel::Clock or kernel::Random"));
            assert_eq!(faults_of(&Source::new("modules/platform/src/clock.rs", &text)), [""; 0]);
        }
        let said = "//! Never SystemTime::now.\nconst RULE: &str = \"Instant::now\";\n";
        assert_eq!(faults_of(&Source::new("src/http.rs", said)), [""; 0]);
    }

    #[test]
    fn unfinished_work_is_found() {
        for word in UNFINISHED {
            found("docs/a.md", &format!("{word}: later\n"), &format!(":1: unfinished work: {word}"));
        }
        for stub in STUBS {
            let text = format!("//! Things.\nfn f() {{ {stub}() }}\n");
            found("src/http.rs", &text, &format!(":2: unfinished work: {stub}"));
        }
    }

    #[test]
    fn places_of_one_machine_are_found() {
        for place in ELSEWHERE {
            found("README.md", &format!("see {place}x\n"), &format!(":1: {place} is not everyone's"));
        }
    }

    #[test]
    fn a_file_that_grew_too_long_is_found() {
        let text = "//! Things.\n".repeat(LONGEST + 1);
        found("src/http.rs", &text, &format!(": {} lines, more than {LONGEST}", LONGEST + 1));
    }
}
