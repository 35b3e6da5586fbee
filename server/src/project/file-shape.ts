/** The keys of `chainwalk.yaml`: those of the hints and of a scenario's host, the linter's choices, and hosts by file. */
import { buildHost, type HostSource } from '../../../src-sim/host/host';
import { findHintKey, HINT_KEYS, type HintName, LVS_MODES, parseNetwork, ROLES } from '../analysis/hint-keys';
import { RULE_GROUPS } from '../lint/groups';
import { LINT_RULES } from '../lint/registry';
import type { SeverityChoice } from '../lint/severities';
import type { KeyShape, RecordShape, Refuses, Shape } from './shape';

/** What a hint's value looks like here; `interface` and `address` are a map instead, and `table` is of one text. */
const HINT_SHAPES: Readonly<Record<Exclude<HintName, 'interface' | 'address' | 'table'>, Shape>> = {
  role: { kind: 'list', of: { kind: 'choice', choices: ROLES } },
  mode: { kind: 'choice', choices: LVS_MODES },
  vip: { kind: 'list', of: hintText('vip') },
  management: hintText('management'),
  kernel: hintText('kernel'),
  asymmetric: { kind: 'flag' },
};

const INTERFACE: RecordShape = {
  kind: 'record',
  keys: {
    addresses: {
      summary: 'Its addresses, each with the length of its prefix.',
      value: {
        kind: 'list',
        of: { kind: 'text', placeholder: 'ADDRESS/LENGTH', refuses: refusesNetwork },
      },
    },
    mac: { summary: 'Its link-layer address.', value: { kind: 'text', placeholder: 'MAC', refuses: refusesMac } },
    ports: {
      summary: 'Makes the interface a bridge of these.',
      value: { kind: 'list', of: { kind: 'text', placeholder: 'NAME', refuses: refusesName } },
    },
  },
};

const SCENARIO_KEYS: Readonly<Record<string, KeyShape>> = {
  interfaces: {
    summary: 'Interfaces by name, and their addresses.',
    value: { kind: 'map', of: INTERFACE, key: 'NAME', refusesKey: refusesName },
  },
  routes: {
    summary: 'As `ip route` prints them: `default via 203.0.113.254 dev eth0`.',
    value: lines('ROUTE', (text) => refusedByHost({ routes: [text] })),
  },
  policy: {
    summary: 'As `ip rule` takes them: `fwmark 0x1 lookup 100`.',
    value: lines('RULE', (text) => refusedByHost({ policy: [text] })),
  },
  sysctl: {
    summary: 'Kernel settings by name: `net.ipv4.ip_forward: 1`.',
    value: { kind: 'map', of: { kind: 'number-or-text', placeholder: 'VALUE' }, key: 'NAME' },
  },
  listen: {
    summary: 'Ports that programs of the host listen on: `tcp/22`.',
    value: lines('PROTOCOL/PORT', (text) => refusedByHost({ listen: [text] })),
  },
  ipsets: { summary: 'What `ipset save` prints.', value: { kind: 'text', placeholder: 'TEXT' } },
  ipvs: { summary: 'What `ipvsadm -S -n` prints.', value: { kind: 'text', placeholder: 'TEXT' } },
  ebtables: { summary: 'What `ebtables-save` prints.', value: { kind: 'text', placeholder: 'TEXT' } },
  conntrack: {
    summary: 'Lines of `/proc/net/nf_conntrack`: the table at the start.',
    value: { kind: 'list', of: { kind: 'text', placeholder: 'LINE' } },
  },
};

/** What a lint rule or a group of them may be given. */
export const SEVERITY: Shape = {
  kind: 'choice',
  choices: {
    default: 'as if nothing were said',
    error: 'does harm for sure',
    warning: 'very likely wrong',
    information: 'worth knowing',
    hint: 'a matter of style',
    off: 'is not looked for',
  } satisfies Readonly<Record<SeverityChoice, string>>,
};

export const LINT: RecordShape = {
  kind: 'record',
  keys: {
    groups: {
      summary: 'Severity of whole groups of lint rules.',
      value: severities(Object.entries(RULE_GROUPS)),
    },
    rules: {
      summary: 'Severity of single lint rules: counts before that of their group.',
      value: severities(LINT_RULES.map(({ code, title }) => [code, title])),
    },
  },
};

/** What the setting `chainwalk.host` has, too. */
export const HOST_KEYS: Readonly<Record<string, KeyShape>> = {
  ...Object.fromEntries(
    HINT_KEYS.filter(isHostHint).map(({ key, summary }) => [key, { summary, value: HINT_SHAPES[key] }]),
  ),
  ...SCENARIO_KEYS,
};

const LINT_KEY: KeyShape = { summary: 'Which lint rules run, and how severe they are.', value: LINT };

const HOST_OF_FILES: RecordShape = {
  kind: 'record',
  required: ['files'],
  keys: {
    files: {
      summary: 'The rulesets that this host loads: names or globs, seen from the folder of `chainwalk.yaml`.',
      value: { kind: 'list', of: { kind: 'text', placeholder: 'GLOB' } },
    },
    ...HOST_KEYS,
    lint: LINT_KEY,
  },
};

export const PROJECT_FILE: RecordShape = {
  kind: 'record',
  keys: {
    ...HOST_KEYS,
    lint: LINT_KEY,
    hosts: {
      summary: 'Hosts by the rulesets that they load. What is said here counts before what stands outside.',
      value: { kind: 'list', of: HOST_OF_FILES },
    },
  },
};

type HostHint = keyof typeof HINT_SHAPES;

function isHostHint<T extends { readonly key: HintName }>(hint: T): hint is T & { readonly key: HostHint } {
  return hint.key in HINT_SHAPES;
}

function hintText(key: HintName): Shape {
  const hint = findHintKey(key);
  return { kind: 'text', placeholder: hint?.value ?? '', refuses: (text) => hint?.refuses(text) };
}

function lines(placeholder: string, refuses: Refuses): Shape {
  return { kind: 'list', of: { kind: 'text', placeholder, refuses } };
}

function severities(names: readonly (readonly [string, string])[]): RecordShape {
  return {
    kind: 'record',
    keys: Object.fromEntries(names.map(([name, summary]) => [name, { summary, value: SEVERITY }])),
  };
}

function refusesName(text: string): string | undefined {
  return findHintKey('interface')?.refuses(text);
}

function refusesNetwork(text: string): string | undefined {
  return parseNetwork(text) === undefined ? `"${text}" is not an address with a prefix length` : undefined;
}

function refusesMac(text: string): string | undefined {
  return /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text) ? undefined : `"${text}" is not a MAC address`;
}

/** What the simulator says to it: text that neither family can read. */
function refusedByHost(source: HostSource): string | undefined {
  const [four, six] = (['ipv4', 'ipv6'] as const).map((family) => {
    try {
      buildHost(source, family);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  });
  return six === undefined ? undefined : four;
}
