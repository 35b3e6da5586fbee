/** The commands, run in the process with a terminal of our own. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { printable } from '../server/src/cli/style';
import { chainwalk } from './support/run-program';
import { sharedData } from './support/shared-data';

const folder = mkdtempSync(join(tmpdir(), 'chainwalk-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const right = fileOf('right.rules', '*filter\n:INPUT DROP [0:0]\n-A INPUT -p tcp --dport 22 -j ACCEPT\nCOMMIT\n');
const wrong = fileOf(
  'wrong.rules',
  '*filter\n-A INPUT -p tcp --dprot 22 -j DROP\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n',
);
const quiet = fileOf(
  'quiet.rules',
  '*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -i lo -j ACCEPT\n' +
    '-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A INPUT -p icmp -j ACCEPT\n' +
    '-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\nCOMMIT\n',
);
const SYN = 'in eth0 tcp 198.51.100.7:40000 > 203.0.113.1:22 S';

describe('lint', () => {
  test('nothing to say: exit 0', async () => {
    expect(await chainwalk(['lint', quiet])).toEqual({ code: 0, out: '', errors: [] });
    expect(await chainwalk(['lint', '--format', 'json', quiet])).toEqual({ code: 0, out: '[]\n', errors: [] });
  });

  test('something: exit 1, as text', async () => {
    expect(await chainwalk(['lint', quiet, wrong])).toEqual({
      code: 1,
      out: `${wrong}:2:17: error: unknown option "--dprot": did you mean "--dport"? [unknown-option]\n`,
      errors: [],
    });
  });

  test('as JSON, counted from 1', async () => {
    const { code, out } = await chainwalk(['lint', '--format', 'json', wrong]);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual([
      {
        file: wrong,
        line: 2,
        column: 17,
        endLine: 2,
        endColumn: 24,
        severity: 'error',
        code: 'unknown-option',
        message: 'unknown option "--dprot": did you mean "--dport"?',
      },
    ]);
  });

  test('a pitfall that the product is for', async () => {
    const { code, out } = await chainwalk(['lint', join(import.meta.dirname, '..', 'examples', 'notrack.rules')]);
    expect(code).toBe(1);
    expect(out).toMatch(/notrack\.rules:\d+:\d+: warning: .*\[notrack-without-untracked\]/);
  });

  test('a file that is not there: exit 2, the others are read all the same', async () => {
    const { code, out, errors } = await chainwalk(['lint', join(folder, 'nowhere'), wrong]);
    expect([code, errors.length]).toEqual([2, 1]);
    expect(out).toContain('[unknown-option]');
  });

  test('words that cannot be understood: exit 2', async () => {
    expect((await chainwalk(['lint'])).code).toBe(2);
    expect((await chainwalk(['lint', '--format', 'xml', quiet])).code).toBe(2);
    expect((await chainwalk(['sing'])).code).toBe(2);
    expect((await chainwalk(['--help'])).code).toBe(0);
  });
});

describe('check', () => {
  test('what loads: exit 0', async () => {
    expect(await chainwalk(['check', right])).toEqual({ code: 0, out: '', errors: [] });
  });

  test('what does not: exit 1, place and cause', async () => {
    const { code, out } = await chainwalk(['check', right, wrong]);
    expect(code).toBe(1);
    expect(out).toBe(`${wrong}:2:17: error: unknown option "--dprot": did you mean "--dport"?\n`);
  });

  test('the variants differ, and the message says so', async () => {
    const twice = fileOf('twice.rules', '*filter\n:own - [0:0]\n:own - [0:0]\nCOMMIT\n');
    expect((await chainwalk(['check', twice])).code).toBe(0);
    const legacy = await chainwalk(['check', '--variant', 'legacy', twice]);
    expect(legacy.code).toBe(1);
    expect(legacy.out).toMatch(/:3:2: error: .*iptables-legacy refuses it, iptables-nft empties the chain\n$/);
  });

  test('the family where it is told', async () => {
    const six = fileOf('six.rules', '*filter\n-A INPUT -s ::1 -j ACCEPT\nCOMMIT\n');
    expect((await chainwalk(['check', '--family', '6', six])).code).toBe(0);
    expect((await chainwalk(['check', '--family', '4', six])).code).toBe(1);
  });

  test('what cannot be read: exit 2', async () => {
    expect((await chainwalk(['check', join(folder, 'nowhere'), wrong])).code).toBe(2);
    expect((await chainwalk(['check', '--variant', 'bpf', right])).code).toBe(2);
  });
});

describe('fmt', () => {
  const CANONICAL =
    '*filter\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:INPUT DROP [0:0]\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\nCOMMIT\n';

  test('printed', async () => {
    expect(await chainwalk(['fmt', right])).toEqual({ code: 0, out: CANONICAL, errors: [] });
  });

  test('written, and then checked', async () => {
    const file = fileOf('format.rules', await readFile(right, 'utf8'));
    expect(await chainwalk(['fmt', '--check', file])).toEqual({ code: 1, out: `${file}\n`, errors: [] });
    expect(await chainwalk(['fmt', '--write', file])).toEqual({ code: 0, out: '', errors: [] });
    expect(await readFile(file, 'utf8')).toBe(CANONICAL);
    expect(await chainwalk(['fmt', '--check', file])).toEqual({ code: 0, out: '', errors: [] });
  });

  test('what is not understood is not touched, and neither is any other file', async () => {
    const file = fileOf('other.rules', await readFile(right, 'utf8'));
    const { code, out, errors } = await chainwalk(['fmt', '--write', file, wrong]);
    expect([code, out]).toEqual([2, '']);
    expect(errors[0]).toContain('wrong.rules:2:17: not formatted: unknown option');
    expect(await readFile(file, 'utf8')).toBe(await readFile(right, 'utf8'));
    const latin = join(folder, 'latin.rules');
    writeFileSync(latin, Buffer.from([0x23, 0xe9, 0x0a]));
    expect((await chainwalk(['fmt', '--write', latin])).errors[0]).toContain('not UTF-8');
  });
});

describe('trace', () => {
  test('the way of a packet, why rules did not match, and the conntrack table', async () => {
    const router = fileOf(
      'state.rules',
      '*filter\n:INPUT DROP [0:0]\n-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT\n' +
        '-A INPUT -p tcp --dport 22 -j ACCEPT\nCOMMIT\n',
    );
    const { code, out } = await chainwalk(['trace', router, SYN]);
    expect(code).toBe(0);
    expect(out).toContain(
      '· filter:INPUT:1  -m conntrack --ctstate ESTABLISHED -j ACCEPT  (--ctstate: the packet is NEW)',
    );
    expect(out).toContain('✓ filter:INPUT:2  -p tcp --dport 22 -j ACCEPT  → ACCEPT');
    expect(out).toMatch(/\+ ipv4 2 tcp 6 \d+ SYN_\w+ src=198\.51\.100\.7/);
    expect(out).not.toContain('\u001B[');
  });

  test('many rules in a row that do not match are told in short', async () => {
    const rules = Array.from({ length: 100 }, (_, index) => `-A INPUT -s 10.0.0.${index}\n`).join('');
    const long = fileOf('long.rules', `*filter\n:INPUT DROP [0:0]\n${rules}COMMIT\n`);
    expect((await chainwalk(['trace', long, SYN])).out).toContain('… 94 more rules that do not match');
    expect((await chainwalk(['trace', long, SYN, '--all'])).out).toContain('· filter:INPUT:50  ');
  });

  test('colours where they are wanted', async () => {
    expect((await chainwalk(['trace', right, SYN], { color: true })).out).toContain('\u001B[32m✓\u001B[0m');
  });

  test('without a packet, one that the ruleset suggests', async () => {
    expect((await chainwalk(['trace', right])).out).toMatch(/^1 {2}in \S+ tcp .*:22 S/);
  });

  test('on a host of JSON', async () => {
    const host = fileOf('host.json', '{"interfaces": {"wan7": {"addresses": ["203.0.113.1/24"]}}, "listen": []}');
    const { code, out } = await chainwalk(['trace', right, SYN.replace('eth0', 'wan7'), '--host', host]);
    expect(code).toBe(0);
    expect(out).toContain('RST');
  });

  test('what cannot be run: exit 2, and why', async () => {
    const unreadable = await chainwalk(['trace', right, 'in eth0 tcp nonsense']);
    expect([unreadable.code, unreadable.errors.length]).toEqual([2, 1]);
    const refused = await chainwalk(['trace', wrong, SYN]);
    expect(refused.code).toBe(2);
    expect(refused.errors[0]).toContain('2:17: unknown option "--dprot"');
    expect((await chainwalk(['trace', join(folder, 'nowhere'), SYN])).code).toBe(2);
    expect((await chainwalk(['trace', right, SYN, '--host', right])).code).toBe(2);
  });

  test("a ruleset's text cannot steer the terminal", async () => {
    const evil = fileOf(
      'evil.rules',
      '*filter\n:INPUT DROP [0:0]\n-A INPUT -m comment --comment "\u001B]0;owned\u0007\u202E" -j ACCEPT\nCOMMIT\n',
    );
    const { out } = await chainwalk(['trace', evil, SYN]);
    expect(out).toContain('\\u{1b}]0;owned\\u{7}\\u{202e}');
    expect(printable('a\tb\u009Bc')).toBe('a b\\u{9b}c');
  });
});

describe('simulate', () => {
  const scenario = {
    rules: '*filter\n:INPUT DROP [0:0]\n-A INPUT -p udp --dport 22 -j ACCEPT\nCOMMIT\n',
    host: { interfaces: { eth0: { addresses: ['203.0.113.1/24'] } }, listen: ['udp/22'] },
    packets: [{ in: 'eth0', src: '203.0.113.9', dst: '203.0.113.1', proto: 'udp', sport: 40000, dport: 22 }],
  };
  const results = async (input: readonly string[]) => {
    const { code, out } = await chainwalk(['simulate', '--jsonl'], { input });
    expect(code).toBe(0);
    return out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  };

  test('a line out for a line in', async () => {
    const [result] = await results([JSON.stringify(scenario)]);
    expect(result).toMatchObject({ load: { ok: true, error: '' }, packets: [{ trace: ['filter:INPUT:rule:1'] }] });
    expect(result.counters['filter:INPUT:1']).toEqual([1, 28]);
  });

  test('whatever the line holds', async () => {
    const { rules, host, packets } = scenario;
    const [packet] = packets;
    const bad: readonly unknown[] = [
      null,
      [],
      'text',
      {},
      { rules: 7 },
      { rules, family: 5 },
      { rules, packets: {} },
      { rules, host, packets: [null] },
      { rules, host, packets: [{ ...packet, src: 'nowhere' }] },
      { rules, host, packets: [{ ...packet, proto: {} }] },
      { rules, host, packets: [{ ...packet, in: 'eth9' }] },
      { rules, host: { interfaces: { eth0: { addresses: ['x'] } } }, packets },
      { rules, host: { routes: ['nonsense'] }, packets },
      { rules, host: 'eth0', packets },
      { rules: '*filter\n-A INPUT -j nowhere\nCOMMIT\n', host, packets },
      { rules: '*filter\n', host, packets },
    ];
    const lines = ['', '{', '\u0000', ...bad.map((value) => JSON.stringify(value))];
    const answers = await results([...lines, JSON.stringify(scenario)]);
    expect(answers).toHaveLength(lines.length + 1);
    for (const answer of answers.slice(0, -1)) expect(answer.load.error).toMatch(answer.load.ok ? /^$/ : /^\d+:\d+: ./);
    expect(answers.at(-1)?.load.ok).toBe(true);
    expect(answers.at(-3)?.load.error).toBe('2:13: "nowhere" is neither a chain of table filter nor a target');
    expect(answers.at(-2)?.load.error).toBe(
      '2:1: COMMIT is missing: nothing of table filter, which line 1 opens, is loaded',
    );
  });
});

describe('explain', () => {
  test('the page of a lint rule', async () => {
    const { code, out } = await chainwalk(['explain', 'notrack-without-untracked']);
    expect(code).toBe(0);
    expect(out).toMatch(/^NOTRACK/);
    expect(out).not.toMatch(/^#|```/m);
  });

  test('no such rule: exit 2, and which there are', async () => {
    const { code, errors } = await chainwalk(['explain', 'notrack-without-untrackd']);
    expect(code).toBe(2);
    expect(errors[0]).toContain('did you mean "notrack-without-untracked"?');
  });
});

describe.skipIf(!sharedData)('real rulesets', () => {
  const folders = ['real', 'real-repaired', 'synthetic'].map((name) => join(sharedData ?? '', 'corpus', name));
  const files = sharedData
    ? folders.flatMap((path) =>
        readdirSync(path)
          .filter((name) => !name.endsWith('.tsv'))
          .map((name) => join(path, name)),
      )
    : [];

  const V4 = [
    SYN,
    'out udp 203.0.113.1:5353 > 198.51.100.53:53',
    'in eth0 icmp 198.51.100.7 > 203.0.113.1 echo-request',
  ];
  const V6 = ['in eth0 tcp [2001:db8::7]:40000 > [2001:db8:1::1]:22 S'];

  test('lint: no crash, and what is not known is named', { timeout: 300_000 }, async () => {
    const { code, out, errors } = await chainwalk(['lint', '--format', 'json', ...files]);
    expect([code, errors]).toEqual([1, []]);
    const unknown = JSON.parse(out).filter(({ code: one }: { code: string }) => one === 'unknown-extension');
    for (const { message } of unknown) expect(message).toMatch(/"[\w-]+"|-p/);
  });

  test('trace: no crash', { timeout: 300_000 }, async () => {
    for (const file of files) {
      const family = /^-A .*(?:::|icmp6)/m.test(await readFile(file, 'utf8')) ? V6 : V4;
      const { code, out, errors } = await chainwalk(['trace', file, ...family]);
      expect([0, 2], `${file}: ${errors.join()}`).toContain(code);
      if (code === 0) expect(out, file).toMatch(/■ /);
      else expect(errors.join(), file).toMatch(/:\d+:\d+: /);
    }
  });
});
