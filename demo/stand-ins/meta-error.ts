import type { Answer } from './answer.ts';

export interface MetaErrorText {
  readonly title?: string;
  readonly details?: string;
}

/**
 * The body of a refused send as Meta words it.
 * Source: https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
 */
export function metaError(
  code: number,
  { title = 'Refused', details = `Error ${code}, as scripted.` }: MetaErrorText = {},
) {
  return {
    error: {
      message: `(#${code}) ${title}`,
      type: 'OAuthException',
      code,
      error_data: { messaging_product: 'whatsapp', details },
      fbtrace_id: `trace-${code}`,
    },
  };
}

export function metaRefusal(status: number, code: number, text: MetaErrorText = {}): Answer {
  return { status, body: metaError(code, text) };
}
