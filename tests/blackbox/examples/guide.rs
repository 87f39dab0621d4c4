//! GUIDE.md shows nothing that no test has run: each of its JSON blocks is a part of an example, and says which.

use serde_json::Value;

use super::transcript;

/// One block: where it comes from, and what it says.
struct Block {
    line: usize,
    source: Option<String>,
    text: String,
}

/// The fenced blocks of JSON, each with the comment `<!-- example: file#step.member -->` on the line before it.
fn blocks(guide: &str) -> Vec<Block> {
    let lines: Vec<&str> = guide.lines().collect();
    let starts = lines.iter().enumerate().filter(|(_, line)| line.trim_end() == "```json");
    starts
        .map(|(start, _)| {
            let before = start.checked_sub(1).and_then(|line| lines.get(line)).copied().unwrap_or_default();
            let source =
                before.trim().strip_prefix("<!-- example: ").and_then(|rest| rest.strip_suffix(" -->"));
            let text: Vec<&str> =
                lines.iter().skip(start + 1).take_while(|line| **line != "```").copied().collect();
            Block { line: start + 1, source: source.map(str::to_owned), text: text.join("\n") }
        })
        .collect()
}

/// `onboarding#redeem.response.body` in the file onboarding.json.
fn part(source: &str) -> Option<Value> {
    let (file, path) = source.split_once('#')?;
    let mut names = path.split('.');
    let id = names.next()?;
    let example = transcript::names().contains(&file.to_owned()).then(|| transcript::raw(file))?;
    let step = example["steps"].as_array()?.iter().find(|step| step["id"] == id)?.clone();
    names.try_fold(step, |at, name| at.get(name).cloned())
}

fn fault(block: &Block) -> Option<String> {
    let line = block.line;
    let Some(source) = &block.source else {
        return Some(format!("line {line}: the block does not say its example"));
    };
    let Some(expected) = part(source) else {
        return Some(format!("line {line}: {source} is no part of an example"));
    };
    match serde_json::from_str::<Value>(&block.text) {
        Ok(shown) if shown == expected => None,
        Ok(_) => Some(format!("line {line}: {source} says otherwise:\n{expected:#}")),
        Err(error) => Some(format!("line {line}: {error}")),
    }
}

#[test]
fn every_json_block_of_the_guide_is_a_part_of_an_example_that_is_run() {
    let guide = include_str!("../../../ios-api-spec/GUIDE.md");
    let blocks = blocks(guide);
    assert!(blocks.len() >= 12, "the guide shows {} blocks", blocks.len());
    let faults: Vec<String> = blocks.iter().filter_map(fault).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn a_block_that_is_of_no_example_or_another_is_found() {
    let text = "```json\n{}\n```\n<!-- example: nowhere#step -->\n```json\n{}\n```\n";
    let found: Vec<String> = blocks(text).iter().filter_map(fault).collect();
    assert_eq!(found.len(), 2, "{found:?}");
}
