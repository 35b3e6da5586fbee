/** package.json says of settings, languages and commands what the code says: UPDATE_EXPECT=1 writes the settings. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findHintKey } from '../server/src/analysis/hint-keys';
import { readHost } from '../server/src/analysis/host-setting';
import { VERSION } from '../server/src/cli/version';
import { RULE_GROUPS } from '../server/src/lint/groups';
import { LINT_RULES } from '../server/src/lint/registry';
import { SEVERITY_CHOICES } from '../server/src/lint/severities';
import { TRACE_COMMAND } from '../server/src/lsp/protocol';
import { HOST_KEYS } from '../server/src/project/file-shape';
import { schemaOfKeys } from '../server/src/project/json-schema';

const root = join(import.meta.dirname, '..');
const manifestFile = join(root, 'package.json');
const manifest = JSON.parse(readFileSync(manifestFile, 'utf8'));
const { languages, grammars, commands, menus, configuration, problemMatchers } = manifest.contributes;
const settingsTitled = (title: string) =>
  configuration.find((section: { title: string }) => section.title === title).properties;

/** One setting for the groups, and one for each lint rule, in the order of the registry. */
const lintSettings = {
  'chainwalk.lint.pagesUrl': {
    type: 'string',
    scope: 'resource',
    default: '',
    markdownDescription:
      'Where the pages of lint rules (the folder `docs/rules`) are on the web: `https://…`. The code of a finding leads there. Where nothing is said, the extension shows its own page, offline.',
  },
  'chainwalk.lint.groups': {
    type: 'object',
    scope: 'resource',
    default: {},
    markdownDescription:
      'Severity of a whole group of lint rules, or `off`. A rule that has a severity of its own keeps that.',
    additionalProperties: false,
    properties: Object.fromEntries(
      Object.entries(RULE_GROUPS).map(([group, description]) => [
        group,
        { type: 'string', enum: SEVERITY_CHOICES, default: 'default', description },
      ]),
    ),
  },
  ...Object.fromEntries(
    LINT_RULES.map(({ code, title, severity, group, offByDefault }) => [
      `chainwalk.lint.${code}`,
      {
        type: 'string',
        scope: 'resource',
        enum: SEVERITY_CHOICES,
        default: 'default',
        description: `${title}. Group ${group}; default: ${offByDefault ? 'off' : severity}.`,
      },
    ]),
  ),
};

const hostProperties = schemaOfKeys(HOST_KEYS);

if (process.env.UPDATE_EXPECT === '1') {
  settingsTitled('Host')['chainwalk.host'].properties = hostProperties;
  configuration.find((section: { title: string }) => section.title === 'Findings').properties = lintSettings;
  writeFileSync(manifestFile, `${JSON.stringify(manifest, null, 2)}\n`);
}

describe('settings', () => {
  test('each lint rule has one, with its own title and severity', () => {
    expect(settingsTitled('Findings')).toEqual(JSON.parse(JSON.stringify(lintSettings)));
  });

  test('chainwalk.host knows the hints and what a host is described by, and nothing else', () => {
    expect(settingsTitled('Host')['chainwalk.host'].properties).toEqual(JSON.parse(JSON.stringify(hostProperties)));
    const scenario = Object.keys(hostProperties).filter((key) => findHintKey(key) === undefined);
    const sample = Object.fromEntries(
      scenario.flatMap((key) => [
        [key, {}],
        [key, []],
        [key, ''],
      ]),
    );
    expect(Object.keys(readHost(sample)).filter((key) => !scenario.includes(key))).toEqual([]);
    for (const key of scenario) {
      const isRead = [{}, [], ''].some((value) => key in readHost({ [key]: value }));
      expect(isRead, key).toBe(true);
    }
  });
});

describe('what the manifest points at is there', () => {
  test.each([...grammars, ...languages.filter((one: object) => 'configuration' in one)])(
    '$path$configuration',
    (one) => {
      expect(existsSync(join(root, one.path ?? one.configuration))).toBe(true);
    },
  );

  test('the command of the code lens is the one in the menus', () => {
    expect(commands.map(({ command }: { command: string }) => command)).toContain(TRACE_COMMAND);
    for (const menu of Object.values(menus) as { command: string }[][]) {
      for (const { command } of menu)
        expect(commands.map((one: { command: string }) => one.command)).toContain(command);
    }
  });

  test('it works in Restricted Mode', () => {
    expect(manifest.capabilities.untrustedWorkspaces.supported).toBe(true);
  });
});

describe('problem matchers', () => {
  const [ours, theirs] = problemMatchers.map(
    ({ pattern }: { pattern: { regexp: string } }) => new RegExp(pattern.regexp),
  );

  test('what chainwalk lint and check print', () => {
    expect(ours.exec('a b.rules:2:17: error: unknown option "--x": did you mean? [unknown-option]')?.slice(1)).toEqual([
      'a b.rules',
      '2',
      '17',
      'error',
      'unknown option "--x": did you mean?',
      'unknown-option',
    ]);
    expect(ours.exec('C:\\x.rules:2:17: warning: it [filter] says')?.[5]).toBe('it [filter] says');
  });

  test.each([
    ['rules.v4: iptables-restore: line 7 failed', '7'],
    ['rules.v4: Error occurred at line: 2', '2'],
    ['rules.v4: line 3: RULE_APPEND failed (No such file or directory): rule in chain INPUT', '3'],
  ])('what iptables-restore prints: %s', (line, number) => {
    expect(theirs.exec(line)?.slice(1)).toEqual(['rules.v4', line.slice('rules.v4: '.length), number]);
  });
});

test('the version of the command line is the manifest’s', () => {
  expect(VERSION).toBe(manifest.version);
});

describe('the language iptables', () => {
  const [{ filenames, filenamePatterns, extensions, firstLine }] = languages;

  /** As VS Code matches: names, then patterns, then extensions. */
  const isIptables = (name: string) =>
    filenames.includes(name) ||
    filenamePatterns.some((pattern: string) => name.startsWith(pattern.replace(/\*$/, ''))) ||
    extensions.some((extension: string) => name.endsWith(extension));

  test.each([
    ...['rules.v4', 'rules.v6', 'x.rules', 'x.iptables', 'iptables.save', 'ip6tables.save', 'iptables-save-2026.txt'],
    ...['before.rules', 'user.rules', 'after.rules', 'before6.rules', 'user6.rules', 'after6.rules'],
  ])('%s', (name) => {
    expect(isIptables(name)).toBe(true);
  });

  test.each([
    '# Generated by iptables-save v1.8.9 (nf_tables) on Mon Nov 23 16:41:36 2026',
    '# Generated by ip6tables-save v1.4.21 on Mon Nov 23 16:41:36 2026',
    '# Generated by xtables-save v1.8.2 on Mon Nov 23 16:41:36 2026',
  ])('a file that begins with %s', (line) => {
    expect(new RegExp(firstLine).test(line)).toBe(true);
  });
});
