/** Every extension there is, in one ordered list: the order of the documents and of completion. */
import { builtin } from './builtin';
import { conntrack } from './conntrack';
import type { Extension, Match, Target } from './define';
import { icmp, icmp6 } from './icmp';
import { ACCEPT, DROP, QUEUE, RETURN } from './standard';
import { state } from './state';
import { tcp } from './tcp';
import { udp } from './udp';

/** The conditions that need no `-m`, as a match. */
export const BUILTIN: Match = builtin;

export const EXTENSIONS: readonly Extension[] = [
  builtin,
  ACCEPT,
  DROP,
  RETURN,
  QUEUE,
  tcp,
  udp,
  icmp,
  icmp6,
  conntrack,
  state,
];

const MATCHES: ReadonlyMap<string, Match> = byName(EXTENSIONS.filter((extension) => extension.kind === 'match'));
const TARGETS: ReadonlyMap<string, Target> = byName(EXTENSIONS.filter((extension) => extension.kind === 'target'));

function byName<Kind extends Extension>(extensions: readonly Kind[]): ReadonlyMap<string, Kind> {
  return new Map(
    extensions.flatMap((extension) => [extension.name, ...(extension.aliases ?? [])].map((name) => [name, extension])),
  );
}

export function findMatch(name: string): Match | undefined {
  return MATCHES.get(name);
}

export function findTarget(name: string): Target | undefined {
  return TARGETS.get(name);
}
