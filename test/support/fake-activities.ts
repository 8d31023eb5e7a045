import type { Activities } from '../../src/activities/index.ts';
import { toFailure } from '../../src/activities/tell-refusals.ts';
import type { DeliveryStep } from '../../src/contracts/activities.ts';
import type { Problem } from '../../src/domain/problems/problem.ts';
import { aProblem } from './a-job.ts';

type Input = Record<string, unknown>;
/** What a fake answers to one call: the answer, or the fault that the call has. */
export type Scripted<Answer> = Answer | Error | ((input: Input) => Answer | Promise<Answer>);

export type ActivityScript = {
  readonly [Name in keyof Activities]?: readonly Scripted<Awaited<ReturnType<Activities[Name]>>>[];
};

/** One call that an activity got. */
export interface FakeCall {
  readonly name: string;
  readonly input: Input;
}

/**
 * Activities that answer from a script, call by call, and remember what they were asked; the last entry goes on serving. An
 * activity without a script fails: a workflow that calls what a test did not expect must not pass.
 */
export function createFakeActivities(script: ActivityScript) {
  const calls: FakeCall[] = [];
  const activities = Object.fromEntries(
    Object.entries(script).map(([name, answers]) => [
      name,
      async (input: Input): Promise<unknown> => {
        const count = calls.filter((call) => call.name === name).length;
        calls.push({ name, input });
        const answer: unknown = answers[Math.min(count, answers.length - 1)];
        if (answer instanceof Error) throw withoutStack(answer);
        // The script's type says that a function takes the input.
        return typeof answer === 'function' ? (answer as (input: Input) => unknown)(input) : answer;
      },
    ]),
  );
  return { calls, activities, namesOfCalls: () => calls.map(({ name }) => name) };
}

/** A stack names files of this machine, and histories that tests record are committed. */
function withoutStack(error: Error): Error {
  error.stack = `${error.name}: ${error.message}`;
  return error;
}

export const job = { tenantId: 'ten_1', jobId: 'msg_1' } as const;
/** As it is started today. */
export const followed = { ...job, retries: 'temporal' } as const;

export function ends(
  state: string,
  errorCode: string | null = null,
  attempts = 1,
  problem: Problem | null = null,
): DeliveryStep {
  return { next: 'end', state, errorCode, attempts, problem };
}

export function waits(waitMs: number, members: Partial<Extract<DeliveryStep, { next: 'wait' }>> = {}): DeliveryStep {
  return {
    next: 'wait',
    waitMs,
    expiresInMs: 86_400_000,
    problem: null,
    state: 'held',
    errorCode: 'kernel_http_error',
    summary: 'Kernel refused it',
    attempts: 1,
    ...members,
  };
}

export const escalates: DeliveryStep = { next: 'escalate', reason: 'the destination has no room on the fast path' };

/** How an ordinary activity tells Temporal that it is tried again after so long. */
export function refuses(waitMs: number, members: Parameters<typeof waits>[1] = {}): Error {
  return told(waits(waitMs, { problem: aProblem({ class: 'transient' }), ...members }));
}

/** How it tells that its job has failed for good. */
export function fails(attempts = 1): Error {
  return told({ next: 'end', state: 'failed', errorCode: 'kernel_http_error', attempts, problem: aProblem() });
}

function told(step: DeliveryStep): Error {
  const failure = toFailure(step);
  if (failure === null) throw new Error('this step tells no refusal');
  return failure;
}
