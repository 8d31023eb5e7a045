import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Incoming } from './http-server.ts';
import { metaError } from './meta-error.ts';

/** What a user sent with a message. */
export interface InboundMedia {
  readonly mimeType: string;
  readonly bytes: Uint8Array;
}

const describePath = /^\/[^/]+\/([A-Za-z0-9_-]+)$/;
const bytesPath = '/whatsapp_business/attachments/';

/**
 * The media of users' messages, in Meta's two steps: `GET /{version}/{mediaId}` names an address, which gives the bytes.
 * Both want the token of a channel. Source: https://developers.facebook.com/docs/whatsapp/cloud-api/reference/media
 */
export function createMediaShelf(parts: {
  readonly url: () => string;
  readonly isAuthorised: (authorization: string | undefined) => boolean;
}) {
  const shelf = new Map<string, InboundMedia>();

  function answerJson(response: ServerResponse, status: number, body: unknown): void {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }

  return {
    add: (id: string, media: InboundMedia) => void shelf.set(id, media),
    clear: () => shelf.clear(),
    /** False = the request is not about media. */
    answer({ method, path, query, headers }: Incoming, response: ServerResponse): boolean {
      const isBytes = path === bytesPath;
      const id = isBytes ? query.get('mid') : describePath.exec(path)?.[1];
      if (method !== 'GET' || id === undefined || id === null) return false;
      const media = shelf.get(id);
      if (!parts.isAuthorised(headers.authorization)) answerJson(response, 401, metaError(190));
      else if (media === undefined) {
        const details = `Object with ID '${id}' does not exist, or cannot be loaded.`;
        answerJson(response, isBytes ? 404 : 400, metaError(100, { title: 'Unsupported get request', details }));
      } else if (isBytes) {
        response.writeHead(200, { 'content-type': media.mimeType, 'content-length': media.bytes.length });
        response.end(media.bytes);
      } else {
        answerJson(response, 200, {
          messaging_product: 'whatsapp',
          url: `${parts.url()}${bytesPath}?mid=${id}`,
          mime_type: media.mimeType,
          sha256: createHash('sha256').update(media.bytes).digest('hex'),
          file_size: media.bytes.length,
          id,
        });
      }
      return true;
    },
  };
}
