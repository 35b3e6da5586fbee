/**
 * The presets, run as the panel runs them. The states, flags and timeouts are what a 6.18 kernel showed for these very
 * packets.
 */
import { expect, test } from 'vitest';
import { PRESETS } from '../client/src/webview/presets';
import { HOST, ROUTER } from './panel-rulesets';
import { openPanel, type PanelSession } from './panel-session';

/** `eth0 S SYN_SENT`, packet by packet: where it arrives, its flags, what conntrack calls the entry after it. */
function story({ state }: PanelSession): readonly string[] {
  return (state.packets ?? []).map((packet, index) => {
    const table = state.answer?.result.packets[index]?.conntrack ?? [];
    const states = table.map((line) => /^\S+ \d+ tcp \d+ \d+ (\S+)/.exec(line)?.[1] ?? 'none');
    return [packet.out ? 'local' : packet.in, packet.flags ?? packet.proto, ...states].join(' ');
  });
}

test('a new panel begins with the handshake of what the ruleset lets through', () => {
  const panel = openPanel(ROUTER);
  expect(story(panel)).toEqual(['eth0 S SYN_SENT', 'eth1 SA SYN_RECV', 'eth0 A ESTABLISHED']);
  expect(panel.state.packets?.[1]).toMatchObject({ src: '10.0.0.2', sport: 8080, dst: '198.51.100.7' });
});

test('close: both sides of the selected connection, with the numbers that the window check wants', () => {
  const panel = openPanel(ROUTER);
  panel.preset('close');
  expect(story(panel).slice(3)).toEqual(['eth0 FA FIN_WAIT', 'eth1 FA LAST_ACK', 'eth0 A TIME_WAIT']);
  expect(panel.state.packets?.slice(3).map(({ seq, ack }) => [seq, ack])).toEqual([
    [1, 5001],
    [5001, 2],
    [2, 5002],
  ]);
});

test('a host that listens answers the SYN itself: the handshake leaves its SYN ACK to it', () => {
  const panel = openPanel(HOST);
  expect(story(panel)).toEqual(['eth0 S SYN_RECV', 'eth0 A ESTABLISHED']);
  const table = panel.state.answer?.result.packets[1]?.conntrack[0];
  expect(table).toContain('ipv4 2 tcp 6 432000 ESTABLISHED');
  expect(table).toContain('[ASSURED]');
});

test('udp: the reply comes from where the request went, and the entry is no longer [UNREPLIED]', () => {
  const panel = openPanel(
    ROUTER.replace('-A FORWARD -j REJECT', '-A FORWARD -i eth1 -p udp -j ACCEPT\n-A FORWARD -j REJECT'),
  );
  panel.preset('udp');
  const [request, reply] = panel.state.packets?.slice(-2) ?? [];
  expect(request).toMatchObject({ in: 'eth1', proto: 'udp', dport: 53 });
  expect(reply).toMatchObject({ in: 'eth0', src: request?.dst, sport: 53, dst: request?.src, dport: request?.sport });
  const entries = panel.state.answer?.result.packets.slice(-2).map((result) => result.conntrack.find(isUdp)) ?? [];
  expect(entries[0]).toMatch(/^ipv4 2 udp 17 30 .*\[UNREPLIED\]/);
  expect(entries[1]).toMatch(/^ipv4 2 udp 17 30 /);
  expect(entries[1]).not.toContain('[UNREPLIED]');
});

function isUdp(line: string): boolean {
  return line.includes(' udp ');
}

test('ping: the host answers an echo request itself', () => {
  const panel = openPanel(HOST.replace('COMMIT', '-A INPUT -p icmp -j ACCEPT\nCOMMIT'));
  panel.preset('ping');
  expect(panel.state.packets?.at(-1)).toMatchObject({ proto: 'icmp', icmp: { type: 8 } });
  expect(panel.state.answer?.result.packets.at(-1)?.made.map(({ proto }) => proto)).toEqual(['ICMP']);
  expect(panel.state.notice).toBeUndefined();
});

test.each([
  ['stray-ack', 'A', 'NEW'],
  ['stray-syn-ack', 'SA', 'INVALID'],
])('%s: a packet out of nowhere is %s and %s', (id, flags, state) => {
  const panel = openPanel(HOST);
  panel.preset(id);
  expect(panel.state.packets?.at(-1)?.flags).toBe(flags);
  const step = panel.state.answer?.result.packets.at(-1)?.steps.find(({ kind }) => kind === 'conntrack');
  expect(step).toMatchObject({ state });
});

test('icmp error: quotes the packet as it arrived behind NAT, and is RELATED', () => {
  const panel = openPanel(ROUTER);
  panel.dispatch({ kind: 'select-packet', packet: 0 });
  panel.preset('icmp-error');
  const error = panel.state.packets?.[1];
  expect(error).toMatchObject({ in: 'eth1', src: '10.0.0.2', dst: '198.51.100.7', icmp: { type: 3, code: 1 } });
  expect(error?.icmp?.inner).toMatchObject({ dst: '10.0.0.2', dport: 8080 });
  const result = panel.state.answer?.result.packets[1];
  expect(result?.steps.find(({ kind }) => kind === 'conntrack')).toMatchObject({ state: 'RELATED' });
  // NAT gives the error the addresses that the client knows.
  expect(result?.out[0]).toMatchObject({ dev: 'eth0', src: '203.0.113.1', dst: '198.51.100.7' });
});

test('wait: the same packet 31 seconds later, behind the packet that is selected', () => {
  const panel = openPanel(ROUTER);
  panel.dispatch({ kind: 'select-packet', packet: 0 });
  panel.preset('wait');
  expect(panel.state.packets?.[1]).toEqual({ ...panel.state.packets?.[0], wait: 31 });
  expect(panel.state.answer?.result.packets[1]?.time).toBe(31);
  // A SYN sent again does not refresh SYN_SENT's 120 s.
  expect(panel.state.answer?.result.packets[1]?.conntrack[0]).toContain('tcp 6 89 SYN_SENT');
});

test('reply: the other side answers; a second time, the first side', () => {
  const panel = openPanel(ROUTER);
  panel.dispatch({ kind: 'select-packet', packet: 0 });
  panel.preset('reply');
  panel.preset('reply');
  expect(story(panel).slice(0, 3)).toEqual(['eth0 S SYN_SENT', 'eth1 SA SYN_RECV', 'eth0 A ESTABLISHED']);
});

test.each([
  ['a dropped packet is answered by nobody', 'in eth0 tcp 198.51.100.7:1 > 203.0.113.1:9 S', 'reply', 'reached nobody'],
  ['a ping is not closed', 'in eth0 icmp 198.51.100.7 > 203.0.113.1 echo-request id=1', 'close', 'Only a TCP'],
])('%s: the panel says so', (_, line, preset, words) => {
  const panel = openPanel(HOST);
  panel.add(line);
  const before = panel.state.packets;
  panel.preset(preset);
  expect(panel.state.packets).toEqual(before);
  expect(panel.state.notice).toContain(words);
});

test('behind IPVS the real server answers: the handshake has no packet of the server', () => {
  const director = HOST.replace(
    '# chainwalk: interface',
    '# chainwalk: role=lvs-director mode=dr vip=203.0.113.10\n# chainwalk: interface',
  );
  const panel = openPanel(
    director.replace('COMMIT', '-A INPUT -d 203.0.113.10/32 -p tcp -m tcp --dport 80 -j ACCEPT\nCOMMIT'),
  );
  expect(panel.state.packets?.map(({ dst, flags }) => `${dst} ${flags}`)).toEqual(['203.0.113.10 S', '203.0.113.10 A']);
  expect(panel.state.answer?.result.packets.map(({ conntrack }) => conntrack)).toEqual([[], []]);
  panel.preset('reply');
  expect(panel.state.notice).toContain('real server');
});

test('every preset has a name of its own, and one says what it does', () => {
  expect(new Set(PRESETS.map(({ id }) => id)).size).toBe(PRESETS.length);
  for (const { title, moves } of PRESETS) {
    expect(title).not.toBe('');
    expect(moves).not.toEqual([]);
  }
});
