/** Words that nothing takes: unknown options, stray words, comments behind a rule. */
import { protocolName } from '../../../src-sim/net/protocol';
import { findMatch } from '../../../src-sim/xt/registry';
import { isExtensionName } from './extension-names';
import { extensionsWithOption, type Lookup, matchLoadedByProtocol, namesInScope } from './option-scope';
import { alternatives, problem } from './problem';
import { type OptionUse, type RuleReading, report, takePlainWords } from './rule-reading';
import { suggesting } from './suggest';
import type { Problem, Word } from './tree';

/** An option that no declaration knows: an error, unless it may belong to an extension that is not declared yet. */
export function readUnknown(reading: RuleReading, use: OptionUse, lookup: Lookup, name: string): void {
  const words = [...(use.bang ? [use.bang] : []), use.whole, ...takePlainWords(reading)];
  reading.parts.push({ kind: 'unknown', words, owner: reading.undeclaredOwner });
  if (reading.undeclaredOwner !== undefined || reading.isOpen) return;
  if (hasUndeclaredProtocolMatch(reading)) {
    const message = `${use.flag.value}: the options that -p loads here are not known yet`;
    reading.problems.push(problem(use.flag.span, 'unknown-extension', message, 'information'));
  } else if (lookup.kind === 'ambiguous') {
    const names = alternatives(lookup.names.map((one) => `--${one}`));
    report(reading, use.flag.span, 'ambiguous-option', `${use.flag.value} may be short for ${names}`);
  } else {
    reading.problems.push(unknownOption(reading, use.flag, name));
  }
}

/** iptables looks for a match of the protocol's name; most protocols have none. */
function hasUndeclaredProtocolMatch({ protocol, family }: RuleReading): boolean {
  if (protocol === undefined || matchLoadedByProtocol(protocol, family) !== undefined) return false;
  const name = protocolName(protocol);
  return isExtensionName('match', name) && findMatch(name) === undefined;
}

/** Many protocols have a `--dport`: the first of them show what is missing. */
const MOST_LOADERS = 2;

function unknownOption(reading: RuleReading, flag: Word, name: string): Problem {
  const start = `unknown option "${flag.value}"`;
  const owners = extensionsWithOption(name).filter((extension) => extension.families.includes(reading.family));
  if (owners.length === 0) {
    return suggesting(problem(flag.span, 'unknown-option', start), name, namesInScope(reading.scope), '--');
  }
  const loaders = new Set(
    owners.map((owner) => {
      if (owner.kind === 'target') return `-j ${owner.name}`;
      return owner.loadedBy ? `-p ${owner.name}` : `-m ${owner.name}`;
    }),
  );
  const message = `${start}: it belongs behind ${alternatives([...loaders], MOST_LOADERS)}`;
  return problem(flag.span, 'unknown-option', message);
}

/** `$OPTIONS`: any options at all, and whatever comes behind may belong to them. */
export function readOpaque(reading: RuleReading, word: Word, bang: Word | undefined): void {
  reading.parts.push({ kind: 'unknown', words: bang ? [bang, word] : [word], owner: undefined });
  reading.isOpen = true;
}

/** A word that is no option, and stands where none takes it. */
export function readStray(reading: RuleReading, word: Word): void {
  const words = [word, ...takePlainWords(reading)];
  if (reading.isOpen) {
    reading.parts.push({ kind: 'unknown', words, owner: undefined });
    return;
  }
  if (word.value.startsWith('#')) {
    words.push(...reading.words.slice(reading.at));
    reading.at = reading.words.length;
    const span = { start: word.span.start, end: words.at(-1)?.span.end ?? word.span.end };
    report(
      reading,
      span,
      'trailing-comment',
      'a comment has its own line, beginning with "#"; or use -m comment --comment',
    );
  } else {
    report(reading, word.span, 'bad-argument', `"${word.value}" belongs to no option${strayCause(reading, word)}`);
  }
  reading.parts.push({ kind: 'unknown', words, owner: undefined });
}

function strayCause(reading: RuleReading, word: Word): string {
  if (word.value === '\\') return ': a rule stands on one line';
  const before = reading.parts.at(-1);
  const written = before?.kind === 'option' ? before.words.at(-1)?.value : undefined;
  if (written?.startsWith("'")) return `: only double quotes hold words together`;
  if (before?.kind === 'option') return `; ${before.flag.value} takes ${countWords(before.declaration.type.words)}`;
  return '';
}

function countWords(count: number): string {
  if (count === 0) return 'no value';
  return count === 1 ? 'one word (quote it with ")' : `${count} words`;
}

/** Behind `--` no option is read any more, and other words are refused. */
export function readRest(reading: RuleReading, dashes: Word): void {
  const words = reading.words.slice(reading.at);
  reading.at = reading.words.length;
  const [first] = words;
  if (first === undefined) return;
  reading.parts.push({ kind: 'unknown', words: [dashes, ...words], owner: undefined });
  report(reading, first.span, 'bad-argument', 'nothing may stand behind "--"');
}
