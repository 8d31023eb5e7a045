/** Every workflow type, by the name that the Web UI shows. */
export const workflowNames = [
  'deliverMessage',
  'deliverPage',
  'eraseRecipient',
  'notifyBatch',
  'purgeExpired',
  'relayDeliveries',
  'relayInbound',
  'relayKpi',
  'relayWebhook',
  'replayDelivery',
] as const;
export type WorkflowName = (typeof workflowNames)[number];
