//! A planted bug as a file: what it changes, why it matters, and the test that must notice.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

pub(super) struct Patch {
    pub(super) name: String,
    pub(super) file: PathBuf,
    pub(super) why: String,
    pub(super) test: NamedTest,
}

/// The tests of a package, or of one of its integration tests, whose names contain the filter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NamedTest {
    pub(super) package: String,
    pub(super) target: Option<String>,
    pub(super) filter: String,
}

impl fmt::Display for NamedTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = self.target.as_ref().map(|target| format!("/{target}")).unwrap_or_default();
        write!(f, "{}{target} {}", self.package, self.filter)
    }
}

/// The patches of a folder in the order of their names, or those whose names contain `only`.
pub(super) fn read_all(folder: &Path, only: Option<&str>) -> Result<Vec<Patch>> {
    let mut patches = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let file = entry?.path();
        let Some(name) =
            file.file_name().and_then(|name| name.to_str()?.strip_suffix(".patch")).map(str::to_owned)
        else {
            continue;
        };
        if only.is_none_or(|part| name.contains(part)) {
            let whole = fs::read_to_string(&file)?;
            let (test, why) = header(&whole).with_context(|| format!("the header of {name}.patch"))?;
            patches.push(Patch { name, file, why, test });
        }
    }
    patches.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(patches)
}

fn header(whole: &str) -> Result<(NamedTest, String)> {
    let field = |name: &str| {
        let mut comments = whole.lines().map_while(|line| line.strip_prefix("# "));
        let value = comments.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        value.map(str::trim).with_context(|| format!("there is no line `# {name}: ...`"))
    };
    let (place, filter) =
        field("test")?.split_once(' ').context("the test is `<package>[/<target>] <filter>`")?;
    let (package, target) = match place.split_once('/') {
        Some((package, target)) => (package, Some(target.to_owned())),
        None => (place, None),
    };
    let test = NamedTest { package: package.to_owned(), target, filter: filter.trim().to_owned() };
    Ok((test, field("why")?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_names_the_test_and_the_reason() {
        let (test, why) =
            header("# test: game/blackbox races::one\n# why: two winners\n\n--- a/x\n").unwrap();
        assert_eq!(test.to_string(), "game/blackbox races::one");
        assert_eq!(test.target.as_deref(), Some("blackbox"));
        assert_eq!(why, "two winners");
    }

    #[test]
    fn a_header_without_a_reason_or_a_filter_is_refused() {
        assert!(header("# test: game races::one\n--- a/x\n").is_err());
        assert!(header("# test: game\n# why: two winners\n").is_err());
        assert!(header("--- a/x\n# test: game a\n# why: b\n").is_err());
    }
}
