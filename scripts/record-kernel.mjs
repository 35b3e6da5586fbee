/**
 * Records what a kernel answers to scenarios, for test/kernel.test.ts.
 *
 *   node scripts/record-kernel.mjs NAME COMMAND... < scenarios.jsonl
 *
 * COMMAND runs scenarios on a kernel: one JSON a line in, one result a line out, as `chainwalk simulate --jsonl` does.
 * It is run twice: a scenario whose answers differ (the kernel chose at random) is left out, as is one that the kernel
 * could not load. Writes test/data/kernel/NAME.jsonl.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @typedef {import('../src-sim/sim/scenario').Scenario} Scenario
 * @typedef {import('../src-sim/sim/trace').Result} Result
 * @typedef {import('../test/support/agreement').KernelAnswer} KernelAnswer
 */

const [name, command = '', ...args] = process.argv.slice(2);
if (name === undefined || command === '') {
  console.error('usage: node scripts/record-kernel.mjs NAME COMMAND... < scenarios.jsonl');
  process.exit(2);
}

const input = readFileSync(0, 'utf8');
/** @type {Scenario[]} */
const scenarios = lines(input);
const [first, second] = [ask(), ask()];
const kept = scenarios.flatMap((scenario, index) => {
  const [answer, again] = [compact(first[index], scenario), compact(second[index], scenario)];
  return answer && again && lasting(answer) === lasting(again) ? [{ scenario, answer }] : [];
});
const file = join(import.meta.dirname, '..', 'test', 'data', 'kernel', `${name}.jsonl`);
writeFileSync(file, kept.map((recording) => `${JSON.stringify(recording)}\n`).join(''));
console.log(`${kept.length} of ${scenarios.length} scenarios recorded in ${file}`);

/** @returns {Result[]} */
function ask() {
  const { stdout, status } = spawnSync(command, args, { input, encoding: 'utf8', maxBuffer: 2 ** 30 });
  const answers = lines(stdout);
  if (status === 0 && answers.length === scenarios.length) return answers;
  throw new Error(`${command} answered ${answers.length} of ${scenarios.length} scenarios`);
}

/** @param {string} text */
function lines(text) {
  const objects = text.split('\n').filter((line) => line.startsWith('{'));
  return objects.map((line) => JSON.parse(line));
}

/**
 * The contract's fields alone. In IPv6 the rules of ebtables count what the host asks its neighbours, too.
 *
 * @param {Result | undefined} result
 * @param {Scenario} scenario
 * @returns {KernelAnswer | undefined}
 */
function compact(result, scenario) {
  if (!result?.load?.ok) return undefined;
  const packets = result.packets.map(({ trace, caused, out, conntrack }) => ({
    trace,
    caused: caused.map(({ src, dst, proto, trace }) => ({ src, dst, proto, trace })),
    out: out.map((frame) => ({ ...frame, id: undefined })),
    conntrack,
  }));
  return {
    packets,
    ...(countersCanBeRead(scenario) ? { counters: result.counters } : {}),
    ...(result.ebtables && scenario.family !== 6 ? { ebtables: result.ebtables } : {}),
  };
}

/**
 * iptables-save prints a rule without any word as `-A CHAIN`, which readers of its counters take for no rule.
 *
 * @param {Scenario} scenario
 */
function countersCanBeRead({ rules }) {
  return !/^-A \S+ *$/m.test(rules);
}

/**
 * What must be the same both times: all but the seconds that entries have left, and the order of the table.
 *
 * @param {KernelAnswer} answer
 */
function lasting({ packets }) {
  const withoutTime = packets.map((packet) => ({
    ...packet,
    conntrack: packet.conntrack.map((line) => line.replace(/^(\S+ \d+ \S+ \d+) \d+/, '$1')).sort(),
  }));
  return JSON.stringify(withoutTime);
}
