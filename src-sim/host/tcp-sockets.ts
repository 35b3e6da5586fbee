/**
 * The host's own TCP: what its listeners, half-open and open connections answer to a segment, and what they send again
 * when nothing comes.
 *
 * @kernel net/ipv4/tcp_minisocks.c:tcp_check_req, net/ipv4/tcp_input.c:tcp_rcv_state_process
 */

import { type Packet, TCP_FLAG, type TcpSegment } from '../net/packet';
import { LISTENER, REQUEST, type Sender } from './sender';
import { plainAck, synAck, tcpReset } from './stack';

/** A segment that the host sends, and why, for a person. */
export interface TcpAnswer {
  readonly packet: Packet;
  readonly what: string;
  /** Undefined: the stack answers, since nobody listens. */
  readonly sender: Sender | undefined;
}

interface Connection {
  state: 'half open' | 'open';
  /** Our initial sequence number. */
  readonly sequence: number;
  /** What is expected next of the peer. */
  expected: number;
  /** Virtual time of the last answer to a segment that was out of place. */
  lastOutOfPlace: number;
  readonly synAck: Packet;
  /** Virtual time at which the SYN,ACK is sent again, and how often it was. */
  resendAt: number;
  resent: number;
}

/** A listener offers this window until the application reads. @kernel net/ipv4/tcp_output.c:tcp_select_initial_window */
const RECEIVE_WINDOW = 64_240;
/** Seconds between two answers to segments out of place. @kernel net/ipv4/tcp_input.c:tcp_oow_rate_limited */
const OUT_OF_PLACE_INTERVAL = 0.5;
/** Seconds until the first SYN,ACK is sent again; each time twice as long. @kernel include/net/tcp.h:TCP_TIMEOUT_INIT */
const FIRST_RESEND = 1;
/** @kernel net/ipv4/tcp_ipv4.c:sysctl_tcp_synack_retries */
const MOST_RESENDS = 5;

export class TcpSockets {
  readonly #connections = new Map<string, Connection>();
  /** Half-open ones whose SYN,ACK will be sent again. */
  readonly #unanswered = new Set<Connection>();

  /**
   * What the host sends because of a segment that was delivered; undefined: nothing.
   *
   * @param random seeded, in [0, 1): chooses initial sequence numbers
   */
  answer(
    packet: Packet,
    tcp: TcpSegment,
    listening: boolean,
    now: number,
    random: () => number,
  ): TcpAnswer | undefined {
    const key = `${packet.src} ${tcp.sport} ${packet.dst} ${tcp.dport}`;
    const connection = this.#connections.get(key);
    if (connection?.state === 'half open') return this.#halfOpen(key, connection, packet, tcp, now);
    if (connection) return this.#open(key, connection, packet, tcp);
    if (!listening) return reset(packet, tcp, 'RST: nobody listens on the port');
    if (tcp.flags & TCP_FLAG.R) return undefined;
    if (tcp.flags & TCP_FLAG.A) return reset(packet, tcp, 'RST: the listener does not know this connection', LISTENER);
    if (!(tcp.flags & TCP_FLAG.S) || tcp.flags & TCP_FLAG.F) return undefined;
    const sequence = Math.floor(random() * 2 ** 32);
    const opened: Connection = {
      state: 'half open',
      sequence,
      expected: (tcp.seq + 1) >>> 0,
      lastOutOfPlace: Number.NEGATIVE_INFINITY,
      synAck: synAck(packet, tcp, sequence),
      resendAt: now + FIRST_RESEND,
      resent: 0,
    };
    this.#connections.set(key, opened);
    this.#unanswered.add(opened);
    return { packet: opened.synAck, what: 'SYN,ACK from the listener', sender: REQUEST };
  }

  stateOf(remote: string, remotePort: number, local: string, localPort: number): Connection['state'] | undefined {
    return this.#connections.get(`${remote} ${remotePort} ${local} ${localPort}`)?.state;
  }

  /** The next SYN,ACK that is sent again by `until`; each call gives one, in order of time. */
  nextResend(until: number): (TcpAnswer & { readonly at: number }) | undefined {
    let first: Connection | undefined;
    for (const connection of this.#unanswered) {
      if (first === undefined || connection.resendAt < first.resendAt) first = connection;
    }
    if (first === undefined || first.resendAt > until) return undefined;
    const at = first.resendAt;
    first.resent += 1;
    if (first.resent === MOST_RESENDS) this.#unanswered.delete(first);
    first.resendAt = at + FIRST_RESEND * 2 ** first.resent;
    return { at, packet: first.synAck, what: 'SYN,ACK again: no ACK came', sender: REQUEST };
  }

  #halfOpen(key: string, connection: Connection, packet: Packet, tcp: TcpSegment, now: number): TcpAnswer | undefined {
    const { sequence, expected } = connection;
    const flags = tcp.flags & (TCP_FLAG.R | TCP_FLAG.S | TCP_FLAG.A);
    const repeatsSyn = tcp.seq === (expected - 1) >>> 0;
    if (repeatsSyn && flags === TCP_FLAG.S) {
      if (!mayAnswer(connection, now)) return undefined;
      connection.resendAt = now + FIRST_RESEND * 2 ** connection.resent;
      return { packet: connection.synAck, what: 'SYN,ACK again: the SYN came again', sender: REQUEST };
    }
    if (flags & TCP_FLAG.R && tcp.seq !== expected && isInWindow(tcp.seq, expected)) {
      // RFC 5961 §3.2: who really reset the connection can name the number that is due.
      if (!mayAnswer(connection, now)) return undefined;
      return {
        packet: plainAck(packet, tcp, (sequence + 1) >>> 0, expected),
        what: 'a challenge ACK',
        sender: LISTENER,
      };
    }
    if (flags & TCP_FLAG.A && tcp.ack !== (sequence + 1) >>> 0)
      return reset(packet, tcp, 'RST: the ACK is not of this connection', LISTENER);
    if (!isAcceptable(tcp, expected)) {
      if (flags & TCP_FLAG.R || !mayAnswer(connection, now)) return undefined;
      return {
        packet: plainAck(packet, tcp, (sequence + 1) >>> 0, expected),
        what: 'a challenge ACK',
        sender: LISTENER,
      };
    }
    if (flags & TCP_FLAG.R || (flags & TCP_FLAG.S && !repeatsSyn)) {
      this.#connections.delete(key);
      this.#unanswered.delete(connection);
      return reset(packet, tcp, 'RST: a SYN inside the connection', LISTENER);
    }
    if (!(flags & TCP_FLAG.A)) return undefined;
    connection.state = 'open';
    this.#unanswered.delete(connection);
    return this.#open(key, connection, packet, tcp);
  }

  /** @deviates an open connection acknowledges what it gets, in order, and never sends or closes by itself. */
  #open(key: string, connection: Connection, packet: Packet, tcp: TcpSegment): TcpAnswer | undefined {
    if (tcp.flags & TCP_FLAG.R) {
      this.#connections.delete(key);
      return undefined;
    }
    const length = tcp.dataLength + (tcp.flags & TCP_FLAG.F ? 1 : 0);
    if (length === 0 && !(tcp.flags & TCP_FLAG.S)) return undefined;
    if (tcp.seq === connection.expected) connection.expected = (connection.expected + length) >>> 0;
    const acknowledgement = plainAck(packet, tcp, (connection.sequence + 1) >>> 0, connection.expected);
    return { packet: acknowledgement, what: 'ACK from the open connection', sender: LISTENER };
  }
}

/** A RST is never answered by one. */
function reset(packet: Packet, tcp: TcpSegment, what: string, sender?: Sender): TcpAnswer | undefined {
  const segment = tcpReset(packet, tcp, packet.tos);
  return segment && { packet: segment, what, sender };
}

function isInWindow(sequence: number, expected: number): boolean {
  return (sequence - expected) >>> 0 < RECEIVE_WINDOW;
}

/** Some byte of it is due, or it stands at an end of the window. @kernel net/ipv4/tcp_minisocks.c:tcp_in_window */
function isAcceptable({ seq, flags, dataLength }: TcpSegment, expected: number): boolean {
  const bytes = dataLength + (flags & TCP_FLAG.S ? 1 : 0) + (flags & TCP_FLAG.F ? 1 : 0);
  const [start, end] = [(seq - expected) | 0, (seq + bytes - expected) | 0];
  return start === 0 || (end > 0 && start < RECEIVE_WINDOW) || (start === RECEIVE_WINDOW && bytes === 0);
}

function mayAnswer(connection: Connection, now: number): boolean {
  if (now - connection.lastOutOfPlace < OUT_OF_PLACE_INTERVAL) return false;
  connection.lastOutOfPlace = now;
  return true;
}
