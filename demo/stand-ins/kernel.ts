import { randomBytes } from 'node:crypto';
import { type Answer, giveAnswer } from './answer.ts';
import { answerControl } from './control.ts';
import { startHttpServer } from './http-server.ts';
import { buildInboundBody, type InboundItem } from './kernel-bodies.ts';
import { createCallbackPoster } from './kernel-callbacks.ts';
import { channelSchema, type KernelChannel, type KernelChannelInput } from './kernel-channels.ts';
import { listKernelCalls } from './kernel-control.ts';
import { createMediaShelf, type InboundMedia } from './kernel-media.ts';
import type { Kernel, KernelOptions, ReadMark } from './kernel-interface.ts';
import { createTokenDesk } from './kernel-tokens.ts';
import { createMediaHandler, type KernelMedia } from './kernel-uploads.ts';
import type { KernelStep } from './kernel-script.ts';
import { createSendHandler } from './kernel-send.ts';
import { createKernelSends } from './kernel-sends.ts';
import { metaRefusal } from './meta-error.ts';
import { createPauses } from './pauses.ts';
import { createScriptBook } from './script-book.ts';

const defaultRecordLimit = 20_000;
const defaultCallbackDelayMs = 5;
const apiPath = /^(?:\/[^/]+)?\/([^/]+)\/(messages|media)$/;
const unknownNumber = metaRefusal(400, 33, { details: 'This number does not exist here.' });
const expiredToken = metaRefusal(401, 190, { details: 'The access token is missing or wrong.' });

/** Kernel's place: Meta's WhatsApp Cloud API with its callbacks, which can be told to fail in every known way. */
export async function startKernel(options: KernelOptions = {}): Promise<Kernel> {
  const { callbackDelayMs = defaultCallbackDelayMs, recordLimit = defaultRecordLimit } = options;
  const channels = new Map<string, KernelChannel>();
  const sends = createKernelSends(recordLimit);
  const book = createScriptBook<KernelStep>();
  const pauses = createPauses();
  const poster = createCallbackPoster(pauses);
  const heard = new Map<string, number>();
  const media = new Map<string, KernelMedia>();
  const marks: ReadMark[] = [];
  const uploadBook = createScriptBook<Answer>();
  const runId = randomBytes(6).toString('base64url');
  let idCount = 0;
  let resetsLeft = 0;
  let standing: KernelStep | null = null;

  const makeId = (prefix: string) => `${prefix}${runId}${String((idCount += 1)).padStart(9, '0')}`;
  const tokens = createTokenDesk({ channels, pauses });
  const shelf = createMediaShelf({
    url: () => server.url,
    isAuthorised: (header) => [...channels.values()].some((channel) => tokens.isAuthorised(channel, header)),
  });
  const handleSend = createSendHandler({
    takeStep: (send) => book.take(send.to) ?? options.decide?.(send) ?? standing ?? {},
    sends,
    media,
    marks,
    pauses,
    poster,
    heardAtMs: (phoneNumberId, from) => heard.get(`${phoneNumberId} ${from}`),
    makeWamid: () => makeId('wamid.'),
    defaultCallbacks: options.callbacks ?? ['sent', 'delivered', 'read'],
    callbackDelayMs,
  });

  const handleUpload = createMediaHandler({
    media,
    takeStep: (phoneNumberId) => uploadBook.take(phoneNumberId),
    makeId: () => makeId('media-'),
    pauses,
  });

  function change(phoneNumberId: string, members: Partial<KernelChannel>): void {
    const channel = channels.get(phoneNumberId);
    if (channel !== undefined) channels.set(phoneNumberId, { ...channel, ...members });
  }

  const steering = {
    sends,
    callbacks: poster.counts,
    marks,
    media,
    setChannel(channel: KernelChannelInput) {
      channels.set(channel.phoneNumberId, channelSchema.parse(channel));
    },
    renewToken: (phoneNumberId: string, accessToken: string) => change(phoneNumberId, { accessToken }),
    changeRules: (phoneNumberId: string, rules: Pick<KernelChannel, 'windowMs' | 'templates'>) =>
      change(phoneNumberId, rules),
    script: (to: string, steps: readonly KernelStep[]) => book.add(to.replace(/^\+/, ''), steps),
    scriptUploads: (phoneNumberId: string, steps: readonly Answer[]) => uploadBook.add(phoneNumberId, steps),
    scriptTokens: (steps: readonly Answer[]) => tokens.script(steps),
    revokeTokens: () => tokens.revoke(),
    countTokenRequests: () => tokens.asked(),
    sendAlways(step: KernelStep | null) {
      standing = step;
    },
    resetNext(count: number) {
      resetsLeft = count;
    },
    async receive(phoneNumberId: string, items: readonly InboundItem[]) {
      const channel = channels.get(phoneNumberId);
      if (channel === undefined) throw new Error(`The Kernel stand-in has no number "${phoneNumberId}".`);
      for (const { from, userId } of items)
        for (const id of [from, userId ?? '']) heard.set(`${phoneNumberId} ${id.replace(/^\+/, '')}`, Date.now());
      await poster.post(channel, buildInboundBody(phoneNumberId, items, Date.now()), 'valid');
    },
    addMedia(inbound: InboundMedia) {
      const id = makeId('media-in-');
      shelf.add(id, inbound);
      return id;
    },
    clear() {
      shelf.clear();
      tokens.clear();
      heard.clear();
      sends.clear();
      marks.length = 0;
      book.clear();
      uploadBook.clear();
      media.clear();
      standing = null;
      resetsLeft = 0;
    },
  };

  const calls = listKernelCalls(steering, () => server, makeId);
  const server = await startHttpServer({
    name: 'Kernel',
    port: options.port,
    mustReset(path) {
      if (resetsLeft === 0 || !apiPath.test(path)) return false;
      resetsLeft -= 1;
      return true;
    },
    async handle(incoming, response) {
      if (await answerControl(incoming, response, calls)) return;
      if (await tokens.answer(incoming, response)) return;
      if (shelf.answer(incoming, response)) return;
      const [, phoneNumberId = '', kind] = apiPath.exec(incoming.path) ?? [];
      if (kind === undefined || incoming.method !== 'POST') return void response.writeHead(404).end();
      const channel = channels.get(phoneNumberId);
      if (channel === undefined) return giveAnswer(response, unknownNumber, { pauses, body: {} });
      if (!tokens.isAuthorised(channel, incoming.headers.authorization)) {
        return giveAnswer(response, expiredToken, { pauses, body: {} });
      }
      if (kind === 'messages') return handleSend(channel, incoming.body, response);
      await handleUpload(phoneNumberId, incoming, response);
    },
  });
  return {
    ...server,
    ...steering,
    async stop() {
      pauses.end();
      poster.end();
      await server.stop();
    },
  };
}
