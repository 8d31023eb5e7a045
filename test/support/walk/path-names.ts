import { createCodecCapability } from '../../../src/usecases/codec-capability.ts';
import { adminKey } from '../test-app.ts';
import { asIs, type Named, nameId, nameJobMembers, nameTheirs, type Naming, unseen, within } from './naming.ts';
import { ownedNumber } from './owned-objects.ts';

/**
 * Where the owner's things stand in paths, by the path of a route, whole or up to its last parameter. A new route whose
 * parameters are not here gets a line.
 */
export function namePaths(naming: Naming): Readonly<Record<string, readonly Named<string>[]>> {
  const { owner, stranger, createId } = naming;
  const at = (folder: string, kind: Parameters<typeof createId>[0], ...ids: string[]) =>
    ids.map((id) => nameId(`${folder}/${id}`, `${folder}/${createId(kind)}`));
  const user = '/merchants/theirs/users/theirs';
  const inbox = `/v1/centers/user${user}`;
  const { queuedId, laterId, cancelledId, notificationId, inboundId, deliveries } = owner;
  return {
    '/problems/{code}': [asIs('/problems/conflict')],
    '/v1/problems/{id}': at('/v1/problems', 'problem', owner.problemId),
    '/v1/tenants/{id}': at('/v1/tenants', 'tenant', owner.id).map(unseen),
    '/v1/api-keys/{id}': at('/v1/api-keys', 'apiKey', owner.apiKeyId),
    '/v1/channels/{id}': at('/v1/channels', 'channel', owner.channel.id, owner.pushChannelId),
    '/v1/channels/{id}/callbacks': [
      ...at('/v1/channels', 'channel', owner.channel.id),
      asIs(`/v1/channels/${stranger.id}`),
    ].map((path) => within(path, (text) => `${text}/callbacks`)),
    '/v1/channels/{id}/recipients/{identity}': [
      nameId(
        `/v1/channels/${owner.channel.id}/recipients/${ownedNumber}`,
        `/v1/channels/${createId('channel')}/recipients/${ownedNumber}`,
      ),
    ],
    '/v1/integrations/{name}': [nameTheirs('/v1/integrations/theirs')],
    '/v1/directory/merchants/{merchantId}': [nameTheirs('/v1/directory/merchants/theirs')],
    '/v1/directory/merchants/{merchantId}/users/{userId}': [nameTheirs(`/v1/directory${user}`)],
    '/v1/jobs/{id}': at('/v1/jobs', 'message', queuedId, laterId, cancelledId, notificationId, inboundId),
    '/v1/notices/{id}': at('/v1/notices', 'notice', owner.noticeId),
    '/v1/opt-outs/{identity}': [nameId(`/v1/opt-outs/${ownedNumber}`, '/v1/opt-outs/+34600111333')],
    '/v1/recipients/{to}': [within(nameJobMembers(naming)['to'] ?? asIs(''), (to) => `/v1/recipients/${to}`)],
    '/v1/deliveries/{id}': at('/v1/deliveries', 'delivery', ...Object.values(deliveries)),
    '/v1/webhooks/{id}': at('/v1/webhooks', 'webhook', owner.webhookId),
    '/webhooks/integration/{integration}/webhooktype/{type}': [
      nameTheirs('/webhooks/integration/theirs/webhooktype/PUSH_NOTIFICATION'),
    ],
    '/v1/centers/{center}/merchants/{merchantId}/users/{userId}': [
      nameTheirs(inbox),
      nameTheirs(`/v1/centers/admin${user}`),
    ],
    '/v1/centers/{center}/merchants/{merchantId}/users/{userId}/notifications/{id}': at(
      `${inbox}/notifications`,
      'inboxNotification',
      owner.inboxId,
    ),
    '/codec/{capability}': [
      {
        own: `/codec/${createCodecCapability(adminKey)}`,
        foreign: `/codec/${stranger.capability}`,
        absent: '/codec/x',
      },
    ],
    ...nameBotPaths(naming),
  };
}

/** The owner's bot is called with the stranger's capability, and the stranger's own with what the owner's bot knows. */
function nameBotPaths({ owner, stranger, createId }: Naming): Record<string, Named<string>[]> {
  const absent = createId('channel');
  const atOwner = (tail: (channelId: string) => string = () => ''): Named<string> => ({
    own: `/bot/${owner.channel.id}/${owner.channel.capability}${tail(owner.channel.id)}`,
    foreign: `/bot/${owner.channel.id}/${stranger.capability}${tail(owner.channel.id)}`,
    absent: `/bot/${absent}/${stranger.capability}${tail(absent)}`,
  });
  const atStranger = (tail: Named<string>) =>
    within(unseen(tail), (text) => `/bot/${stranger.id}/${stranger.capability}${text}`);
  const bot = '/bot/{channelId}/{capability}';
  const talkOf = (channelId: string) => `/v3/conversations/${channelId}.${ownedNumber.slice(1)}`;
  const talk = nameId(talkOf(owner.channel.id), talkOf(absent));
  const answered = nameId(owner.inboundId, createId('inbound'));
  const media = nameTheirs('/v3/attachments/theirs');
  const view = within(media, (text) => `${text}/views/original`);
  return {
    [bot]: [atOwner()],
    [`${bot}/v3/conversations/{conversationId}`]: [atOwner(talkOf), atStranger(talk)],
    [`${bot}/v3/conversations/{conversationId}/activities/{activityId}`]: [
      atOwner((channelId) => `${talkOf(channelId)}/activities/${owner.inboundId}`),
      atStranger(within(answered, (id) => `${talkOf(stranger.id)}/activities/${id}`)),
    ],
    [`${bot}/v3/conversations/{conversationId}/members/{memberId}`]: [
      atOwner((channelId) => `${talkOf(channelId)}/members/${ownedNumber.slice(1)}`),
    ],
    [`${bot}/v3/attachments/{attachmentId}`]: [atOwner(() => media.foreign), atStranger(media)],
    [`${bot}/v3/attachments/{attachmentId}/views/{viewId}`]: [atOwner(() => view.foreign), atStranger(view)],
  };
}
