// What the API answers, as its OpenAPI document says it: the types of @waypost/client, by the names that the views use.
import type { operations } from '../src/client/api-types.ts';

export type {
  ApiKey,
  Attempt,
  AuditEntry,
  Channel,
  Delivery,
  Explanation,
  Job,
  Me,
  Notice,
  Problem,
  Webhook,
} from '../src/client/api-types.ts';

/** The answer of an operation that has no name of its own in the document. */
type Answer<Name extends keyof operations> = operations[Name] extends {
  responses: { 200: { content: { 'application/json': infer Body } } };
}
  ? Body
  : never;
type Row<Name extends keyof operations> = Answer<Name> extends { data: readonly (infer Each)[] } ? Each : never;

export type JobSummary = Answer<'summarizeJobs'>;
export type BulkRetry = Answer<'retryJobs'>;
export type Person = Answer<'getRecipient'>;
export type ProblemCount = Row<'summarizeProblems'>;
export type TimelineItem = Row<'getTimeline'>;
export type Recipient = Row<'listRecipients'>;
export type NotificationError = Row<'listNotificationErrors'>;
export type Template = Row<'listTemplates'>;
export type OptOut = Row<'listOptOuts'>;
