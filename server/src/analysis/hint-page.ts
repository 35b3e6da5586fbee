/** docs/hints.md: what a hint may say, from the table of keys. */
import { HINT_KEYS, LVS_MODES, ROLES } from './hint-keys';

export function hintsPage(): string {
  return [
    '# Hints about the host',
    [
      'A ruleset does not say what its host is: which addresses are its own, whether it is a load balancer, from where',
      'it is administered. Some findings need to know, and the simulator draws a better picture when it does.',
    ].join('\n'),
    '## In the file',
    'A comment on a line of its own, anywhere in the file; several of them add up.',
    fence(
      [
        '# chainwalk: interface=eth0 address=203.0.113.2/24',
        '# chainwalk: role=lvs-director mode=dr vip=203.0.113.10,203.0.113.11',
        '# chainwalk: management=198.51.100.0/24:22',
      ],
      'iptables',
    ),
    table(
      ['key', 'value', 'meaning'],
      HINT_KEYS.map(({ key, value, summary, repeats }) => [
        `\`${key}\``,
        `\`${value.replaceAll(' \\| ', '` `')}\``,
        `${summary}${repeats ? ' May be repeated, or a list with commas.' : ''}`,
      ]),
    ),
    'Roles:',
    list(ROLES),
    'Modes of an LVS director:',
    list(LVS_MODES),
    '## In the settings',
    [
      "`chainwalk.host` has the same keys, and beside them the members of a scenario's `host`: `interfaces`, `routes`,",
      '`policy`, `sysctl`, `listen`, `ipsets`, `ipvs`, `ebtables`, `conntrack`. Where a comment says otherwise, it wins.',
    ].join('\n'),
    fence(
      [
        '"chainwalk.host": {',
        '  "role": ["lvs-director"],',
        '  "mode": "dr",',
        '  "vip": ["203.0.113.10"],',
        '  "interfaces": { "eth0": { "addresses": ["203.0.113.2/24"] } },',
        '  "management": "198.51.100.0/24"',
        '}',
      ],
      'json',
    ),
    '## From ipvsadm',
    [
      'What `ipvsadm -S -n` prints, in a file beside the ruleset or as `ipvs` in the setting, tells the virtual addresses,',
      'their ports, and the mode: `-g` is direct routing, `-i` a tunnel, `-m` translation.',
    ].join('\n'),
    fence(['-A -t 203.0.113.10:80 -s rr', '-a -t 203.0.113.10:80 -r 192.0.2.21:80 -g -w 1'], ''),
  ].join('\n\n');
}

function list(meanings: Readonly<Record<string, string>>): string {
  return Object.entries(meanings)
    .map(([name, meaning]) => `- \`${name}\`: ${meaning}`)
    .join('\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function fence(lines: readonly string[], language: string): string {
  return ['```'.concat(language), ...lines, '```'].join('\n');
}
