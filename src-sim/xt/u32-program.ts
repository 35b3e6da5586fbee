/**
 * The tests of `-m u32`, run over the bytes of a packet.
 *
 * @kernel net/netfilter/xt_u32.c:u32_match_it
 */
import type { NumberSpan } from './value-types';

type Operator = '&' | '<<' | '>>' | '@';

interface Operation {
  readonly operator: Operator;
  readonly number: number;
}

export interface Test {
  /** Where the first four bytes stand. */
  readonly start: number;
  readonly operations: readonly Operation[];
  readonly values: readonly NumberSpan[];
}

/** `0x0>>0x16&0x3c@0x4=0x29,0x30:0x40&&…`, of which the declaration has made sure. */
export function readTests(text: string): readonly Test[] {
  return text.split('&&').map(readTest);
}

function readTest(text: string): Test {
  const [location = '', values = ''] = text.split('=');
  const [start = '0', ...operations] = location.split(/(?=<<|>>|[&@])/);
  return {
    start: Number(start),
    operations: operations.map((operation) => {
      const [, operator, number] = /^(<<|>>|[&@])(.*)$/.exec(operation) ?? [];
      return { operator: operator as Operator, number: Number(number) };
    }),
    values: values.split(',').map((span) => {
      const [min = '0', max = min] = span.split(':');
      return { min: Number(min), max: Number(max) };
    }),
  };
}

/** What a test found: the number, or undefined where it reaches beyond the packet. */
export interface TestResult {
  readonly held: boolean;
  readonly value: number | undefined;
}

export function runTest({ start, operations, values }: Test, bytes: Uint8Array): TestResult {
  let base = 0;
  let value = readAt(bytes, base, start);
  for (const { operator, number } of operations) {
    if (value === undefined) break;
    if (operator === '@') {
      base += value;
      value = readAt(bytes, base, number);
    } else {
      value = compute(value, operator, number);
    }
  }
  const found = value;
  const held = found !== undefined && values.some(({ min, max }) => min <= found && found <= max);
  return { held, value: found };
}

function compute(value: number, operator: Exclude<Operator, '@'>, number: number): number {
  switch (operator) {
    case '&':
      return (value & number) >>> 0;
    case '<<':
      return (value << number) >>> 0;
    case '>>':
      return value >>> number;
  }
}

function readAt(bytes: Uint8Array, base: number, offset: number): number | undefined {
  const at = base + offset;
  if (at + 4 > bytes.length) return undefined;
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);
}
