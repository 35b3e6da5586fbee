/**
 * The part of the setting `chainwalk.host` that describes a host as a scenario does. Whatever the editor hands over is
 * looked at before it is believed: what has another shape is left out.
 */
import type { HostDescription, InterfaceDescription } from '../../../src-sim/sim/scenario';

type Reader<T> = (value: unknown) => T | undefined;

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function readHost(setting: Readonly<Record<string, unknown>>): HostDescription {
  return {
    ...member(setting, 'interfaces', record(readInterface)),
    ...member(setting, 'routes', list(readText)),
    ...member(setting, 'policy', list(readText)),
    ...member(setting, 'sysctl', record(readNumberOrText)),
    ...member(setting, 'listen', list(readText)),
    ...member(setting, 'ipsets', readText),
    ...member(setting, 'ipvs', readText),
    ...member(setting, 'ebtables', readText),
    ...member(setting, 'conntrack', list(readText)),
  };
}

const readText: Reader<string> = (value) => (typeof value === 'string' ? value : undefined);

const readNumberOrText: Reader<number | string> = (value) => (typeof value === 'number' ? value : readText(value));

const readInterface: Reader<InterfaceDescription> = (value) =>
  isRecord(value)
    ? {
        ...member(value, 'addresses', list(readText)),
        ...member(value, 'mac', readText),
        ...member(value, 'ports', list(readText)),
      }
    : undefined;

function list<T>(read: Reader<T>): Reader<readonly T[]> {
  return (value) => (Array.isArray(value) ? value.flatMap((item) => read(item) ?? []) : undefined);
}

function record<T>(read: Reader<T>): Reader<Readonly<Record<string, T>>> {
  return (value) => {
    if (!isRecord(value)) return undefined;
    const entries = Object.entries(value).map(([key, item]) => [key, read(item)] as const);
    return Object.fromEntries(
      entries.filter((entry): entry is readonly [string, T] & [string, T] => entry[1] !== undefined),
    );
  };
}

function member<K extends string, T>(
  from: Readonly<Record<string, unknown>>,
  key: K,
  read: Reader<T>,
): { readonly [P in K]?: T } {
  const value = read(from[key]);
  return value === undefined ? {} : ({ [key]: value } as { [P in K]: T });
}
