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
    const starter = createStarter({
      client,
      publicUrl: 'http://waypost.test',
      onFailure: (failure) => void failures.push(failure),
    });
    expect(
      await starter.start(
        { id: 'msg_1', tenantId: 'ten_1', kind: 'message', channelId: null, isWake: false, isUnlessPaused: false },
        'single',
      ),
    ).toBe(false);
    expect(await starter.startPurge()).toBe(false);
    expect(failures).toMatchObject([
      { jobId: 'msg_1', grpcCode: 5, reason: '5 NOT_FOUND: Namespace nowhere is not found.' },
      { grpcCode: 5 },
    ]);
  });
});

/** A client that only notes which workflow ids it is asked to start. */
function createNotingClient() {
  const workflowIds: string[] = [];
  const client = {
    connection: { withDeadline: (_deadline: number, work: () => Promise<unknown>) => work() },
    workflow: {
      async start(_type: string, options: { readonly workflowId: string }) {
        workflowIds.push(options.workflowId);
      },
    },
  };
  // The cast: the starter asks nothing else of it here.
  return { workflowIds, client: client as unknown as Client };
}

describe('the workflow of a page', () => {
  // It was named by its first message alone, so that another page with the same first one was taken for it.
  it('is named by all of its messages', async () => {
    const { workflowIds, client } = createNotingClient();
    const starter = createStarter({ client, publicUrl: 'http://waypost.test', onFailure: () => undefined });
    const page = { tenantId: 'ten_1', jobIds: ['msg_1', 'msg_2'] };
    await starter.startPage(page, 'bulk');
    await starter.startPage(page, 'bulk');
    await starter.startPage({ ...page, jobIds: ['msg_1', 'msg_3'] }, 'bulk');
    const [first, again, other] = workflowIds;
    expect(again).toBe(first);
    expect(other).not.toBe(first);
    expect(first).toMatch(/^page-[0-9a-f]{32}$/);
  });
});
