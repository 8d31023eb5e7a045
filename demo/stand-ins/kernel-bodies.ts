import type { StatusEntry } from './kernel-script.ts';

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
    recipient_id: origin.to.replace(/^\+/, ''),
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
  readonly from: string;
  readonly name: string;
  readonly wamid: string;
  /** The type's own members, e.g. `{type:"text", text:{body:"Hola"}}`. */
  readonly item: Readonly<Record<string, unknown>>;
}

export function buildInboundBody(phoneNumberId: string, items: readonly InboundItem[], nowMs: number): Buffer {
  const digits = (number: string) => number.replace(/^\+/, '');
  return wrapValue(phoneNumberId, {
    contacts: items.map(({ from, name }) => ({ profile: { name }, wa_id: digits(from) })),
    messages: items.map(({ from, wamid, item }) => ({
      from: digits(from),
      id: wamid,
      timestamp: String(Math.floor(nowMs / 1_000)),
      ...item,
    })),
  });
}
