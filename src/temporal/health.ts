import type { ConnectionLike } from '@temporalio/client';

const answerWithinMs = 1_500;

/** Whether the server answers within a bound; never throws. */
export async function isTemporalUp(connection: ConnectionLike): Promise<boolean> {
  try {
    await connection.withDeadline(Date.now() + answerWithinMs, async () =>
      connection.workflowService.getSystemInfo({}),
    );
    return true;
  } catch {
    return false;
  }
}
