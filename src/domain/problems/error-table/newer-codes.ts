import { type ErrorTableEntry, pywa } from './entry.ts';

/** Each is about the one message or person that it came for. */
const single = { http: [400], class: 'permanent', userCanBeTold: false, source: pywa } as const;

/** Codes of what came to the Cloud API after messages and templates: groups, calls, blocking, usernames. */
export const newerCodes = [
  {
    ...single,
    code: '131020',
    title: 'Group not found or not usable',
    scope: 'recipient',
    note: 'Check that the group exists and that the number is a member of it.',
  },
  {
    ...single,
    code: '131041',
    title: 'Not allowed in groups',
    scope: 'recipient',
    note: 'Send it to the person, or as a kind of message that groups take.',
  },
  {
    ...single,
    code: '131044',
    title: 'Payment problem of a call',
    scope: 'message',
    note: "Put the business account's payment method in order.",
  },
  {
    ...single,
    code: '131059',
    title: 'Group request refused',
    scope: 'recipient',
    note: 'Read the details of the provider.',
  },
  {
    ...single,
    code: '131060',
    title: 'The message is not available',
    scope: 'message',
    note: 'Ask the person to send it again: WhatsApp could not hand it to a business.',
    source: 'Meta, webhook of unsupported messages',
  },
  {
    ...single,
    code: { from: 131_201, to: 131_215 },
    title: 'Group refused the message',
    scope: 'recipient',
    note: 'Read the details of the provider; groups are for Official Business Accounts, and take no interactive messages.',
  },
  {
    ...single,
    code: '137000',
    title: "The recipient's identity key has changed",
    scope: 'recipient',
    note: 'Find out who has the number now, acknowledge the new key at the provider, then retry the message.',
  },
  {
    ...single,
    code: { from: 138_000, to: 138_018 },
    title: 'Call refused',
    scope: 'recipient',
    note: 'Read the details of the provider: calls need the permission of the person.',
  },
  {
    ...single,
    code: { from: 139_000, to: 139_004 },
    title: 'Flow refused',
    scope: 'flow',
    note: 'Read the details of the provider, repair the Flow and publish it again.',
  },
  {
    ...single,
    code: { from: 139_100, to: 139_103 },
    title: 'Blocking of a user refused',
    scope: 'recipient',
    note: 'Read the details of the provider.',
  },
  {
    ...single,
    code: { from: 147_001, to: 147_005 },
    title: 'Username refused',
    scope: 'recipient',
    note: 'Read the details of the provider; send to the phone number or to the user id.',
  },
] as const satisfies readonly ErrorTableEntry[];
