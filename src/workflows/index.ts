export { deliverMessage } from './deliver-message.ts';
export { deliverPage } from './deliver-page.ts';
export { eraseRecipient } from './erase-recipient.ts';
export { notifyBatch } from './notify-batch.ts';
export { relayInbound } from './relay-inbound.ts';
export { relayKpi } from './relay-kpi.ts';
export { replayDelivery } from './replay-delivery.ts';
export { relayWebhook } from './relay-webhook.ts';
