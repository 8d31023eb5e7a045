import type { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { apiProblem, type Refusal } from '../domain/problems/refusal.ts';
import type { RequestLimits } from './request-limits.ts';

/**
 * Reads a body whole. Refuses with `payload_too_large` above the route's limit, with `overloaded` where this process has no
 * room for what has arrived, and with `request_timeout` where the body does not come in time: as a whole, or at the least
 * pace, for whoever lets a body drip would hold a place all the while. What is left of a refused body is passed over.
 */
export interface ReadBody {
  (request: FastifyRequest, body: Readable): Promise<Buffer>;
}

export function createBodyReader(limits: RequestLimits): ReadBody {
  const { bodyMs, bodyPaceMs, bodyBytesPerSecond } = limits;
  const leastBytes = (bodyBytesPerSecond * bodyPaceMs) / 1_000;

  return (request, body) =>
    new Promise((resolve, reject) => {
      const { bodyLimit } = request.routeOptions;
      const announced = request.headers['content-length'];
      const chunks: Buffer[] = [];
      let received = 0;
      let receivedBefore = 0;
      let waitedMs = 0;
      let timer = setTimeout(lookAtPace, Math.min(bodyPaceMs, bodyMs));

      function stop(): void {
        clearTimeout(timer);
        body.off('data', onData).off('end', onEnd).off('error', onError);
      }

      function refuse(refusal: Error): void {
        stop();
        // A client that breaks off now has nobody to tell.
        body.on('error', () => undefined).resume();
        reject(refusal);
      }

      function lookAtPace(): void {
        waitedMs += Math.min(bodyPaceMs, bodyMs - waitedMs);
        if (waitedMs >= bodyMs) refuse(late(`The body did not arrive within ${bodyMs / 1_000} s.`));
        else if (received - receivedBefore < leastBytes)
          refuse(late(`The body came slower than ${bodyBytesPerSecond} bytes a second.`));
        else {
          receivedBefore = received;
          timer = setTimeout(lookAtPace, Math.min(bodyPaceMs, bodyMs - waitedMs));
        }
      }

      function onData(chunk: Buffer): void {
        received += chunk.length;
        if (received > bodyLimit) return refuse(tooLarge());
        try {
          request.admission?.takeBytes(chunk.length);
        } catch (error) {
          // It throws nothing but refusals.
          return refuse(error as Refusal);
        }
        chunks.push(chunk);
      }

      function onEnd(): void {
        stop();
        if (announced !== undefined && received !== Number(announced))
          reject(apiProblem('malformed_json', 'The body could not be read to its end.'));
        else resolve(Buffer.concat(chunks));
      }

      function onError(error: Error): void {
        stop();
        reject(error);
      }

      if (Number(announced ?? 0) > bodyLimit) return refuse(tooLarge());
      body.on('data', onData).on('end', onEnd).on('error', onError);
    });
}

function late(detail: string): Refusal {
  return apiProblem('request_timeout', detail);
}

function tooLarge(): Refusal {
  return apiProblem('payload_too_large', 'The body is larger than this route accepts.');
}
