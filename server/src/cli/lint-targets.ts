/** The files that `chainwalk lint` is given: names, folders, and globs. */
import { glob, isDynamicPattern } from 'tinyglobby';
import type { Terminal } from './terminal';

/** In a folder: what the editor takes for rulesets, too. */
const RULESETS = [
  '**/*.{rules,iptables,v4,v6}',
  '**/{iptables,ip6tables}.save',
  '**/{iptables,ip6tables}-save*',
  '**/{iptables,ip6tables}',
];

const NOT_LOOKED_INTO = ['**/node_modules/**', '**/.git/**'];

export interface Targets {
  /** Each once, those of a folder or glob sorted. */
  readonly files: readonly string[];
  /** What names nothing. */
  readonly empty: readonly string[];
}

export async function findTargets(words: readonly string[], terminal: Terminal): Promise<Targets> {
  const files = new Set<string>();
  const empty: string[] = [];
  for (const word of words) {
    const found = await filesOf(word, terminal);
    if (found.length === 0) empty.push(word);
    for (const file of found) files.add(file);
  }
  return { files: [...files], empty };
}

async function filesOf(word: string, terminal: Terminal): Promise<readonly string[]> {
  const kind = await terminal.kindOf(word);
  if (kind === 'folder') {
    const names = await glob(RULESETS, { cwd: word, ignore: NOT_LOOKED_INTO, dot: true });
    return names.sort().map((name) => join(word, name));
  }
  // A name that is there is a name, whatever characters are in it; one that is not is told when it is read.
  if (kind === 'file' || !isDynamicPattern(word)) return [word];
  return (await glob([word], { ignore: NOT_LOOKED_INTO, dot: true, absolute: word.startsWith('/') })).sort();
}

function join(folder: string, name: string): string {
  return folder === '.' ? name : `${folder.replace(/\/+$/, '')}/${name}`;
}
