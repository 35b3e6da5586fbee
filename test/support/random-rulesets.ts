/** Rulesets by chance, for property tests: mostly well-formed, made of the examples of the declarations. */
import fc from 'fast-check';
import { EXTENSIONS } from '../../src-sim/xt/registry';

const examples = EXTENSIONS.flatMap((extension) => extension.examples.map((example) => example.rule));

const chain = fc.constantFrom('INPUT', 'FORWARD', 'OUTPUT', 'PREROUTING', 'POSTROUTING', 'own', 'other');
const table = fc.constantFrom('filter', 'nat', 'mangle', 'raw', 'security');
const rule = fc.constantFrom(...examples);
const counters = fc.constantFrom('', '', '[12:3456] ');

const line = fc.oneof(
  { weight: 12, arbitrary: fc.tuple(counters, chain, rule, rule).map(([c, n, a, b]) => `${c}-A ${n} ${a} ${b}`) },
  { weight: 12, arbitrary: fc.tuple(counters, chain, rule).map(([c, n, r]) => `${c}-A ${n} ${r}`) },
  { weight: 3, arbitrary: fc.tuple(chain, fc.nat(4), rule).map(([n, at, r]) => `-I ${n} ${at} ${r}`) },
  { weight: 2, arbitrary: fc.tuple(chain, rule).map(([n, r]) => `-D ${n} ${r}`) },
  { weight: 2, arbitrary: fc.tuple(chain, fc.nat(3)).map(([n, at]) => `-D ${n} ${at}`) },
  { weight: 2, arbitrary: fc.tuple(chain, chain).map(([a, b]) => `-A ${a} -j ${b}`) },
  { weight: 2, arbitrary: fc.tuple(chain, chain).map(([a, b]) => `-E ${a} ${b}`) },
  { weight: 4, arbitrary: chain.map((name) => `:${name} - [0:0]`) },
  { weight: 1, arbitrary: chain.map((name) => `-X ${name}`) },
  { weight: 1, arbitrary: fc.constantFrom('', '# comment', '-F', '-X', '-Z', '-P INPUT DROP', 'COMMIT', '*filter') },
);

/** Text of an iptables-save file, not always one that loads. */
export const restoreText = fc
  .array(
    fc.tuple(table, fc.array(line, { maxLength: 12 })).map(([name, lines]) => [`*${name}`, ...lines, 'COMMIT']),
    { minLength: 1, maxLength: 3 },
  )
  .map((blocks) => `${blocks.flat().join('\n')}\n`);
