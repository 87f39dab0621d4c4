//! The text of the project's files, and Rust text without its comments and literals so that scans read code only.

use std::fs;
use std::path::Path;

use crate::graph::root;

/// One file: its path from the root with `/` between folders, and its text.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// The text with comments and literals blanked, line for line.
    pub(crate) fn code(&self) -> String {
        code_of(&self.text)
    }

    pub(crate) fn is_rust(&self) -> bool {
        Path::new(&self.path).extension().is_some_and(|ending| ending == "rs")
    }
}

/// The modules in files of their own that are compiled for tests only, as paths without ending.
pub(crate) fn test_modules(sources: &[Source]) -> Vec<String> {
    let mut modules = Vec::new();
    for source in sources.iter().filter(|source| source.is_rust()) {
        let path = source.path.trim_end_matches(".rs");
        let folder =
            ["/mod", "/lib", "/main"].iter().find_map(|name| path.strip_suffix(name)).unwrap_or(path);
        let code = source.code();
        let mut lines = code.lines().map(str::trim).filter(|line| !line.is_empty()).peekable();
        while let Some(line) = lines.next() {
            let declared = lines.peek().and_then(|next| next.strip_suffix(';')?.rsplit_once("mod "));
            if let ("#[cfg(test)]", Some((_, name))) = (line, declared) {
                modules.push(format!("{folder}/{name}"));
            }
        }
    }
    modules
}

/// Every text file of the project under these folders or paths; what is generated or fetched is left out.
pub(crate) fn read_all(places: &[&str]) -> Vec<Source> {
    let mut sources = Vec::new();
    for place in places {
        walk(&root().join(place), &mut sources);
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

fn walk(path: &Path, sources: &mut Vec<Source>) {
    const NOT_OURS: [&str; 5] = ["target", "node_modules", "dist", "data", ".git"];
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap().map(Result::unwrap) {
            if !NOT_OURS.iter().any(|name| entry.file_name() == *name) {
                walk(&entry.path(), sources);
            }
        }
    } else if let Ok(text) = fs::read_to_string(path) {
        let path = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        sources.push(Source { path, text });
    }
}

/// Rust text in which each character of a comment or literal is a blank; line breaks stay.
fn code_of(text: &str) -> String {
    let mut rest = text;
    let mut code = String::with_capacity(text.len());
    while let Some(first) = rest.chars().next() {
        let after_word = code.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let literal = if after_word { prefixed_literal(rest, &code) } else { literal_length(rest) };
        if let Some(length) = literal {
            code.extend(rest[..length].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = &rest[length..];
        } else {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    code
}

/// The length of the comment or literal that the text begins with.
fn literal_length(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return Some(block_comment(text));
    }
    if let Some(inside) = text.strip_prefix('"') {
        return Some(1 + until_quote(inside, '"'));
    }
    let inside = text.strip_prefix('\'')?;
    // 'a' and '\n' are characters; 'a and 'static are lifetimes.
    let mut characters = inside.chars();
    let first = characters.next()?;
    (first == '\\' || characters.next() == Some('\'')).then(|| 1 + until_quote(inside, '\''))
}

/// After a word only a literal with that word as its prefix can begin: `b"..."`, `r#"..."#`.
fn prefixed_literal(text: &str, code: &str) -> Option<usize> {
    let begins = code.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |at| at + 1);
    let prefix = &code[begins..];
    if matches!(prefix, "r" | "br" | "cr") {
        let hashes = text.len() - text.trim_start_matches('#').len();
        let inside = text[hashes..].strip_prefix('"')?;
        let close = format!("\"{}", "#".repeat(hashes));
        let length = inside.find(&close).map_or(inside.len(), |at| at + close.len());
        return Some(hashes + 1 + length);
    }
    if matches!(prefix, "b" | "c")
        || text.starts_with("//")
        || text.starts_with("/*")
        || text.starts_with('"')
    {
        return literal_length(text);
    }
    None
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length up to and with the closing quote.
fn until_quote(inside: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in inside.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            found if found == quote => return at + 1,
            _ => {}
        }
    }
    inside.len()
}

/// The words of Rust text with their line numbers.
pub(crate) fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    code.lines().enumerate().flat_map(move |(number, line)| {
        line.split(move |c| !is_word(c)).filter(|word| !word.is_empty()).map(move |word| (number + 1, word))
    })
}

/// The names a file takes from the root of its crate, whether written `crate::a`, `crate::{a, b}` or `super::super::a`.
pub(crate) fn names_from_crate(code: &str) -> Vec<(usize, String)> {
    let mut names = Vec::new();
    for root in ["crate::", "super::super::"] {
        for (at, _) in code.match_indices(root) {
            let line = code[..at].matches('\n').count() + 1;
            let rest = &code[at + root.len()..];
            let found = match rest.trim_start().strip_prefix('{') {
                Some(group) => heads_of_group(group),
                None => vec![first_word(rest)],
            };
            names.extend(found.into_iter().map(|name| (line, name)));
        }
    }
    names
}

fn first_word(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The first words of the items of `{a::b, c::{d, e}}`: a and c.
fn heads_of_group(group: &str) -> Vec<String> {
    let mut heads = vec![first_word(group)];
    let mut depth = 1;
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 1 => break,
            '}' => depth -= 1,
            ',' if depth == 1 => heads.push(first_word(&group[at + 1..])),
            _ => {}
        }
    }
    heads.retain(|head| !head.is_empty());
    heads
}

#[test]
fn comments_and_literals_are_no_code() {
    let cases = [
        ("let a = 1; // tokio", "let a = 1;"),
        ("/* a /* b */ tokio */ let a;", "let a;"),
        ("call(\"tokio \\\" tokio\", x)", "call( , x)"),
        ("let t = r#\"tokio \" tokio\"#;", "let t = r;"),
        ("let c = '\"'; let d = 'x';", "let c = ; let d = ;"),
        ("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}"),
        ("b\"tokio\" + b'\\''", "b + b"),
    ];
    for (text, wanted) in cases {
        let squeeze = |text: &str| text.replace(' ', "");
        assert_eq!(squeeze(&code_of(text)), squeeze(wanted), "{text}");
    }
    assert_eq!(code_of("a // b\n\"c\nd\"\ne").lines().count(), 4);
}

#[test]
fn names_from_the_crate_are_seen_through_groups_and_supers() {
    let code = "use crate::store::Row;\nuse crate::{app::{a, b}, http};\nuse super::super::live::Topic;\n";
    let names = names_from_crate(code);
    let names: Vec<_> = names.iter().map(|(line, name)| (*line, name.as_str())).collect();
    assert_eq!(names, [(1, "store"), (2, "app"), (2, "http"), (3, "live")]);
}

#[test]
fn modules_for_tests_are_known_by_their_declaration() {
    let text = "mod play;\n#[cfg(test)]\nmod stories;\n\n#[cfg(test)]\nmod tests {\n}\n";
    let app = Source::new("modules/game/src/app/mod.rs", text);
    let table = Source::new("modules/game/src/domain/table.rs", "#[cfg(test)]\nmod tests;\n");
    let modules = test_modules(&[app, table]);
    assert_eq!(modules, ["modules/game/src/app/stories", "modules/game/src/domain/table/tests"]);
}
