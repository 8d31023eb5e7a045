/** Every workflow type, by the name that the Web UI shows. */
export const workflowNames = ['deliverMessage', 'notifyBatch', 'relayKpi', 'relayWebhook'] as const;
export type WorkflowName = (typeof workflowNames)[number];
