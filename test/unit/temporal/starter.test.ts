import { Client, Connection } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { createStarter, type StartFailure } from '../../../src/temporal/starter.ts';

describe('a start that Temporal does not take', () => {
  it("is told with the server's own code and words", async () => {
    // The log said "Temporal did not take a start" and nothing of why.
    const failures: StartFailure[] = [];
    const refusal = Object.assign(new Error('5 NOT_FOUND: Namespace nowhere is not found.'), {
      code: 5,
      details: 'Namespace nowhere is not found.',
      metadata: {},
    });
    const client = new Client({ connection: Connection.lazy({ address: 'localhost:1' }) });
    client.connection.withDeadline = () => Promise.reject(new Error('Failed to start workflow', { cause: refusal }));
    const starter = createStarter({ client, onFailure: (failure) => void failures.push(failure) });
    expect(await starter.start({ id: 'msg_1', tenantId: 'ten_1', kind: 'message' })).toBe(false);
    expect(await starter.startPurge()).toBe(false);
    expect(failures).toMatchObject([
      { jobId: 'msg_1', grpcCode: 5, reason: '5 NOT_FOUND: Namespace nowhere is not found.' },
      { grpcCode: 5 },
    ]);
  });
});
