import { buildInboundBody, buildStatusBody } from '../../../demo/stand-ins/kernel-bodies.ts';
import { signCallback } from '../signed-callback.ts';
import { asIs, type Named, nameId, nameJobMembers, nameTheirs, type Naming, unseen, within } from './naming.ts';
import { deafUrl, ownedNumber } from './owned-objects.ts';

/** A body as it is sent; headers go with it, such as its signature. */
export interface Sent {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const activity = { type: 'message', text: 'Hi' };
const aMessage = { to: '+34600999888', activity };
const aUser = { active: false, language: 'fr' };
const codecBody = [asIs({ body: { payloads: [] } })];

/** How the owner's things are named in bodies, by operationId: one at least for every operation that takes a body. */
export function nameBodies(naming: Naming): Readonly<Record<string, readonly Named<Sent>[]>> {
  const filters = Object.entries(nameJobMembers(naming));
  const toBody = (part: Named<unknown>): Named<Sent> => within(part, (body) => ({ body }));
  const asBody = (body: unknown) => [toBody(asIs(body))];
  const messages = nameMessages(naming);
  return {
    decodePayloads: codecBody,
    encodePayloads: codecBody,
    decodePayloadsForUi: codecBody,
    encodePayloadsForUi: codecBody,
    createTenant: asBody({ name: 'theirs' }),
    createApiKeyOfTenant: asBody({ name: 'theirs', scopes: ['jobs:read'] }),
    // A key gives no scope that it lacks, and this one may be all that the caller has.
    createApiKey: asBody({ name: 'theirs', scopes: ['config:write'] }),
    createChannel: asBody({ kind: 'push', name: 'Mine', apiBaseUrl: deafUrl, projectId: 'theirs', accessToken: 'x' }),
    changeChannel: asBody({ name: 'Mine' }),
    createIntegration: asBody({ name: 'mine', url: deafUrl }),
    changeIntegration: asBody({ url: deafUrl }),
    putMerchant: asBody({ active: false }),
    putUser: asBody(aUser),
    putDirectorySource: asBody({ kind: 'postgres' }),
    putTargetScreens: asBody({}),
    acceptMessage: messages.map(toBody),
    previewMessage: messages.map(toBody),
    acceptMessages: messages.map((message) => toBody(within(message, (each) => ({ messages: [each] })))),
    cancelJobs: filters.map(([member, name]) => toBody(within(name, (text) => ({ filter: { [member]: text } })))),
    retryJob: asBody({}),
    retryJobs: filters.map(([member, name]) => toBody(within(name, (text) => ({ filter: { [member]: text } })))),
    acceptNotification: [toBody(within(nameTheirs('theirs'), aNotification))],
    acceptIntegrationNotification: asBody(aNotification('theirs')),
    markRead: asBody({ read: true }),
    createWebhook: asBody({ url: deafUrl }),
    changeWebhook: asBody({ description: 'Mine' }),
    replayWebhook: asBody({ since: '2020-01-01T00:00:00Z' }),
    importDirectory: [within(unseen(nameTheirs('theirs')), anImport)],
    markMessageRead: asBody({ messageId: 'wamid.1' }),
    putOptOut: asBody({ category: 'marketing' }),
    takeCallback: nameCallbacks(naming),
    sendToConversation: asBody(activity),
    replyToActivity: asBody(activity),
    createConversation: asBody({ members: [{ id: ownedNumber }], activity }),
  };
}

function nameMessages({ owner, createId }: Naming): Named<object>[] {
  const quoted = nameId(owner.queuedId, createId('message'));
  return [
    within(nameId(owner.channel.id, createId('channel')), (channelId) => ({ ...aMessage, channelId })),
    within(unseen(nameTheirs('theirs')), (conversationId) => ({ ...aMessage, conversationId })),
    within(unseen(nameTheirs('theirs')), (groupId) => ({ ...aMessage, groupId })),
    within(unseen(quoted), (replyToId) => ({ ...aMessage, activity: { ...activity, replyToId } })),
  ];
}

function aNotification(name: string): object {
  const receivers = [{ merchantId: name, userIds: [name] }];
  return { type: 'PUSH_NOTIFICATION', integration: name, titleI18n: { en: 'Hi' }, receivers };
}

function anImport(id: string): Sent {
  const line = JSON.stringify({ merchantId: id, userId: id, ...aUser });
  return { body: line, headers: { 'content-type': 'application/x-ndjson' } };
}

/** Callbacks under the stranger's signature that name what Kernel calls the owner's. */
function nameCallbacks({ owner, stranger, createId }: Naming): Named<Sent>[] {
  const sign = (body: Buffer): Sent => ({ body, headers: signCallback(body, stranger.appSecret) });
  const refused = { status: 'failed' as const, errors: [{ code: 131026 }] };
  const statusOf = (wamid: string, jobId: string, phoneNumberId: string) =>
    sign(buildStatusBody({ phoneNumberId, to: ownedNumber, wamid, jobId }, [refused], Date.now()));
  const item = { from: '+34600999777', name: 'Eve', item: { type: 'text', text: { body: 'Hi' } } };
  const messageTo = (phoneNumberId: string, wamid: string) =>
    sign(buildInboundBody(phoneNumberId, [{ ...item, wamid }], Date.now()));
  const number = owner.channel.phoneNumberId;
  return [
    ...['wamid.theirs', 'wamid.theirs-parked'].map((wamid) => ({
      own: null,
      foreign: statusOf(wamid, owner.queuedId, number),
      absent: statusOf(`${wamid}-nobodys`, createId('message'), '7999'),
    })),
    { own: null, foreign: messageTo(number, 'wamid.eve-1'), absent: messageTo('7999', 'wamid.eve-2') },
    {
      own: null,
      foreign: messageTo(stranger.phoneNumberId, 'wamid.theirs-in'),
      absent: messageTo(stranger.phoneNumberId, 'wamid.nobodys-in'),
    },
  ];
}
