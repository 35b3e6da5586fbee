/** "Did you mean …?": the nearest of a set of names, where one is near enough to be a slip of the finger. */
import type { Problem } from './tree';

export function closest(word: string, names: Iterable<string>): string | undefined {
  const limit = Math.min(MOST_EDITS, Math.max(1, Math.floor(word.length / 3)));
  let best: string | undefined;
  let bestDistance = limit + 1;
  const letters = letterCounts(word);
  for (const name of names) {
    if (name !== word && differsInCase(name, word)) return name;
    // There may be tens of thousands of chains: most are told apart by their letters, without comparing their order.
    if (Math.abs(name.length - word.length) >= bestDistance || isForeign(name, letters, bestDistance)) continue;
    const distance = editDistance(word, name);
    if (distance >= bestDistance) continue;
    best = name;
    bestDistance = distance;
  }
  return best;
}

/** A longer word has not more slips, and more of its neighbours would be near. */
const MOST_EDITS = 4;

/** `: did you mean "NAME"?`, or nothing. */
export function didYouMean(word: string, names: Iterable<string>, prefix = ''): string {
  const name = closest(word, names);
  return name === undefined ? '' : `: did you mean "${prefix}${name}"?`;
}

/** A problem with the nearest of a set of names, in words and as data; unchanged where none is near. */
export function suggesting(problem: Problem, word: string, names: Iterable<string>, prefix = ''): Problem {
  return withSuggestion(problem, closest(word, names), prefix);
}

export function withSuggestion(problem: Problem, name: string | undefined, prefix = ''): Problem {
  if (name === undefined) return problem;
  const suggestion = `${prefix}${name}`;
  return { ...problem, message: `${problem.message}: did you mean "${suggestion}"?`, suggestion };
}

/** Whether two names are the same but for small and capital letters. */
function differsInCase(name: string, word: string): boolean {
  if (name.length !== word.length) return false;
  // Most names of a machine's making are told apart by a few letters.
  for (let at = 0; at < name.length; at++) {
    const [a, b] = [name.charCodeAt(at), word.charCodeAt(at)];
    if (a !== b && a < LETTERS && b < LETTERS && (a | SMALL) !== (b | SMALL)) return false;
  }
  return name.toLowerCase() === word.toLowerCase();
}

/** The bit by which a small letter differs from its capital in ASCII. */
const SMALL = 0x20;

/** How often each letter stands in a word; letters far apart in Unicode may be counted as one. */
function letterCounts(word: string): Uint16Array {
  const counts = new Uint16Array(LETTERS);
  for (let at = 0; at < word.length; at++) addLetter(counts, word.charCodeAt(at), 1);
  return counts;
}

const LETTERS = 128;

function addLetter(counts: Uint16Array, code: number, by: number): void {
  const letter = code % LETTERS;
  counts[letter] = (counts[letter] ?? 0) + by;
}

const left = new Uint16Array(LETTERS);

/** Whether a name has `limit` letters or more that the word does not have: each costs an edit at least. */
function isForeign(name: string, letters: Uint16Array, limit: number): boolean {
  left.set(letters);
  let foreign = 0;
  for (let at = 0; at < name.length && foreign < limit; at++) {
    const code = name.charCodeAt(at);
    if (left[code % LETTERS] === 0) foreign += 1;
    else addLetter(left, code, -1);
  }
  return foreign >= limit;
}

/** Insertions, deletions, substitutions and swaps of neighbours between two words (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1] ? 0 : 1;
      let cost = Math.min((last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, (last[column - 1] ?? 0) + same);
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}
