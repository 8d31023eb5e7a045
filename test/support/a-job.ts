import type { Job } from '../../src/domain/job.ts';
import { acceptMessage, type NewMessage } from '../../src/domain/message/new-message.ts';
import { buildProblem } from '../../src/domain/problems/build-problem.ts';
import type { Problem } from '../../src/domain/problems/problem.ts';
import type { Failure } from '../../src/domain/failure.ts';
import { aFailure } from './a-failure.ts';

/** The moment at which the unit tests play. */
export const noon = new Date('2026-03-01T12:00:00.000Z');

export function after(ms: number, from: Date = noon): Date {
  return new Date(from.getTime() + ms);
}

/** A message as the door hands it over, of which a test names only what matters to it. */
export function aNewMessage(members: Partial<NewMessage> = {}): NewMessage {
  return {
    id: 'msg_1',
    tenantId: 'ten_1',
    channelId: 'chn_1',
    isChannelPaused: false,
    isOrdered: false,
    isTurnTaken: false,
    to: '+34600111222',
    conversationId: null,
    groupId: null,
    externalId: null,
    sendAt: null,
    expiresAt: null,
    metadata: {},
    request: { activity: { type: 'message', text: 'Hola', locale: 'es' } },
    origin: 'api',
    causedBy: null,
    requestId: 'req_1',
    ...members,
  };
}

/** A message that was just accepted, but for the members given. */
export function aJob(members: Partial<Job> = {}): Job {
  return { ...acceptMessage(aNewMessage(), noon).job, ...members };
}

/** The problem of a failure at an attempt of `aJob()`. */
export function aProblem(failure: Partial<Failure> = {}, members: { readonly recoverable?: boolean } = {}): Problem {
  return buildProblem({
    failure: aFailure(failure),
    problemId: 'prb_1',
    attempt: 1,
    jobId: 'msg_1',
    requestId: 'req_1',
    tenantId: 'ten_1',
    occurredAt: noon.toISOString(),
    nextAttemptAt: null,
    ...members,
  });
}
