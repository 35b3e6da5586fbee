/** docs/hints.md: what a hint may say, from the table of keys. */
import { HINT_KEYS, LVS_MODES, ROLES } from './hint-keys';

export function hintsPage(): string {
  return [
    '# Hints about the host',
    [
      'A ruleset does not say what its host is: which addresses are its own, whether it is a load balancer, from where',
      'it is administered. Some findings need to know, and the simulator draws a better picture when it does.',
    ].join('\n'),
    [
      'Comments in the file count before `chainwalk.yaml`, that before the settings, and those before files of other programs',
      'beside the ruleset.',
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
    '## For a folder of rulesets: chainwalk.yaml',
    [
      'A file `chainwalk.yaml` beside the rulesets, or in a folder above up to the root of the repository (the nearest one',
      'alone is read), says it once for all of them, or for those that a host loads. It has the keys of the comments, with',
      'interfaces as a map, the members of a scenario (`routes`, `policy`, `sysctl`, `listen`, `ipsets`, `ipvs`, `ebtables`,',
      "`conntrack`), and the linter's severities by group and rule. A glob without `/` means names in every folder. In the",
      'editor it has completion, and what is wrong in it is told at its place; `schemas/chainwalk.schema.json` is its schema.',
    ].join('\n'),
    fence(
      [
        'management: 198.51.100.0/24:22',
        'lint:',
        '  groups:',
        '    hygiene: off',
        '  rules:',
        '    ssh-lockout: error',
        'hosts:',
        '  - files: lb-*.rules',
        '    role: lvs-director',
        '    mode: dr',
        '    vip: [203.0.113.10, 203.0.113.11]',
        '    interfaces:',
        '      eth0:',
        '        addresses: [203.0.113.2/24]',
        '  - files: [edge.v4, edge.v6]',
        '    role: [router]',
        '    asymmetric: yes',
        '    sysctl:',
        '      net.ipv4.ip_forward: 1',
      ],
      'yaml',
    ),
    '## In the settings',
    [
      "`chainwalk.host` has the same keys, and beside them the members of a scenario's `host`: `interfaces`, `routes`,",
      '`policy`, `sysctl`, `listen`, `ipsets`, `ipvs`, `ebtables`, `conntrack`.',
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
    '## From other files beside the ruleset',
    [
      '- `ipvsadm.rules`, `ipvsadm.save`, `ipvsadm`: services of IPVS, see below;',
      '- `ipset.conf`, `ipset.save`, `ipsets`, `*.ipset`: sets, as `ipset save` prints them;',
      '- `sysctl.conf`, `sysctl.d/*.conf`: kernel settings of the network;',
      '- `ufw.conf` with `user.rules`, also in `ufw/`: whether ufw writes rules for the host as well, and which ports it opens;',
      '- `daemon.json`, also in `docker/`: a host with Docker, unless it says `"iptables": false`;',
      '- `rules.v6` beside `rules.v4`, `ip6tables.save` beside `iptables.save`, `before6.rules` beside `before.rules`: the other',
      '  address family, which some lint rules compare.',
      '',
      'For a ruleset in a folder `iptables`, `sysconfig` or `ufw`, sets and kernel settings are looked for one folder higher, too.',
    ].join('\n'),
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
