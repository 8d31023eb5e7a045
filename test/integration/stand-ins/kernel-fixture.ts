import type { KernelChannelInput } from '../../../demo/stand-ins/kernel-channels.ts';
import { createHmac } from 'node:crypto';
import { type HttpServer, startHttpServer } from '../../../demo/stand-ins/http-server.ts';
import type { Kernel, KernelOptions } from '../../../demo/stand-ins/kernel-interface.ts';
import { startKernel } from '../../../demo/stand-ins/kernel.ts';

const phoneNumberId = '1001';
const accessToken = 'token';
const appSecret = 'app-secret';

interface Told {
  readonly status: string;
  readonly wamid: string;
  readonly jobId: string | undefined;
}

export interface KernelFixture {
  readonly kernel: Kernel;
  /** What came to the channel's callback URL, in order. */
  readonly told: Told[];
  /** Whether each callback was rightly signed. */
  readonly signed: boolean[];
  readonly bodies: string[];
  /** What the callback URL answers. */
  readonly answers: number[];
  readonly sink: HttpServer;
  /** `content` = the type and its member; a text when absent. */
  send(to: string, jobId?: string, token?: string, content?: object): Promise<Response>;
  /** The number as Meta knows it, with these members. */
  change(members: Partial<KernelChannelInput>): void;
  stop(): Promise<void>;
}

/** A Kernel stand-in with one number, and a callback URL that listens. */
export async function openKernelFixture(options: KernelOptions = {}): Promise<KernelFixture> {
  const place = { told: [] as Told[], signed: [] as boolean[], bodies: [] as string[], answers: [] as number[] };
  const sink = await startHttpServer({
    name: 'sink',
    handle({ headers, body }, response) {
      place.bodies.push(body.toString());
      const wanted = `sha256=${createHmac('sha256', appSecret).update(body).digest('hex')}`;
      place.signed.push(headers['x-hub-signature-256'] === wanted);
      const answer = place.answers.shift() ?? 200;
      if (answer === 200) place.told.push(...readStatuses(body));
      response.writeHead(answer).end();
    },
  });
  const kernel = await startKernel({ callbackDelayMs: 1, ...options });
  const number = { phoneNumberId, accessToken, appSecret, callbackUrl: `${sink.url}/callbacks` };
  kernel.setChannel(number);
  return {
    ...place,
    kernel,
    sink,
    send: (to, jobId = 'msg_1', token = accessToken, content = { type: 'text', text: { body: 'Hi' } }) =>
      fetch(`${kernel.url}/v23.0/${phoneNumberId}/messages`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
        body: JSON.stringify({
          messaging_product: 'whatsapp',
          to,
          ...content,
          biz_opaque_callback_data: jobId,
        }),
      }),
    change: (members) => kernel.setChannel({ ...number, ...members }),
    async stop() {
      await kernel.stop();
      await sink.stop();
    },
  };
}

function readStatuses(body: Buffer): Told[] {
  const { entry } = JSON.parse(body.toString()) as MetaBody; // cast: the body that the stand-in itself wrote
  const statuses = entry.flatMap(({ changes }) => changes.flatMap(({ value }) => value.statuses ?? []));
  return statuses.map(({ status, id, biz_opaque_callback_data: jobId }) => ({ status, wamid: id, jobId }));
}

interface MetaBody {
  readonly entry: readonly {
    readonly changes: readonly {
      readonly value: {
        readonly statuses?: readonly { id: string; status: string; biz_opaque_callback_data?: string }[];
      };
    }[];
  }[];
}

/** Sound and settled: everything that was to come has come. */
export async function waitForTold(place: KernelFixture, count: number): Promise<readonly string[]> {
  const deadline = Date.now() + 5_000;
  while (place.told.length < count && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
  return place.told.map(({ status }) => status);
}
