/** How a rule ends: the four standard verdicts of ebtables, as a target's own option has them, too. */
import { bad, ok, word } from '../xt/value-types';
import type { BridgeVerdict } from './ruleset';

// biome-ignore format: a table, aligned
export const BRIDGE_VERDICTS: readonly { readonly text: BridgeVerdict; readonly summary: string }[] = [
  { text: 'ACCEPT',   summary: 'the frame passes this table; in `broute` it is bridged' },
  { text: 'DROP',     summary: 'the frame is dropped; in `broute` it is routed instead' },
  { text: 'CONTINUE', summary: 'the walk goes on with the next rule' },
  { text: 'RETURN',   summary: 'the walk goes on in the chain before' },
];

export const verdict = word<BridgeVerdict>(
  'verdict',
  (text) => {
    const known = BRIDGE_VERDICTS.find((one) => one.text === text);
    return known ? ok(known.text) : bad(`"${text}" is none of ${BRIDGE_VERDICTS.map((one) => one.text).join(', ')}`);
  },
  String,
  BRIDGE_VERDICTS,
);
