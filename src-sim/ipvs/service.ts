/**
 * Virtual services and their destinations (real servers), as `ipvsadm -S -n` prints them.
 *
 * @see ipvsadm(8)
 */
import { type Address, parseAddress } from '../net/address';
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
  /** `rr`, `wrr`, … */
  readonly scheduler: string;
  readonly destinations: readonly Destination[];
}

export interface Destination extends Endpoint {
  readonly method: ForwardMethod;
  readonly weight: number;
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
    const key = JSON.stringify(virtual);
    const known = services.get(key) ?? { virtual, scheduler: 'wlc', destinations: [] };
    if (words[0] === '-A' || words[0] === '--add-service') services.set(key, { ...known, ...readScheduler(words) });
    const destination = words[0] === '-a' || words[0] === '--add-server' ? readDestination(words) : undefined;
    if (destination) services.set(key, { ...known, destinations: [...known.destinations, destination] });
  }
  return [...services.values()];
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

function readScheduler(words: readonly string[]): { readonly scheduler?: string } {
  const scheduler = argumentOf(words, '-s', '--scheduler');
  return scheduler === undefined ? {} : { scheduler };
}

function readDestination(words: readonly string[]): Destination | undefined {
  const endpoint = parseEndpoint(argumentOf(words, '-r', '--real-server') ?? '');
  if (endpoint === undefined) return undefined;
  const flag = words.find((word) => Object.hasOwn(METHODS, word));
  const weight = Number(argumentOf(words, '-w', '--weight') ?? 1);
  return { ...endpoint, method: METHODS[flag ?? '-g'] ?? 'dr', weight };
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
