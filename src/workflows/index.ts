export { deliverMessage } from './deliver-message.ts';
export { notifyBatch } from './notify-batch.ts';
export { relayKpi } from './relay-kpi.ts';
export { relayWebhook } from './relay-webhook.ts';
