/** The commands `lint`, `trace`, `simulate` and `explain`, and the words that they take. */
import { Command, CommanderError, Option } from 'commander';
import { explainCode } from './explain';
import { type LintFormat, lintFiles } from './lint';
import { simulateLines } from './simulate';
import type { Terminal } from './terminal';
import { traceFile } from './trace';

/**
 * @param words without the program's name
 * @returns the exit code; 2 stands for "could not run"
 */
export async function runCommand(words: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode = 0;
  const program = new Command('chainwalk')
    .description('Reads, checks and simulates iptables firewalls.')
    .configureOutput({
      writeOut: (text) => void terminal.write(text),
      writeErr: (text) => terminal.complain(text.trimEnd()),
    })
    .exitOverride();
  program
    .command('lint')
    .description('say what is wrong with rulesets; exit 0: nothing, 1: something, 2: could not run')
    .argument('<files...>', 'iptables-save or ip6tables-save files')
    .addOption(new Option('--format <format>', 'how to print').choices(['text', 'json']).default('text'))
    .action(async (files: string[], options: { format: LintFormat }) => {
      exitCode = await lintFiles(files, options.format, terminal);
    });
  program
    .command('trace')
    .description('print the way of packets through a ruleset')
    .argument('<file>', 'iptables-save or ip6tables-save file')
    .argument('[packets...]', "such as 'in eth0 tcp 198.51.100.7:40000 > 203.0.113.1:22 S'")
    .option('--host <file>', 'JSON file that describes the host, as in a scenario')
    .option('--all', 'show every rule, also where many in a row do not match')
    .action(async (file: string, packets: string[], options: { host?: string; all?: boolean }) => {
      const hostFile = options.host === undefined ? {} : { hostFile: options.host };
      exitCode = await traceFile({ file, packets, showAll: options.all ?? false, ...hostFile }, terminal);
    });
  program
    .command('simulate')
    .description('run scenarios from standard input, one JSON object a line, and print results in the same way')
    .requiredOption('--jsonl', 'JSON lines in, JSON lines out')
    .action(async () => {
      exitCode = await simulateLines(terminal);
    });
  program
    .command('explain')
    .description('print the page of a lint rule')
    .argument('<code>', 'such as notrack-without-untracked')
    .action(async (code: string) => {
      exitCode = await explainCode(code, terminal);
    });
  try {
    await program.parseAsync(words, { from: 'user' });
    return exitCode;
  } catch (error) {
    // commander has printed the help, or what is wrong with the words.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
}
