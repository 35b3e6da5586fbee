/**
 * A baseline: what was found when somebody began to lint an old estate. Its findings are not told again; new ones are.
 * Kept by fingerprint, so that lines may move.
 */
import { dirname, relative, resolve, sep } from 'node:path';
import { isRecord } from '../analysis/host-setting';
import type { FileReport, LintResult } from './lint-report';

export const BASELINE_MODES = ['write', 'use', 'prune'] as const;

export type BaselineMode = (typeof BASELINE_MODES)[number];

interface Entry {
  readonly code: string;
  readonly fingerprint: string;
}

/** By file, from the baseline's own folder, with `/`. */
export type Baseline = ReadonlyMap<string, readonly Entry[]>;

const VERSION = 1;

/** @throws Error where it is none */
export function readBaseline(text: string): Baseline {
  const value: unknown = JSON.parse(text);
  if (!isRecord(value) || value.version !== VERSION || !isRecord(value.files)) {
    throw new Error(`not a baseline of version ${VERSION}`);
  }
  return new Map(
    Object.entries(value.files).map(([file, entries]) => [file, Array.isArray(entries) ? entries.filter(isEntry) : []]),
  );
}

export function printBaseline(baseline: Baseline): string {
  const files = [...baseline].filter(([, entries]) => entries.length > 0).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify({ version: VERSION, files: Object.fromEntries(files) }, null, 2)}\n`;
}

/** Of all that is not suppressed. */
export function baselineOf(reports: readonly FileReport[], baselineFile: string): Baseline {
  return new Map(reports.map((report) => [keyOf(report.file, baselineFile), entriesOf(report)]));
}

/** Marks what the baseline has. */
export function withBaseline(report: FileReport, baseline: Baseline, baselineFile: string): FileReport {
  const known = new Set(baseline.get(keyOf(report.file, baselineFile))?.map(idOf));
  const results = report.results.map((result) =>
    result.suppressed === undefined && known.has(idOf(result))
      ? { ...result, suppressed: { by: 'baseline' as const, reason: 'in the baseline' } }
      : result,
  );
  return { ...report, results };
}

/** Without what is no longer found in the files that were linted. */
export function prunedBaseline(baseline: Baseline, reports: readonly FileReport[], baselineFile: string): Baseline {
  const found = baselineOf(
    reports.filter(({ failure }) => failure === undefined),
    baselineFile,
  );
  return new Map(
    [...baseline].map(([file, entries]) => {
      const now = found.get(file);
      const known = new Set(now?.map(idOf));
      return [file, now === undefined ? entries : entries.filter((entry) => known.has(idOf(entry)))];
    }),
  );
}

export function baselineSize(baseline: Baseline): number {
  return [...baseline.values()].reduce((sum, entries) => sum + entries.length, 0);
}

function entriesOf({ results }: FileReport): readonly Entry[] {
  return results
    .filter(({ suppressed }) => suppressed === undefined)
    .map(({ code, fingerprint }) => ({ code, fingerprint }));
}

function idOf({ code, fingerprint }: Entry | LintResult): string {
  return `${code} ${fingerprint}`;
}

function keyOf(file: string, baselineFile: string): string {
  return relative(dirname(resolve(baselineFile)), resolve(file)).replaceAll(sep, '/');
}

function isEntry(value: unknown): value is Entry {
  return isRecord(value) && typeof value.code === 'string' && typeof value.fingerprint === 'string';
}
