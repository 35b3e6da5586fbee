/** An ICMP type as an option's value: its name, the beginning of one, or numbers. */
import type { Family } from '../net/address';
import { type IcmpTypeName, icmpTypes } from '../net/icmp-type';
import type { Parsed, ValueType } from './define';
import { allParsed, bad, mapParsed, ok, parseNumberIn, word } from './value-types';

/** The codes from `min` to `max` of a type; type 255 of ICMP stands for every type. */
export type IcmpTest = { readonly type: number; readonly min: number; readonly max: number };

/** `any`, which only ICMP has: type 255 is free there. @see extensions/libipt_icmp.c */
export const ANY_ICMP: IcmpTest = { type: 0xff, min: 0, max: 0xff };

export const icmpType = icmpTypeValue('ICMP type', 'ipv4');
export const icmpv6Type = icmpTypeValue('ICMPv6 type', 'ipv6');

function icmpTypeValue(name: string, family: Family): ValueType<IcmpTest> {
  const any = family === 'ipv4' ? [{ text: 'any', summary: 'every type' }] : [];
  const choices = [...any, ...icmpTypes(family).map((known) => ({ text: known.name, summary: numbersText(known) }))];
  return word(
    name,
    (text) => readIcmpType(text, family),
    (test) => printIcmpType(test, family),
    choices,
  );
}

function numbersText({ type, code }: IcmpTypeName): string {
  return code === undefined ? `type ${type}, every code` : `type ${type}, code ${code}`;
}

function printIcmpType({ type, min, max }: IcmpTest, family: Family): string {
  if (family === 'ipv4' && type === 0xff) return 'any';
  return min === 0 && max === 0xff ? `${type}` : `${type}/${min}`;
}

/** A name may be shortened as long as it fits one only. @see extensions/libxt_icmp.h: ipt_parse_icmp */
function readIcmpType(text: string, family: Family): Parsed<IcmpTest> {
  const wanted = text.toLowerCase();
  if (family === 'ipv4' && wanted === 'any') return ok(ANY_ICMP);
  const named =
    wanted === '' ? [] : icmpTypes(family).filter((known) => spellings(known).some((s) => s.startsWith(wanted)));
  const exact = named.filter((known) => spellings(known).includes(wanted));
  const [found, ...others] = exact.length > 0 ? exact : named;
  if (found && others.length > 0) return bad(`"${text}" is ambiguous: ${named.map(({ name }) => name).join(' or ')}`);
  return found ? ok(namedTest(found)) : readNumbers(text);
}

function spellings({ name, aliases = [] }: IcmpTypeName): readonly string[] {
  return [name, ...aliases].map((spelling) => spelling.toLowerCase());
}

function namedTest({ type, code }: IcmpTypeName): IcmpTest {
  return { type, min: code ?? 0, max: code ?? 0xff };
}

function readNumbers(text: string): Parsed<IcmpTest> {
  const [typeText = '', codeText, ...rest] = text.split('/');
  const numbers = [
    parseNumberIn(typeText, 0, 255),
    ...(codeText === undefined ? [] : [parseNumberIn(codeText, 0, 255)]),
  ];
  const read = allParsed(numbers);
  if (!read.ok || rest.length > 0) return bad(`"${text}" is not an ICMP type`);
  return mapParsed(read, ([type = 0, code]) => ({ type, min: code ?? 0, max: code ?? 0xff }));
}
