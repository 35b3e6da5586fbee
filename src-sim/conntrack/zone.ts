/** Conntrack zones: flows of different zones may have the same addresses. */
import type { Direction } from './tuple';

export interface Zone {
  readonly id: number;
  /** The directions in which the zone counts (`CT --zone`, `--zone-orig`, `--zone-reply`). */
  readonly original: boolean;
  readonly reply: boolean;
}

/** The zone that counts in a direction. @kernel include/net/netfilter/nf_conntrack_zones.h:nf_ct_zone_id */
export const ZONE_BY_DIRECTION: Readonly<Record<Direction, (zone: Zone) => number>> = {
  original: (zone) => (zone.original ? zone.id : 0),
  reply: (zone) => (zone.reply ? zone.id : 0),
};

export const DEFAULT_ZONE: Zone = { id: 0, original: true, reply: true };

/** Whether its directions are in different zones: then what has a tuple in one direction is nobody's in the other. */
export function hasTwoIds({ id, original, reply }: Zone): boolean {
  return id !== 0 && original !== reply;
}
