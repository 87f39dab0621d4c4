//! Text from elsewhere on its way to a terminal: it may say anything, but not move the cursor, colour what follows or
//! turn the direction of reading.

/// Longer texts are cut: a fault is told in a line, whatever the file that has it.
const LONGEST: usize = 400;

/// The text with every character that a terminal acts on replaced, and cut when it is longer than a person reads.
pub(super) fn plain(text: &str) -> String {
    let mut letters = text.chars();
    let mut kept: String =
        letters.by_ref().take(LONGEST).map(|letter| if acts(letter) { '?' } else { letter }).collect();
    if letters.next().is_some() {
        kept.push('…');
    }
    kept
}

/// Controls (C0, DEL, C1), line and paragraph separators, and the marks that embed, override or isolate a direction
/// (Unicode Standard Annex 9).
fn acts(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn nothing_reaches_a_terminal_that_it_would_act_on() {
        let hostile = "\u{1b}[2J\u{1b}[H ok\r\n\u{7f}\u{9b}8m\u{202e}dlot\u{2066}\u{200f}";
        assert_eq!(plain(hostile), "?[2J?[H ok????8m?dlot??");
    }

    #[test]
    fn other_text_stays_as_it_is_unless_it_is_endless() {
        assert_eq!(plain("Ngọzi 名前 { \"a\": 1 }"), "Ngọzi 名前 { \"a\": 1 }");
        assert_eq!(plain(&"x".repeat(400)), "x".repeat(400));
        assert_eq!(plain(&"x".repeat(1_000_000)), format!("{}…", "x".repeat(400)));
    }
}
