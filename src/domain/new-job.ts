import type { Job } from './job.ts';

type Given = Pick<Job, 'id' | 'tenantId' | 'kind' | 'state' | 'origin' | 'request' | 'expiresAt'>;

/** A record at the moment of acceptance: what is given, and nothing has happened yet. */
export function newJob(given: Given & Partial<Job>, now: Date): Job {
  return {
    terminal: false,
    waitingFor: null,
    attempts: 0,
    retriesUsed: 0,
    throttledInARow: 0,
    internalFaults: 0,
    interruptions: 0,
    partsTotal: 1,
    partsAccepted: 0,
    nextAttemptAt: null,
    isOrdered: false,
    rateSlotAt: null,
    isOutcomeUnknown: false,
    error: null,
    externalId: null,
    channelId: null,
    to: null,
    recipient: null,
    conversationId: null,
    groupId: null,
    integration: null,
    providerMessageIds: [],
    possibleDuplicate: false,
    userInformed: false,
    deliveryConfirmed: null,
    counts: null,
    metadata: {},
    causedBy: null,
    requestId: null,
    sendAt: null,
    statusUntil: null,
    wakeAt: null,
    workflowId: null,
    workflowRunId: null,
    awaitedBy: null,
    finishedAt: null,
    ...given,
    queuedAt: now,
    createdAt: now,
    updatedAt: now,
  };
}
