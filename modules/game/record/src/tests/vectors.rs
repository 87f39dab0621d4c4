//! The published formulas against an independent program's results.

use game_engine::BySeat;

use crate::{Commitment, Entropy, Seed, Shuffle};

fn rows<const N: usize>(text: &'static str) -> Vec<[&'static str; N]> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let cut = |line: &'static str| {
        line.split(" | ").collect::<Vec<_>>().try_into().expect("as many as the heading says")
    };
    lines.map(cut).collect()
}

fn bytes(hex: &str) -> [u8; 32] {
    data_encoding::HEXLOWER.decode(hex.as_bytes()).expect("hexadecimal").try_into().expect("32 bytes")
}

#[test]
fn commitments_are_what_an_independent_program_computes() {
    let rows = rows(include_str!("../../vectors/commitments.txt"));
    assert_eq!(rows.len(), 4);
    for [seed, game, first, second, rules, expected] in rows {
        let players = BySeat::new(first.parse().unwrap(), second.parse().unwrap());
        let commitment = Commitment::to(&Seed::new(bytes(seed)), game.parse().unwrap(), rules, &players);
        assert_eq!(commitment.bytes(), bytes(expected));
    }
}

#[test]
fn round_keys_are_what_an_independent_program_computes() {
    let rows = rows(include_str!("../../vectors/round_keys.txt"));
    assert_eq!(rows.len(), 6);
    for [seed, first, second, round, expected] in rows {
        let entropy = BySeat::new(first, second).map(|text| (text != "-").then(|| Entropy::new(bytes(text))));
        let commitment = Commitment::from_bytes([0; 32]);
        let shuffle = Shuffle { seed: Seed::new(bytes(seed)), commitment, entropy };
        assert_eq!(shuffle.round_key(round.parse().unwrap()).as_bytes(), &bytes(expected));
    }
}
