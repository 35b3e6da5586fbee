/** `chainwalk lint` for CI: targets, choices, formats, suppressions, baselines, fixes. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import Ajv from 'ajv-draft-04';
import addFormats from 'ajv-formats';
import { build } from 'esbuild';
import type { Log } from 'sarif';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VERSION } from '../server/src/cli/version';
import { chainwalk } from './support/run-program';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'chainwalk-lint-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(root, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

const CHAINS = ':FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -i lo -j ACCEPT\n';
/** One information. */
const SHUT = `*filter\n:INPUT DROP [0:0]\n${CHAINS}COMMIT\n`;
/** One warning. */
const ALIAS =
  '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A FORWARD -i eth0:1 -j DROP\nCOMMIT\n';
/** One error that iptables-restore makes, too. */
const WRONG = `*filter\n:INPUT DROP [0:0]\n${CHAINS}-A INPUT -p tcp --dprot 22 -j ACCEPT\nCOMMIT\n`;
/** One information, with a safe fix. */
const UNUSED = `*filter\n# chainwalk-disable-next-line notrack-one-way -- gone\n:INPUT ACCEPT [0:0]\n${CHAINS}COMMIT\n`;
const SILENCED = `*filter\n# chainwalk-disable-next-line ssh-lockout -- a console\n:INPUT DROP [0:0]\n${CHAINS}COMMIT\n`;

const codes = (out: string) => [...out.matchAll(/\[([\w-]+)\]$/gm)].map((match) => match[1]);
const lint = (...words: readonly string[]) =>
  chainwalk(['lint', '--rule', 'ssh-lockout,iface-alias,unused-suppression', ...words]);

describe('what is linted', () => {
  test('folders and globs, sorted, each file once', async () => {
    for (const name of ['b/rules.v4', 'a.rules', 'node_modules/x.rules', 'notes.txt']) write(name, SHUT);
    const { out, code } = await lint(root, join(root, 'a.rules'), join(root, '**/*.v4'));
    expect(out.match(/^[^:]+/gm)).toEqual([join(root, 'a.rules'), join(root, 'b/rules.v4')]);
    expect(code).toBe(1);
  });

  test('what names nothing: exit 2, the others are linted', async () => {
    const { code, out, errors } = await lint(join(root, '*.rules'), write('x.v4', SHUT));
    expect([code, errors.length, codes(out)]).toEqual([2, 1, ['ssh-lockout']]);
  });
});

describe('what is looked for', () => {
  test('rules and groups by name', async () => {
    const file = write('x.rules', SHUT);
    expect(codes((await chainwalk(['lint', '--group', 'order', file])).out)).toEqual(['ssh-lockout']);
    expect((await chainwalk(['lint', '--group', 'nat', file])).code).toBe(0);
    expect((await chainwalk(['lint', '--rule', 'ssh-lockout', '--rule', 'notrack-one-way', file])).code).toBe(1);
  });

  test('a name that is none: exit 2, and what was meant', async () => {
    expect((await chainwalk(['lint', '--rule', 'ssh-lokout', root])).errors[0]).toContain(
      'did you mean "ssh-lockout"?',
    );
    expect((await chainwalk(['lint', '--group', 'ordr', root])).errors[0]).toContain('did you mean "order"?');
  });

  test('severities: what is less severe is neither told nor counted', async () => {
    const files = [write('a.rules', ALIAS), write('b.rules', UNUSED)];
    expect(codes((await lint(...files)).out)).toEqual(['iface-alias', 'unused-suppression']);
    expect(codes((await lint('--min-severity', 'warning', ...files)).out)).toEqual(['iface-alias']);
    expect((await lint('--min-severity', 'error', ...files)).code).toBe(0);
  });

  test('chainwalk.yaml beside them counts', async () => {
    write(
      'chainwalk.yaml',
      'lint:\n  groups:\n    order: off\nhosts:\n  - files: b.rules\n    management: 10.0.0.0/8:2222\n',
    );
    const out = (await chainwalk(['lint', write('a.rules', SHUT)])).out;
    expect(codes(out)).not.toContain('ssh-lockout');
    // Who names a rule wants it.
    expect((await lint(write('b.rules', SHUT))).out).toContain('port 2222');
  });

  test('what comments suppress, for auditors', async () => {
    const file = write('x.rules', SILENCED);
    expect((await lint(file)).code).toBe(0);
    expect(codes((await lint('--no-suppressions', file)).out)).toEqual(['ssh-lockout']);
  });

  test('the list of rules', async () => {
    expect((await chainwalk(['rules'])).out).toMatch(/^order {2}.*\n(?: {2}.*\n)* {2}ssh-lockout +warning/m);
    const list = JSON.parse((await chainwalk(['rules', '--format', 'json'])).out);
    expect(list).toContainEqual(expect.objectContaining({ code: 'suppression-without-reason', on: false }));
  });
});

describe('formats', () => {
  test('github', async () => {
    const { out } = await lint('--format', 'github', write('x.rules', ALIAS));
    expect(out).toMatch(
      /^::warning file=[^:]*x\.rules,line=5,endLine=5,col=15,endColumn=21,title=iface-alias::"eth0:1" is/,
    );
    const name = write('a,b%.rules', ALIAS);
    expect((await lint('--format', 'github', name)).out).toContain('a%2Cb%25.rules');
  });

  test('junit', async () => {
    const files = [write('bad.rules', WRONG), write('good.rules', SHUT.replace('DROP', 'ACCEPT')), join(root, 'none')];
    const { code, out } = await chainwalk(['lint', '--format', 'junit', '--min-severity', 'error', ...files]);
    expect(code).toBe(2);
    expect(out).toContain('tests="1" failures="1" errors="0"');
    expect(out).toContain('unknown option &quot;--dprot&quot;');
    expect(out).toContain('<testcase classname="');
    expect(out).toMatch(/<error message="[^"]*no such file/);
    const evil = write('evil.rules', WRONG.replace('--dprot', '--<\u0001&"'));
    expect((await chainwalk(['lint', '--format', 'junit', evil])).out).not.toContain('\u0001');
  });
});

describe('SARIF', () => {
  const schema = createRequire(import.meta.url)('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json');
  const ajv = new Ajv({ strict: false, unicodeRegExp: false });
  addFormats(ajv);
  const isValid = ajv.compile<Log>(schema);

  async function sarif(...words: readonly string[]) {
    const { out } = await chainwalk(['lint', '--format', 'sarif', ...words]);
    const log: unknown = JSON.parse(out);
    expect(isValid(log), JSON.stringify(isValid.errors)).toBe(true);
    const [run] = (log as Log).runs;
    if (run === undefined) throw new Error('no run');
    return run;
  }

  test('is what the schema wants, whatever is found', async () => {
    const files = [SHUT, WRONG, UNUSED, SILENCED].map((text, index) => write(`${index} é.rules`, text));
    const examples = join(import.meta.dirname, '..', 'examples');
    const run = await sarif(...files, examples, join(root, 'none'));
    expect(run.invocations).toMatchObject([
      { executionSuccessful: false, toolExecutionNotifications: [{ level: 'error' }] },
    ]);
    expect(
      (await sarif(write('fine.rules', SHUT.replace('DROP', 'ACCEPT')), '--min-severity', 'error')).results,
    ).toEqual([]);
  });

  test('rules, places, fingerprints, fixes', async () => {
    const { tool, results = [] } = await sarif('--rule', 'unused-suppression', write('x.rules', UNUSED));
    const [result] = results;
    const rule = tool.driver.rules?.[result?.ruleIndex ?? -1];
    expect([tool.driver.version, rule?.id, rule?.helpUri]).toEqual([VERSION, 'unused-suppression', undefined]);
    expect(result).toMatchObject({
      level: 'note',
      partialFingerprints: { 'chainwalkRule/v1': expect.stringMatching(/^[0-9a-f]{16}$/) },
      suppressions: [],
      locations: [{ physicalLocation: { region: { startLine: 2, startColumn: 1, endLine: 2 } } }],
      fixes: [
        {
          artifactChanges: [
            { replacements: [{ deletedRegion: { startLine: 2, startColumn: 1, endLine: 3, endColumn: 1 } }] },
          ],
        },
      ],
    });
  });

  test('what is suppressed is in it, with its reason', async () => {
    const { results = [] } = await sarif('--rule', 'ssh-lockout', write('x.rules', SILENCED));
    expect(results.map(({ suppressions }) => suppressions)).toEqual([
      [{ kind: 'inSource', justification: 'a console' }],
    ]);
  });

  test('a page has an address where the pages have one', async () => {
    const { tool } = await sarif('--pages-url', 'https://example.org/rules', write('x.rules', SHUT));
    const rule = tool.driver.rules?.find(({ id }) => id === 'ssh-lockout');
    expect(rule?.helpUri).toBe('https://example.org/rules/ssh-lockout.md');
    expect((await lint('--pages-url', 'rules', write('x.rules', SHUT))).code).toBe(2);
  });
});

describe('a baseline', () => {
  const COUNTED = `# a new line\n${SHUT.replace('DROP [0:0]', 'DROP [17:1700]')}`;

  test('tells what is new only, wherever the lines move', async () => {
    const [file, kept] = [write('x.rules', SHUT), join(root, 'kept.json')];
    expect(await lint('--baseline', 'write', kept, file)).toMatchObject({ code: 0, out: '' });
    expect((await lint('--baseline', 'use', kept, file)).code).toBe(0);
    write('x.rules', COUNTED);
    expect(await lint('--baseline', 'use', kept, file)).toEqual({ code: 0, out: '', errors: [] });
    const other = write('y.rules', SHUT);
    expect(codes((await lint('--baseline', 'use', kept, root)).out)).toEqual(['ssh-lockout']);
    expect((await lint('--baseline', 'use', kept, other)).code).toBe(1);
  });

  test('forgets what is gone, of the files that were linted', async () => {
    const [one, two, kept] = [write('a.rules', SHUT), write('b.rules', SHUT), join(root, 'kept.json')];
    await lint('--baseline', 'write', kept, one, two);
    write('a.rules', SHUT.replace('DROP', 'ACCEPT'));
    expect((await lint('--baseline', 'use', kept, one)).errors[0]).toContain('1 of its findings are gone');
    await lint('--baseline', 'prune', kept, one);
    expect(Object.keys(JSON.parse(readFileSync(kept, 'utf8')).files)).toEqual(['b.rules']);
    expect((await lint('--baseline', 'use', kept, two)).code).toBe(0);
  });

  test.each(['{}', 'no JSON', '{"version": 1, "files": []}', '{"version": 2, "files": {}}'])(
    'that is none is not believed: %s',
    async (text) => {
      expect((await lint('--baseline', 'use', write('kept.json', text), write('x.rules', SHUT))).code).toBe(2);
    },
  );

  test('without a file, or of another kind: exit 2', async () => {
    expect((await lint(root, '--baseline', 'use')).code).toBe(2);
    expect((await lint('--baseline', 'make', join(root, 'x'), root)).code).toBe(2);
  });
});

describe('--fix', () => {
  test('makes the safe fixes, and tells what remains', async () => {
    const file = write('x.rules', UNUSED.replace('ACCEPT [0:0]', 'DROP [0:0]'));
    const { code, out, errors } = await lint('--fix', file);
    expect([code, codes(out), errors]).toEqual([1, ['ssh-lockout'], [`${file}: 1 fixed`]]);
    expect(readFileSync(file, 'utf8')).toBe(SHUT);
  });

  test('touches nothing where there is nothing safe, or bytes that could not be written back', async () => {
    const file = write('x.rules', SHUT);
    expect((await lint('--fix', file)).errors).toEqual([]);
    const latin = Buffer.concat([Buffer.from(UNUSED), Buffer.from([0x23, 0xe9, 0x0a])]);
    writeFileSync(file, latin);
    await lint('--fix', file);
    expect(readFileSync(file)).toEqual(latin);
  });
});

describe('many files at once', () => {
  test('give what they give one after the other', { timeout: 60_000 }, async () => {
    for (let index = 0; index < 12; index++) write(`${index}.rules`, [SHUT, WRONG, UNUSED][index % 3] ?? '');
    const program = join(root, 'chainwalk.mjs');
    const banner = "import { createRequire as make } from 'node:module'; const require = make(import.meta.url);";
    await build({
      entryPoints: [join(import.meta.dirname, '../server/src/cli/main.ts')],
      outfile: program,
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'esm',
      banner: { js: banner },
      mainFields: ['module', 'main'],
      logLevel: 'error',
    });
    const run = (jobs: string) =>
      spawnSync(process.execPath, [program, 'lint', '--jobs', jobs, '.'], { cwd: root, encoding: 'utf8' });
    const [one, three] = [run('1'), run('3')];
    expect([one.status, one.stderr]).toEqual([1, '']);
    expect(three.stdout).toBe(one.stdout);
    expect(three.stdout.split('\n').length).toBeGreaterThan(10);
  });
});
