/**
 * Virtual services and their destinations (real servers), as `ipvsadm -S -n` prints them.
 *
 * @see ipvsadm(8)
 */
import { ADDRESS_BITS, type Address, type Family, familyOf, parseAddress, prefixMask } from '../net/address';
import { PROTOCOL } from '../net/protocol';

/** How packets are handed on: `-g` gatewaying (direct routing), `-i` IP in IP, `-m` masquerading. */
export type ForwardMethod = 'dr' | 'tun' | 'nat';

export interface Endpoint {
  readonly address: Address;
  readonly port: number;
}

/** What a service answers for: an endpoint of a protocol, or whatever carries a firewall mark. */
export type VirtualService =
  | ({ readonly kind: 'endpoint'; readonly protocol: number } & Endpoint)
  | { readonly kind: 'mark'; readonly mark: number };

export interface Service {
  readonly virtual: VirtualService;
  /** Which packets a mark stands for: an endpoint has its own. */
  readonly family: Family;
  /** `rr`, `wrr`, … */
  readonly scheduler: string;
  readonly schedulerFlags: ReadonlySet<SchedulerFlag>;
  /** A client, or its network, keeps its real server. */
  readonly persistence?: Persistence;
  /** Each datagram is a connection of its own. */
  readonly onePacket: boolean;
  readonly destinations: readonly Destination[];
}

/** `fallback`: another server where the chosen one cannot take it; `port`: the source port counts, too. */
export type SchedulerFlag = 'fallback' | 'port';

export interface Persistence {
  readonly timeoutSeconds: number;
  readonly mask: Address;
}

export interface Destination extends Endpoint {
  readonly method: ForwardMethod;
  /** 0: quiesced, no new connections. */
  readonly weight: number;
  /** As many connections make it overloaded; 0: none do. */
  readonly upperThreshold: number;
  /** Below as many it takes new ones again; 0: below three quarters of the upper one. */
  readonly lowerThreshold: number;
}

const METHODS: Readonly<Record<string, ForwardMethod>> = {
  '-g': 'dr',
  '--gatewaying': 'dr',
  '-i': 'tun',
  '--ipip': 'tun',
  '-m': 'nat',
  '--masquerading': 'nat',
};

const PROTOCOL_OF: Readonly<Record<string, number>> = {
  '-t': PROTOCOL.tcp,
  '--tcp-service': PROTOCOL.tcp,
  '-u': PROTOCOL.udp,
  '--udp-service': PROTOCOL.udp,
  '--sctp-service': PROTOCOL.sctp,
};

/** Lines that say something else, or nothing that can be read, are passed over. */
export function parseServices(text: string): readonly Service[] {
  const services = new Map<string, Service>();
  for (const words of text.split('\n').map((line) => line.trim().split(/\s+/))) {
    const virtual = readVirtualService(words);
    if (virtual === undefined) continue;
    const family = familyAsked(virtual, words);
    const key = `${family} ${JSON.stringify(virtual)}`;
    const known = services.get(key) ?? { ...NEW_SERVICE, virtual, family };
    if (words[0] === '-A' || words[0] === '--add-service')
      services.set(key, { ...known, ...readChoices(words, family) });
    const destination = words[0] === '-a' || words[0] === '--add-server' ? readDestination(words) : undefined;
    if (destination) services.set(key, { ...known, destinations: [...known.destinations, destination] });
  }
  return [...services.values()];
}

const NEW_SERVICE = {
  scheduler: 'wlc',
  schedulerFlags: new Set<SchedulerFlag>(),
  onePacket: false,
  destinations: [],
} satisfies Partial<Service>;

function familyAsked(virtual: VirtualService, words: readonly string[]): Family {
  if (virtual.kind === 'endpoint') return familyOf(virtual.address);
  return words.includes('-6') || words.includes('--ipv6') ? 'ipv6' : 'ipv4';
}

function readVirtualService(words: readonly string[]): VirtualService | undefined {
  for (const [index, word] of words.entries()) {
    const value = words[index + 1] ?? '';
    const protocol = Object.hasOwn(PROTOCOL_OF, word) ? PROTOCOL_OF[word] : undefined;
    const endpoint = protocol === undefined ? undefined : parseEndpoint(value);
    if (protocol !== undefined && endpoint) return { kind: 'endpoint', protocol, ...endpoint };
    if ((word === '-f' || word === '--fwmark-service') && /^\d+$/.test(value))
      return { kind: 'mark', mark: Number(value) };
  }
  return undefined;
}

const SCHEDULER_FLAGS: Readonly<Record<string, SchedulerFlag>> = {
  'flag-1': 'fallback',
  'sh-fallback': 'fallback',
  'mh-fallback': 'fallback',
  'flag-2': 'port',
  'sh-port': 'port',
  'mh-port': 'port',
};

function readChoices(words: readonly string[], family: Family): Partial<Service> {
  const scheduler = argumentOf(words, '-s', '--scheduler');
  const flags = argumentOf(words, '-b', '--sched-flags')?.split(',') ?? [];
  const persistence = readPersistence(words, family);
  return {
    schedulerFlags: new Set(flags.flatMap((flag) => SCHEDULER_FLAGS[flag] ?? [])),
    onePacket: words.includes('-o') || words.includes('--ops'),
    ...(scheduler === undefined ? {} : { scheduler }),
    ...(persistence === undefined ? {} : { persistence }),
  };
}

const DEFAULT_PERSISTENCE_SECONDS = 300;

/** `-p [SECONDS]`, with `-M` a mask (IPv4) or a prefix length (IPv6). */
function readPersistence(words: readonly string[], family: Family): Persistence | undefined {
  if (!words.includes('-p') && !words.includes('--persistent')) return undefined;
  const seconds = argumentOf(words, '-p', '--persistent') ?? '';
  const mask = argumentOf(words, '-M', '--netmask') ?? '';
  const length = /^\d+$/.test(mask) ? Number(mask) : ADDRESS_BITS[family];
  return {
    timeoutSeconds: /^\d+$/.test(seconds) ? Number(seconds) : DEFAULT_PERSISTENCE_SECONDS,
    mask: parseAddress(mask) ?? prefixMask(length, family),
  };
}

function readDestination(words: readonly string[]): Destination | undefined {
  const endpoint = parseEndpoint(argumentOf(words, '-r', '--real-server') ?? '');
  if (endpoint === undefined) return undefined;
  const flag = words.find((word) => Object.hasOwn(METHODS, word));
  return {
    ...endpoint,
    method: METHODS[flag ?? '-g'] ?? 'dr',
    weight: Number(argumentOf(words, '-w', '--weight') ?? 1),
    upperThreshold: Number(argumentOf(words, '-x', '--u-threshold') ?? 0),
    lowerThreshold: Number(argumentOf(words, '-y', '--l-threshold') ?? 0),
  };
}

function argumentOf(words: readonly string[], ...flags: readonly string[]): string | undefined {
  const index = words.findIndex((word) => flags.includes(word));
  return index === -1 ? undefined : words[index + 1];
}

/** `203.0.113.10:80`, `[2001:db8::1]:80`; a real server of a mark service may have no port. */
function parseEndpoint(text: string): Endpoint | undefined {
  const parts = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text);
  const address = parseAddress(parts?.[1] ?? parts?.[2] ?? '');
  return address === undefined ? undefined : { address, port: Number(parts?.[3] ?? 0) };
}
