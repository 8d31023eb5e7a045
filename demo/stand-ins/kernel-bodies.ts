import type { StatusEntry } from './kernel-script.ts';

/** Meta's business-scoped user ids: country, dot, letters and digits. */
export function isUserId(text: string): boolean {
  return /^[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}$/.test(text);
}

/** Meta's body around one change of a number. Source: webhooks/reference/messages/status */
function wrapValue(phoneNumberId: string, value: Readonly<Record<string, unknown>>): Buffer {
  const metadata = { display_phone_number: '34900000000', phone_number_id: phoneNumberId };
  const change = { field: 'messages', value: { messaging_product: 'whatsapp', metadata, ...value } };
  return Buffer.from(
    JSON.stringify({ object: 'whatsapp_business_account', entry: [{ id: 'waba-1', changes: [change] }] }),
  );
}

export interface StatusOrigin {
  readonly phoneNumberId: string;
  readonly to: string;
  readonly wamid: string;
  readonly jobId: string | null;
}

export function buildStatusBody(origin: StatusOrigin, entries: readonly StatusEntry[], nowMs: number): Buffer {
  const statuses = entries.map(({ status, errors, wamid = origin.wamid, jobId = origin.jobId }) => ({
    id: wamid,
    status,
    timestamp: String(Math.floor(nowMs / 1_000)),
    ...(isUserId(origin.to) ? { recipient_user_id: origin.to } : { recipient_id: origin.to.replace(/^\+/, '') }),
    ...(jobId !== null && { biz_opaque_callback_data: jobId }),
    ...(errors !== undefined && {
      errors: errors.map(({ code, title = `Error ${code}`, message = title, details }) => ({
        code,
        title,
        message,
        ...(details !== undefined && { error_data: { details } }),
      })),
    }),
  }));
  return wrapValue(origin.phoneNumberId, { statuses });
}

export interface InboundItem {
  /** A phone number; empty = the callback names none. */
  readonly from: string;
  readonly userId?: string;
  readonly username?: string;
  readonly name: string;
  readonly wamid: string;
  /** The type's own members, e.g. `{type:"text", text:{body:"Hola"}}`. */
  readonly item: Readonly<Record<string, unknown>>;
}

export function buildInboundBody(phoneNumberId: string, items: readonly InboundItem[], nowMs: number): Buffer {
  const digits = (number: string) => number.replace(/^\+/, '');
  return wrapValue(phoneNumberId, {
    contacts: items.map(({ from, userId, username, name }) => ({
      profile: { name, ...(username !== undefined && { username }) },
      ...(from !== '' && { wa_id: digits(from) }),
      ...(userId !== undefined && { user_id: userId }),
    })),
    messages: items.map(({ from, userId, wamid, item }) => ({
      ...(from !== '' && { from: digits(from) }),
      ...(userId !== undefined && { from_user_id: userId }),
      id: wamid,
      timestamp: String(Math.floor(nowMs / 1_000)),
      ...item,
    })),
  });
}
