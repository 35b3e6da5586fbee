import { interval } from '../../../../src-sim/net/interval-set';
import { findChain } from '../../analysis/find-chain';
import { intersectBoxes } from '../../analysis/packet-set';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { DOCKER_BRIDGE, withDocker } from '../docker-rules';
import { denialOf } from '../icmp-ways';
import { portsForStrangers } from '../open-ports';
import { isDeniedByDefault, mayDenyByDefault } from '../outcomes';
import { pickPerDevice } from '../pick-packet';
import { decisionSpan } from '../places';
import { fateOf, hostFor, scenarioPacket } from '../witness';

export const dockerBypassesInput = defineRule({
  code: 'docker-bypasses-input',
  title: 'What INPUT denies, Docker opens',
  severity: 'information',
  group: 'docker-kubernetes',
  proof: 'text',
  docs: {
    what: paragraphs(
      'The host runs Docker (hint `role=docker-host`, or a `daemon.json` beside), `INPUT` denies by default, and nothing',
      'holds back what comes to a port that a container publishes: with the rules that Docker adds for one, the simulator lets it in.',
    ),
    why: paragraphs(
      'Docker translates packets for a published port before any filter rule sees them, so that they go through',
      '`FORWARD` and never to `INPUT`; and its rules stand in `FORWARD` above all others, `DOCKER-USER` alone excepted.',
      'Many databases were open to the world behind an `INPUT` that denies everything (moby#4737).',
    ),
    instead: paragraphs(
      'Put what holds for containers into `DOCKER-USER`, with `--ctorigdstport` for the published port; or publish on',
      '`127.0.0.1:` alone.',
    ),
    suppress: 'Where no container publishes a port, or every one is meant for everybody.',
  },
  kernel: ['net/netfilter/nf_nat_core.c:nf_nat_packet', 'net/ipv4/ip_input.c:ip_local_deliver'],
  bad: [
    {
      title: 'Login alone, it seems',
      code: `# chainwalk: role=docker-host
*filter
:INPUT DROP [0:0]
#=== INPUT denies
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER-USER - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'DOCKER-USER says who may come',
      code: `# chainwalk: role=docker-host
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER-USER - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A DOCKER-USER -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
-A DOCKER-USER -i docker0 -j RETURN
-A DOCKER-USER -s 192.0.2.0/24 -j RETURN
-A DOCKER-USER -j DROP
COMMIT
`,
    },
    {
      title: 'Strangers are dropped before Docker translates anything',
      code: `# chainwalk: role=docker-host
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING ! -s 192.0.2.0/24 -m conntrack --ctstate NEW -j DROP
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER-USER - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'No Docker there',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'INPUT denies nothing',
      code: `# chainwalk: role=docker-host
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER-USER - [0:0]
-A INPUT -s 203.0.113.0/24 -j DROP
COMMIT
`,
    },
  ],
  on: { ruleset: (context) => report(context) ?? [] },
});

/** What containers publish, and INPUT would deny. */
const PUBLISHED = [8080, 5432, 6379, 9000];

function report(context: LintContext): readonly Report[] | undefined {
  const { hints, ruleset, document } = context;
  const isAsked =
    ruleset.family === 'ipv4' && hints.roles.includes('docker-host') && mayDenyByDefault(context, 'INPUT');
  // Of a dump that holds Docker's own rules, other lint rules speak.
  if (!isAsked || findChain(ruleset, 'nat', 'DOCKER') || findChain(ruleset, 'filter', 'DOCKER')) return undefined;
  const outcomes = (portsForStrangers(context, 'tcp')?.outcomes ?? []).filter((one) => isDeniedByDefault(one, 'INPUT'));
  const { space } = context.walker();
  for (const port of PUBLISHED) {
    for (const outcome of outcomes) {
      const box = intersectBoxes(outcome.box, { dport: interval(port, port + 1) });
      const packets = box === undefined ? [] : pickPerDevice(space, box, 'INPUT');
      // Containers are no strangers.
      const packet = packets.find((one) => !/^(?:docker|br-|veth)/.test(one.in));
      const denial = denialOf([outcome]);
      const span = denial && decisionSpan(document, denial);
      if (packet === undefined || span === undefined) continue;
      const host = hostFor(packet, 'INPUT', hints);
      const sysctl = { ...host.sysctl, 'net.ipv4.ip_forward': 1 };
      const scenario = { host: { ...host, sysctl, interfaces: { ...host.interfaces, ...DOCKER_BRIDGE } } };
      const witness = { ...scenario, packets: [scenarioPacket(packet, 'INPUT')], victim: 0, harm: 'accepted' as const };
      const isIn = fateOf(withDocker(ruleset, 'tcp', port), witness)?.result.fate;
      if (isIn?.kind !== 'sent' || isIn.device !== 'docker0') return undefined;
      const message = [
        `INPUT denies port ${port} and others to strangers; where a container publishes it, Docker lets them in all the same:`,
        'it translates first, and accepts in FORWARD above these rules. Say in DOCKER-USER who may come.',
      ].join(' ');
      return [{ span, message, related: [], fixes: [] }];
    }
  }
  return undefined;
}
