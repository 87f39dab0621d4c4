// Whole games with the npm package `whot`: what it takes on one core, by the same players as in ours.rs.
// Usage: node npm.js <folder with node_modules> <games>. Prints games a second of CPU time, and how games ended.
'use strict';
const path = require('path');

const [folder, count] = [process.argv[2] || '.', Number(process.argv[3] || 2000)];
const whot = path.join(path.resolve(folder), 'node_modules', 'whot');
const Game = require(path.join(whot, 'src', 'index.js'));
const SHAPES = Object.values(require(path.join(whot, 'src', 'shapes.js'))).filter((s) => typeof s === 'string' && s !== 'Whot');
const MOVES = 400;

const isWhot = (card) => card.value === 20;

const random = {
  card: (hand, fitting) => fitting[Math.floor(Math.random() * fitting.length)],
  shape: () => SHAPES[Math.floor(Math.random() * SHAPES.length)],
};

const greedy = {
  card(hand, fitting) {
    const plain = fitting.filter((index) => !isWhot(hand[index]));
    const from = plain.length > 0 ? plain : fitting;
    return from.reduce((best, one) => (hand[one].value > hand[best].value ? one : best));
  },
  shape(hand) {
    const held = (shape) => hand.filter((card) => card.shape === shape).length;
    return SHAPES.reduce((best, one) => (held(one) > held(best) ? one : best));
  },
};

function play(chosen, tally) {
  const game = new Game({ noOfPlayers: 2 });
  for (let moves = 0; moves < MOVES; moves += 1) {
    tally.moves += 1;
    const player = game.turn.next();
    const hand = player.hand();
    const top = game.pile.top();
    // The package refuses to answer a 2 or a 5: whoever owes cards can only draw.
    const fitting = player.toPick > 0 ? [] : hand.map((_, index) => index).filter((index) => top.matches(hand[index]));
    if (fitting.length === 0) {
      player.pick();
      game.turn.switch();
    } else {
      const index = chosen.card(hand, fitting);
      const card = player.play(index, isWhot(hand[index]) ? chosen.shape(hand) : undefined);
      if (player.empty()) {
        tally.won += 1;
        return;
      }
      game.turn.execute(card);
    }
  }
}

for (const [name, player] of [['random', random], ['greedy', greedy]]) {
  const tally = { moves: 0, won: 0, failed: 0 };
  const began = process.cpuUsage();
  for (let game = 0; game < count; game += 1) {
    try {
      play(player, tally);
    } catch (error) {
      tally.failed += 1;
      tally.error = error.message || String(error);
    }
  }
  const used = process.cpuUsage(began);
  const rate = count / ((used.user + used.system) / 1e6);
  console.log(`npm whot ${require(path.join(whot, 'package.json')).version}, ${name}: ${rate.toFixed(0)} games/s, ${(tally.moves / count).toFixed(1)} moves a game, ${tally.won} of ${count} won, ${tally.failed} broken off by an error of the package ${tally.error || ''}`);
}
