/**
 * A line of /proc/net/nf_conntrack taken apart for showing: the words stay as the kernel prints them.
 *
 * @kernel net/netfilter/nf_conntrack_standalone.c:ct_seq_show
 */
export interface ConntrackLine {
  readonly text: string;
  readonly protocol: string;
  /** Seconds left; undefined where the line has none (an offloaded flow). */
  readonly timeout: number | undefined;
  /** TCP's state, or SCTP's. */
  readonly state: string | undefined;
  readonly original: LineTuple;
  readonly reply: LineTuple;
  /** `[UNREPLIED]`, `[ASSURED]`, `[OFFLOAD]` */
  readonly flags: readonly string[];
  /** What stands behind the tuples: `mark`, `zone`, `use`, … */
  readonly rest: readonly (readonly [key: string, value: string])[];
}

export interface LineTuple {
  readonly src: string;
  readonly dst: string;
  readonly sport: number | undefined;
  readonly dport: number | undefined;
  /** ICMP's `type=8 code=0 id=7`, for a person. */
  readonly icmp: { readonly type: number; readonly code: number; readonly id: number } | undefined;
}

/** Words whose second occurrence belongs to the reply tuple. */
const TUPLE_KEYS: ReadonlySet<string> = new Set([
  'src',
  'dst',
  'sport',
  'dport',
  'type',
  'code',
  'id',
  'srckey',
  'dstkey',
]);

/** Undefined for a line that is not one of the kernel's. */
export function parseConntrackLine(text: string): ConntrackLine | undefined {
  const words = text.trim().split(/\s+/);
  const [, , protocol] = words;
  const first = words.findIndex((word) => word.startsWith('src='));
  if (protocol === undefined || first < 4) return undefined;
  const head = words.slice(4, first);
  const fields = words.slice(first).flatMap((word) => splitField(word));
  const { original, reply, rest } = sortFields(fields);
  return {
    text: text.trim().replace(/\s+/g, ' '),
    protocol,
    timeout: numberIn(head.find((word) => /^\d+$/.test(word))),
    state: head.find((word) => /^[A-Z_0-9]*[A-Z][A-Z_0-9]*$/.test(word)),
    original: lineTuple(original),
    reply: lineTuple(reply),
    flags: words.filter((word) => /^\[[A-Z_]+\]$/.test(word)),
    rest,
  };
}

/** What identifies an entry in the kernel's table: its original tuple in its zone. */
export function entryKey(line: ConntrackLine): string {
  const zone = line.rest.filter(([key]) => key.startsWith('zone')).map(([key, value]) => `${key}=${value}`);
  return [line.protocol, tupleKey(line.original), ...zone].join(' ');
}

export function tupleKey(tuple: LineTuple): string {
  const icmp = tuple.icmp ? `${tuple.icmp.type}/${tuple.icmp.code} ${tuple.icmp.id}` : '';
  return `${tuple.src} ${tuple.sport ?? ''} ${tuple.dst} ${tuple.dport ?? ''} ${icmp}`;
}

type Field = readonly [key: string, value: string];

function splitField(word: string): readonly Field[] {
  const at = word.indexOf('=');
  return at > 0 ? [[word.slice(0, at), word.slice(at + 1)]] : [];
}

/** A tuple's words come in the same order twice, the original's first. */
function sortFields(fields: readonly Field[]): {
  original: Map<string, string>;
  reply: Map<string, string>;
  rest: Field[];
} {
  const original = new Map<string, string>();
  const reply = new Map<string, string>();
  const rest: Field[] = [];
  for (const [key, value] of fields) {
    if (!TUPLE_KEYS.has(key) || reply.has(key)) rest.push([key, value]);
    else if (original.has(key)) reply.set(key, value);
    else original.set(key, value);
  }
  return { original, reply, rest };
}

function lineTuple(fields: ReadonlyMap<string, string>): LineTuple {
  const type = numberIn(fields.get('type'));
  const icmp = { code: numberIn(fields.get('code')) ?? 0, id: numberIn(fields.get('id')) ?? 0 };
  return {
    src: fields.get('src') ?? '',
    dst: fields.get('dst') ?? '',
    sport: numberIn(fields.get('sport')),
    dport: numberIn(fields.get('dport')),
    icmp: type === undefined ? undefined : { type, ...icmp },
  };
}

function numberIn(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
