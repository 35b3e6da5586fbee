/** The whole lint of large files, against iptables' own check of the same file; and the longest step of its slices. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDocument } from '../server/src/analysis/document';
import { readHints } from '../server/src/analysis/hints';
import { lintSlices } from '../server/src/lint/run';
import { header, machineShape, megabytes, row, thousands, times, title } from './report';
import { kubeProxyRuleset, linearRuleset, RULES_OF_KUBE_SERVICE } from './rulesets';

const FILES = [
  { name: '10,000 rules in one chain', rules: linearRuleset(10_000).rules },
  { name: 'kube-proxy, 100,000 rules', rules: kubeProxyRuleset(Math.round(100_000 / RULES_OF_KUBE_SERVICE)).rules },
];

/** Undefined where the program is not there, or may not load rules. */
function iptablesCheck(rules: string): number | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'chainwalk-bench-'));
  try {
    const file = join(folder, 'rules.v4');
    writeFileSync(file, rules);
    const begin = performance.now();
    const { status } = spawnSync('unshare', ['--net', 'iptables-nft-restore', '--test', file]);
    return status === 0 ? performance.now() - begin : undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

title('Lint of a whole file');
console.log(`${machineShape()}\n`);
header(
  'file',
  'read it, ms',
  'lint, ms',
  'computing, ms',
  'findings',
  'longest step, ms',
  '`iptables-nft-restore --test`, ms',
  'lint : iptables',
  'memory',
);
for (const { name, rules } of FILES) {
  const begin = performance.now();
  const document = createDocument(rules, { family: 'ipv4' });
  const hints = readHints(document);
  const read = performance.now() - begin;
  let longest = 0;
  let findings = 0;
  const start = performance.now();
  const before = process.cpuUsage();
  let last = start;
  for (const slice of lintSlices(document, hints)) {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    findings += slice.length;
  }
  const took = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  const memory = process.memoryUsage().rss;
  const iptables = iptablesCheck(rules);
  row(
    name,
    thousands(read),
    thousands(took),
    thousands((user + system) / 1000),
    thousands(findings),
    thousands(longest),
    iptables === undefined ? 'not there' : thousands(iptables),
    iptables === undefined ? '' : times(took / iptables),
    megabytes(memory),
  );
}
