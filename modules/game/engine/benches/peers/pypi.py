"""Whole games with the PyPI package `whot`: what it takes on one core, by the same players as in ours.rs.

Usage: python pypi.py <games>. Prints games a second of CPU time, and how games ended.
"""
import random
import sys
import time
from importlib.metadata import version

from whot import Suit, Whot

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
MOVES = 400
SHAPES = [suit for suit in Suit if suit is not Suit.WHOT]


def random_card(hand, fitting):
    return random.choice(fitting)


def random_shape(hand):
    return random.choice(SHAPES)


def highest_card(hand, fitting):
    plain = [index for index in fitting if hand[index].suit is not Suit.WHOT]
    return max(plain or fitting, key=lambda index: hand[index].face)


def longest_shape(hand):
    return max(SHAPES, key=lambda shape: sum(card.suit is shape for card in hand))


def fits(engine, card):
    if engine.pick_mode:
        return card.face == engine.answering_face
    if card.suit is Suit.WHOT:
        return True
    if engine.request_mode:
        return card.suit is engine.requested_suit
    top = engine.pile[-1]
    return card.suit is top.suit or card.face == top.face


def play(choose, call, tally):
    engine = Whot(2, 6)
    engine.pick_three_enabled = True
    engine.start_game()
    if engine.request_mode:
        engine.request(random.choice(SHAPES).value)
    for _ in range(MOVES):
        tally["moves"] += 1
        engine.answering_face = {2: 2, 3: 5}.get(getattr(engine, "pick", 0), 0)  # what answers a debt
        hand = engine.current_player._cards
        fitting = [index for index, card in enumerate(hand) if fits(engine, card)]
        if not fitting:
            engine.market()
            continue
        index = choose(hand, fitting)
        called = call(hand) if hand[index].suit is Suit.WHOT else None
        engine.play(index)
        if engine.game_over:
            tally["won"] += 1
            return
        if called:
            engine.request(called.value)


for name, choose, call in (("random", random_card, random_shape), ("greedy", highest_card, longest_shape)):
    tally = {"moves": 0, "won": 0, "failed": 0}
    error = ""
    began = time.process_time()
    for _ in range(COUNT):
        try:
            play(choose, call, tally)
        except Exception as raised:  # what the package throws is part of the result
            tally["failed"] += 1
            error = repr(raised)
    rate = COUNT / (time.process_time() - began)
    print(
        f"PyPI whot {version('whot')}, {name}: {rate:.0f} games/s, {tally['moves'] / COUNT:.1f} moves a game, "
        f"{tally['won']} of {COUNT} won, {tally['failed']} broken off by an error of the package {error}"
    )
