/** The cursor: which packet, which of its steps, and how far along its way the picture is drawn. */

export interface Cursor {
  readonly packet: number;
  /** Which of the packets that it caused; undefined for itself. */
  readonly caused: number | undefined;
  /** The selected step. */
  readonly step: number;
  /** While stepping: the way is drawn up to `step`. Else all of it is. */
  readonly walking: boolean;
}

/** What the cursor moves over. */
export interface Track {
  readonly packets: number;
  /** Steps of a packet that are shown, in order. */
  steps(packet: number): readonly number[];
  /** The step to select where a packet is shown whole. */
  deciding(packet: number): number;
}

export function wholePacket(track: Track, packet: number): Cursor {
  const within = Math.min(Math.max(0, packet), Math.max(0, track.packets - 1));
  return { packet: within, caused: undefined, step: track.deciding(within), walking: false };
}

/** The next step; behind a packet's last one the first of the next packet; at the very end the last packet whole. */
export function stepForward(track: Track, cursor: Cursor): Cursor {
  if (cursor.walking && cursor.caused === undefined) {
    const next = track.steps(cursor.packet).find((step) => step > cursor.step);
    return next === undefined ? wholePacket(track, cursor.packet) : { ...cursor, step: next };
  }
  const [first] = track.steps(cursor.packet + 1);
  if (first === undefined || cursor.packet + 1 >= track.packets) return wholePacket(track, cursor.packet);
  return { packet: cursor.packet + 1, caused: undefined, step: first, walking: true };
}

export function stepBack(track: Track, cursor: Cursor): Cursor {
  const steps = track.steps(cursor.packet);
  const before = cursor.walking ? steps.findLast((step) => step < cursor.step) : steps.at(-1);
  if (before !== undefined) return { packet: cursor.packet, caused: undefined, step: before, walking: true };
  return cursor.packet === 0 ? wholePacket(track, 0) : wholePacket(track, cursor.packet - 1);
}

/** Where play begins: at the selected packet's first step, or where stepping has come to. */
export function startOfPlay(track: Track, cursor: Cursor): Cursor {
  if (cursor.walking) return cursor;
  const [first] = track.steps(cursor.packet);
  return first === undefined ? cursor : { packet: cursor.packet, caused: undefined, step: first, walking: true };
}

export function atEnd(track: Track, cursor: Cursor): boolean {
  return !cursor.walking && cursor.packet >= track.packets - 1;
}
