//! Who may use whom: every edge between our own crates against the table of the architecture.

use std::fs;

use crate::graph::{Graph, Kind, root};
use crate::sources::{Source, read_all};

/// The context map: a context may call those to its left; facts that must reach the left travel as events.
pub(crate) const CONTEXT_MAP: [&str; 5] = ["identity", "customer", "game", "chat", "moderation"];

/// What a member of the workspace is, by where it lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role<'a> {
    Root,
    Kernel,
    Platform,
    Context(&'a str),
    Api(&'a str),
    Engine(&'a str),
    Record(&'a str),
    Bots(&'a str),
    Chores,
    Console,
}

impl<'a> Role<'a> {
    pub(crate) fn of(folder: &'a str) -> Option<Self> {
        let known = |context| CONTEXT_MAP.contains(&context);
        Some(match folder.split('/').collect::<Vec<_>>()[..] {
            [""] => Self::Root,
            ["modules", "kernel"] => Self::Kernel,
            ["modules", "platform"] => Self::Platform,
            ["modules", context] if known(context) => Self::Context(context),
            ["modules", context, "api"] if known(context) => Self::Api(context),
            ["modules", context, "engine"] if known(context) => Self::Engine(context),
            ["modules", context, "record"] if known(context) => Self::Record(context),
            ["modules", context, "bots"] if known(context) => Self::Bots(context),
            ["xtask"] => Self::Chores,
            ["web-console"] => Self::Console,
            _ => return None,
        })
    }

    /// The table. Development dependencies of a context may add the fakes of other contexts' apis, never a context.
    fn may_use(self, other: Self, kind: Kind) -> bool {
        match (self, other) {
            (Self::Root, other) => !matches!(other, Self::Root | Self::Chores),
            (
                Self::Api(_)
                | Self::Engine(_)
                | Self::Record(_)
                | Self::Bots(_)
                | Self::Platform
                | Self::Context(_),
                Self::Kernel,
            )
            | (Self::Context(_), Self::Platform) => true,
            (Self::Context(own), Self::Api(asked)) => {
                own == asked || left_of(asked, own) || kind == Kind::Dev
            }
            (Self::Context(own), Self::Engine(asked) | Self::Record(asked) | Self::Bots(asked))
            | (Self::Record(own) | Self::Bots(own), Self::Engine(asked)) => own == asked,
            _ => false,
        }
    }
}

fn left_of(one: &str, other: &str) -> bool {
    let position = |name| CONTEXT_MAP.iter().position(|context| *context == name);
    position(one) < position(other)
}

fn faulty_edges(graph: &Graph) -> Vec<String> {
    let mut faults = Vec::new();
    for (krate, folder) in graph.members() {
        let Some(role) = Role::of(folder) else {
            faults.push(format!("{folder}/ has no place in the architecture"));
            continue;
        };
        for edge in &krate.edges {
            let used = &graph.crates[&edge.to];
            let Some(other) = used.folder.as_deref().and_then(Role::of) else { continue };
            // A crate's tests may ask it for its own `testing` feature.
            let itself = used.name == krate.name && edge.kind == Kind::Dev;
            if !itself && !role.may_use(other, edge.kind) {
                faults.push(format!("{} may not use {} ({:?})", krate.name, used.name, edge.kind));
            }
            if edge.kind == Kind::Use && edge.features.iter().any(|feature| feature == "testing") {
                faults.push(format!(
                    "{} uses {} with its feature `testing` outside of tests",
                    krate.name, used.name
                ));
            }
        }
    }
    faults
}

/// Every folder of `modules/` is kernel, platform, or a context of the map with its api, and all are members.
fn misplaced_modules(modules: &[String], graph: &Graph) -> Vec<String> {
    let is_member = |wanted: &str| graph.members().any(|(_, folder)| folder == wanted);
    let mut faults = Vec::new();
    for module in modules {
        let folder = format!("modules/{module}");
        let Some(role) = Role::of(&folder) else {
            faults.push(format!("{folder}/ is not in the context map"));
            continue;
        };
        let parts = if matches!(role, Role::Context(_)) { &["", "/api"][..] } else { &[""] };
        for part in parts {
            if !is_member(&format!("{folder}{part}")) {
                faults.push(format!("{folder}{part}/ is no member of the workspace"));
            }
        }
    }
    faults
}

/// Crates that stand outside the workspace on purpose, and which of ours they may use: nobody needs their tools to build
/// and test the rest.
const OUTSIDE: [(&str, &[&str]); 1] = [("tests/fuzz", &["game-record", "platform"])];

/// Manifests of crates that are neither members nor known outsiders, and outsiders that use what they may not.
fn strays(manifests: &[Source], graph: &Graph) -> Vec<String> {
    let mut faults = Vec::new();
    for manifest in manifests {
        let Some(folder) = manifest.path.strip_suffix("/Cargo.toml") else { continue };
        if graph.members().any(|(_, member)| member == folder) {
            continue;
        }
        let Some((_, ours)) = OUTSIDE.iter().find(|(outside, _)| *outside == folder) else {
            faults.push(format!("{folder}/ is a crate that is no member of the workspace"));
            continue;
        };
        let used = manifest.text.lines().filter(|line| line.contains("path = \"../"));
        let names = used.map(|line| line.split(' ').next().unwrap_or_default());
        faults.extend(
            names.filter(|name| !ours.contains(name)).map(|name| format!("{folder}/ may not use {name}")),
        );
    }
    faults
}

fn modules_of_the_tree() -> Vec<String> {
    let folders = fs::read_dir(root().join("modules")).unwrap().map(Result::unwrap);
    let folders = folders.filter(|entry| entry.path().is_dir());
    folders.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

/// Whether a manifest takes the workspace's lints.
fn inherits_lints(manifest: &str) -> bool {
    let mut lines = manifest.lines().map(str::trim).skip_while(|line| *line != "[lints]").skip(1);
    lines.find(|line| !line.is_empty()) == Some("workspace = true")
}

mod checks {
    use super::*;
    use crate::assert_clean;

    #[test]
    fn every_edge_between_our_crates_is_in_the_table() {
        let graph = Graph::of_the_workspace();
        assert!(graph.members().count() > 9, "the members were not found");
        assert_clean(&faulty_edges(graph));
    }

    #[test]
    fn every_module_of_the_tree_is_in_the_context_map() {
        let modules = modules_of_the_tree();
        assert!(modules.len() >= 5, "the modules were not found");
        assert_clean(&misplaced_modules(&modules, Graph::of_the_workspace()));
    }

    #[test]
    fn every_crate_is_a_member_or_a_known_outsider() {
        let sources = read_all(&["modules", "src", "tests", "xtask"]);
        let manifests: Vec<Source> =
            sources.into_iter().filter(|source| source.path.ends_with("/Cargo.toml")).collect();
        assert!(manifests.len() > 8, "the manifests were not found");
        assert_clean(&strays(&manifests, Graph::of_the_workspace()));
        for (outside, _) in OUTSIDE {
            assert!(
                manifests.iter().any(|manifest| manifest.path == format!("{outside}/Cargo.toml")),
                "{outside}"
            );
        }
    }

    #[test]
    fn every_crate_takes_the_lints_of_the_workspace() {
        let manifest = |folder: &str| fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
        let members = Graph::of_the_workspace().members();
        let without = members.filter(|(_, folder)| !inherits_lints(&manifest(folder)));
        assert_clean(
            &without.map(|(krate, _)| format!("{} has lints of its own", krate.name)).collect::<Vec<_>>(),
        );
    }

    #[test]
    fn one_clippy_configuration_rules_all_crates() {
        let nearer = |folder: &str| {
            ["clippy.toml", ".clippy.toml"].iter().any(|name| root().join(folder).join(name).exists())
        };
        let members = Graph::of_the_workspace().members();
        let own = members.filter(|(_, folder)| !folder.is_empty() && nearer(folder));
        assert_clean(
            &own.map(|(krate, _)| format!("{} hides the root's clippy.toml", krate.name)).collect::<Vec<_>>(),
        );
    }
}

mod controls {
    use super::*;
    use crate::assert_finds;

    fn with(from: &str, to: &str, kind: Kind) -> Vec<String> {
        faulty_edges(&Graph::of_the_workspace().with_edge(from, to, kind, &[]))
    }

    #[test]
    fn a_planted_edge_is_found_and_nothing_else() {
        for (from, to) in [
            ("kernel", "game-engine"),
            ("game-engine", "platform"),
            ("game-engine", "game-bots"),
            ("game-bots", "platform"),
            ("game-bots", "game-api"),
            ("game-bots", "game"),
            ("customer", "game-bots"),
            ("game-engine", "game-record"),
            ("game-record", "platform"),
            ("game-record", "game-api"),
            ("customer", "game-record"),
            ("identity-api", "platform"),
            ("identity-api", "customer-api"),
            ("platform", "identity-api"),
            ("identity", "customer-api"),
            ("customer", "identity"),
            ("customer", "game-engine"),
            ("game", "customer"),
            ("xtask", "kernel"),
            ("game", "whot"),
            ("whot", "xtask"),
        ] {
            assert_finds(&with(from, to, Kind::Use), &format!("{from} may not use {to} (Use)"));
        }
    }

    #[test]
    fn development_edges_are_judged_by_themselves() {
        assert_eq!(with("identity", "customer-api", Kind::Dev), [""; 0]);
        assert_finds(&with("identity", "customer", Kind::Dev), "identity may not use customer (Dev)");
        assert_finds(&with("kernel", "platform", Kind::Dev), "kernel may not use platform (Dev)");
    }

    #[test]
    fn test_doubles_in_what_is_shipped_are_found() {
        let doctored =
            Graph::of_the_workspace().with_edge("customer", "identity-api", Kind::Use, &["testing"]);
        let planted = "customer uses identity-api with its feature `testing` outside of tests";
        assert_finds(&faulty_edges(&doctored), planted);
    }

    #[test]
    fn an_unknown_module_is_found() {
        let doctored = Graph::of_the_workspace().with_crate("payments", Some("modules/payments"), None);
        assert_finds(&faulty_edges(&doctored), "modules/payments/ has no place in the architecture");
        let modules = ["payments".to_owned()];
        assert_finds(&misplaced_modules(&modules, &doctored), "modules/payments/ is not in the context map");
    }

    #[test]
    fn a_crate_that_nobody_builds_is_found() {
        let graph = Graph::of_the_workspace();
        let hidden = Source::new("tests/hidden/Cargo.toml", "[package]\n");
        assert_finds(
            &strays(&[hidden], graph),
            "tests/hidden/ is a crate that is no member of the workspace",
        );
        let grown =
            "platform = { path = \"../../modules/platform\" }\ngame = { path = \"../../modules/game\" }\n";
        let grown = Source::new("tests/fuzz/Cargo.toml", grown);
        assert_finds(&strays(&[grown], graph), "tests/fuzz/ may not use game");
    }

    #[test]
    fn a_module_outside_the_workspace_is_found() {
        let mut doctored = Graph::of_the_workspace().clone();
        doctored.crates.remove(&doctored.key("game-api"));
        let modules = ["game".to_owned()];
        assert_finds(
            &misplaced_modules(&modules, &doctored),
            "modules/game/api/ is no member of the workspace",
        );
    }

    #[test]
    fn lints_of_ones_own_are_found() {
        assert!(inherits_lints("[package]\n\n[lints]\nworkspace = true\n"));
        assert!(!inherits_lints("[package]\n\n[lints.rust]\nunsafe_code = \"allow\"\n"));
        assert!(!inherits_lints("[package]\nworkspace = true\n"));
    }
}
