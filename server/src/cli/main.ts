/** The program `chainwalk`; it is also what its own threads run. */
import { serveLintTasks } from './lint-workers';
import { runCommand } from './program';
import { processTerminal } from './terminal';

if (!serveLintTasks(processTerminal.readFile)) {
  // `chainwalk lint … | head` closes the pipe early: nobody is left to complain to.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 2));
  process.exitCode = await runCommand(process.argv.slice(2), processTerminal);
}
