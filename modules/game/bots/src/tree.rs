//! `expert`: single-observer information-set Monte Carlo tree search (Cowling, Powley and Whitehouse 2012) over games
//! guessed from what the opponent has done.
//!
//! One tree serves all guesses. A node stands for what the observer saw happen; in each guess only some of its
//! children can be reached, so a child is weighed against how often it could have been chosen, not how often its
//! parent was visited.
//!
//! The opponent mostly replies as a sensible player would, and otherwise as the search finds best for it. Left to the
//! search alone it would answer cards that it cannot see, and use up the tree for that.

use game_engine::{Seat, State, View};

use crate::belief::Belief;
use crate::budget::Budget;
use crate::memory::Memory;
use crate::moves::{Move, list};
use crate::playout;
use crate::stream::Stream;
use crate::unseen::Unseen;

/// How much a move that was seldom tried is favoured.
const EXPLORATION: f64 = 0.7;

/// How often the opponent is taken to do the sensible thing.
const SENSIBLE: f64 = 0.7;

const NONE: u32 = u32::MAX;

#[derive(Clone, Copy)]
struct Node {
    entered_by: Move,
    mover: Seat,
    first_child: u32,
    next_sibling: u32,
    visits: u32,
    available: u32,
    sum: f64,
}

impl Node {
    const fn new(entered_by: Move, mover: Seat, next_sibling: u32) -> Self {
        Self { entered_by, mover, first_child: NONE, next_sibling, visits: 0, available: 1, sum: 0.0 }
    }

    fn promise(&self) -> f64 {
        let visits = f64::from(self.visits.max(1));
        self.sum / visits + EXPLORATION * (f64::from(self.available).ln() / visits).sqrt()
    }
}

/// The tree, and what one descent needs.
struct Tree {
    nodes: Vec<Node>,
    path: Vec<u32>,
    moves: Vec<Move>,
}

/// The move tried most, or none if no guess could be made.
pub(crate) fn best(
    view: &View,
    memory: &Memory,
    unseen: &mut Unseen<'_>,
    stream: &mut Stream,
    budget: &mut Budget<'_>,
) -> Option<Move> {
    let seat = view.viewer.seat()?;
    let mut belief = memory.steps(view).and_then(|steps| Belief::new(&view.rules, steps, unseen, stream));
    let mut tree = Tree::new(seat, budget.left());
    while !tree.is_decided(budget.left()) && budget.take() {
        let guess = match &mut belief {
            Some(belief) => {
                let hand = belief.next_hand(stream);
                unseen.game(hand, stream)
            }
            None => unseen.any_game(stream),
        };
        let mut game = guess?;
        tree.descend(seat, &mut game, stream);
        playout::finish(&mut game);
        tree.learn(playout::worth(&game, seat), seat);
    }
    tree.most_tried()
}

impl Tree {
    fn new(seat: Seat, iterations: u32) -> Self {
        // A budget may be meant to end by its deadline alone; it must not ask for memory beforehand.
        let mut nodes = Vec::with_capacity(iterations.min(8_191) as usize + 1);
        nodes.push(Node::new(Move::DRAW, seat, NONE));
        Self { nodes, path: Vec::with_capacity(64), moves: Vec::with_capacity(64) }
    }

    fn node(&self, place: u32) -> Option<&Node> {
        self.nodes.get(place as usize)
    }

    fn node_mut(&mut self, place: u32) -> Option<&mut Node> {
        self.nodes.get_mut(place as usize)
    }

    /// Goes down as far as the tree knows and one move further.
    fn descend(&mut self, own: Seat, game: &mut State, stream: &mut Stream) {
        self.path.clear();
        self.path.push(0);
        let mut place = 0;
        while let Some(seat) = game.turn() {
            list(game, seat, &mut self.moves);
            let expected =
                if seat != own && stream.share() < SENSIBLE { self.expected(game, seat) } else { None };
            let step = match expected {
                Some(reply) => self.follow(place, reply, seat),
                None => self.next_to_try(place, seat, stream),
            };
            let Some((child, new)) = step else { return };
            let Some(one) = self.node(child).map(|node| node.entered_by) else { return };
            if game.advance_unrecorded(seat, &one.command()).is_err() {
                return;
            }
            self.path.push(child);
            if new {
                return;
            }
            place = child;
        }
    }

    /// What a sensible player would do, if it is listed.
    fn expected(&self, game: &State, seat: Seat) -> Option<Move> {
        Move::of(&playout::quick(game, seat)).filter(|one| self.moves.contains(one))
    }

    /// The child of this move, and whether it is new to the tree.
    fn follow(&mut self, place: u32, one: Move, seat: Seat) -> Option<(u32, bool)> {
        let mut child = self.node(place)?.first_child;
        while let Some(node) = self.nodes.get_mut(child as usize) {
            if node.entered_by == one {
                node.available += 1;
                return Some((child, false));
            }
            child = node.next_sibling;
        }
        Some((self.grow(place, one, seat)?, true))
    }

    /// A move never tried here, if there is any, else the most promising for who makes it; and whether it is new.
    fn next_to_try(&mut self, place: u32, seat: Seat, stream: &mut Stream) -> Option<(u32, bool)> {
        let known = self.most_promising(place);
        if self.moves.is_empty() {
            return known.map(|child| (child, false));
        }
        let chosen = *self.moves.get(stream.place(self.moves.len()))?;
        Some((self.grow(place, chosen, seat)?, true))
    }

    /// The child worth trying next among those that are possible now; what is possible and has no child yet stays
    /// in the list of moves.
    fn most_promising(&mut self, place: u32) -> Option<u32> {
        let mut best = (f64::MIN, None);
        let mut child = self.node(place)?.first_child;
        while let Some(node) = self.nodes.get_mut(child as usize) {
            if let Some(listed) = self.moves.iter().position(|one| *one == node.entered_by) {
                self.moves.swap_remove(listed);
                node.available += 1;
                let promise = node.promise();
                if promise > best.0 {
                    best = (promise, Some(child));
                }
            }
            child = node.next_sibling;
        }
        best.1
    }

    /// A new child.
    fn grow(&mut self, place: u32, entered_by: Move, seat: Seat) -> Option<u32> {
        let child = u32::try_from(self.nodes.len()).ok()?;
        let parent = self.node_mut(place)?;
        let sibling = std::mem::replace(&mut parent.first_child, child);
        self.nodes.push(Node::new(entered_by, seat, sibling));
        Some(child)
    }

    fn learn(&mut self, worth: f64, seat: Seat) {
        for place in 0..self.path.len() {
            let Some(node) = self.path.get(place).and_then(|place| self.nodes.get_mut(*place as usize))
            else {
                return;
            };
            node.visits += 1;
            node.sum += if node.mover == seat { worth } else { 1.0 - worth };
        }
    }

    fn children_of_root(&self) -> impl Iterator<Item = &Node> {
        let mut child = self.node(0).map_or(NONE, |root| root.first_child);
        std::iter::from_fn(move || {
            let node = self.node(child)?;
            child = node.next_sibling;
            Some(node)
        })
    }

    fn most_tried(&self) -> Option<Move> {
        self.children_of_root().max_by_key(|node| node.visits).map(|node| node.entered_by)
    }

    /// Whether no other move can be tried more often any more.
    fn is_decided(&self, left: u32) -> bool {
        if !left.is_multiple_of(64) {
            return false;
        }
        let mut most = [0, 0];
        for node in self.children_of_root() {
            let [first, second] = most;
            most = if node.visits > first { [node.visits, first] } else { [first, second.max(node.visits)] };
        }
        let [first, second] = most;
        first > second + left
    }
}
