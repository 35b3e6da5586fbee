/** Reads a command with its chain, number and argument: `-A INPUT`, `-I INPUT 3`, `-P INPUT DROP`. */
import { parseUnsigned } from '../../../src-sim/xt/value-types';
import { chainNameProblems } from './chain-name';
import type { CommandDeclaration } from './commands';
import { isOpaque } from './opaque';
import {
  isForgottenName,
  type OptionUse,
  type RuleReading,
  report,
  takeArgument,
  takeOptionalArgument,
} from './rule-reading';
import type { Word } from './tree';

const MAX_POSITION = 2 ** 31 - 1;

export function readCommand(reading: RuleReading, use: OptionUse, declaration: CommandDeclaration): void {
  const chain =
    declaration.chain === 'required' ? takeChain(reading, use) : (use.attached ?? takeOptionalArgument(reading));
  reading.problems.push(...chainNameProblems(chain));
  const argument = declaration.argument && takeOptionalArgument(reading);
  if (declaration.argument && !argument) {
    report(reading, use.flag.span, 'missing-value', `${use.flag.value} needs a chain and a ${declaration.argument}`);
  }
  const position = declaration.position === 'none' ? undefined : takePosition(reading, use, declaration);
  const words = { flag: use.flag, declaration, chain, position, argument };
  if (reading.command && reading.onCommandLine && zeroesListed(reading.command.declaration, declaration)) {
    // `-L -Z` prints the counters and sets them to zero.
  } else if (reading.command) {
    const first = reading.command.flag.value;
    report(reading, use.flag.span, 'two-commands', `a line has one command, and ${first} was given before`);
  } else {
    reading.command = words;
  }
}

/** @see iptables: iptables/xshared.c:commands_v_options, add_command */
function zeroesListed(one: CommandDeclaration, other: CommandDeclaration): boolean {
  return [one.command, other.command].sort().join() === 'list,zero';
}

function takeChain(reading: RuleReading, use: OptionUse): Word | undefined {
  const next = reading.words[reading.at];
  if (use.attached || (next && !isForgottenName(next))) return takeArgument(reading, use);
  report(reading, use.flag.span, 'missing-value', `${use.flag.value} needs a chain`);
  return undefined;
}

function takePosition(reading: RuleReading, use: OptionUse, declaration: CommandDeclaration): Word | undefined {
  // An opaque word may be the rule itself.
  if (declaration.rule && declaration.position === 'optional' && isOpaque(reading.words[reading.at])) return undefined;
  const position = takeOptionalArgument(reading);
  if (position === undefined) {
    if (declaration.position === 'required') {
      report(reading, use.flag.span, 'missing-value', `${use.flag.value} needs a rule number`);
    }
    return undefined;
  }
  if (isOpaque(position)) return position;
  const number = parseUnsigned(position.value);
  if (number === undefined || number < 1 || number > MAX_POSITION) {
    report(reading, position.span, 'bad-rule-number', `"${position.value}" is not a rule number, counted from 1`);
  }
  return position;
}
