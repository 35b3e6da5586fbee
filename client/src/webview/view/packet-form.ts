/** The packet's fields as a form: another way to write the line, for those who do not know its words. */
import { parseAddress } from '../../../../src-sim/net/address';
import { icmpTypes } from '../../../../src-sim/net/icmp-type';
import { hasPorts, PROTOCOL } from '../../../../src-sim/net/protocol';
import type { HostDescription, ScenarioIcmp, ScenarioPacket } from '../../../../src-sim/sim/scenario';
import { flagLetters, isIcmp, packetProtocol } from '../packet-words';
import { h, setAttributes } from './element';

export interface PacketForm {
  readonly element: HTMLElement;
  show(packet: ScenarioPacket): void;
  setHost(host: HostDescription | undefined, family: 4 | 6 | undefined): void;
}

const FLAGS = ['S', 'A', 'F', 'R', 'P', 'U'] as const;
const FLAG_LABELS = { S: 'SYN', A: 'ACK', F: 'FIN', R: 'RST', P: 'PSH', U: 'URG' } as const;
const LOCAL = '(local process)';
const PROTOCOLS: Readonly<Record<4 | 6, readonly string[]>> = {
  4: ['tcp', 'udp', 'icmp', 'sctp', 'udplite', 'gre', 'esp', 'ah'],
  6: ['tcp', 'udp', 'icmpv6', 'sctp', 'udplite', 'gre', 'esp', 'ah'],
};

/** @param changed called with the packet whenever a field is changed and all fields can be read */
export function createPacketForm(changed: (packet: ScenarioPacket) => void): PacketForm {
  const fields = createFields();
  const element = h(
    'fieldset',
    { id: 'packet-form', class: 'packet-form', 'aria-label': 'Packet fields', hidden: true },
    ...fields.rows,
  );
  let base: ScenarioPacket | undefined;
  let family: 4 | 6 = 4;
  let shownHost: HostDescription | undefined;
  element.addEventListener('input', () => {
    showKinds(fields, fields.protocol.value);
    const packet = base && readFields(fields, base, family);
    if (packet) changed(packet);
  });
  return {
    element,
    show(packet) {
      base = packet;
      writeFields(fields, packet);
      showKinds(fields, fields.protocol.value);
    },
    setHost(host, now) {
      if (host === undefined || now === undefined || host === shownHost) return;
      shownHost = host;
      family = now;
      setOptions(fields.from, [...interfaceNames(host), LOCAL]);
      setOptions(fields.protocol, PROTOCOLS[now]);
      const types = icmpTypes(now === 4 ? 'ipv4' : 'ipv6').map(({ name, type, code }) => ({
        value: icmpValue(type, code),
        label: name,
      }));
      fields.icmp.replaceChildren(...types.map(({ value, label }) => h('option', { value }, label)));
      if (base) writeFields(fields, base);
    },
  };
}

function interfaceNames({ interfaces = {} }: HostDescription): readonly string[] {
  const ports = Object.values(interfaces).flatMap((each) => each.ports ?? []);
  const bridges = Object.keys(interfaces).filter((name) => (interfaces[name]?.ports ?? []).length === 0);
  return [...new Set([...bridges, ...ports])];
}

interface Fields {
  readonly from: HTMLSelectElement;
  readonly protocol: HTMLSelectElement;
  readonly src: HTMLInputElement;
  readonly sport: HTMLInputElement;
  readonly dst: HTMLInputElement;
  readonly dport: HTMLInputElement;
  readonly flags: ReadonlyMap<string, HTMLInputElement>;
  readonly icmp: HTMLSelectElement;
  readonly wait: HTMLInputElement;
  readonly rows: readonly HTMLElement[];
  readonly portRows: readonly HTMLElement[];
  readonly flagRow: HTMLElement;
  readonly icmpRow: HTMLElement;
}

function createFields(): Fields {
  const from = h('select', { 'data-field': 'from' });
  const protocol = h('select', { 'data-field': 'protocol' });
  const src = addressInput('src');
  const dst = addressInput('dst');
  const sport = numberInput('sport', 65_535);
  const dport = numberInput('dport', 65_535);
  const icmp = h('select', { 'data-field': 'icmp' });
  const wait = numberInput('wait', 10_000_000);
  const flags = new Map(FLAGS.map((flag) => [flag as string, h('input', { type: 'checkbox', 'data-flag': flag })]));
  const sportRow = labelled('port', sport);
  const dportRow = labelled('port', dport);
  const boxes = FLAGS.map((flag) => h('label', { class: 'flag' }, flags.get(flag), FLAG_LABELS[flag]));
  const flagRow = h('div', { class: 'row flags', role: 'group', 'aria-label': 'TCP flags' }, ...boxes);
  const icmpRow = h('div', { class: 'row' }, labelled('ICMP type', icmp));
  const row = (...children: HTMLElement[]): HTMLElement => h('div', { class: 'row' }, ...children);
  const rows = [
    row(labelled('arrives at', from), labelled('protocol', protocol)),
    row(labelled('source', src), sportRow),
    row(labelled('destination', dst), dportRow),
    flagRow,
    icmpRow,
    row(labelled('seconds after the packet before', wait)),
  ];
  return {
    from,
    protocol,
    src,
    sport,
    dst,
    dport,
    flags,
    icmp,
    wait,
    rows,
    portRows: [sportRow, dportRow],
    flagRow,
    icmpRow,
  };
}

function labelled(text: string, field: HTMLElement): HTMLElement {
  return h('label', {}, h('span', {}, text), field);
}

function addressInput(name: string): HTMLInputElement {
  return h('input', { type: 'text', spellcheck: 'false', autocomplete: 'off', 'data-field': name });
}

function numberInput(name: string, max: number): HTMLInputElement {
  return h('input', { type: 'number', min: 0, max, 'data-field': name });
}

function setOptions(select: HTMLSelectElement, values: readonly string[]): void {
  select.replaceChildren(...values.map((value) => h('option', { value }, value)));
}

/** Ports, flags and types belong to some protocols only. */
function showKinds(fields: Fields, proto: string): void {
  const protocol = packetProtocol({ proto, src: '', dst: '' });
  for (const row of fields.portRows) row.hidden = !hasPorts(protocol);
  fields.flagRow.hidden = protocol !== PROTOCOL.tcp;
  fields.icmpRow.hidden = !isIcmp(protocol);
}

function writeFields(fields: Fields, packet: ScenarioPacket): void {
  select(fields.from, packet.out ? LOCAL : (packet.in ?? LOCAL));
  select(fields.protocol, String(packet.proto));
  fields.src.value = packet.src;
  fields.dst.value = packet.dst;
  fields.sport.value = String(packet.sport ?? '');
  fields.dport.value = String(packet.dport ?? '');
  fields.wait.value = String(packet.wait ?? '');
  const flags = flagLetters(packet);
  for (const [flag, box] of fields.flags) box.checked = flags.includes(flag);
  if (packet.icmp) select(fields.icmp, icmpValue(packet.icmp.type, packet.icmp.code));
}

/** Chooses a value, which is added where the list does not have it. */
function select(list: HTMLSelectElement, value: string): void {
  if (![...list.options].some((option) => option.value === value)) list.append(h('option', { value }, value));
  list.value = value;
}

/** The packet that the fields say, with what no field shows taken from `base`; undefined where one cannot be read. */
function readFields(fields: Fields, base: ScenarioPacket, family: 4 | 6): ScenarioPacket | undefined {
  const src = readAddress(fields.src, family);
  const dst = readAddress(fields.dst, family);
  if (src === undefined || dst === undefined) return undefined;
  const protocol = packetProtocol({ proto: fields.protocol.value, src, dst });
  const kind = hasPorts(protocol) ? { sport: readPort(fields.sport, 40_000), dport: readPort(fields.dport, 80) } : {};
  const flags = [...fields.flags].filter(([, box]) => box.checked).map(([flag]) => flag);
  const {
    in: _in,
    out: _out,
    sport: _sport,
    dport: _dport,
    flags: _flags,
    icmp,
    wait: _wait,
    seq,
    ack,
    ...kept
  } = base;
  return {
    ...kept,
    ...(fields.from.value === LOCAL ? { out: true } : { in: fields.from.value }),
    src,
    dst,
    proto: fields.protocol.value,
    ...kind,
    ...(protocol === PROTOCOL.tcp ? { flags: flags.join(''), ...numbersOf(seq, ack) } : {}),
    ...(isIcmp(protocol) ? { icmp: { ...withoutKind(icmp), ...readIcmp(fields.icmp) } } : {}),
    ...(Number(fields.wait.value) > 0 ? { wait: Number(fields.wait.value) } : {}),
  };
}

function withoutKind(icmp: ScenarioIcmp | undefined): Omit<ScenarioIcmp, 'type' | 'code'> {
  const { type: _type, code: _code, ...rest } = icmp ?? { type: 0, id: 1, seq: 1 };
  return rest;
}

function numbersOf(seq: number | undefined, ack: number | undefined): Pick<ScenarioPacket, 'seq' | 'ack'> {
  return { ...(seq === undefined ? {} : { seq }), ...(ack === undefined ? {} : { ack }) };
}

function readAddress(input: HTMLInputElement, family: 4 | 6): string | undefined {
  const address = parseAddress(input.value.trim());
  const right = address !== undefined && address.includes(':') === (family === 6);
  setAttributes(input, { 'aria-invalid': right ? undefined : 'true' });
  return right ? address : undefined;
}

function readPort(input: HTMLInputElement, otherwise: number): number {
  const port = Number(input.value);
  return input.value !== '' && Number.isInteger(port) && port >= 0 && port <= 65_535 ? port : otherwise;
}

function icmpValue(type: number, code: number | undefined): string {
  return code === undefined ? `${type}` : `${type}/${code}`;
}

function readIcmp(list: HTMLSelectElement): { type: number; code?: number } {
  const [type = 8, code] = list.value.split('/').map(Number);
  return { type, ...(code === undefined ? {} : { code }) };
}
