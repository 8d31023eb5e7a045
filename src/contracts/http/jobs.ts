import { z } from 'zod';
import { causeKinds } from '../../domain/explain/explanation.ts';
import { jobKinds, jobStates, waitingReasons } from '../../domain/job.ts';
import { mustBeRecipient, withPlus } from './messages.ts';
import { pageQuery } from './page.ts';
import { instant, time } from './primitives.ts';
import { problemDocument } from './problem.ts';

export const recipientView = z.object({
  phone: z.string().nullable(),
  userId: z.string().nullable().describe('The business-scoped user id of WhatsApp'),
  parentUserId: z.string().nullable(),
  username: z.string().nullable(),
});

const jobState = z.enum(jobStates).meta({ id: 'JobState' });

export const jobView = z
  .object({
    id: z.string(),
    kind: z.enum(jobKinds),
    state: jobState,
    terminal: z.boolean(),
    waitingFor: z
      .object({
        reason: z.enum(waitingReasons).meta({ id: 'WaitReason' }),
        until: time.nullable().describe('Null = no time is known'),
        detail: z.string().nullable().describe('The cause in words'),
        blockedBy: z
          .object({
            jobId: z.string(),
            state: z.enum(jobStates),
            code: z.string().nullable().describe('Of its problem, or of the answer that met the limit'),
          })
          .nullable()
          .describe('The message in front, or the one that met the limit'),
      })
      .nullable()
      .describe('Null = it has ended'),
    attempts: z.number(),
    nextAttemptAt: time.nullable(),
    error: problemDocument.nullable(),
    externalId: z.string().nullable(),
    channelId: z.string().nullable(),
    to: z.string().nullable().describe('As it was given'),
    recipient: recipientView
      .nullable()
      .describe('The person, as far as known when the job was last touched; null = it is to many'),
    conversationId: z.string().nullable(),
    groupId: z.string().nullable(),
    integration: z.string().nullable(),
    label: z.string().nullable().describe('The campaign that the caller named'),
    providerMessageIds: z.array(z.string()).readonly(),
    possibleDuplicate: z.boolean(),
    deliveryConfirmed: z.boolean().nullable(),
    pricing: z
      .object({
        billable: z.boolean(),
        pricing_model: z.string().nullable(),
        type: z.string().nullable(),
        category: z.string().nullable(),
      })
      .nullable()
      .describe('What WhatsApp said last of its price, in its own names; null = nothing'),
    userInformed: z.boolean(),
    counts: z
      .object({
        receivers: z.number(),
        recipients: z.number(),
        delivered: z.number(),
        failed: z.number(),
        pending: z.number(),
        failedMerchants: z.number(),
      })
      .nullable(),
    metadata: z.record(z.string(), z.unknown()),
    origin: z.string(),
    causedBy: z.string().nullable(),
    requestId: z.string().nullable(),
    sendAt: time.nullable(),
    expiresAt: time,
    createdAt: time,
    updatedAt: time,
    finishedAt: time.nullable(),
    workflow: z
      .object({ id: z.string(), runId: z.string(), url: z.string() })
      .nullable()
      .describe('The workflow that took it up last, its own or a page; null = none has yet'),
  })
  .meta({ id: 'Job', description: 'The record of one accepted message, notification or inbound message' });

export const jobParams = z.object({ id: z.string().max(64).describe('The id that the 202 answered with') });

const filterText = (words: string) => z.string().min(1).max(256).optional().describe(words);

/** In a query a plus that nobody encoded arrives as a blank. No group's id is as short as a name that somebody mistook for one. */
const recipientFilter = z
  .string()
  .regex(
    /^(?: ?\+?[1-9]\d{6,14}|[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}|[A-Za-z0-9_=-]{16,200})$/,
    `${mustBeRecipient}, or the id of a group`,
  )
  .transform((text) => (/^ ?\+?\d{7,15}$/.test(text) ? withPlus(text.trim()) : text))
  .describe(
    'The person, by any id: a phone number (E.164, with or without the plus), or a user id; or the id of a group',
  );

/** What a list of jobs may be narrowed by: query parameters, and the members of the filter of whatever acts in bulk. */
export const jobFilter = {
  kind: z.enum(jobKinds).optional().describe('What was accepted'),
  state: z.enum(jobStates).optional().describe('The state as the job shows it'),
  errorCode: filterText("The code of the job's error"),
  to: recipientFilter.optional(),
  conversationId: filterText('The conversation that the caller named'),
  groupId: filterText('The group that the caller named'),
  externalId: filterText("The caller's own id"),
  channelId: filterText('The channel that it goes over'),
  providerMessageId: filterText("The provider's id of a send, or of what a user wrote: `wamid.…`"),
  userId: filterText('A user that a notification is for, from when it has begun'),
  merchantId: filterText('A merchant that a notification is for, from when it has begun'),
  integration: filterText('The integration that a notification names'),
  label: filterText('The campaign that the caller named'),
  createdAfter: instant.optional().describe('RFC 3339; what was accepted later'),
  createdBefore: instant.optional().describe('RFC 3339; what was accepted earlier'),
};

export const jobListQuery = z.object({ ...pageQuery.shape, ...jobFilter });

const summaryGroups = ['state', 'errorCode', 'waitReason', 'label'] as const;

const anyGroup = summaryGroups.join('|');

export const jobSummaryQuery = z.object({
  groupBy: z
    .string()
    .regex(new RegExp(`^(?:${anyGroup})(?:,(?:${anyGroup}))*$`), `must be of ${summaryGroups.join(', ')}`)
    .default('state')
    .transform((text) => summaryGroups.filter((group) => text.split(',').includes(group)))
    .describe(`What is counted by: ${summaryGroups.join(', ')}; several with commas between them`),
  ...jobFilter,
});

const group = z.string().nullable().optional();
export const jobSummary = z.object({
  data: z
    .array(
      z.object({
        state: group,
        errorCode: group.describe('null = without an error'),
        waitReason: group.describe('null = it has ended'),
        label: group.describe('null = of no campaign'),
        count: z.int(),
        lastAt: time.describe('When the newest of them was accepted'),
      }),
    )
    .describe('Most frequent first; of the groups those that were asked for'),
  countedSince: time.nullable().describe('Older ones are not counted; null = all are'),
});

export const attemptView = z
  .object({
    id: z.string(),
    number: z.number(),
    part: z.number(),
    recipient: z.string().nullable(),
    target: z.string(),
    startedAt: time,
    durationMs: z.number().nullable(),
    outcome: z.enum(['accepted', 'retry', 'rejected', 'ambiguous']).nullable().describe('null = still open'),
    httpStatus: z.number().nullable(),
    providerCode: z.string().nullable(),
    problem: problemDocument.nullable(),
    responseExcerpt: z.string().nullable(),
    errorTableVersion: z.number().nullable(),
  })
  .meta({ id: 'Attempt' });

export const timelineItem = z.object({
  at: time,
  type: z.string(),
  title: z.string(),
  detail: z.record(z.string(), z.unknown()),
});

export const jobContent = z.object({
  jobId: z.string(),
  kind: z.enum(jobKinds),
  handedOver: z
    .unknown()
    .describe(
      'What came: the activity or native object, the properties of a notification but its receivers, or an item of WhatsApp',
    ),
  sent: z
    .array(
      z.object({
        part: z.int(),
        providerMessageId: z.string().nullable().describe('null = the provider has not taken it'),
        body: z.unknown(),
      }),
    )
    .readonly()
    .describe('What went out to WhatsApp, or what the users of a notification read'),
});

export const cancelResult = z.object({ result: z.enum(['cancelled', 'too_late']) });

const isPersons = 'What only a person has is null';
export const explanationView = z
  .object({
    sentence: z.string().describe('What is true now, for a person'),
    cause: z.object({
      kind: z.enum(causeKinds).describe('`none` = nothing is wrong'),
      code: z.string().nullable().describe('Of the problem: `/problems/{code}` says what it means'),
      since: time.nullable(),
    }),
    evidence: z
      .array(
        z.object({
          text: z.string(),
          href: z.string().nullable().describe('Where to look; null = nowhere, or the key may not'),
        }),
      )
      .readonly()
      .describe('What shows it, the causes behind it among them'),
    next: z
      .object({ what: z.string(), at: time.nullable() })
      .nullable()
      .describe('What happens by itself; null = nothing'),
    remedies: z
      .array(
        z.object({
          rel: z.string().describe('What it does: `retry`, `resume`, `update-credentials`, `cancel` …'),
          title: z.string(),
          method: z.enum(['GET', 'POST', 'PATCH', 'PUT']),
          href: z.string().describe('Relative to this API'),
          body: z.record(z.string(), z.unknown()).optional().describe(isPersons),
          needs: z
            .array(z.string())
            .readonly()
            .optional()
            .describe('JSON pointers into `body` at what is to be filled in'),
        }),
      )
      .readonly()
      .describe('Calls that help, best first, giving up last; those that the key may make'),
  })
  .meta({ id: 'Explanation', description: 'Why a job has not arrived, and what to do' });
