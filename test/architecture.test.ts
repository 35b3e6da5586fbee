/**
 * Who may import whom: a table of folders, held against every import of every file. Each row says why; what is not
 * there is not allowed. A folder stands for the folders below it unless they have a row of their own.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Import, importsOf, type SourceFile, sourceFiles } from './support/source-files';

/** Folder, file or package → why. A reason that begins with "types:" allows `import type` alone. */
type Edges = Readonly<Record<string, string>>;

const FAMILY = 'addresses, protocols and packets are the words of everything';
const RULESET = 'hooks, tables and rulesets';

const MAY_IMPORT: Readonly<Record<string, Edges>> = {
  'src-sim': {},
  'src-sim/net': {},
  'src-sim/netfilter': { 'src-sim/net': 'a ruleset has a family' },
  'src-sim/host': { 'src-sim': "a kernel release's defaults", 'src-sim/net': FAMILY },
  'src-sim/conntrack': {
    'src-sim': 'types: how a kernel release behaves',
    'src-sim/net': FAMILY,
    'src-sim/host': 'timeouts and switches are sysctls of the host',
  },
  'src-sim/nat': {
    'src-sim/net': FAMILY,
    'src-sim/host': 'the ports that it may choose are a sysctl',
    'src-sim/conntrack': 'NAT changes the tuples of conntrack entries',
  },
  'src-sim/ipvs': { 'src-sim/net': FAMILY, 'src-sim/host': 'connections wait for their deadlines' },
  'src-sim/xt': {
    'src-sim/net': FAMILY,
    'src-sim/netfilter': RULESET,
    'src-sim/host': 'ipsets, and what an address is to the host',
    'src-sim/conntrack': 'matches read entries, targets prepare them',
  },
  'src-sim/ebt': {
    'src-sim/net': FAMILY,
    'src-sim/netfilter': RULESET,
    'src-sim/xt': 'values of options are read and printed as those of iptables are',
  },
  'src-sim/sim': {
    'src-sim/net': FAMILY,
    'src-sim/netfilter': RULESET,
    'src-sim/host': 'packets are routed and answered',
    'src-sim/conntrack': 'packets are tracked',
    'src-sim/nat': 'and translated',
    'src-sim/ipvs': 'and balanced',
    'src-sim/xt': 'rules match and act',
    'src-sim/ebt': 'and those of ebtables, on a bridge',
  },
  'server/src/syntax': {
    'src-sim/net': FAMILY,
    'src-sim/netfilter': "option values are JSON as a ruleset holds it; a listing names a table's chains",
    'src-sim/xt': 'the grammar is made of the declarations',
  },
  'server/src/analysis': {
    'src-sim': 'the release that a suggested host runs',
    'src-sim/net': FAMILY,
    'src-sim/netfilter': RULESET,
    'src-sim/conntrack': 'states, as sets of packets have them',
    'src-sim/ipvs': 'hints hold ipvsadm text',
    'src-sim/xt': 'what declarations demand is checked',
    'src-sim/sim': 'scenarios are run',
    'src-sim/ebt': 'why the text of ebtables is refused',
    'server/src/syntax': 'trees are analysed',
  },
  'server/src/lint': {
    'src-sim/net': FAMILY,
    'src-sim/netfilter': RULESET,
    'src-sim/conntrack': 'pitfalls of states',
    'src-sim/host': 'ipsets beside a ruleset',
    'src-sim/ipvs': 'pitfalls of directors',
    'src-sim/xt': 'rules are read and written',
    'src-sim/sim': 'a witness packet is confirmed by the simulator',
    'server/src/syntax': 'spans of the text',
    'server/src/analysis': 'documents, hints, sets of packets',
  },
  'server/src/features': {
    'src-sim/net': FAMILY,
    'src-sim/netfilter': RULESET,
    'src-sim/conntrack': 'hover explains states and entries',
    'src-sim/xt': 'hover and completion show the declarations',
    'src-sim/sim': "the panel's simulation",
    'server/src/syntax': 'what stands at an offset',
    'server/src/analysis': 'documents, problems, call graphs',
    'server/src/lint': 'diagnostics and quick fixes',
    'server/src/lsp/protocol': "types: the answer to the panel's request",
  },
  'server/src/project': {
    'src-sim/host': 'what the simulator would say to a route or a socket',
    'server/src/syntax': 'problems, "did you mean"',
    'server/src/analysis': 'the keys of hints',
    'server/src/lint': 'codes and groups have severities',
    'server/src/features': 'types: completion',
    yaml: 'YAML with positions',
    'picomatch/posix': 'globs',
  },
  'server/src/surroundings': {
    'server/src/analysis': 'the ruleset of the other family is a document, too',
    'server/src/project': 'chainwalk.yaml is found and read',
    'node:fs/promises': 'files beside a ruleset',
    'node:path': 'and their names',
    'node:url': 'documents are URIs',
  },
  'server/src/lsp': {
    'src-sim/sim': 'types: scenarios and results in requests',
    'server/src/syntax': 'spans become ranges',
    'server/src/analysis': 'open documents',
    'server/src/lint': 'the settings follow the lint rules',
    'server/src/features': 'one line for each handler',
    'server/src/project': 'chainwalk.yaml is checked and completed',
    'server/src/surroundings': 'files beside a ruleset',
    'node:worker_threads': 'the linter has a thread of its own',
    'node:timers/promises': 'diagnostics wait until typing stops',
    'vscode-languageserver/node': 'the protocol',
    'vscode-languageserver-textdocument': 'the text of chainwalk.yaml',
  },
  'server/src/cli': {
    'src-sim/netfilter': 'a ruleset, the names of tables',
    'src-sim/sim': 'scenarios and packet lines are read, results printed',
    'server/src/syntax': '"did you mean"',
    'server/src/analysis': 'documents and hints',
    'server/src/lint': 'pages of lint rules',
    'server/src/features': 'diagnostics and suggested packets, as in the editor',
    'server/src/project': 'what chainwalk.yaml says counts',
    'server/src/surroundings': 'files beside a ruleset, as the language server reads them',
    commander: 'words of the command line',
    sarif: 'types: the format for CI',
    tinyglobby: 'globs of files',
    'node:crypto': 'fingerprints of findings',
    'node:os': 'how many threads',
    'node:worker_threads': 'many files at once',
    'node:events': 'standard output may be slow',
    'node:fs/promises': 'files',
    'node:path': 'files are named from where one stands',
    'node:readline': 'lines of standard input',
  },
  'client/src': {
    'src-sim/sim': 'types: the host of a witness',
    'server/src/lsp/protocol': 'names of requests',
    'client/src/webview': 'types: what the page and the extension say to each other',
    vscode: 'it is the extension',
    'vscode-languageclient/node': 'it starts the language server',
  },
  'client/src/webview': {
    'src-sim/conntrack': 'a line of the conntrack table is taken apart',
    'src-sim/net': 'the packet form knows protocols',
    'src-sim/netfilter': 'the map is drawn from the table of hooks',
    'src-sim/sim': 'packet lines are read and printed; types of results',
    'server/src/lsp/protocol': 'types: what the page is sent',
  },
};

const files = sourceFiles(['src-sim', 'server', 'client'], ['.ts']);
const folders = Object.keys(MAY_IMPORT).sort((a, b) => b.length - a.length);

function folderOf(path: string): string | undefined {
  return folders.find((folder) => path.startsWith(`${folder}/`));
}

/** The row that allows an import; undefined within a folder, null where nothing allows it. */
function edgeFor(from: string, { to, isPackage, isType }: Import): string | null | undefined {
  const target = isPackage ? to : folderOf(to);
  if (target === from) return undefined;
  const edges = MAY_IMPORT[from] ?? {};
  const key = [to, target].find((one) => one !== undefined && one in edges);
  if (key === undefined) return null;
  return edges[key]?.startsWith('types:') && !isType ? null : key;
}

describe('imports', () => {
  test('every folder has a row', () => {
    expect(files.filter(({ path }) => folderOf(path) === undefined).map(({ path }) => path)).toEqual([]);
  });

  test.each(folders)('%s imports what its row allows', (folder) => {
    const wrong = files
      .filter(({ path }) => folderOf(path) === folder)
      .flatMap((file) =>
        importsOf(file)
          .filter((one) => edgeFor(folder, one) === null)
          .map((one) => arrow(file, one)),
      );
    expect(wrong).toEqual([]);
  });

  test('no row is idle', () => {
    const used = new Set(
      files.flatMap((file) =>
        importsOf(file).map((one) => `${folderOf(file.path)} → ${edgeFor(folderOf(file.path) ?? '', one)}`),
      ),
    );
    const rows = Object.entries(MAY_IMPORT).flatMap(([from, edges]) =>
      Object.keys(edges).map((to) => `${from} → ${to}`),
    );
    expect(rows.filter((row) => !used.has(row))).toEqual([]);
  });

  test('folders do not import each other in a circle', () => {
    const visiting = new Set<string>();
    const visit = (folder: string): void => {
      expect(visiting, `${[...visiting].join(' → ')} → ${folder}`).not.toContain(folder);
      visiting.add(folder);
      for (const [to, why] of Object.entries(MAY_IMPORT[folder] ?? {})) {
        if (to in MAY_IMPORT && !why.startsWith('types:')) visit(to);
      }
      visiting.delete(folder);
    };
    for (const folder of folders) visit(folder);
  });

  function arrow({ path }: SourceFile, { to, isType }: Import): string {
    return `${path} → ${to}${isType ? ' (types)' : ''}`;
  }
});

describe('the simulator is pure', () => {
  test('its compiler knows no DOM and no Node', () => {
    const config = readFileSync(join(import.meta.dirname, '..', 'src-sim', 'tsconfig.json'), 'utf8');
    const { lib, types } = JSON.parse(config).compilerOptions;
    expect({ lib, types }).toEqual({ lib: ['ES2022'], types: [] });
  });

  test('no clock, no chance: time and seeds are passed in', () => {
    const impure = /\b(?:Date\.now|Math\.random|performance|setTimeout|globalThis)\b|new Date\(\)/;
    const wrong = files.filter(({ path, text }) => path.startsWith('src-sim/') && impure.test(withoutComments(text)));
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  function withoutComments(text: string): string {
    return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '').replace(/'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g, "''");
  }
});
