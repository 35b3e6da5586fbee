/** Reads a command with its chain, number and argument: `-A INPUT`, `-I INPUT 3`, `-P INPUT DROP`. */
import { parseUnsigned } from '../../../src-sim/xt/value-types';
import { chainNameProblems } from './chain-name';
import type { CommandDeclaration } from './commands';
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
  if (reading.command) {
    const first = reading.command.flag.value;
    report(reading, use.flag.span, 'two-commands', `a line has one command, and ${first} was given before`);
  } else {
    reading.command = words;
  }
}

function takeChain(reading: RuleReading, use: OptionUse): Word | undefined {
  const next = reading.words[reading.at];
  if (use.attached || (next && !isForgottenName(next))) return takeArgument(reading, use);
  report(reading, use.flag.span, 'missing-value', `${use.flag.value} needs a chain`);
  return undefined;
}

function takePosition(reading: RuleReading, use: OptionUse, declaration: CommandDeclaration): Word | undefined {
  const position = takeOptionalArgument(reading);
  if (position === undefined) {
    if (declaration.position === 'required') {
      report(reading, use.flag.span, 'missing-value', `${use.flag.value} needs a rule number`);
    }
    return undefined;
  }
  const number = parseUnsigned(position.value);
  if (number === undefined || number < 1 || number > MAX_POSITION) {
    report(reading, position.span, 'bad-rule-number', `"${position.value}" is not a rule number, counted from 1`);
  }
  return position;
}
