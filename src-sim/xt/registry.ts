/** Every extension there is, in one ordered list: the order of the documents and of completion. */
import type { Extension, Match, Target } from './define';

export const EXTENSIONS: readonly Extension[] = [];

const MATCHES = new Map(
  EXTENSIONS.filter((extension) => extension.kind === 'match').map((match) => [match.name, match]),
);
const TARGETS = new Map(
  EXTENSIONS.filter((extension) => extension.kind === 'target').map((target) => [target.name, target]),
);

export function findMatch(name: string): Match | undefined {
  return MATCHES.get(name);
}

export function findTarget(name: string): Target | undefined {
  return TARGETS.get(name);
}
