/**
 * The host's own TCP: what its listeners, half-open and open connections answer to a segment.
 *
 * @kernel net/ipv4/tcp_minisocks.c:tcp_check_req, net/ipv4/tcp_input.c:tcp_rcv_state_process
 */
import { type Packet, TCP_FLAG, type TcpSegment } from '../net/packet';

export type TcpAnswer =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'syn-ack'; readonly sequence: number; readonly what: string }
  /** `what` says why, for a person. */
  | { readonly kind: 'ack'; readonly sequence: number; readonly acknowledges: number; readonly what: string }
  | { readonly kind: 'reset'; readonly what: string };

interface Connection {
  state: 'half open' | 'open';
  /** Our next sequence number. */
  readonly sequence: number;
  /** What is expected next of the peer. */
  expected: number;
  /** Virtual time of the last answer to a segment that was out of place. */
  lastOutOfPlace: number;
}

/** A listener offers this window until the application reads. @kernel net/ipv4/tcp_output.c:tcp_select_initial_window */
const RECEIVE_WINDOW = 64_240;
/** Seconds between two answers to segments out of place. @kernel net/ipv4/tcp_input.c:tcp_oow_rate_limited */
const OUT_OF_PLACE_INTERVAL = 0.5;

const NOTHING: TcpAnswer = { kind: 'nothing' };

export class TcpSockets {
  readonly #connections = new Map<string, Connection>();

  /** @param random seeded, in [0, 1): chooses initial sequence numbers */
  answer(packet: Packet, tcp: TcpSegment, listening: boolean, now: number, random: () => number): TcpAnswer {
    const key = `${packet.src} ${tcp.sport} ${packet.dst} ${tcp.dport}`;
    const connection = this.#connections.get(key);
    if (connection?.state === 'half open') return this.#halfOpen(key, connection, tcp, now);
    if (connection) return this.#open(key, connection, tcp);
    if (!listening) return closedPort(tcp);
    if (tcp.flags & TCP_FLAG.R) return NOTHING;
    if (tcp.flags & TCP_FLAG.A) return { kind: 'reset', what: 'RST: the listener does not know this connection' };
    if (!(tcp.flags & TCP_FLAG.S) || tcp.flags & TCP_FLAG.F) return NOTHING;
    const sequence = Math.floor(random() * 2 ** 32);
    const expected = (tcp.seq + 1) >>> 0;
    this.#connections.set(key, { state: 'half open', sequence, expected, lastOutOfPlace: Number.NEGATIVE_INFINITY });
    return { kind: 'syn-ack', sequence, what: 'SYN,ACK from the listener' };
  }

  #halfOpen(key: string, connection: Connection, tcp: TcpSegment, now: number): TcpAnswer {
    const { sequence, expected } = connection;
    const flags = tcp.flags & (TCP_FLAG.R | TCP_FLAG.S | TCP_FLAG.A);
    const repeatsSyn = tcp.seq === (expected - 1) >>> 0;
    if (repeatsSyn && flags === TCP_FLAG.S) {
      return mayAnswer(connection, now)
        ? { kind: 'syn-ack', sequence, what: 'SYN,ACK again: the SYN came again' }
        : NOTHING;
    }
    if (flags & TCP_FLAG.A && tcp.ack !== (sequence + 1) >>> 0) {
      return flags & TCP_FLAG.R ? NOTHING : { kind: 'reset', what: 'RST: the ACK is not of this connection' };
    }
    if (!repeatsSyn && !isInWindow(tcp.seq, expected)) {
      if (flags & TCP_FLAG.R || !mayAnswer(connection, now)) return NOTHING;
      return { kind: 'ack', sequence: (sequence + 1) >>> 0, acknowledges: expected, what: 'a challenge ACK' };
    }
    if (flags & TCP_FLAG.R || (flags & TCP_FLAG.S && !repeatsSyn)) {
      this.#connections.delete(key);
      return flags & TCP_FLAG.R ? NOTHING : { kind: 'reset', what: 'RST: a SYN inside the connection' };
    }
    if (!(flags & TCP_FLAG.A)) return NOTHING;
    connection.state = 'open';
    return this.#open(key, connection, tcp);
  }

  /** @deviates an open connection acknowledges what it gets, in order, and never sends or closes by itself. */
  #open(key: string, connection: Connection, tcp: TcpSegment): TcpAnswer {
    if (tcp.flags & TCP_FLAG.R) {
      this.#connections.delete(key);
      return NOTHING;
    }
    const length = tcp.dataLength + (tcp.flags & TCP_FLAG.F ? 1 : 0);
    if (length === 0 && !(tcp.flags & TCP_FLAG.S)) return NOTHING;
    if (tcp.seq === connection.expected) connection.expected = (connection.expected + length) >>> 0;
    const sequence = (connection.sequence + 1) >>> 0;
    return { kind: 'ack', sequence, acknowledges: connection.expected, what: 'ACK from the open connection' };
  }
}

function closedPort(tcp: TcpSegment): TcpAnswer {
  return tcp.flags & TCP_FLAG.R ? NOTHING : { kind: 'reset', what: 'RST: nobody listens on the port' };
}

function isInWindow(sequence: number, expected: number): boolean {
  return (sequence - expected) >>> 0 < RECEIVE_WINDOW;
}

function mayAnswer(connection: Connection, now: number): boolean {
  if (now - connection.lastOutOfPlace < OUT_OF_PLACE_INTERVAL) return false;
  connection.lastOutOfPlace = now;
  return true;
}
