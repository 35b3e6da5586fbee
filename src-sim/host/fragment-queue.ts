/**
 * Fragments wait for each other; when the last gap is filled the whole packet goes on. What overlaps spoils all of
 * them, and who waits too long is given up.
 *
 * @kernel net/ipv4/ip_fragment.c, net/ipv4/inet_fragment.c, net/ipv6/netfilter/nf_conntrack_reasm.c; RFC 5722
 */
import { IP_HEADER_BYTES, type Packet, transportBytes } from '../net/packet';
import { Deadlines, OWN_PLACES, type Waiting } from './deadlines';

export type GatherAnswer =
  | { readonly kind: 'waits' }
  | { readonly kind: 'whole'; readonly packet: Packet }
  | { readonly kind: 'dropped'; readonly reason: string };

/** Fragments that were given up. */
export interface Abandoned {
  readonly at: number;
  readonly user: string;
  /** The one with the header; without it nobody is told. */
  readonly first: Packet | undefined;
  readonly device: string | undefined;
}

/** A fragment's data, in bytes from the start of the whole. */
interface Piece {
  readonly start: number;
  readonly end: number;
  readonly packet: Packet;
}

/** Pieces that came one behind the other: what lies in them came before. */
interface Run {
  readonly start: number;
  end: number;
}

interface Queue extends Waiting {
  readonly key: string;
  readonly user: string;
  readonly device: string | undefined;
  /** Virtual time in seconds at which it is given up. */
  readonly dueAt: number;
  readonly pieces: Piece[];
  readonly runs: Run[];
  /** Where the whole ends, as far as is known. */
  length: number;
  hasLast: boolean;
}

const WAITS: GatherAnswer = { kind: 'waits' };
const LONGEST_PACKET = 65_535;

export class FragmentQueues {
  readonly #queues = new Map<string, Queue>();
  readonly #expiry = new Deadlines<Queue>(OWN_PLACES);

  /**
   * @param user who gathers: fragments coming in and fragments going out do not mix
   * @param giveUpAt virtual time in seconds until which they wait, where this is the first
   */
  add(user: string, device: string | undefined, fragment: Packet, giveUpAt: number): GatherAnswer {
    const { src, dst, protocol, id } = fragment;
    const key = `${user} ${src} ${dst} ${protocol} ${id}`;
    const queue = this.#queues.get(key) ?? this.#open(key, user, device, giveUpAt);
    const piece = pieceOf(fragment);
    const spoilt = spoils(queue, piece, fragment);
    if (spoilt === 'doubled') return { kind: 'dropped', reason: 'these bytes came before' };
    if (spoilt !== undefined) {
      this.#close(queue);
      return { kind: 'dropped', reason: `${spoilt}: its fragments are given up` };
    }
    queue.pieces.push(piece);
    if (!isComplete(queue)) return WAITS;
    this.#close(queue);
    const packet = whole(queue.pieces.sort((a, b) => a.start - b.start));
    return packet ? { kind: 'whole', packet } : { kind: 'dropped', reason: 'they do not make a packet' };
  }

  /** The next that are given up by `until`; each call gives one, in order of time. */
  nextAbandoned(until: number): Abandoned | undefined {
    const queue = this.#expiry.due(until);
    if (queue === undefined) return undefined;
    this.#close(queue);
    const { user, device, dueAt, pieces } = queue;
    return { at: dueAt, user, device, first: pieces.find(({ start }) => start === 0)?.packet };
  }

  #open(key: string, user: string, device: string | undefined, giveUpAt: number): Queue {
    const queue: Queue = {
      key,
      user,
      device,
      pieces: [],
      runs: [],
      length: 0,
      hasLast: false,
      dueAt: giveUpAt,
      queuePlace: -1,
    };
    this.#queues.set(key, queue);
    this.#expiry.set(queue, giveUpAt);
    return queue;
  }

  #close(queue: Queue): void {
    this.#queues.delete(queue.key);
    this.#expiry.delete(queue);
  }
}

function pieceOf(packet: Packet): Piece {
  const start = (packet.fragment?.offset ?? 0) * 8;
  const end = start + packet.length - IP_HEADER_BYTES[packet.family];
  // Only the last may end anywhere: of others the kernel takes whole units.
  return { start, end: packet.fragment?.more && packet.family === 'ipv4' ? end & ~7 : end, packet };
}

/** What is wrong with the fragments once this one is among them; undefined: nothing. @kernel …/ip_fragment.c:ip_frag_queue */
function spoils(queue: Queue, { start, end }: Piece, { fragment, family }: Packet): string | undefined {
  if (fragment?.more) {
    if (family === 'ipv6' && end % 8 !== 0) return 'a fragment that is not the last ends in the middle of a unit';
    if (end > queue.length && queue.hasLast) return 'bytes behind the last fragment';
    queue.length = Math.max(queue.length, end);
  } else {
    if (end < queue.length || (queue.hasLast && end !== queue.length)) return 'two ends';
    queue.hasLast = true;
    queue.length = end;
  }
  return end === start ? 'a fragment without data' : insert(queue, start, end);
}

/** @kernel …/inet_fragment.c:inet_frag_queue_insert */
function insert({ runs }: Queue, start: number, end: number): string | undefined {
  const last = runs.reduce<Run | undefined>((found, run) => (found && found.end > run.end ? found : run), undefined);
  if (last === undefined || end > last.end) {
    if (last !== undefined && start < last.end) return OVERLAP;
    if (last?.end === start) last.end = end;
    else runs.push({ start, end });
    return undefined;
  }
  const met = runs.find((run) => start < run.end && end > run.start);
  if (met === undefined) {
    runs.push({ start, end });
    return undefined;
  }
  return start >= met.start && end <= met.end ? 'doubled' : OVERLAP;
}

const OVERLAP = 'fragments overlap';

function isComplete({ pieces, hasLast, length }: Queue): boolean {
  const gathered = pieces.reduce((sum, { start, end }) => sum + end - start, 0);
  return hasLast && gathered === length && pieces.some(({ start }) => start === 0);
}

/** The first fragment's header stands before all the data. @kernel …/ip_fragment.c:ip_frag_reasm */
function whole(pieces: readonly Piece[]): Packet | undefined {
  const [first] = pieces;
  const congestion = congestionOf(pieces);
  if (first === undefined || congestion === undefined) return undefined;
  const { fragment: _, ...header } = first.packet;
  const lengths = pieces.map(({ start, end }) => end - start);
  const length = IP_HEADER_BYTES[header.family] + lengths.reduce((sum, bytes) => sum + bytes, 0);
  if (length > LONGEST_PACKET) return undefined;
  const largest = Math.max(...lengths);
  const dontFragment = pieces.some(({ packet, start, end }) => packet.dontFragment && end - start === largest);
  const spoilt = length - IP_HEADER_BYTES[header.family] !== transportBytes(header.transport);
  return { ...header, ...(spoilt && { spoilt }), tos: header.tos | congestion, dontFragment, length, pieces: lengths };
}

const ECN_MASK = 3;
const CONGESTION_EXPERIENCED = 3;

/** What congestion notification adds to the first header; undefined: the fragments contradict each other. RFC 3168 §5.3 */
function congestionOf(pieces: readonly Piece[]): number | undefined {
  const marks = new Set(pieces.map(({ packet }) => packet.tos & ECN_MASK));
  if (marks.size === 1) return 0;
  if (marks.has(0)) return undefined;
  return marks.has(CONGESTION_EXPERIENCED) ? CONGESTION_EXPERIENCED : 0;
}
