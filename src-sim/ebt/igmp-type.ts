/** The type of an IGMP message as an option's value. */

import { portText } from '../xt/port-types';
import { bad, type NumberSpan, numberSpan, ok, word } from '../xt/value-types';

/** RFC 2236 §2.1, RFC 3376 §4. */
const NAMES: readonly (readonly [name: string, type: number])[] = [
  ['membership-query', 0x11],
  ['membership-report-v1', 0x12],
  ['membership-report-v2', 0x16],
  ['membership-report-v3', 0x22],
  ['leave-group', 0x17],
];

const byteSpan = numberSpan('number from 0 to 255', 255);

export const igmpRange = word<NumberSpan>(
  'type[:type]',
  (text) => {
    const named = NAMES.find(([name]) => name === text.toLowerCase());
    if (named) return ok({ min: named[1], max: named[1] });
    return /^\d/.test(text) ? byteSpan.parse([text], 'ipv4') : bad(`"${text}" is no IGMP type`);
  },
  (span) => NAMES.find(([, type]) => span.min === type && span.max === type)?.[0] ?? portText(span),
  NAMES.map(([text, type]) => ({ text, summary: `type 0x${type.toString(16)}` })),
);
