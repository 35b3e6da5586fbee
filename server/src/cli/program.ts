/** The commands of `chainwalk`, and the words that they take. */
import { Command, CommanderError, Option } from 'commander';
import { USUAL_VARIANT, VARIANTS } from '../analysis/variant';
import { type CheckOptions, checkFiles } from './check';
import { type FmtOptions, formatFiles } from './fmt';
import { addLintCommands, lintWords } from './lint-program';
import { simulateLines } from './simulate';
import { tableOption } from './table-option';
import type { Terminal } from './terminal';
import { traceFile } from './trace';

/**
 * @param words without the program's name
 * @returns the exit code; 2 stands for "could not run"
 */
interface TraceOptions {
  readonly host?: string;
  readonly all?: boolean;
  readonly assume?: string[];
}

export async function runCommand(words: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode = 0;
  const program = new Command('chainwalk')
    .description('Reads, checks and simulates iptables firewalls.')
    .configureOutput({
      writeOut: (text) => void terminal.write(text),
      writeErr: (text) => terminal.complain(text.trimEnd()),
    })
    .exitOverride();
  addLoadCommands(program, terminal, (code) => {
    exitCode = code;
  });
  addLintCommands(program, terminal, (code) => {
    exitCode = code;
  });
  program
    .command('trace')
    .description('print the way of packets through a ruleset')
    .argument('<file>', 'iptables-save or ip6tables-save file')
    .argument('[packets...]', "such as 'in eth0 tcp 198.51.100.7:40000 > 203.0.113.1:22 S', or 'conntrack -D -p tcp'")
    .option('--host <file>', 'JSON file that describes the host, as in a scenario')
    .option(
      '--assume <what=taken...>',
      'where it cannot be decided, such as cpu=yes, filter:INPUT:3=no, CLUSTERIP=drop',
    )
    .option('--all', 'show every rule, also where many in a row do not match')
    .action(async (file: string, packets: string[], options: TraceOptions) => {
      const hostFile = options.host === undefined ? {} : { hostFile: options.host };
      const { all: showAll = false, assume = [] } = options;
      exitCode = await traceFile({ file, packets, showAll, assume, ...hostFile }, terminal);
    });
  program
    .command('simulate')
    .description('run scenarios from standard input, one JSON object a line, and print results in the same way')
    .requiredOption('--jsonl', 'JSON lines in, JSON lines out')
    .action(async () => {
      exitCode = await simulateLines(terminal);
    });
  try {
    await program.parseAsync(lintWords(words), { from: 'user' });
    return exitCode;
  } catch (error) {
    // commander has printed the help, or what is wrong with the words.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
}

const RULESETS = 'iptables-save or ip6tables-save files, what iptables -S prints, or shell scripts';

/** What iptables-restore would say to a file, and iptables-save after it. */
function addLoadCommands(program: Command, terminal: Terminal, done: (exitCode: number) => void): void {
  const variant = () =>
    new Option('--variant <variant>', 'whose iptables-restore').choices(VARIANTS).default(USUAL_VARIANT);
  const family = () =>
    new Option('--family <family>', 'IPv4 or IPv6; where it is not given, the file says so').choices(['4', '6']);
  program
    .command('check')
    .description('say what iptables-restore would refuse; exit 0: nothing, 1: something, 2: could not run')
    .argument('<files...>', RULESETS)
    .addOption(variant())
    .addOption(family())
    .addOption(tableOption())
    .action(async (files: string[], options: CheckOptions) => done(await checkFiles(files, options, terminal)));
  program
    .command('fmt')
    .description(
      'print rulesets as iptables-save would after loading them, with their comments; ' +
        'exit 0: done, 1: --check found one that is not so, 2: could not run, nothing is written',
    )
    .argument('<files...>', RULESETS)
    .option('--check', 'name the files that are not so, and print nothing else')
    .option('--write', 'write the files instead of printing them')
    .addOption(variant())
    .addOption(family())
    .addOption(tableOption())
    .action(async (files: string[], options: FmtOptions) => done(await formatFiles(files, options, terminal)));
}
