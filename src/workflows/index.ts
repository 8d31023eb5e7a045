export { deliverMessage } from './deliver-message.ts';
export { deliverPage } from './deliver-page.ts';
export { eraseRecipient } from './erase-recipient.ts';
export { notifyBatch } from './notify-batch.ts';
export { purgeExpired } from './purge-expired.ts';
export { relayInbound } from './relay-inbound.ts';
export { relayKpi, relayWebhook } from './earlier-relays.ts';
export { replayDelivery } from './replay-delivery.ts';
export { relayDeliveries } from './relay-deliveries.ts';
