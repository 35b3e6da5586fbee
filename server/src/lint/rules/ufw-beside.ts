import { holds, interval } from '../../../../src-sim/net/interval-set';
import { PROTOCOL } from '../../../../src-sim/net/protocol';
import { blocksOf } from '../../analysis/blocks';
import { createDocument } from '../../analysis/document';
import { findChain } from '../../analysis/find-chain';
import { lower } from '../../analysis/lower';
import { intersectBoxes } from '../../analysis/packet-set';
import { effectOf } from '../../analysis/rule-packets';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import type { Witness } from '../finding';
import { lonePacket } from '../flow-witness';
import { suffers } from '../harm';
import { type PortProtocol, portsForStrangers } from '../open-ports';
import { isDenied } from '../outcomes';
import { pickPacket } from '../pick-packet';
import { lineSpan } from '../places';

const USER_RULES = `*filter
:ufw-user-input - [0:0]
-A ufw-user-input -p tcp --dport 22 -j ACCEPT
-A ufw-user-input -p tcp --dport 443 -j ACCEPT
COMMIT
`;

export const ufwBeside = defineRule({
  code: 'ufw-beside',
  title: 'ufw writes rules for this host, too',
  severity: 'information',
  group: 'order',
  proof: 'text',
  docs: {
    what: paragraphs(
      'ufw is enabled (`ENABLED=yes` in a `ufw.conf` beside, or in `ufw/`), and the ruleset is not one of its files: both',
      'write the table `filter`. A warning where ufw opens a port (`user.rules`) that the ruleset denies.',
    ),
    why: paragraphs(
      'Loaded after ufw, the ruleset takes its chains away, though `ufw status` goes on saying "active". Loaded before, it',
      'keeps the first word: ufw appends its chains to `INPUT`, `OUTPUT` and `FORWARD` and sets their policies, so that what',
      'these rules accept or deny never comes to them. Which of both is first at boot, services decide.',
    ),
    instead: paragraphs(
      'Leave one of them: put the rules into ufw (`before.rules`, `ufw allow`), or disable ufw (`ufw disable`).',
    ),
    suppress: 'Where the file is not loaded on this host.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:__do_replace', 'ufw: src/ufw-init-functions:ufw_start'],
  bad: [
    {
      title: 'Each has the whole table',
      code: `*filter
#=== ufw
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m multiport --dports 22,443 -j ACCEPT
COMMIT
`,
      beside: { ufw: { userRules: USER_RULES } },
    },
    {
      title: 'ufw opens what these rules deny',
      code: `*filter
#=== tcp port 443
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -j REJECT
COMMIT
`,
      beside: { ufw: { userRules: USER_RULES } },
    },
  ],
  good: [
    {
      title: "ufw's own file",
      code: `*filter
:ufw-before-input - [0:0]
-A ufw-before-input -i lo -j ACCEPT
COMMIT
`,
      beside: { ufw: { userRules: USER_RULES } },
    },
    {
      title: 'A table that ufw leaves alone',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o eth0 -j MASQUERADE
COMMIT
`,
      beside: { ufw: { userRules: '' } },
    },
    {
      title: 'No ufw there',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: (context) => report(context) ?? [] },
});

function report(context: LintContext): readonly Report[] | undefined {
  const { document, beside, ruleset } = context;
  const block = blocksOf(document.tree).blocks.find(({ table }) => table === 'filter');
  const chains = ruleset.tables.find(({ name }) => name === 'filter')?.chains ?? [];
  if (beside.ufw === undefined || block?.header === undefined) return undefined;
  if (chains.some(({ name }) => /^ufw6?-/.test(name))) return undefined;
  const lost = lostService(context, beside.ufw.userRules);
  const what =
    'ufw is enabled here and writes this table, too: loaded later it appends its chains and sets the policies, loaded earlier it loses its chains.';
  const message = lost ? `${what} It opens ${lost.text} (user.rules), which these rules deny.` : what;
  return [
    {
      ...(lost ? { severity: 'warning', witness: lost.witness } : {}),
      span: lineSpan(document, block.start),
      message,
      related: [],
      fixes: [],
    },
  ];
}

interface LostService {
  readonly text: string;
  readonly witness: Witness;
}

/** What `ufw allow` lets everybody in to, and the ruleset nobody. */
function lostService(context: LintContext, userRules: string): LostService | undefined {
  for (const { protocol, port } of allowed(context, userRules)) {
    const ports = portsForStrangers(context, protocol);
    if (ports === undefined) continue;
    const shape = { protocol: interval(PROTOCOL[protocol], PROTOCOL[protocol] + 1), dport: interval(port, port + 1) };
    if (!holds(ports.denied, port)) continue;
    for (const outcome of ports.outcomes.filter((one) => one.certain && isDenied(one))) {
      const box = intersectBoxes(outcome.box, shape);
      const packet = box && pickPacket(context.walker().space, box, 'INPUT');
      const witness = packet && lonePacket(packet, 'INPUT', context.hints, 'denied');
      if (witness && suffers(context.ruleset, witness)) return { text: `${protocol} port ${port}`, witness };
    }
  }
  return undefined;
}

function allowed(
  { ruleset: { family } }: LintContext,
  userRules: string,
): readonly { readonly protocol: PortProtocol; readonly port: number }[] {
  const document = createDocument(userRules, { family, dialect: 'restore' });
  const chain = findChain(lower(document.tree), 'filter', family === 'ipv4' ? 'ufw-user-input' : 'ufw6-user-input');
  return (chain?.rules ?? []).flatMap(({ matches, target }) => {
    const words = matches.flatMap(({ options }) => Object.entries(options));
    const givenFor = (name: string) => words.find(([option]) => option === name)?.[1];
    const isPlain = words.every(([name, given]) => ['protocol', 'dport'].includes(name) && !given?.inverted);
    const port = portOf(givenFor('dport')?.value);
    const number = givenFor('protocol')?.value;
    const protocol = number === PROTOCOL.tcp ? 'tcp' : number === PROTOCOL.udp ? 'udp' : undefined;
    const isAllowed = effectOf(target)?.kind === 'accept' && isPlain && protocol && port !== undefined;
    return isAllowed ? [{ protocol, port }] : [];
  });
}

/** One port; of a range nobody asks. */
function portOf(value: unknown): number | undefined {
  if (typeof value !== 'object' || value === null || !('min' in value) || !('max' in value)) return undefined;
  return value.min === value.max && typeof value.min === 'number' ? value.min : undefined;
}
