/** The examples of the declarations, asked of iptables itself: the kernel of this machine loads them, or refuses to. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Example, Extension } from '../src-sim/xt/define';
import { EXTENSIONS } from '../src-sim/xt/registry';
import { familyOfExample, placeOf, restoreFile } from './support/example-rules';
import { iptablesLegacyRestore, unshare } from './support/root-tools';

interface Asked {
  readonly extension: Extension;
  readonly example: Exclude<Example, { kind: 'packet' }>;
  /** File names in the folder begin so. */
  readonly name: string;
}

interface Answer {
  readonly accepted: boolean;
  readonly saved: string;
  readonly said: string;
}

/** What the kernel was not built with it refuses, whatever the rule. */
const MISSING = /No chain\/target\/match by that name|missing kernel module|Extension \S+ revision 0 not supported/;

/** The sets that examples name, where ipset is there to make them. */
const SETS = ['ips hash:ip', 'nets hash:net counters', 'ipport hash:ip,port'].map(
  (set) => `ipset create ${set} 2> /dev/null || true`,
);

const asked: readonly Asked[] = EXTENSIONS.flatMap((extension, number) =>
  extension.examples.flatMap((example, index) =>
    example.kind === 'packet' ? [] : [{ extension, example, name: `${number}-${index}` }],
  ),
);

describe.skipIf(!iptablesLegacyRestore || !unshare)('iptables on this machine', () => {
  const folder = mkdtempSync(join(tmpdir(), 'chainwalk-xt-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const answers = iptablesLegacyRestore && unshare ? askAll(folder) : new Map<string, Answer>();

  for (const { extension, example, name } of asked) {
    it(`${extension.kind} ${extension.name}: ${example.rule}`, ({ skip }) => {
      const answer = answers.get(name);
      if (answer === undefined) throw new Error('no answer');
      if (MISSING.test(answer.said)) skip(answer.said);
      if (example.kind === 'refused') expect(answer.accepted).toBe(false);
      else expect(answer).toEqual({ accepted: true, saved: example.saved, said: answer.said });
    });
  }
});

/** All in one namespace and one shell: a process for each question would take most of the time. */
function askAll(folder: string): ReadonlyMap<string, Answer> {
  const script = [...SETS, ...asked.map((one) => questions(one, folder))].join('\n');
  const ran = spawnSync('unshare', ['--net', 'sh', '-s'], { input: script, encoding: 'utf8' });
  if (ran.status !== 0) throw new Error(ran.stderr);
  return new Map(asked.map((one) => [one.name, readAnswer(one, folder)]));
}

function questions({ extension, example, name }: Asked, folder: string): string {
  const place = placeOf(extension, example.rule);
  const file = join(folder, name);
  writeFileSync(file, restoreFile(place, example.rule));
  const tool = familyOfExample(extension, example) === 'ipv4' ? 'iptables-legacy' : 'ip6tables-legacy';
  return [
    `${tool}-restore < ${file} > /dev/null 2> ${file}.said; echo $? > ${file}.status`,
    `${tool}-save -t ${place.table} > ${file}.saved`,
    `${tool} -t ${place.table} -F`,
  ].join('\n');
}

function readAnswer({ extension, example, name }: Asked, folder: string): Answer {
  const read = (kind: string) => readFileSync(join(folder, `${name}.${kind}`), 'utf8');
  const { chain } = placeOf(extension, example.rule);
  const rules = read('saved')
    .split('\n')
    .filter((line) => line.startsWith(`-A ${chain}`))
    .map((line) => line.slice(`-A ${chain} `.length));
  return { accepted: read('status').trim() === '0', saved: rules.join('\n'), said: read('said').trim() };
}
