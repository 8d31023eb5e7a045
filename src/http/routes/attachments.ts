import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { attachmentInfo, ofAttachment, ofAttachmentView } from '../../contracts/http/connector.ts';
import { isMediaId, type MediaFault } from '../../domain/media.ts';
import { apiProblem, type Refusal } from '../../domain/problems/refusal.ts';
import { callbackAccess } from '../access.ts';
import type { App } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';
import type { CallbackKeySource } from '../callback-keys.ts';
import { botPrefix, requireCapability } from '../capability.ts';
import { createOpenDownloads } from '../open-downloads.ts';

const tags = ['callbacks'];
const retryAfterSeconds = 5;
const view = 'original';
/** A quarter of the connections that one process may have to an origin. */
const maxDownloadsPerChannel = 8;

/** The media of users' messages: a bot has no token for Kernel, so it fetches them here by their `contentUrl`. */
export function registerAttachmentRoutes(
  app: App,
  dependencies: Pick<AppDependencies, 'mediaSource'> & { readonly callbackKeys: CallbackKeySource },
): void {
  const { mediaSource, callbackKeys } = dependencies;
  const downloads = createOpenDownloads(maxDownloadsPerChannel);
  const config = { access: callbackAccess, described: { refusals: [502, 503] } };

  /** With the token as it is now: it may just have been changed, and the calls that follow take far longer. */
  async function requestOf(channelId: string, mediaId: string) {
    if (!isMediaId(mediaId)) throw refuse({ kind: 'missing' });
    const { tenantId, secrets, settings } = await callbackKeys.readAgain(channelId);
    return {
      owner: { tenantId, destination: `media of ${channelId}` },
      mediaId,
      credentials: secrets,
      apiBaseUrl: settings.apiBaseUrl,
    };
  }

  async function registerRoutes(scope: App): Promise<void> {
    scope.addHook('onRequest', requireCapability(callbackKeys));

    scope.get(
      '/v3/attachments/:attachmentId',
      {
        config,
        schema: {
          operationId: 'getAttachmentInfo',
          tags,
          summary: "What a user's media is",
          description: 'The unguessable part of the path is the authorisation.',
          params: ofAttachment,
          response: { 200: attachmentInfo },
        },
      },
      async (request) => {
        const { channelId, attachmentId } = request.params;
        const media = await mediaSource.describe(await requestOf(channelId, attachmentId));
        if ('kind' in media) throw refuse(media);
        return { type: media.contentType, views: [{ viewId: view, size: media.size } as const] };
      },
    );

    scope.get(
      '/v3/attachments/:attachmentId/views/:viewId',
      {
        config,
        // Answering HEAD would fetch the bytes to throw them away.
        exposeHeadRoute: false,
        schema: {
          operationId: 'getAttachment',
          tags,
          summary: "The bytes of a user's media",
          description: 'The unguessable part of the path is the authorisation. There is one view, `original`.',
          params: ofAttachmentView,
          response: { 200: z.unknown().describe('The bytes, with the media type that WhatsApp gave them') },
          // What it is, the user's phone has said.
          produces: ['*/*'],
        },
      },
      async (request, reply) => {
        const { channelId, attachmentId, viewId } = request.params;
        if (viewId !== view) throw apiProblem('not_found', `Media has one view, ${view}.`);
        const asked = await requestOf(channelId, attachmentId);
        const leave = downloads.enter(channelId);
        if (leave === null) throw refuse(tooMany);
        const media = await mediaSource.open(asked, whenOver(reply, leave));
        if ('kind' in media) throw refuse(media);
        if (media.size !== null) reply.header('content-length', media.size);
        // What users send is never shown as a page of ours.
        return reply
          .headers({ 'content-type': media.contentType, 'content-disposition': 'attachment' })
          .send(media.body);
      },
    );
  }

  void app.register(registerRoutes, { prefix: botPrefix });
}

const tooMany: MediaFault = {
  kind: 'unavailable',
  detail: `The bot fetches ${maxDownloadsPerChannel} media of this channel already.`,
  retryAfterMs: null,
};

/** Calls `leave` when the answer is out or its caller gone, and says so to whoever still fetches for it. */
function whenOver(reply: FastifyReply, leave: () => void): AbortSignal {
  const leaving = new AbortController();
  leaving.signal.addEventListener('abort', leave, { once: true });
  if (reply.raw.destroyed) leaving.abort();
  else reply.raw.once('close', () => leaving.abort());
  return leaving.signal;
}

function refuse(fault: MediaFault): Refusal {
  switch (fault.kind) {
    case 'missing':
      return apiProblem('media_not_found', 'Kernel has no media of this id for the channel.');
    case 'too_large':
      return apiProblem('media_too_large', 'The media is larger than 100 MiB.');
    case 'refused':
      return apiProblem('media_refused', fault.detail);
    case 'unavailable': {
      const seconds = fault.retryAfterMs === null ? retryAfterSeconds : Math.ceil(fault.retryAfterMs / 1000);
      return apiProblem('media_unavailable', fault.detail, { retryAfterSeconds: seconds });
    }
  }
}
