/** `@waypost/client`: the api's calls with their types, retries, pages, the stream of events, and problems as errors. */
export { type Client, type ClientOptions, createClient } from './create-client.ts';
export { ConnectionError, type Problem, ProblemError } from './problem-error.ts';
export type { StreamedEvent, StreamOptions, WaypostEvent } from './event-stream.ts';
export type { RetryOptions } from './retrying-fetch.ts';
export type {
  ApiKey,
  Attempt,
  AuditEntry,
  Channel,
  components,
  Delivery,
  DirectoryUser,
  Integration,
  Job,
  JobState,
  Me,
  Notice,
  operations,
  paths,
  ProblemType,
  Tenant,
  WaitReason,
  Webhook,
} from './api-types.ts';
