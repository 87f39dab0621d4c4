//! Every crate in the build is licensed under terms that deny.toml allows; the list there is the only one.

use std::fs;

use crate::graph::{Graph, root};

/// The strings of the first `allow = [...]` in deny.toml.
fn allowed(deny: &str) -> Vec<&str> {
    let list = deny.split_once("\nallow = [").and_then(|(_, rest)| rest.split_once(']'));
    list.map(|(list, _)| list.split('"').skip(1).step_by(2).collect()).unwrap_or_default()
}

/// Whether an SPDX expression can be met with the allowed licences only.
fn is_met(expression: &str, allowed: &[&str]) -> bool {
    // `MIT/Apache-2.0` is how older manifests write OR.
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = &tokens[..];
    let met = any_of(&mut rest, allowed);
    met && rest.is_empty()
}

fn any_of(rest: &mut &[&str], allowed: &[&str]) -> bool {
    let mut met = all_of(rest, allowed);
    while let ["OR", tail @ ..] = *rest {
        *rest = tail;
        met |= all_of(rest, allowed);
    }
    met
}

fn all_of(rest: &mut &[&str], allowed: &[&str]) -> bool {
    let mut met = one(rest, allowed);
    while let ["AND", tail @ ..] = *rest {
        *rest = tail;
        met &= one(rest, allowed);
    }
    met
}

fn one(rest: &mut &[&str], allowed: &[&str]) -> bool {
    match *rest {
        ["(", tail @ ..] => {
            *rest = tail;
            let met = any_of(rest, allowed);
            *rest = rest.strip_prefix(&[")"]).unwrap_or(rest);
            met
        }
        [licence, "WITH", exception, tail @ ..] => {
            *rest = tail;
            allowed.contains(&format!("{licence} WITH {exception}").as_str()) || allowed.contains(licence)
        }
        [licence, tail @ ..] => {
            *rest = tail;
            allowed.contains(licence)
        }
        [] => false,
    }
}

fn unlicensed(graph: &Graph, allowed: &[&str]) -> Vec<String> {
    let theirs = graph.crates.values().filter(|krate| krate.folder.is_none());
    let unmet = theirs.filter(|krate| !krate.licence.as_deref().is_some_and(|text| is_met(text, allowed)));
    unmet.map(|krate| format!("{} is licensed under {:?}", krate.name, krate.licence)).collect()
}

#[test]
fn every_crate_is_licensed_under_allowed_terms() {
    let deny = fs::read_to_string(root().join("deny.toml")).unwrap();
    let allowed = allowed(&deny);
    assert!(allowed.contains(&"MIT"), "the list in deny.toml was not found");
    assert!(!allowed.iter().any(|licence| licence.contains("GPL")), "GPL is not for this project");
    crate::assert_clean(&unlicensed(Graph::of_the_workspace(), &allowed));
}

#[test]
fn planted_licences_are_found() {
    for (licence, said) in [(Some("GPL-3.0-or-later"), "Some(\"GPL-3.0-or-later\")"), (None, "None")] {
        let planted = Graph::of_the_workspace().with_crate("stray", None, licence);
        let deny = fs::read_to_string(root().join("deny.toml")).unwrap();
        let found = unlicensed(&planted, &allowed(&deny));
        crate::assert_finds(&found, &format!("stray is licensed under {said}"));
    }
}

#[test]
fn licence_expressions_are_read_as_spdx_says() {
    let allowed = ["MIT", "Apache-2.0", "Unicode-3.0"];
    for met in ["MIT", "GPL-3.0 OR MIT", "MIT/BSL-1.0", "(MIT OR GPL-3.0) AND Unicode-3.0"] {
        assert!(is_met(met, &allowed), "{met}");
    }
    for unmet in ["GPL-3.0", "MIT AND GPL-3.0", "(MIT OR Apache-2.0) AND GPL-3.0", "", "MIT MIT"] {
        assert!(!is_met(unmet, &allowed), "{unmet}");
    }
}
