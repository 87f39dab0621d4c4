//! What the documents point at exists: an invariant without the test that holds it is a wish.

use std::path::Path;

use crate::graph::root;
use crate::sources::read_all;

const DOCUMENTS: [&str; 3] = ["ARCHITECTURE.md", "README.md", "docs"];

/// The folders and files of the project that a document names in `backticks`; patterns and placeholders are no names.
fn places_named(text: &str) -> impl Iterator<Item = &str> {
    const TOP: [&str; 9] =
        ["modules", "src", "tests", "migrations", "config", "docs", "xtask", "deploy", "ios-api-spec"];
    let quoted = text.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    quoted.filter(|quote| {
        let inside = quote.split_once('/').is_some_and(|(top, _)| TOP.contains(&top));
        inside && !quote.contains(['<', '*', '{', ' ', '…'])
    })
}

fn missing(document: &str, text: &str, exists: impl Fn(&Path) -> bool) -> Vec<String> {
    let gone = places_named(text).filter(|place| !exists(Path::new(place)));
    gone.map(|place| format!("{document} names {place}, which does not exist")).collect()
}

#[test]
fn every_place_that_a_document_names_exists() {
    let there: Vec<&str> = DOCUMENTS.into_iter().filter(|document| root().join(document).exists()).collect();
    let documents = read_all(&there);
    assert!(
        documents.iter().any(|document| places_named(&document.text).count() > 5),
        "no document names places"
    );
    let faults = documents
        .iter()
        .flat_map(|document| missing(&document.path, &document.text, |place| root().join(place).exists()));
    crate::assert_clean(&faults.collect::<Vec<_>>());
}

#[test]
fn a_place_that_is_gone_is_found() {
    let text = "held by `tests/gone.rs`, not `tests/<name>.rs`, `app/here.rs` or `tests/*.patch`; see `tests/there.rs`";
    let found = missing("A.md", text, |place| place == Path::new("tests/there.rs"));
    crate::assert_finds(&found, "A.md names tests/gone.rs, which does not exist");
}
