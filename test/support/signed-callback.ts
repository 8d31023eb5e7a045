import { createHmac } from 'node:crypto';

/** The headers of a callback as Meta signs it: over the raw bytes, with the app's secret. */
export function signCallback(body: Uint8Array, appSecret: string): Record<string, string> {
  return { 'x-hub-signature-256': `sha256=${createHmac('sha256', appSecret).update(body).digest('hex')}` };
}
