/** Older kernels: each change of the table, shown by a scenario just before it and since. */
import { describe, expect, it } from 'vitest';
import { runScenario } from '../server/src/analysis/run-scenario';
import { KERNEL_CHANGES, type KernelBehaviour, kernelProfile, parseRelease } from '../src-sim/kernel';
import { SHOWN_CHANGES, scenarioOf } from './support/scenarios/kernel-changes';

function releaseBefore(since: string): string {
  const [major, minor] = parseRelease(since) ?? [0, 0];
  return minor > 0 ? `${major}.${minor - 1}` : `${major - 1}.99`;
}

function seen(behaviour: KernelBehaviour, kernel: string): unknown {
  const result = runScenario(scenarioOf(behaviour, kernel));
  expect(result.load).toEqual({ ok: true, error: '' });
  return SHOWN_CHANGES[behaviour].see(result);
}

const BEHAVIOURS = KERNEL_CHANGES.flatMap((change) => ('behaviour' in change ? [change] : []));

describe.each(BEHAVIOURS.map(({ since, behaviour }) => [since, behaviour] as const))('%s: %s', (since, behaviour) => {
  const shown = SHOWN_CHANGES[behaviour];

  it('before', () => expect(seen(behaviour, releaseBefore(since))).toEqual(shown.before));

  it('since', () => expect(seen(behaviour, since)).toEqual(shown.since));
});

describe('defaults of sysctls', () => {
  it.each([
    ['nf_conntrack_udp_timeout_stream', '4.20', 180],
    ['nf_conntrack_udp_timeout_stream', '5.0', 120],
    ['nf_conntrack_sctp_timeout_established', '5.10', 432_000],
    ['nf_conntrack_sctp_timeout_established', '6.1', 210],
    ['nf_conntrack_max', '3.10', 65_536],
    ['nf_conntrack_max', '4.18', 262_144],
  ])('%s in %s: %d', (name, release, value) => {
    expect(kernelProfile(release).sysctlDefaults[`net.netfilter.${name}`]).toBe(value);
  });
});

describe('releases', () => {
  it.each([
    ['3.10.0-1160.el7.x86_64', '3.10'],
    ['5.10.0-28-amd64', '5.10'],
    ['4.19', '4.18'],
    ['6.19', '6.18'],
    ['7.1.2', '6.18'],
  ])('%s does as %s', (release, like) => {
    expect(kernelProfile(release)).toEqual(kernelProfile(like));
  });

  it.each(['', '6', 'six.one', 'v6.1', '99999.1'])('"%s" is none, and the scenario says so', (kernel) => {
    const { load } = runScenario({ rules: '', host: { kernel }, packets: [] });
    expect(load).toEqual({ ok: false, error: expect.stringContaining('not a kernel release') });
  });

  it('the table is in order, newest first', () => {
    const releases = KERNEL_CHANGES.map(({ since }) => parseRelease(since) ?? [0, 0]);
    const sorted = [...releases].sort(
      ([major, minor], [otherMajor, otherMinor]) => otherMajor - major || otherMinor - minor,
    );
    expect(releases).toEqual(sorted);
  });
});
