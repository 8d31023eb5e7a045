import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { parseObject, toText, type JsonObject } from './json.ts';
import { type Recorder, startRecorder } from './recorder.ts';

const errorsPath = '/notifications/errors';
const secretPrefix = 'whsec_';

export interface ErrorCallback {
  /** Epoch milliseconds. */
  readonly at: number;
  /** `webhook-id`: the same over the retries of one delivery. */
  readonly deliveryId: string | null;
  readonly apiKey: string | null;
  readonly body: JsonObject;
  /** Why a signature is wrong or missing; null: all are right, or no secret was given to check with. */
  readonly signatureFault: string | null;
}

export interface IntegratorOptions {
  readonly port?: number | undefined;
  readonly recordLimit?: number;
  /** `whsec_…`; with it a callback that is not signed by it is refused with 401. */
  readonly secret?: string;
}

export type Integrator = Recorder<ErrorCallback>;

/** An integrator's system: `POST …/notifications/errors`. Scripts go by the notification's `externalId`. */
export function startIntegrator({ port, recordLimit, secret }: IntegratorOptions = {}): Promise<Integrator> {
  return startRecorder<ErrorCallback>({
    name: 'integrator',
    port,
    recordLimit,
    read({ method, path, headers, body }) {
      if (method !== 'POST' || !path.endsWith(errorsPath)) return null;
      return {
        at: Date.now(),
        deliveryId: toText(headers['webhook-id']),
        apiKey: toText(headers['x-api-key']),
        body: parseObject(body) ?? {},
        signatureFault: secret === undefined ? null : findSignatureFault(secret, headers, body),
      };
    },
    keyOf: ({ body }) => toText(body['externalId']) ?? '',
    reply: ({ signatureFault }) =>
      signatureFault === null
        ? {
            body: { code: 'OK', errorSeverity: 'NONE', message: 'Ok', httpStatus: 200, date: new Date().toISOString() },
          }
        : { refusal: { status: 401, body: { code: 'INVALID_SIGNATURE', message: signatureFault, httpStatus: 401 } } },
  });
}

/** Both signatures are checked: Standard Webhooks by its reference library, and the integrators' own header. */
function findSignatureFault(secret: string, headers: IncomingHttpHeaders, body: Buffer): string | null {
  try {
    new Webhook(secret).verify(body, {
      'webhook-id': toText(headers['webhook-id']) ?? '',
      'webhook-timestamp': toText(headers['webhook-timestamp']) ?? '',
      'webhook-signature': toText(headers['webhook-signature']) ?? '',
    });
  } catch (error) {
    return `webhook-signature: ${error instanceof Error ? error.message : String(error)}`;
  }
  const key = Buffer.from(secret.slice(secretPrefix.length), 'base64');
  const wanted = Buffer.from(`sha256=${createHmac('sha256', key).update(body).digest('base64')}`);
  const given = Buffer.from(toText(headers['x-toqio-signature']) ?? '');
  return given.length === wanted.length && timingSafeEqual(given, wanted)
    ? null
    : 'x-toqio-signature: it does not match';
}
