/** Findings as SARIF 2.1.0: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html */
import type { Fix, Location, Log, PhysicalLocation, ReportingDescriptor, Result, Region as SarifRegion } from 'sarif';
import type { LintRule } from '../lint/define';
import type { Severity } from '../lint/finding';
import { NO_ADDRESSES, type PageAddresses } from '../lint/page-address';
import { LINT_RULES } from '../lint/registry';
import type { FileReport, LintResult, Region, ReportedFix } from './lint-report';
import { VERSION } from './version';

export function sarifReport(reports: readonly FileReport[], pages: PageAddresses = NO_ADDRESSES): string {
  const results = reports.flatMap((report) => report.results);
  const rules = descriptors(results, pages);
  const failures = reports.filter(({ failure }) => failure !== undefined);
  const log: Log = {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'chainwalk', version: VERSION, semanticVersion: VERSION, rules: [...rules.values()] } },
        columnKind: 'utf16CodeUnits',
        invocations: [
          {
            executionSuccessful: failures.length === 0,
            toolExecutionNotifications: failures.map(({ file, failure = '' }) => ({
              level: 'error',
              message: { text: failure },
              locations: [{ physicalLocation: physical(file) }],
            })),
          },
        ],
        results: results.map((result) => resultOf(result, [...rules.keys()].indexOf(result.code))),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

const LEVELS: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = {
  error: 'error',
  warning: 'warning',
  information: 'note',
  hint: 'note',
};

/** Every lint rule, and what else was found. */
function descriptors(results: readonly LintResult[], pages: PageAddresses): ReadonlyMap<string, ReportingDescriptor> {
  const others = results.map(({ code }) => [code, { id: code, ...helpUri(pages(code)) }] as const);
  return new Map<string, ReportingDescriptor>([
    ...others,
    ...LINT_RULES.map((rule) => [rule.code, descriptor(rule, pages)] as const),
  ]);
}

function descriptor(
  { code, title, severity, group, offByDefault, docs, proof }: LintRule,
  pages: PageAddresses,
): ReportingDescriptor {
  const help = [docs.what, docs.why, docs.instead, docs.suppress].join('\n\n');
  return {
    id: code,
    shortDescription: { text: title },
    fullDescription: { text: docs.what },
    help: { text: help, markdown: help },
    ...helpUri(pages(code)),
    defaultConfiguration: { level: LEVELS[severity], enabled: offByDefault !== true },
    properties: { tags: [group], proof },
  };
}

function helpUri(page: string | undefined): Pick<ReportingDescriptor, 'helpUri'> {
  return page === undefined ? {} : { helpUri: page };
}

function resultOf(result: LintResult, ruleIndex: number): Result {
  const { file, code, severity, message, related, fixes, fingerprint, suppressed } = result;
  return {
    ruleId: code,
    ruleIndex,
    level: LEVELS[severity],
    message: { text: message },
    locations: [{ physicalLocation: physical(file, result) }],
    partialFingerprints: { 'chainwalkRule/v1': fingerprint },
    ...(related.length === 0 ? {} : { relatedLocations: related.map((place, id) => relatedLocation(file, place, id)) }),
    ...(fixes.length === 0 ? {} : { fixes: fixes.map((fix) => fixOf(file, fix)) }),
    ...(suppressed ? { suppressions: [suppressionOf(suppressed)] } : { suppressions: [] }),
    properties: { severity },
  };
}

function relatedLocation(file: string, place: LintResult['related'][number], id: number): Location {
  return { id, physicalLocation: physical(file, place), message: { text: place.message } };
}

function suppressionOf({
  by,
  reason,
}: NonNullable<LintResult['suppressed']>): NonNullable<Result['suppressions']>[number] {
  return { kind: by === 'comment' ? 'inSource' : 'external', ...(reason === '' ? {} : { justification: reason }) };
}

function fixOf(file: string, { title, edits, safe }: ReportedFix): Fix {
  return {
    description: { text: title },
    artifactChanges: [
      {
        artifactLocation: artifact(file),
        replacements: edits.map((edit) => ({
          deletedRegion: regionOf(edit),
          ...(edit.text === '' ? {} : { insertedContent: { text: edit.text } }),
        })),
      },
    ],
    properties: { safe },
  };
}

function physical(file: string, region?: Region): PhysicalLocation {
  return { artifactLocation: artifact(file), ...(region ? { region: regionOf(region) } : {}) };
}

function regionOf({ line, column, endLine, endColumn }: Region): SarifRegion {
  return { startLine: line, startColumn: column, endLine, endColumn };
}

/** Relative to where the source stands; an absolute path is a URI of its own. */
function artifact(file: string): { readonly uri: string; readonly uriBaseId?: string } {
  const uri = file.replaceAll('\\', '/').split('/').map(encodeURIComponent).join('/');
  if (uri.startsWith('/')) return { uri: `file://${uri}` };
  return { uri: uri.replace(/^\.\//, ''), uriBaseId: '%SRCROOT%' };
}
