//! The crates of the workspace and what they depend on, as cargo sees it, in a form that controls can doctor.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// The root folder of the workspace.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Part of what is built for use: normal and build dependencies.
    Use,
    /// For tests, benches and examples only.
    Dev,
}

#[derive(Debug, Clone)]
pub(crate) struct Edge {
    /// Key of the crate in [`Graph::crates`].
    pub(crate) to: String,
    pub(crate) kind: Kind,
    pub(crate) features: Vec<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Crate {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) licence: Option<String>,
    /// The folder relative to the root, for members of the workspace.
    pub(crate) folder: Option<String>,
    /// Whether it is a member, or comes from the public registry.
    pub(crate) from_known_source: bool,
    pub(crate) edges: Vec<Edge>,
}

#[derive(Debug, Clone)]
pub(crate) struct Graph {
    pub(crate) crates: BTreeMap<String, Crate>,
}

/// Reading it costs a second: once for all tests.
static WORKSPACE: LazyLock<Graph> = LazyLock::new(|| Graph::from_metadata(&metadata()));

impl Graph {
    pub(crate) fn of_the_workspace() -> &'static Self {
        &WORKSPACE
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = (&Crate, &str)> {
        self.crates.values().filter_map(|krate| Some((krate, krate.folder.as_deref()?)))
    }

    /// A copy with one more edge, between crates named by their names; `to` is added when nobody uses it.
    pub(crate) fn with_edge(&self, from: &str, to: &str, kind: Kind, features: &[&str]) -> Self {
        if self.crates.values().all(|krate| krate.name != to) {
            return self.with_crate(to, None, Some("MIT")).with_edge(from, to, kind, features);
        }
        let mut doctored = self.clone();
        let features = features.iter().map(|&feature| feature.to_owned()).collect();
        let to = self.key(to);
        let from = doctored.crates.get_mut(&self.key(from)).unwrap();
        from.edges.push(Edge { to, kind, features });
        doctored
    }

    /// A copy with one more crate, a member of the workspace when it has a folder.
    pub(crate) fn with_crate(&self, name: &str, folder: Option<&str>, licence: Option<&str>) -> Self {
        let mut doctored = self.clone();
        let planted = Crate {
            name: name.to_owned(),
            version: "0.3.27".to_owned(),
            licence: licence.map(str::to_owned),
            folder: folder.map(str::to_owned),
            from_known_source: true,
            edges: Vec::new(),
        };
        doctored.crates.insert(name.to_owned(), planted);
        doctored
    }

    pub(crate) fn key(&self, name: &str) -> String {
        let found = self.crates.iter().find(|(_, krate)| krate.name == name);
        found.expect(name).0.clone()
    }

    fn from_metadata(metadata: &Metadata) -> Self {
        let crates =
            metadata.packages.iter().map(|package| (package.id.repr.clone(), described(metadata, package)));
        let mut graph = Self { crates: crates.collect() };
        for node in &metadata.resolve.as_ref().unwrap().nodes {
            let declared = |to: &str, kind: Kind| features_asked(metadata, &node.id.repr, to, kind);
            let edges = node.deps.iter().flat_map(|dependency| {
                let kinds = dependency.dep_kinds.iter().map(|info| kind_of(info.kind));
                kinds.map(|kind| (dependency.pkg.repr.clone(), kind))
            });
            let edges = edges.map(|(to, kind)| Edge { features: declared(&to, kind), to, kind });
            graph.crates.get_mut(&node.id.repr).unwrap().edges = edges.collect();
        }
        graph
    }
}

fn described(metadata: &Metadata, package: &Package) -> Crate {
    let folder = package.manifest_path.parent().unwrap();
    let folder = folder.strip_prefix(&metadata.workspace_root).map(ToString::to_string).ok();
    let member = metadata.workspace_members.contains(&package.id);
    Crate {
        name: package.name.to_string(),
        version: package.version.to_string(),
        licence: package.license.clone(),
        folder: folder.filter(|_| member),
        from_known_source: member
            || package.source.as_ref().is_some_and(cargo_metadata::Source::is_crates_io),
        edges: Vec::new(),
    }
}

fn features_asked(metadata: &Metadata, from: &str, to: &str, kind: Kind) -> Vec<String> {
    let package = |id: &str| metadata.packages.iter().find(|package| package.id.repr == id).unwrap();
    let to = &package(to).name;
    let declared = package(from).dependencies.iter();
    let declared =
        declared.filter(|dependency| dependency.name == to.as_str() && kind_of(dependency.kind) == kind);
    declared.flat_map(|dependency| dependency.features.clone()).collect()
}

fn kind_of(kind: DependencyKind) -> Kind {
    if kind == DependencyKind::Development { Kind::Dev } else { Kind::Use }
}

/// Without the platform filter an offline run fails on crates of other platforms, which were never fetched.
fn metadata() -> Metadata {
    let host = Command::new("rustc").args(["--print", "host-tuple"]).output().unwrap();
    let host = String::from_utf8(host.stdout).unwrap();
    let mut command = MetadataCommand::new();
    command.manifest_path(root().join("Cargo.toml"));
    let options = ["--locked", "--offline", "--filter-platform", host.trim()];
    command.other_options(options.map(str::to_owned));
    command.exec().unwrap()
}
