/** Values that cannot be read: ports, addresses, states, rates. */
import { familyOf, parseAddress } from '../../../../src-sim/net/address';
import {
  defineRefusals,
  edit,
  extensionAt,
  linesInPlace,
  optionAt,
  partsAt,
  type RefusalFix,
  type RefusedPlace,
} from './define';

const PORT_OPTIONS: ReadonlySet<string> = new Set(['sport', 'dport', 'sports', 'dports', 'ports', 'to-ports']);
const STATE_OPTIONS: ReadonlySet<string> = new Set(['ctstate', 'state']);

export const VALUE_REFUSALS = defineRefusals([
  {
    code: 'multiport-too-many',
    title: 'More ports than multiport holds',
    why: 'There are 15 places, and a range takes two.',
    instead: 'Write several rules, or a set: `-m set --match-set ports dst`.',
    of: ['bad-value'],
    when: (at) => extensionAt(at) === 'multiport' && at.problem.message.includes('too many'),
    fix: splitPorts,
    examples: [
      {
        code: '*filter\n-A INPUT -p tcp -m multiport --dports 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15:16,17 -j DROP\nCOMMIT\n',
        fixed:
          '*filter\n-A INPUT -p tcp -m multiport --dports 1,2,3,4,5,6,7,8,9,10,11,12,13,14 -j DROP\n-A INPUT -p tcp -m multiport --dports 15:16,17 -j DROP\nCOMMIT\n',
      },
    ],
  },
  {
    code: 'range-inverted',
    title: 'A range that runs backwards',
    why: 'The smaller port comes first; `200:100` is refused.',
    instead: 'Swap the ends.',
    of: ['bad-value'],
    when: (at) => PORT_OPTIONS.has(optionAt(at) ?? '') && BACKWARDS.test(at.text) && reversedIn(at.text) !== undefined,
    fix: (at) => {
      const swapped = reversedIn(at.text) ?? at.text;
      return { title: `Write ${swapped}`, edits: [edit(at, at.problem.span, swapped)], safe: true };
    },
    examples: [
      {
        code: '*filter\n-A INPUT -p tcp --dport 6010:6000 -j ACCEPT\nCOMMIT\n',
        fixed: '*filter\n-A INPUT -p tcp --dport 6000:6010 -j ACCEPT\nCOMMIT\n',
      },
    ],
  },
  {
    code: 'port-unknown',
    title: 'A port that is none',
    why: 'Ports go to 65535. A name must be in /etc/services of the machine that loads the rules.',
    instead: 'Write the number.',
    of: ['bad-value'],
    when: (at) => PORT_OPTIONS.has(optionAt(at) ?? ''),
    examples: [
      { code: '*filter\n-A INPUT -p tcp --dport 66000 -j ACCEPT\nCOMMIT\n' },
      { code: '*filter\n-A INPUT -p tcp --dport webby -j ACCEPT\nCOMMIT\n' },
    ],
  },
  {
    code: 'wrong-family-address',
    title: 'An address of the other family',
    why: 'A file is for iptables or for ip6tables: addresses of the other family are refused.',
    instead: 'Put the rule into the file of its family.',
    of: ['bad-value'],
    when: ({ text, tree }) => {
      const address = parseAddress(text.split('/')[0]?.replace(/^\[|\]$/g, '') ?? '');
      return address !== undefined && familyOf(address) !== tree.family;
    },
    examples: [
      { code: '*filter\n-A INPUT -s 192.0.2.1 -j ACCEPT\nCOMMIT\n', family: 'ipv6' },
      { code: '*filter\n-A INPUT -s 2001:db8::1 -j ACCEPT\nCOMMIT\n', family: 'ipv4' },
    ],
  },
  {
    code: 'hostname-in-rule',
    title: "A host's name in a rule",
    why: 'A name is looked up once, while the rules are loaded: several addresses make several rules, a change goes unnoticed, and where no name server answers (at boot, mostly) the whole table is refused. Targets that translate take no names at all.',
    instead: 'Write the address, or keep a set up to date from outside.',
    of: ['host-name', 'bad-value'],
    when: ({ problem, text }) =>
      problem.code === 'host-name' ||
      (/^[a-z][a-z\d-]*(?:\.[a-z\d-]+)+(?::\d+(?:-\d+)?)?$/i.test(text) && /address/.test(problem.message)),
    examples: [
      { code: '*filter\n-A INPUT -s vpn.example.invalid -j ACCEPT\nCOMMIT\n' },
      { code: '*nat\n-A PREROUTING -p tcp -j DNAT --to-destination web.example.invalid\nCOMMIT\n' },
      { code: '*nat\n-A PREROUTING -p tcp -j DNAT --to-destination web.example.invalid:8080\nCOMMIT\n' },
    ],
  },
  {
    code: 'iface-name-too-long',
    title: 'An interface name of more than 15 characters',
    why: 'The kernel has room for 15 bytes.',
    instead: 'Name the interface as `ip link` does, or write the beginning with a `+`.',
    of: ['bad-value'],
    when: ({ problem }) => problem.message.includes('longer than 15'),
    examples: [{ code: '*filter\n-A INPUT -i enx001122334455667 -j ACCEPT\nCOMMIT\n' }],
  },
  {
    code: 'ctstate-syntax',
    title: 'A list of states that cannot be read',
    why: 'States are one word, with commas and without blanks. `--ctstate` belongs to `-m conntrack`; `-m state` has `--state`, which knows no SNAT and DNAT.',
    instead: 'Write `-m conntrack --ctstate NEW,ESTABLISHED`.',
    of: ['bad-value', 'bad-argument', 'unknown-option'],
    when: isStateList,
    fix: mendStates,
    examples: [
      {
        code: '*filter\n-A INPUT -m conntrack --ctstate NEW, ESTABLISHED -j ACCEPT\nCOMMIT\n',
        fixed: '*filter\n-A INPUT -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT\nCOMMIT\n',
      },
      {
        code: '*filter\n-A INPUT --ctstate NEW -j ACCEPT\nCOMMIT\n',
        fixed: '*filter\n-A INPUT -m conntrack --ctstate NEW -j ACCEPT\nCOMMIT\n',
      },
      { code: '*filter\n-A FORWARD -m state --state DNAT -j ACCEPT\nCOMMIT\n' },
    ],
  },
  {
    code: 'limit-overflow',
    title: 'A rate that the kernel cannot hold',
    why: 'The rate and the burst are multiplied in 32 bits: `1/day` with a burst of 1000 does not fit, and more than 10000 a second cannot be told.',
    instead: 'Take a smaller burst, or `-m hashlimit`.',
    of: ['refused', 'bad-value'],
    when: (at) => extensionAt(at) === 'limit' && /too (?:large|fast)/.test(at.problem.message),
    examples: [
      { code: '*filter\n-A INPUT -m limit --limit 1/day --limit-burst 2000 -j ACCEPT\nCOMMIT\n', refusedBy: 'legacy' },
      { code: '*filter\n-A INPUT -m limit --limit 20000/sec -j ACCEPT\nCOMMIT\n' },
    ],
  },
  {
    code: 'connlimit-mask',
    title: 'A mask longer than an address',
    why: 'iptables takes a prefix length of 33 to 128 for 32 in IPv4, without a word.',
    instead: 'Write the length that is meant: 24 counts a network together.',
    of: ['odd-value'],
    when: (at) => optionAt(at) === 'connlimit-mask',
    examples: [
      {
        code: '*filter\n-A INPUT -p tcp --syn -m connlimit --connlimit-above 10 --connlimit-mask 64 -j DROP\nCOMMIT\n',
        family: 'ipv4',
        loads: true,
      },
    ],
  },
]);

const BACKWARDS = /^\d+(?::\d+)?(?:,\d+(?::\d+)?)*$/;

/** The list with its ranges turned round; undefined where none runs backwards. */
function reversedIn(text: string): string | undefined {
  let found = false;
  const items = text.split(',').map((item) => {
    const [from = '', to] = item.split(':');
    if (to === undefined || Number(from) <= Number(to)) return item;
    found = true;
    return `${to}:${from}`;
  });
  return found ? items.join(',') : undefined;
}

const MOST_PLACES = 15;

function splitPorts(at: RefusedPlace): RefusalFix | undefined {
  const { line, part } = at;
  if (line.kind !== 'command' || line.command !== 'append' || part?.kind !== 'option' || part.bang) return undefined;
  const [list] = part.words;
  if (list === undefined) return undefined;
  const groups: string[][] = [];
  let places = MOST_PLACES;
  for (const item of list.value.split(',')) {
    const needed = item.includes(':') ? 2 : 1;
    if (places + needed > MOST_PLACES) {
      groups.push([]);
      places = 0;
    }
    groups.at(-1)?.push(item);
    places += needed;
  }
  const text = line.text.trimEnd();
  const lines = groups.map(
    (items) => `${text.slice(0, list.span.start)}${items.join(',')}${text.slice(list.span.end)}`,
  );
  return { title: 'Write several rules', edits: [linesInPlace(at, lines)], safe: true };
}

function isStateList(at: RefusedPlace): boolean {
  if (STATE_OPTIONS.has(optionAt(at) ?? '')) return true;
  if (at.problem.code === 'unknown-option') return /^--(?:ct)?state$/.test(at.text);
  return at.problem.code === 'bad-argument' && listBefore(at) !== undefined;
}

/** `NEW,` before the word that belongs to no option. */
function listBefore(at: RefusedPlace) {
  return partsAt(at).find((part) => {
    if (part.kind !== 'option' || !STATE_OPTIONS.has(part.option)) return false;
    const [word] = part.words;
    return word?.value.endsWith(',') === true && word.span.end < at.problem.span.start;
  });
}

function mendStates(at: RefusedPlace): RefusalFix | undefined {
  const { problem, line } = at;
  if (problem.code === 'unknown-option' && at.text === '--ctstate' && !hasStateMatch(at)) {
    const { start } = problem.span;
    return { title: 'Add -m conntrack', edits: [edit(at, { start, end: start }, '-m conntrack ')], safe: true };
  }
  const { start } = problem.span;
  const list = /^[A-Za-z]+(?:\s*,\s*[A-Za-z]+)+/.exec(line.text.slice(start))?.[0];
  if (problem.code !== 'bad-value' || list === undefined || !/\s/.test(list)) return undefined;
  const edits = [edit(at, { start, end: start + list.length }, list.replace(/\s+/g, ''))];
  return { title: 'Take the blanks out', edits, safe: true };
}

function hasStateMatch(at: RefusedPlace): boolean {
  return partsAt(at).some((part) => part.kind === 'match' && part.name?.value === 'state');
}
