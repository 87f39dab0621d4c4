//! The words of notation: how one command, one time and 32 bytes are written and read. Each has exactly one spelling.

use std::time::Duration;

use game_engine::{Card, Cards, Command, ForfeitReason, Play, Seat, Shape};

fn letter(shape: Shape) -> char {
    match shape {
        Shape::Circle => 'c',
        Shape::Triangle => 't',
        Shape::Cross => 'x',
        Shape::Square => 'q',
        Shape::Star => 's',
    }
}

fn shape(letter: char) -> Option<Shape> {
    Shape::ALL.iter().copied().find(|shape| self::letter(*shape) == letter)
}

fn card_word(card: Card) -> String {
    card.shape().map_or_else(|| "w".to_owned(), |shape| format!("{}{}", letter(shape), card.number()))
}

fn read_card(text: &str) -> Option<Card> {
    if text == "w" {
        return Some(Card::WHOT);
    }
    let mut letters = text.chars();
    let shape = shape(letters.next()?)?;
    Card::new(shape, letters.as_str().parse().ok()?)
}

/// A command; who gives it is written only where it need not be the player with the turn. Deals are not written.
pub(super) fn command_word(seat: Seat, command: &Command) -> String {
    let of_seat = |sign: char| format!("{}{sign}", seat.index() + 1);
    match command {
        Command::Play(Play { cards, call }) => {
            let mut word = cards.iter().map(card_word).collect::<Vec<_>>().join("+");
            if let Some(shape) = call {
                word.extend(['=', letter(*shape)]);
            }
            word
        }
        Command::Draw => "d".to_owned(),
        Command::Pass => "p".to_owned(),
        Command::RunOut => "late".to_owned(),
        Command::Forfeit(ForfeitReason::Away) => "away".to_owned(),
        Command::Forfeit(ForfeitReason::Clock) => "flag".to_owned(),
        Command::Void => "void".to_owned(),
        Command::Announce => of_seat('!'),
        Command::AnnouncementExpired => of_seat('?'),
        Command::Resign => of_seat('#'),
        Command::Deal(_) => String::new(),
    }
}

/// Reads what [`command_word`] wrote, and nothing else; `turn` is whoever has the turn.
pub(super) fn read_command(word: &str, turn: Seat) -> Option<(Seat, Command)> {
    let (seat, command) = match word {
        "d" => (turn, Command::Draw),
        "p" => (turn, Command::Pass),
        "late" => (turn, Command::RunOut),
        "away" => (turn, Command::Forfeit(ForfeitReason::Away)),
        "flag" => (turn, Command::Forfeit(ForfeitReason::Clock)),
        "void" => (Seat::First, Command::Void),
        _ => off_turn(word).or_else(|| Some((turn, Command::Play(read_play(word)?))))?,
    };
    (command_word(seat, &command) == word).then_some((seat, command))
}

fn off_turn(word: &str) -> Option<(Seat, Command)> {
    let mut signs = word.chars();
    let seat = match signs.next()? {
        '1' => Seat::First,
        '2' => Seat::Second,
        _ => return None,
    };
    let command = match signs.as_str() {
        "!" => Command::Announce,
        "?" => Command::AnnouncementExpired,
        "#" => Command::Resign,
        _ => return None,
    };
    Some((seat, command))
}

fn read_play(word: &str) -> Option<Play> {
    let (laid, call) = match word.split_once('=') {
        Some((laid, called)) => {
            let mut letters = called.chars();
            (laid, Some(shape(letters.next()?)?))
        }
        None => (word, None),
    };
    let cards: Option<Vec<Card>> = laid.split('+').map(read_card).collect();
    Some(Play { cards: Cards::of(cards?)?, call })
}

/// Seconds with at most six decimals, none of them a trailing zero.
pub(super) fn seconds(duration: Duration) -> String {
    let text = format!("{}.{:06}", duration.as_secs(), duration.subsec_micros());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Reads what [`seconds`] wrote, up to some hundred thousand years.
pub(super) fn read_seconds(text: &str) -> Option<Duration> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || decimals.len() > 6 {
        return None;
    }
    let seconds: u64 = whole.parse().ok().filter(|seconds| *seconds < 10_000_000_000_000)?;
    let micros: u64 = format!("{decimals:0<6}").parse().ok()?;
    let duration = Duration::from_micros(seconds.checked_mul(1_000_000)?.checked_add(micros)?);
    (self::seconds(duration) == text).then_some(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_card_and_every_command_has_one_word_of_its_own() {
        let mut all: Vec<(Seat, Command)> = Card::all()
            .map(|card| (Seat::Second, Command::Play(Play::card(card))))
            .chain(Shape::ALL.iter().map(|shape| (Seat::Second, Command::Play(Play::whot(*shape)))))
            .collect();
        let group =
            Cards::of(["circle-3", "triangle-3", "star-3"].map(|card| card.parse().unwrap())).unwrap();
        all.push((Seat::Second, Command::Play(Play { cards: group, call: None })));
        let whots = Cards::of([Card::WHOT; 3]).unwrap();
        all.push((Seat::Second, Command::Play(Play { cards: whots, call: Some(Shape::Cross) })));
        for command in [
            Command::Draw,
            Command::Pass,
            Command::RunOut,
            Command::Forfeit(ForfeitReason::Away),
            Command::Forfeit(ForfeitReason::Clock),
        ] {
            all.push((Seat::Second, command));
        }
        all.push((Seat::First, Command::Void));
        for command in [Command::Announce, Command::AnnouncementExpired, Command::Resign] {
            all.extend([(Seat::First, command), (Seat::Second, command)]);
        }
        let mut words = std::collections::BTreeSet::new();
        for (seat, command) in &all {
            let word = command_word(*seat, command);
            assert_eq!(read_command(&word, Seat::Second), Some((*seat, *command)), "{word}");
            assert!(words.insert(word.clone()), "{word} means two things");
        }
    }

    #[test]
    fn other_spellings_are_no_words() {
        for word in [
            "",
            "c",
            "c6",
            "c05",
            "c+5",
            "C5",
            "c5=",
            "c5==s",
            "w=",
            "w=ss",
            "w=w",
            "=s",
            "+",
            "c5+",
            "+c5",
            "3!",
            "1",
            "1!!",
            "0#",
            "D",
            "late ",
            "w20",
            "s10",
            "x4",
            "c5,t5",
            "c3+c3+c3+c3+c3+c3",
        ] {
            assert_eq!(read_command(word, Seat::First), None, "{word}");
        }
    }

    #[test]
    fn times_have_one_spelling_down_to_the_microsecond() {
        for (micros, text) in
            [(0, "0"), (1, "0.000001"), (1_500_000, "1.5"), (20_000_000, "20"), (100_000, "0.1")]
        {
            assert_eq!(seconds(Duration::from_micros(micros)), text);
            assert_eq!(read_seconds(text), Some(Duration::from_micros(micros)));
        }
        for text in ["", ".5", "1.", "1.50", "01", "1.0000001", "-1", "1e3", "+1", "99999999999999999999"] {
            assert_eq!(read_seconds(text), None, "{text}");
        }
    }
}
