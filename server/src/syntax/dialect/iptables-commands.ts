/** Which commands of a script run iptables or ip6tables: by name, by path, or by a variable that stands for one. */
import type { Family } from '../../../../src-sim/net/address';
import type { Word } from '../tree';
import type { ShellCommand } from './shell-commands';

export interface IptablesCommand {
  /** `iptables`, `/sbin/ip6tables-nft`, `"$IPT"`. */
  readonly program: Word;
  /** Undefined where a variable stands for it and nobody says for what. */
  readonly family: Family | undefined;
  /** Options that the variable brings with it: `IPT="iptables -w"`. They have no place in the text. */
  readonly brought: readonly string[];
  readonly words: readonly Word[];
  readonly end: number;
  readonly unsure: string | undefined;
}

export function iptablesCommands(commands: readonly ShellCommand[]): readonly IptablesCommand[] {
  const variables = programVariables(commands);
  return commands.flatMap((command) => {
    const at = programIndex(command.words, variables);
    const program = command.words[at];
    const meant = program && programOf(program, variables);
    if (program === undefined || meant === undefined) return [];
    return [{ ...meant, program, words: command.words.slice(at + 1), end: command.end, unsure: command.unsure }];
  });
}

interface Program {
  readonly family: Family | undefined;
  readonly brought: readonly string[];
}

type Programs = ReadonlyMap<string, Program>;

const ASSIGNMENT = /^([A-Za-z_]\w*)=/;
const DECLARING: ReadonlySet<string> = new Set(['export', 'readonly', 'local', 'declare', 'typeset']);

/** Variables that hold the name of iptables. One that is given several programs is known to be one, and no more. */
function programVariables(commands: readonly ShellCommand[]): Programs {
  const found = new Map<string, Program>();
  for (const { words } of commands) {
    for (const word of words) {
      const assigned = ASSIGNMENT.exec(word.value);
      if (assigned === null) {
        if (DECLARING.has(word.value) || word.value.startsWith('-')) continue;
        break;
      }
      const name = assigned[1] ?? '';
      const program = assignedProgram(word.value.slice(assigned[0].length));
      const earlier = found.get(name);
      if (program) found.set(name, earlier && !isSame(earlier, program) ? UNKNOWN_PROGRAM : program);
    }
  }
  return found;
}

const UNKNOWN_PROGRAM: Program = { family: undefined, brought: [] };

function isSame(one: Program, other: Program): boolean {
  return one.family === other.family && one.brought.join(' ') === other.brought.join(' ');
}

/** `/sbin/iptables -w 5`, `$(which ip6tables)`, `${IPTABLES:-/sbin/iptables}`. */
function assignedProgram(value: string): Program | undefined {
  const inner = /^(?:\$\(|`)\s*(?:which|command\s+-v|type\s+-p)\s+([\w./-]+)\s*(?:2>\S+\s*)?[)`]$/.exec(value)?.[1];
  const usual = /^\$\{\w+:?-([^}]*)\}$/.exec(value)?.[1];
  const [name = '', ...brought] = (inner ?? usual ?? value).trim().split(/\s+/);
  const words = PREFIXES.has(name) ? brought : [name, ...brought];
  const family = familyOfProgram(words[0] ?? '');
  return family && { family, brought: words.slice(1) };
}

const PROGRAM = /^(?:.*\/)?(ip6?)tables(?:-legacy|-nft)?$/;

function familyOfProgram(name: string): Family | undefined {
  const found = PROGRAM.exec(name);
  if (found === null) return undefined;
  return found[1] === 'ip6' ? 'ipv6' : 'ipv4';
}

/** Names that scripts give to a variable for iptables, where nothing in the script itself says what it holds. */
const USUAL_VARIABLE = /^(?:ip6?t|ip6?tables?|ipt[46]|ip6?tables?_?(?:cmd|bin|command|path))$/i;

function programOf(word: Word, variables: Programs): Program | undefined {
  const family = familyOfProgram(word.value);
  if (family) return { family, brought: [] };
  const name = /^\$(?:(\w+)|\{(\w+)(?::?[-?][^}]*)?\})$/.exec(word.value);
  if (word.opaqueFrom === undefined || name === null) return undefined;
  const variable = name[1] ?? name[2] ?? '';
  const assigned = variables.get(variable);
  if (assigned) return assigned;
  if (!USUAL_VARIABLE.test(variable)) return undefined;
  return { family: variable.includes('6') ? 'ipv6' : undefined, brought: [] };
}

/** Commands that run the command behind them. */
const PREFIXES: ReadonlySet<string> = new Set([
  'sudo',
  'doas',
  'exec',
  'command',
  'builtin',
  'env',
  'nohup',
  'nice',
  'time',
]);

/** Where the program's name stands: first, or behind assignments and `sudo -n`, `ip netns exec NAME`. */
function programIndex(words: readonly Word[], variables: Programs): number {
  let at = 0;
  if (words[0]?.value === 'ip' && words[1]?.value === 'netns' && words[2]?.value === 'exec') at = 4;
  for (; at < words.length; at++) {
    const word = words[at];
    if (word === undefined || programOf(word, variables)) break;
    const { value } = word;
    if (!PREFIXES.has(value) && !(at > 0 && value.startsWith('-')) && !ASSIGNMENT.test(value)) return words.length;
  }
  return at;
}
