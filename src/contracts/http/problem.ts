import { z } from 'zod';
import { errorClasses, problemSources } from '../../domain/problems/problem.ts';

/** A problem document (RFC 9457) as the API shows it: on jobs and attempts, in events, and as the body of every error. */
export const problemDocument = z
  .object({
    type: z.string().describe('Address of the page that explains this code'),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    instance: z.string().describe('Address of this very document, or a URN for refusals at the door'),
    code: z.string(),
    source: z.enum(problemSources),
    class: z.enum(errorClasses),
    recoverable: z.boolean(),
    scope: z.string().nullable(),
    attempt: z.number().int().nullable(),
    jobId: z.string().nullable(),
    requestId: z.string().nullable(),
    tenantId: z.string().nullable(),
    occurredAt: z.string(),
    nextAttemptAt: z.string().nullable(),
    provider: z
      .object({
        name: z.string(),
        code: z.string().nullable(),
        title: z.string().nullable(),
        details: z.string().nullable(),
        traceId: z.string().nullable(),
        httpStatus: z.number().int().nullable(),
      })
      .nullable(),
    errors: z.array(z.object({ detail: z.string(), pointer: z.string() })).readonly(),
  })
  .meta({ id: 'Problem' });
