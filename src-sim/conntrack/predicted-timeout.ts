/** What tcp.ts:chooseTimeout chooses for a segment without RST, from the numbers of a row. */
import { type EntryColumns, ROW_WORDS } from './columns';
import type { Settings } from './settings';
import { SIDE_BIT } from './tcp-side';
import { TCP_WORD } from './tcp-tracking';
import { tcpTimeout } from './timeouts';

export class PredictedTimeout {
  readonly #zeroWindowShortensTimeout: boolean;
  readonly #mostRetransmissions: number;
  readonly #retransmitted: number;
  readonly #unacknowledged: number;

  constructor(
    readonly columns: EntryColumns,
    { sysctl, kernel }: Settings,
  ) {
    this.#zeroWindowShortensTimeout = kernel.zeroWindowShortensTimeout;
    this.#mostRetransmissions = sysctl.get('net.netfilter.nf_conntrack_tcp_max_retrans');
    this.#retransmitted = tcpTimeout(sysctl, 'max_retrans');
    this.#unacknowledged = tcpTimeout(sysctl, 'unacknowledged');
  }

  /** @param regular that of the state, in seconds */
  of(row: number, regular: number): number {
    const { words } = this.columns;
    const start = row * ROW_WORDS;
    const retransmissions = (words[start + TCP_WORD.retransmissions] ?? 0) >>> 0;
    if (retransmissions >= this.#mostRetransmissions && this.#retransmitted < regular) return this.#retransmitted;
    const flags = (words[start + TCP_WORD.originalFlags] ?? 0) | (words[start + TCP_WORD.replyFlags] ?? 0);
    if ((flags & SIDE_BIT.unacknowledged) !== 0 && this.#unacknowledged < regular) return this.#unacknowledged;
    const isClosed = words[start + TCP_WORD.lastWindow] === 0 && this.#zeroWindowShortensTimeout;
    return isClosed ? Math.min(this.#retransmitted, regular) : regular;
  }
}
