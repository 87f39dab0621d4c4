//! What somebody typed at the table: a move, a question, or a hint at what was meant. It knows what the server lists as
//! legal, and no rules of its own.

use game_engine::{Card, Shape};
use serde_json::Value;

use super::super::cards::{Ink, sign};
use super::super::plain::plain;
use super::sight::Sight;
use super::wire::{What, play_form};
use super::words::{list, why_not};

/// What to do about a line.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Typed {
    /// Send this move.
    Send(Value),
    /// A Whot: ask which shape it calls.
    Shape(Vec<Card>),
    Resign,
    Quit,
    Help,
    Table,
    Score,
    Log,
    Rules,
    /// To one's other games; this one goes on.
    Lobby,
    Nothing,
}

pub(super) const HELP: &str = "  a card        its number in your hand, or its name: 3, circle 5, c5, ●5
  a Whot        with the shape it calls: w star, 4 star; without one you are asked
  several       where the rules allow it, in order: 2+5
  d             draw a card, or what you owe
  p             keep the card you drew, where the rules let you play it at once
  a             say \"last card\" or \"semi last\", where the rules want it said
  t             the table again        s  the score        log  the last moves
  rules         how this game is played, and what is special about it
  l             your other games and invites; this game goes on
  resign        gives the match away; you are asked again
  q             leaves the table; your clock runs, and you can come back
  * marks what can be played. Shapes: ● circle  ▲ triangle  ✚ cross  ■ square  ★ star  W20 a Whot";

/// Whether a card is in anything that may be laid now.
pub(super) fn playable(sight: &Sight, card: Card) -> bool {
    sight.legal.iter().any(|legal| matches!(&legal.what, What::Play { cards, .. } if cards.contains(&card)))
}

/// Reads a line; an error is a hint.
pub(super) fn read(line: &str, sight: &Sight, ink: Ink) -> Result<Typed, String> {
    let line = line.trim().to_lowercase();
    Ok(match line.as_str() {
        "" => Typed::Nothing,
        "?" | "h" | "help" => Typed::Help,
        "q" | "quit" | "exit" | "leave" => Typed::Quit,
        "resign" => Typed::Resign,
        "t" | "table" | "hand" => Typed::Table,
        "s" | "score" | "scores" => Typed::Score,
        "log" | "moves" => Typed::Log,
        "rules" | "how" => Typed::Rules,
        "l" | "lobby" | "games" => Typed::Lobby,
        "d" | "draw" | "market" => simple(sight, &What::Draw).ok_or_else(|| no_draw(sight, ink))?,
        "p" | "pass" | "keep" => simple(sight, &What::Pass).ok_or_else(|| no_pass(sight))?,
        "a" | "announce" | "last card" | "semi last" | "last" | "semi" => {
            simple(sight, &What::Announce).ok_or("There is nothing to announce now.")?
        }
        _ => return read_play(&line, sight, ink),
    })
}

fn simple(sight: &Sight, wanted: &What) -> Option<Typed> {
    let found = sight.legal.iter().find(|legal| legal.what == *wanted)?;
    Some(Typed::Send(found.form.clone()))
}

fn not_my_turn(sight: &Sight) -> Option<String> {
    (!sight.my_turn()).then(|| format!("It is {}'s turn.", sight.opponent()))
}

fn no_draw(sight: &Sight, ink: Ink) -> String {
    if let Some(hint) = not_my_turn(sight) {
        return hint;
    }
    match sight.waiting {
        Some(card) => format!("You have drawn: play {} or keep it with p.", ink.card(card)),
        None => "By these rules you must play while a card goes; * marks it.".to_owned(),
    }
}

fn no_pass(sight: &Sight) -> String {
    not_my_turn(sight).unwrap_or_else(|| "There is no passing: play a card, or d to draw.".to_owned())
}

fn read_play(line: &str, sight: &Sight, ink: Ink) -> Result<Typed, String> {
    if line.starts_with(BETWEEN) || line.ends_with(BETWEEN) {
        return Err("Which cards? For example 3, or 2+5 where several may be laid.".to_owned());
    }
    let (cards, call) = Words::of(line).cards(sight, ink)?;
    if let Some(hint) = not_my_turn(sight) {
        return Err(hint);
    }
    let Some(first) = cards.first().copied() else {
        return Err("Which card? ? shows how to say it.".to_owned());
    };
    if call.is_some() && !first.is_whot() {
        return Err(format!("Only a Whot calls a shape, {} does not.", ink.card(first)));
    }
    let fits = |what: &What| match what {
        What::Play { cards: laid, call: named } => *laid == cards && (call.is_none() || *named == call),
        _ => false,
    };
    if !sight.legal.iter().any(|legal| fits(&legal.what)) {
        return Err(if cards.len() > 1 {
            not_together(&cards, sight, ink)
        } else {
            why_not(first, sight, ink)
        });
    }
    if first.is_whot() && call.is_none() {
        return Ok(Typed::Shape(cards));
    }
    Ok(Typed::Send(play_form(&cards, call)))
}

fn not_together(cards: &[Card], sight: &Sight, ink: Ink) -> String {
    let grouped = |what: &What| matches!(what, What::Play { cards, .. } if cards.len() > 1);
    if sight.legal.iter().any(|legal| grouped(&legal.what)) {
        format!("{} cannot be played together like this.", list(cards.iter().copied(), ink))
    } else {
        "One card at a time: nothing can be played together now.".to_owned()
    }
}

/// What somebody means who is asked for the shape of a Whot.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    Shape(Shape),
    /// The question is left for this.
    Instead(Typed),
}

/// Reads the answer to the question for a shape; an error is a hint.
///
/// One letter is not enough for a shape: some are commands, and a Whot that is laid cannot be taken back.
pub(super) fn read_answer(text: &str, sight: &Sight, ink: Ink) -> Result<Answer, String> {
    let text = text.trim().to_lowercase();
    let letter = text.chars().count() == 1 && text.chars().all(|letter| letter.is_ascii_alphabetic());
    if letter && text != "x" && text != "o" {
        if !matches!(text.as_str(), "t" | "s" | "c") {
            return read(&text, sight, ink).map(Answer::Instead);
        }
        return Err("Which shape? Two letters at least: ci, tr, cr, sq or st (b: another card)".to_owned());
    }
    match read_shape(&text) {
        Ok(shape) => Ok(Answer::Shape(shape)),
        Err(hint) if shapes_of(&text).is_empty() => {
            read(&text, sight, ink).map(Answer::Instead).map_err(|_| hint)
        }
        Err(hint) => Err(hint),
    }
}

/// The shape that somebody named, or a hint.
pub(super) fn read_shape(text: &str) -> Result<Shape, String> {
    match shapes_of(text.trim().to_lowercase().as_str()).as_slice() {
        [shape] => Ok(*shape),
        [] => Err("circle, triangle, cross, square or star?".to_owned()),
        several => {
            let names: Vec<&str> = several.iter().map(|shape| shape.name()).collect();
            Err(format!("{}?", names.join(" or ")))
        }
    }
}

/// The shapes that a beginning of a name or a sign can mean.
fn shapes_of(text: &str) -> Vec<Shape> {
    let known = |shape: &Shape| {
        let short = match shape {
            Shape::Cross => text == "x" || text == "plus",
            Shape::Star => text == "*",
            Shape::Circle => text == "o",
            Shape::Triangle | Shape::Square => false,
        };
        !text.is_empty() && (short || shape.name().starts_with(text) || text == sign(*shape).0.to_string())
    };
    Shape::ALL.iter().copied().filter(known).collect()
}

/// What may stand between cards.
const BETWEEN: [char; 4] = ['+', ',', '-', '/'];

/// The words of a line, a name and a number that touch taken apart.
struct Words(Vec<String>);

impl Words {
    fn of(line: &str) -> Self {
        let mut words: Vec<String> = Vec::new();
        let mut joined = false;
        for letter in line.chars() {
            let breaks = letter.is_whitespace() || BETWEEN.contains(&letter);
            if breaks {
                joined = false;
                continue;
            }
            let same = words.last().and_then(|word| word.chars().last());
            let same = joined && same.is_some_and(|last| last.is_ascii_digit() == letter.is_ascii_digit());
            match words.last_mut() {
                Some(word) if same => word.push(letter),
                _ => words.push(letter.to_string()),
            }
            joined = true;
        }
        words.retain(|word| !matches!(word.as_str(), "play" | "call" | "calling" | "as" | "and"));
        Self(words)
    }

    /// The cards meant, in order, and the shape called with them.
    fn cards(&self, sight: &Sight, ink: Ink) -> Result<(Vec<Card>, Option<Shape>), String> {
        let (mut cards, mut call) = (Vec::new(), None);
        let mut words = self.0.iter().peekable();
        while let Some(word) = words.next() {
            let next: Option<u8> = words.peek().and_then(|next| next.parse().ok());
            if "whot".starts_with(word.as_str()) {
                if next == Some(20) {
                    words.next();
                }
                cards.push(held(Card::WHOT, sight, ink)?);
            } else if let Ok(number) = word.parse::<usize>() {
                cards.push(numbered(number, sight)?);
            } else if let Some(number) = next.filter(|_| !shapes_of(word).is_empty()) {
                words.next();
                cards.push(named(word, number, sight, ink)?);
            } else if call.is_none() && !shapes_of(word).is_empty() {
                call = Some(read_shape(word)?);
            } else {
                return Err(format!("\"{}\" is no card and no command; ? shows what is.", plain(word)));
            }
        }
        Ok((cards, call))
    }
}

fn numbered(number: usize, sight: &Sight) -> Result<Card, String> {
    let cards = sight.cards();
    let found = number.checked_sub(1).and_then(|place| cards.get(place)).copied();
    found.ok_or_else(|| format!("Your cards are numbered 1 to {}.", cards.len()))
}

fn held(card: Card, sight: &Sight, ink: Ink) -> Result<Card, String> {
    if sight.hand.contains(card) { Ok(card) } else { Err(format!("You do not hold {}.", ink.card(card))) }
}

/// A card by its shape, or the beginning of it, and number: one that is held, where several could be meant.
fn named(word: &str, number: u8, sight: &Sight, ink: Ink) -> Result<Card, String> {
    let meant: Vec<Card> = shapes_of(word).into_iter().filter_map(|shape| Card::new(shape, number)).collect();
    let own: Vec<Card> = meant.iter().copied().filter(|card| sight.hand.contains(*card)).collect();
    match (own.as_slice(), meant.as_slice()) {
        ([card], _) => Ok(*card),
        ([], []) => Err(format!("There is no {} {number}.", plain(word))),
        ([], meant) => Err(format!("You do not hold {}.", list(meant.iter().copied(), ink))),
        (several, _) => Err(format!("Which one: {}?", list(several.iter().copied(), ink))),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cli::play::wire::Snapshot;
    use serde_json::json;

    pub(in crate::cli::play) fn sight(changes: &Value) -> Sight {
        let mut snapshot = json!({
            "seat": "first", "players": [{"username": "ada"}, {"username": "ben"}],
            "rule_set": {"name": "naija_classic", "toggles": {}}, "round": 1, "turn": "first",
            "hand": ["circle-3", "circle-5", "cross-5", "star-5", "star-8", "whot-20"], "counts": [6, 6],
            "in_force": "circle-10", "called": null, "debt": 0, "market": 41, "pile": 0, "waiting": null,
            "scores": [0, 0], "wins": [0, 0], "announcement_due": [null, null], "run_outs": [0, 0], "outcome": null,
            "legal": [
                {"play": {"card": "circle-3"}}, {"play": {"card": "circle-5"}},
                {"play": {"card": "whot-20", "call": "star"}}, {"play": {"card": "whot-20", "call": "cross"}},
                {"draw": {}},
            ],
            "clock": {"turn": null, "reserve_ms": [60000, 60000], "away_since": [null, null], "announce_by": [null, null]},
            "fairness": {"commitment": "A"},
        });
        for (member, value) in changes.as_object().into_iter().flatten() {
            snapshot[member] = value.clone();
        }
        let snapshot: Snapshot = serde_json::from_value(snapshot).unwrap();
        Sight::of(snapshot)
    }

    fn typed(line: &str) -> Result<Typed, String> {
        read(line, &sight(&json!({})), Ink::PLAIN)
    }

    fn card(name: &str) -> Typed {
        Typed::Send(json!({"play": {"card": name}}))
    }

    #[test]
    fn a_card_is_meant_by_its_number_its_name_or_its_sign() {
        for line in ["2", " 2 ", "circle 5", "circle-5", "Circle5", "ci5", "●5", "● 5", "o5", "play 2"] {
            assert_eq!(typed(line), Ok(card("circle-5")), "{line}");
        }
        assert_eq!(typed("circle 3"), Ok(card("circle-3")));
        assert_eq!(typed("t3"), Err("You do not hold ▲ 3.".to_owned()));
        assert_eq!(typed("c3"), Ok(card("circle-3")), "no cross 3 is held");
        assert_eq!(typed("c5"), Err("Which one: ● 5  ✚ 5?".to_owned()));
    }

    #[test]
    fn a_whot_names_its_shape_or_is_asked_for_it() {
        let whot = Typed::Send(json!({"play": {"card": "whot-20", "call": "star"}}));
        for line in ["6 star", "w star", "whot star", "whot-20 ★", "w20 st", "w call star", "6*"] {
            assert_eq!(typed(line), Ok(whot.clone()), "{line}");
        }
        assert_eq!(typed("w"), Ok(Typed::Shape(vec![Card::WHOT])));
        assert_eq!(typed("w s"), Err("square or star?".to_owned()));
        assert_eq!(typed("2 star"), Err("Only a Whot calls a shape, ● 5 does not.".to_owned()));
        assert_eq!((read_shape("x"), read_shape(" Sq ")), (Ok(Shape::Cross), Ok(Shape::Square)));
        assert!(read_shape("blue").unwrap_err().contains("triangle"));
    }

    #[test]
    fn a_question_for_the_shape_can_be_left_and_no_command_answers_it() {
        let answer = |line| read_answer(line, &sight(&json!({})), Ink::PLAIN);
        for (line, shape) in
            [("tr", Shape::Triangle), ("star", Shape::Star), ("■", Shape::Square), ("x", Shape::Cross)]
        {
            assert_eq!(answer(line), Ok(Answer::Shape(shape)), "{line}");
        }
        for line in ["t", "s", "c"] {
            assert!(answer(line).unwrap_err().contains("Two letters"), "{line}");
        }
        for (line, meant) in [
            ("?", Typed::Help),
            ("q", Typed::Quit),
            ("resign", Typed::Resign),
            ("table", Typed::Table),
            ("d", Typed::Send(json!({"draw": {}}))),
            ("1", card("circle-3")),
        ] {
            assert_eq!(answer(line), Ok(Answer::Instead(meant)), "{line}");
        }
        assert!(answer("blue").unwrap_err().contains("triangle"));
    }

    #[test]
    fn what_cannot_be_done_says_why() {
        for (changes, line, hint) in [
            (json!({}), "9", "Your cards are numbered 1 to 6."),
            (json!({}), "0", "Your cards are numbered 1 to 6."),
            (json!({}), "star 5", "★ 5 does not match ● 10: it takes ● circle, a 10 or a Whot."),
            (json!({}), "hello", "\"hello\" is no card and no command; ? shows what is."),
            (json!({}), "circle 6", "There is no circle 6."),
            (json!({}), "p", "There is no passing: play a card, or d to draw."),
            (json!({}), "a", "There is nothing to announce now."),
            (json!({}), "-1", "Which cards? For example 3, or 2+5 where several may be laid."),
            (json!({}), "1+", "Which cards? For example 3, or 2+5 where several may be laid."),
            (json!({}), "1+2", "One card at a time: nothing can be played together now."),
            (json!({"turn": "second", "legal": []}), "1", "It is ben's turn."),
            (json!({"turn": "second", "legal": []}), "d", "It is ben's turn."),
            (
                json!({"in_force": "star-2", "debt": 2, "legal": [{"draw": {}}]}),
                "star 5",
                "You owe 2: answer with a 2, or d to draw. ★ 5 is no answer.",
            ),
            (
                json!({"in_force": "whot-20", "called": "cross", "legal": [{"draw": {}}]}),
                "1",
                "● 3 does not match: ✚ cross is called. A Whot always goes.",
            ),
            (
                json!({"waiting": "circle-5", "legal": [{"play": {"card": "circle-5"}}, {"pass": {}}]}),
                "d",
                "You have drawn: play ● 5 or keep it with p.",
            ),
            (
                json!({"legal": [{"play": {"card": "circle-5"}}]}),
                "d",
                "By these rules you must play while a card goes; * marks it.",
            ),
        ] {
            let hint = hint.replace("● 10", "●10");
            assert_eq!(read(line, &sight(&changes), Ink::PLAIN), Err(hint), "{line}");
        }
    }

    #[test]
    fn commands_are_letters_and_words() {
        assert_eq!(typed("d"), Ok(Typed::Send(json!({"draw": {}}))));
        assert_eq!(typed("Draw"), Ok(Typed::Send(json!({"draw": {}}))));
        for (line, meant) in [
            ("", Typed::Nothing),
            ("?", Typed::Help),
            ("q", Typed::Quit),
            ("resign", Typed::Resign),
            ("t", Typed::Table),
            ("s", Typed::Score),
            ("log", Typed::Log),
            ("rules", Typed::Rules),
        ] {
            assert_eq!(typed(line), Ok(meant));
        }
    }

    #[test]
    fn several_cards_go_where_the_server_lists_them_together() {
        let group = json!({"legal": [{"play": {"cards": ["circle-5", "star-5"]}}, {"draw": {}}]});
        let expected = Typed::Send(json!({"play": {"cards": ["circle-5", "star-5"]}}));
        for line in ["2+4", "2 4", "circle 5 star 5", "●5 ★5"] {
            assert_eq!(read(line, &sight(&group), Ink::PLAIN), Ok(expected.clone()), "{line}");
        }
        assert!(read("4+2", &sight(&group), Ink::PLAIN).unwrap_err().contains("together like this"));
    }
}
