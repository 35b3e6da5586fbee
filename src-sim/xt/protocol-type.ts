/** A protocol as an option's value. */
import { namedProtocol, PROTOCOL_NAMES, savedProtocol } from '../net/protocol-name';
import { bad, ok, parseUnsigned, word } from './value-types';

/** 0 stands for every protocol. */
export const protocol = word<number>(
  'protocol',
  (text) => {
    const number = parseUnsigned(text) ?? namedProtocol(text);
    return number === undefined || number > 255 ? bad(`unknown protocol "${text}"`) : ok(number);
  },
  savedProtocol,
  PROTOCOL_NAMES.map((name) => ({ text: name, summary: `protocol ${namedProtocol(name)}` })),
);
