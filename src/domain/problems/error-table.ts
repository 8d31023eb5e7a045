import type { ErrorTable } from './error-table/entry.ts';
import { generalCodes } from './error-table/general-codes.ts';
import { messagingCodes } from './error-table/messaging-codes.ts';
import { newerCodes } from './error-table/newer-codes.ts';
import { registrationCodes } from './error-table/registration-codes.ts';
import { senderCodes } from './error-table/sender-codes.ts';
import { templateCodes } from './error-table/template-codes.ts';

/**
 * The one error table, kept as data: change a class here, raise `version`, and every decision follows.
 * Codes come first because the provider asks to build on them and not on its HTTP statuses (Meta, Cloud API error codes).
 */
export const errorTable = {
  version: 3,
  provider: 'whatsapp-cloud-api',
  byHttpStatus: {
    // A success that could not be read: the message has probably gone out.
    '2xx': 'ambiguous',
    // Redirects are never followed, so the channel's apiBaseUrl is wrong; holding its messages loses nothing.
    '3xx': 'configuration',
    // Without a code of Meta's: a gateway, or a proxy before it, does not take the channel's credentials.
    '401': 'configuration',
    '403': 'configuration',
    '408': 'ambiguous',
    '409': 'transient',
    '425': 'transient',
    '429': 'throttled',
    '4xx': 'permanent',
    '500': 'ambiguous',
    '502': 'ambiguous',
    '503': 'transient',
    '504': 'ambiguous',
    '5xx': 'ambiguous',
  },
  byNetworkFault: {
    connection_refused: 'transient',
    dns: 'transient',
    // While it lasts: `hasLastingTlsFault`.
    tls: 'transient',
    timeout: 'ambiguous',
    reset_before_body: 'transient',
    reset_after_body: 'ambiguous',
    url_not_allowed: 'configuration',
    // Our own faults: nothing was written. What they ask for goes by no class: `localDelayMs`.
    local_capacity: 'transient',
    withdrawn: 'transient',
  },
  codes: [...generalCodes, ...messagingCodes, ...senderCodes, ...templateCodes, ...registrationCodes, ...newerCodes],
} as const satisfies ErrorTable;
