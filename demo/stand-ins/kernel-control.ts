import { z } from 'zod';
import { answerSchema } from './answer.ts';
import { type ControlCalls, createDownCall } from './control.ts';
import type { HttpServer } from './http-server.ts';
import { toText } from './json.ts';
import type { Kernel } from './kernel-interface.ts';
import { channelSchema } from './kernel-channels.ts';
import { stepSchema } from './kernel-script.ts';

const scriptSchema = z.strictObject({ to: z.string().max(100), steps: z.array(stepSchema).max(1_000) });
const uploadsSchema = z.strictObject({ phoneNumberId: z.string().max(100), steps: z.array(answerSchema).max(1_000) });
const tokensSchema = z.strictObject({ steps: z.array(answerSchema).max(1_000) });
const alwaysSchema = z.strictObject({ step: stepSchema.nullable() });
const resetSchema = z.strictObject({ count: z.int().min(0).max(1_000_000) });
const inboundSchema = z.strictObject({
  phoneNumberId: z.string(),
  from: z.string().default(''),
  userId: z.string().optional(),
  username: z.string().optional(),
  name: z.string().default('A user'),
  item: z.record(z.string(), z.json()),
});

const mediaSchema = z.strictObject({ mimeType: z.string().max(200), base64: z.base64() });

type Steered = Omit<Kernel, keyof HttpServer>;

/** The control API of the Kernel stand-in; every call has its function of the same name. */
export function listKernelCalls(
  kernel: Steered,
  server: () => HttpServer,
  makeId: (prefix: string) => string,
): ControlCalls {
  return {
    state: () => ({
      total: kernel.sends.total,
      callbacks: kernel.callbacks,
      media: kernel.media.size,
      tokenRequests: kernel.countTokenRequests(),
    }),
    marks: () => kernel.marks,
    sends(_body, query) {
      const jobId = query.get('jobId');
      return kernel.sends.list().filter((send) => jobId === null || send.jobId === jobId);
    },
    count(_body, query) {
      const jobId = query.get('jobId') ?? '';
      return { sends: kernel.sends.countSends(jobId), wentOut: kernel.sends.countWentOut(jobId) };
    },
    channel: (body) => kernel.setChannel(channelSchema.parse(body)),
    script(body) {
      const { to, steps } = scriptSchema.parse(body);
      kernel.script(to, steps);
    },
    scriptUploads(body) {
      const { phoneNumberId, steps } = uploadsSchema.parse(body);
      kernel.scriptUploads(phoneNumberId, steps);
    },
    scriptTokens: (body) => kernel.scriptTokens(tokensSchema.parse(body).steps),
    revokeTokens: () => kernel.revokeTokens(),
    always: (body) => kernel.sendAlways(alwaysSchema.parse(body).step),
    reset: (body) => kernel.resetNext(resetSchema.parse(body).count),
    async inbound(body) {
      const { phoneNumberId, from, userId, username, name, item } = inboundSchema.parse(body);
      const wamid = toText(item['id']) ?? makeId('wamid.in');
      const sender = { from, ...(userId !== undefined && { userId }), ...(username !== undefined && { username }) };
      await kernel.receive(phoneNumberId, [{ ...sender, name, wamid, item }]);
      return { wamid };
    },
    addMedia(body) {
      const { mimeType, base64 } = mediaSchema.parse(body);
      return { id: kernel.addMedia({ mimeType, bytes: Buffer.from(base64, 'base64') }) };
    },
    clear: () => kernel.clear(),
    ...createDownCall(server),
  };
}
