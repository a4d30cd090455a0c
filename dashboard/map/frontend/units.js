// The columns of a message, joined with the areas of the boundaries: one object per area.

const NO_DATA = "-";
export const NOT_SHOWN = " ";
const MISSING_FROM = 10; // the first step that stands for a reason (inside.py)
const MOVES_ZERO = 500; // stands for a score that stayed (live.py)

function readPairs(text) {
  const numbers = [];
  for (let at = 0; at < text.length; at += 2) numbers.push(parseInt(text.slice(at, at + 2), 36));
  return numbers;
}

// With `inside` each unit has the step, the figure in words, or the reason why there is none.
export function readUnits(areas, message, inside = null) {
  const scores = readPairs(message.scores);
  const ranks = readPairs(message.ranks);
  const lows = message.lows ? readPairs(message.lows) : null;
  const highs = message.highs ? readPairs(message.highs) : null;
  const moves = message.moves ? readPairs(message.moves) : null;
  let at = 0;
  const insideOf = (letter) => {
    const number = parseInt(letter, 36);
    if (number < MISSING_FROM) return { step: number, told: inside.told[at++] };
    return { step: null, told: Number.isNaN(number) ? "" : inside.reasons[number - MISSING_FROM] };
  };
  return areas.map((area, index) => {
    const letter = message.classes[index];
    const known = letter !== NO_DATA && letter !== NOT_SHOWN;
    return {
      index,
      code: area.code,
      name: area.name,
      shown: letter !== NOT_SHOWN,
      riskClass: known ? Number(letter) - 1 : null, // an index of the scale
      score: known ? scores[index] / 100 : null,
      rank: known ? ranks[index] : null,
      low: known && lows ? lows[index] || null : null,
      high: known && highs ? highs[index] || null : null,
      moved: known && moves && moves[index] ? (moves[index] - MOVES_ZERO) / 10 : null,
      mark: message.marks ? Number(message.marks[index]) : 0,
      ...(inside ? insideOf(inside.steps[index]) : {}),
    };
  });
}

// The colour of an area: the shade of its score within its class, or the fifth of the country that its place is in.
export function fillOf(unit, scale) {
  if (scale.inside) return unit.step === null ? null : scale.inside.colours[unit.step];
  if (scale.rankedN) return unit.rank ? scale.places[fifthOf(unit, scale)] : null;
  if (unit.riskClass === null) return null;
  const [low, high] = [[0, ...scale.cuts][unit.riskClass], [...scale.cuts, 10][unit.riskClass]];
  return scale.shades[Math.min(Math.max(Math.round(unit.score * 10), low * 10), high * 10 - 1)];
}

export function fifthOf(unit, { rankedN, places }) {
  return Math.min(Math.floor(((unit.rank - 1) * places.length) / rankedN), places.length - 1);
}

// By place, then by name; units without a score come last.
export function rankingOrder(units, language) {
  return units
    .filter((unit) => unit.shown)
    .sort((one, other) =>
      (one.rank ?? Infinity) - (other.rank ?? Infinity) || one.name.localeCompare(other.name, language));
}
