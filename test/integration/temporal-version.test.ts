import { Connection } from '@temporalio/client';
import { expect, inject, it } from 'vitest';
import { VERSION } from '../../dev/temporal-on-postgres.ts';

// Compose deployed another server than the one that everything was tried on.
it('the dev server is of the version that Compose deploys', async () => {
  const connection = await Connection.connect({ address: inject('temporalAddress') });
  const { serverVersion } = await connection.workflowService.getClusterInfo({});
  await connection.close();
  expect(serverVersion).toBe(VERSION);
});
