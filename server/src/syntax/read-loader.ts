/** Reads `-m NAME`, `-j NAME` and `-g CHAIN`, and makes the options of what they load known. */
import type { Extension } from '../../../src-sim/xt/define';
import { BUILTIN, findMatch, findTarget } from '../../../src-sim/xt/registry';
import { MAX_CHAIN_NAME_BYTES } from './chain-name';
import { extensionNames, isExtensionName } from './extension-names';
import { isOpaque } from './opaque';
import { problem } from './problem';
import { isForgottenName, type OptionUse, type RuleReading, report, takeArgument } from './rule-reading';
import { suggesting } from './suggest';
import { exceedsBytes } from './token';
import type { Problem, Word } from './tree';

export function readLoader(reading: RuleReading, use: OptionUse, kind: 'match' | 'jump' | 'goto'): void {
  if (kind === 'match') readMatch(reading, use);
  else readTarget(reading, use, kind);
}

function readMatch(reading: RuleReading, use: OptionUse): void {
  const name = takeName(reading, use);
  const found = name && findMatch(name.value);
  const extension = found === BUILTIN ? undefined : found || undefined;
  reading.parts.push({ kind: 'match', flag: use.flag, name, extension });
  if (extension) {
    load(reading, extension, name);
  } else if (name) {
    reading.undeclaredOwner = reading.parts.length - 1;
    reading.hasUndeclaredMatch = true;
    if (!isOpaque(name)) reading.problems.push(unknownMatch(name));
  }
}

function unknownMatch(name: Word): Problem {
  if (isExtensionName('match', name.value)) {
    const message = `the match "${name.value}" is not known here yet: what it does is left open`;
    return problem(name.span, 'unknown-extension', message, 'information');
  }
  const message = `iptables comes with no match "${name.value}"`;
  return suggesting(problem(name.span, 'unknown-extension', message), name.value, extensionNames('match'));
}

function readTarget(reading: RuleReading, use: OptionUse, kind: 'jump' | 'goto'): void {
  // iptables takes the whole word behind -j, so that -jACCEPT names a target "-jACCEPT".
  const glued = kind === 'jump' && use.attached !== undefined;
  const name = glued ? use.whole : takeName(reading, use);
  const extension = kind === 'jump' && name ? findTarget(name.value) : undefined;
  const earlier = reading.parts.some((part) => part.kind === 'jump' || part.kind === 'goto');
  reading.parts.push({ kind, flag: use.flag, name, extension });
  if (earlier) report(reading, use.flag.span, 'repeated-option', 'a rule has one target');
  if (isOpaque(name)) {
    // A variable may hold the target's options as well.
  } else if (glued) {
    const message = `iptables does not split "${use.whole.value}": write "${use.flag.value} ${use.attached?.value}"`;
    report(reading, use.whole.span, 'bad-value', message);
  } else if (name) {
    checkTargetName(reading, name);
  }
  if (extension) load(reading, extension, name);
  else reading.undeclaredOwner = reading.parts.length - 1;
}

function load(reading: RuleReading, extension: Extension, name: Word | undefined): void {
  reading.scope.push({ extension, owner: reading.parts.length - 1 });
  if (extension.families.includes(reading.family) || name === undefined) return;
  const families = reading.family === 'ipv4' ? 'ip6tables, not for iptables' : 'iptables, not for ip6tables';
  report(reading, name.span, 'wrong-family', `"${name.value}" is for ${families}`);
}

/** The word behind `-m`, `-j` or `-g`, unless it is plainly the next option. */
function takeName(reading: RuleReading, use: OptionUse): Word | undefined {
  if (use.attached || !isForgottenName(reading.words[reading.at])) return takeArgument(reading, use);
  report(reading, use.flag.span, 'missing-value', `${use.flag.value} needs a name`);
  return undefined;
}

function checkTargetName(reading: RuleReading, name: Word): void {
  if (name.value === '') {
    report(reading, name.span, 'bad-value', 'a target needs a name');
  } else if (exceedsBytes(name.value, MAX_CHAIN_NAME_BYTES)) {
    const message = `a name has at most ${MAX_CHAIN_NAME_BYTES} characters`;
    report(reading, name.span, 'name-too-long', message);
  } else if (/[\s\p{Cc}]/u.test(name.value)) {
    report(reading, name.span, 'bad-value', 'a target name has no blanks');
  }
}
