/** The `word=value` fields of a packet line: which packets have each, how it is read and printed. */
import { PROTOCOL } from '../net/protocol';
import type { ScenarioIcmp, ScenarioPacket } from './scenario';

export type Draft = { -readonly [Key in keyof ScenarioPacket]: ScenarioPacket[Key] };

export interface PacketField {
  readonly word: string;
  readonly alias?: string;
  /** What may follow the word, for messages: `=NUMBER`. */
  readonly form: string;
  /** Whether `value` could be read; undefined: the word stood alone. */
  read(value: string | undefined, draft: Draft): boolean;
  /** Undefined where the packet does not give the field; empty: the word alone says it. */
  print(packet: ScenarioPacket): string | undefined;
}

type NumberKey =
  | 'uid'
  | 'gid'
  | 'seq'
  | 'ack'
  | 'win'
  | 'mss'
  | 'wscale'
  | 'ttl'
  | 'tos'
  | 'id'
  | 'wait'
  | 'chunk'
  | 'vtag'
  | 'itag';
type FlagKey = 'sackok' | 'df';
type MacKey = 'mac_src' | 'mac_dst';
type IcmpNumberKey = 'id' | 'seq' | 'mtu';

const UINT16 = 65_535;
const UINT32 = 4_294_967_295;

const TCP_FIELDS: readonly PacketField[] = [
  numberField('seq', UINT32),
  numberField('ack', UINT32),
  numberField('win', UINT16),
  numberField('mss', UINT16),
  numberField('wscale', 255),
  flagField('sackok'),
];

const ICMP_FIELDS: readonly PacketField[] = [
  icmpField('id', UINT16),
  icmpField('seq', UINT16),
  icmpField('mtu', UINT32),
  truncateField(),
];

const SCTP_FIELDS: readonly PacketField[] = [
  numberField('chunk', 255),
  numberField('vtag', UINT32),
  numberField('itag', UINT32),
];

const IP_ID = numberField('id', UINT16);

const FIELDS: readonly PacketField[] = [
  lengthField(),
  dataField(),
  numberField('ttl', 255),
  numberField('tos', 255, (tos) => `0x${tos.toString(16)}`),
  flagField('df'),
  fragmentField(),
  macField('mac_src'),
  macField('mac_dst'),
  numberField('uid', UINT32),
  numberField('gid', UINT32),
  numberField('wait', Number.MAX_SAFE_INTEGER),
];

/** ICMP has an id of its own, so there the IP header's is `ipid`. */
const FIELDS_OF = {
  tcp: [...TCP_FIELDS, { ...IP_ID, alias: 'ipid' }, ...FIELDS],
  icmp: [...ICMP_FIELDS, { ...IP_ID, word: 'ipid' }, ...FIELDS],
  sctp: [...SCTP_FIELDS, { ...IP_ID, alias: 'ipid' }, ...FIELDS],
  other: [{ ...IP_ID, alias: 'ipid' }, ...FIELDS],
} as const;

export function fieldsOf(protocol: number | undefined): readonly PacketField[] {
  if (protocol === PROTOCOL.tcp) return FIELDS_OF.tcp;
  if (protocol === PROTOCOL.sctp) return FIELDS_OF.sctp;
  return protocol === PROTOCOL.icmp || protocol === PROTOCOL.icmpv6 ? FIELDS_OF.icmp : FIELDS_OF.other;
}

function readNumber(text: string | undefined, max: number): number | undefined {
  if (text === undefined || !/^(?:0x[0-9a-f]+|\d+(?:\.\d+)?(?:e-?\d+)?)$/i.test(text)) return undefined;
  const value = Number(text);
  return value <= max ? value : undefined;
}

function numberField(word: NumberKey, max: number, text: (value: number) => string = String): PacketField {
  return {
    word,
    form: '=NUMBER',
    read(value, draft) {
      const number = readNumber(value, max);
      if (number === undefined || (word !== 'wait' && !Number.isInteger(number))) return false;
      draft[word] = number;
      return true;
    },
    print: (packet) => (packet[word] === undefined ? undefined : text(packet[word])),
  };
}

function icmpField(word: IcmpNumberKey, max: number): PacketField {
  return {
    word,
    form: '=NUMBER',
    read(value, draft) {
      const number = readNumber(value, max);
      if (number === undefined || !Number.isInteger(number)) return false;
      return setIcmp(draft, { [word]: number });
    },
    print: ({ icmp }) => (icmp?.[word] === undefined ? undefined : String(icmp[word])),
  };
}

function setIcmp(draft: Draft, change: Partial<ScenarioIcmp>): boolean {
  if (draft.icmp === undefined) return false;
  draft.icmp = { ...draft.icmp, ...change };
  return true;
}

function readYesNo(value: string | undefined): boolean | undefined {
  if (value === undefined || value === 'yes') return true;
  return value === 'no' ? false : undefined;
}

function flagField(word: FlagKey): PacketField {
  return {
    word,
    form: ' or =no',
    read(value, draft) {
      const set = readYesNo(value);
      if (set === undefined) return false;
      draft[word] = set;
      return true;
    },
    print: (packet) => (packet[word] === undefined ? undefined : packet[word] ? '' : 'no'),
  };
}

/** Whether an ICMP error quotes only the inner header and 8 bytes (RFC 792), or the whole packet. */
function truncateField(): PacketField {
  return {
    word: 'truncate',
    form: ' or =no',
    read(value, draft) {
      const truncate = readYesNo(value);
      return truncate !== undefined && setIcmp(draft, { truncate });
    },
    print: ({ icmp }) => (icmp?.truncate === undefined ? undefined : icmp.truncate ? '' : 'no'),
  };
}

function lengthField(): PacketField {
  return {
    word: 'len',
    form: '=BYTES',
    read(value, draft) {
      const bytes = readNumber(value, UINT16);
      if (bytes === undefined || !Number.isInteger(bytes)) return false;
      draft.payload = bytes;
      return true;
    },
    print: ({ payload }) => (typeof payload === 'number' ? String(payload) : undefined),
  };
}

/** The payload itself, quoted as JSON quotes a string. */
function dataField(): PacketField {
  return {
    word: 'data',
    form: '="TEXT"',
    read(value, draft) {
      const payload = readString(value ?? '');
      if (payload === undefined) return false;
      draft.payload = payload;
      return true;
    },
    print: ({ payload }) => (typeof payload === 'string' ? JSON.stringify(payload) : undefined),
  };
}

function readString(quoted: string): string | undefined {
  try {
    const value: unknown = JSON.parse(quoted);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** `SIZE@OFFSET+`: size in bytes (absent: the rest), offset in units of 8 bytes, `+` where more fragments follow. */
function fragmentField(): PacketField {
  return {
    word: 'frag',
    form: '=SIZE@OFFSET+',
    read(value, draft) {
      const [, size, offset, more] = /^(\d*)@(\d+)(\+|-)?$/.exec(value ?? '') ?? [];
      if (offset === undefined || Number(offset) > 8191 || Number(size) > UINT16) return false;
      draft.frag = {
        offset: Number(offset),
        ...(more === undefined ? {} : { more: more === '+' }),
        ...(size ? { size: Number(size) } : {}),
      };
      return true;
    },
    print({ frag }) {
      if (frag === undefined) return undefined;
      const more = frag.more === undefined ? '' : frag.more ? '+' : '-';
      return `${frag.size ?? ''}@${frag.offset}${more}`;
    },
  };
}

function macField(word: MacKey): PacketField {
  return {
    word,
    form: '=MAC',
    read(value, draft) {
      if (value === undefined || !/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(value)) return false;
      draft[word] = value.toLowerCase();
      return true;
    },
    print: (packet) => packet[word],
  };
}
