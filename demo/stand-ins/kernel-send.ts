import type { ServerResponse } from 'node:http';
import { type Answer, giveAnswer } from './answer.ts';
import { parseObject, toObject, toText, type JsonObject } from './json.ts';
import type { ReadMark, SendRequest } from './kernel-interface.ts';
import { buildStatusBody, isUserId, type StatusOrigin } from './kernel-bodies.ts';
import type { CallbackPoster } from './kernel-callbacks.ts';
import type { KernelChannel } from './kernel-channels.ts';
import { type KernelMedia, listMediaIds } from './kernel-uploads.ts';
import { type Callback, deliveryOf, type KernelStep, listStatuses } from './kernel-script.ts';
import type { KernelSends } from './kernel-sends.ts';
import { metaRefusal } from './meta-error.ts';
import type { Pauses } from './pauses.ts';

export interface SendHandlerParts {
  readonly takeStep: (send: SendRequest) => KernelStep;
  readonly sends: KernelSends;
  readonly media: ReadonlyMap<string, KernelMedia>;
  /** Gets the read marks that are taken. */
  readonly marks: ReadMark[];
  readonly pauses: Pauses;
  readonly poster: CallbackPoster;
  /** When a user last wrote to a number, in epoch milliseconds; undefined: never. */
  readonly heardAtMs: (phoneNumberId: string, from: string) => number | undefined;
  readonly makeWamid: () => string;
  readonly defaultCallbacks: readonly Callback[];
  readonly callbackDelayMs: number;
}

/** Handles `POST …/messages`: record, early callbacks, the answer, the other callbacks one after the other. */
export function createSendHandler(parts: SendHandlerParts) {
  const { sends, pauses, poster } = parts;

  /** An id that nothing was uploaded under, or for another number. */
  function findMediaFault(payload: JsonObject, phoneNumberId: string): Answer | null {
    const unknown = listMediaIds(payload).find((id) => parts.media.get(id)?.phoneNumberId !== phoneNumberId);
    if (unknown === undefined) return null;
    return metaRefusal(400, 131_009, {
      title: 'Parameter value is not valid',
      details: `There is no media ${unknown}.`,
    });
  }

  async function postCallbacks(channel: KernelChannel, origin: StatusOrigin, callbacks: readonly Callback[]) {
    for (const callback of callbacks) {
      const { afterMs = parts.callbackDelayMs, copies = 1, signature = 'valid' } = deliveryOf(callback);
      if (!(await pauses.wait(afterMs))) return;
      const body = buildStatusBody(origin, listStatuses(callback), Date.now());
      for (let copy = 0; copy < copies; copy++) await poster.post(channel, body, signature);
    }
  }

  return async function handleSend(channel: KernelChannel, body: Buffer, response: ServerResponse): Promise<void> {
    const payload = parseObject(body) ?? {};
    // Read marks and typing indicators are no messages: they have no recipient, and nothing comes back for them.
    if (payload['status'] === 'read') {
      const messageId = toText(payload['message_id']) ?? '';
      const isKnown = /^wamid\.[\w=-]+$/.test(messageId);
      if (isKnown)
        parts.marks.push({ phoneNumberId: channel.phoneNumberId, messageId, typing: 'typing_indicator' in payload });
      const answer = isKnown ? {} : metaRefusal(400, 131_009, { title: 'Parameter value is not valid' });
      return giveAnswer(response, answer, { pauses, body: { success: true } });
    }
    // With both, `to` wins.
    const input = toText(payload['to']) ?? toText(payload['recipient']) ?? '';
    const to = input.replace(/^\+/, '');
    const fault =
      findPayloadFault(payload) ??
      findMediaFault(payload, channel.phoneNumberId) ??
      findStateFault(channel, payload, parts.heardAtMs(channel.phoneNumberId, to));
    const jobId = toText(payload['biz_opaque_callback_data']);
    const { phoneNumberId } = channel;
    const step: KernelStep = fault === null ? parts.takeStep({ phoneNumberId, to, jobId }) : { answer: fault };
    const answer: Answer = step.answer === undefined || step.answer === 'accept' ? {} : step.answer;
    const isAccepted = isSuccess(answer);
    const callbacks = step.callbacks ?? (isAccepted ? parts.defaultCallbacks : []);
    const wamid = parts.makeWamid();
    sends.add({
      at: Date.now(),
      phoneNumberId,
      to,
      jobId,
      payload,
      wamid,
      outcome: answer.fault ?? (isAccepted ? 'accepted' : 'refused'),
      httpStatus: answer.fault === undefined ? (answer.status ?? 200) : null,
      wentOut: step.wentOut ?? (isAccepted || callbacks.some(provesArrival)),
    });
    const origin = { phoneNumberId, to, wamid, jobId };
    const isEarly = (callback: Callback) => deliveryOf(callback).early === true;
    await postCallbacks(channel, origin, callbacks.filter(isEarly));
    const messages = [{ id: wamid, message_status: 'accepted' }];
    const contact = isUserId(to) ? { input, user_id: to } : { input, wa_id: to };
    const acceptance = { messaging_product: 'whatsapp', contacts: [contact], messages };
    await giveAnswer(response, answer, { pauses, body: acceptance });
    await postCallbacks(
      channel,
      origin,
      callbacks.filter((callback) => !isEarly(callback)),
    );
  };
}

function isSuccess({ status = 200, fault }: Answer): boolean {
  return status < 300 && (fault === undefined || fault === 'slow_drip');
}

function provesArrival(callback: Callback): boolean {
  return listStatuses(callback).some(({ status, wamid }) => status !== 'failed' && wamid === undefined);
}

/** What Meta refuses by what it knows: a template that is stopped, and anything else outside the window. */
function findStateFault(channel: KernelChannel, payload: JsonObject, heardAtMs: number | undefined): Answer | null {
  if (payload['type'] === 'template') {
    const name = toText(toObject(payload['template'])?.['name'] ?? null) ?? '';
    const status = channel.templates[name] ?? 'APPROVED';
    if (status === 'APPROVED') return null;
    if (status === 'PAUSED') return metaRefusal(400, 132_015, { title: 'Template is paused' });
    return status === 'DISABLED'
      ? metaRefusal(400, 132_016, { title: 'Template is disabled' })
      : metaRefusal(404, 132_001, { title: 'Template name does not exist in the translation' });
  }
  const isOutside = channel.windowMs !== null && (heardAtMs === undefined || Date.now() - heardAtMs > channel.windowMs);
  return isOutside ? metaRefusal(400, 131_047, { title: 'Re-engagement message' }) : null;
}

/** As strict as Meta on what every message needs. */
function findPayloadFault(payload: JsonObject): Answer | null {
  const type = toText(payload['type']);
  if (payload['messaging_product'] !== 'whatsapp') return invalidParameter('messaging_product must be "whatsapp".');
  const addressFault = findAddressFault(payload);
  if (addressFault !== null) return invalidParameter(addressFault);
  if (type === null) return invalidParameter('type is missing.');
  const isList = type === 'contacts' && Array.isArray(payload[type]);
  if (!isList && toObject(payload[type]) === null) return invalidParameter(`${type} is missing.`);
  return null;
}

/** A number or a group in `to`; without it, a user id in `recipient`. */
function findAddressFault(payload: JsonObject): string | null {
  const [to, recipient] = [toText(payload['to']), toText(payload['recipient'])];
  if (payload['recipient_type'] === 'group') return to === null ? 'to must be a group.' : null;
  if (to === null && recipient !== null) return isUserId(recipient) ? null : 'recipient must be a user id.';
  return /^\+?\d{5,20}$/.test(to ?? '') ? null : 'to must be a phone number.';
}

function invalidParameter(details: string): Answer {
  return metaRefusal(400, 100, { title: 'Invalid parameter', details });
}
