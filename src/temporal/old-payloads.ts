import type { Connection } from '@temporalio/client';

/** What Temporal still holds that was sealed before now. */
export interface OldPayloads {
  /** Workflows that are open and started before. Theirs are read when they go on. */
  readonly openWorkflows: number;
  /** How long the histories of ended ones are kept; null = the server does not say. */
  readonly retentionDays: number | null;
}

/** Null = Temporal cannot be asked. */
export async function findOldPayloads(
  connection: Connection,
  options: { readonly namespace: string; readonly before: Date; readonly timeoutMs: number },
): Promise<OldPayloads | null> {
  const { namespace, before, timeoutMs } = options;
  try {
    return await connection.withDeadline(Date.now() + timeoutMs, async () => {
      const described = await connection.workflowService.describeNamespace({ namespace });
      const query = `ExecutionStatus = 'Running' and StartTime < '${before.toISOString()}'`;
      const open = await connection.workflowService.countWorkflowExecutions({ namespace, query });
      const seconds = described.config?.workflowExecutionRetentionTtl?.seconds;
      return {
        openWorkflows: Number(open.count),
        retentionDays: seconds === undefined || seconds === null ? null : Math.ceil(Number(seconds) / 86_400),
      };
    });
  } catch {
    // Away, or not allowed: the command says so, and its work in Postgres stands.
    return null;
  }
}
