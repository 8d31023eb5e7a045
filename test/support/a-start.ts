import type { JobStart } from '../../src/domain/job-start.ts';

/** A message that was accepted by the API and never attempted. */
export function aStart(id: string, members: Partial<JobStart> = {}): JobStart {
  return {
    id,
    tenantId: 'a',
    kind: 'message',
    channelId: null,
    isWake: false,
    isUnlessPaused: false,
    isFirstAttempt: true,
    isAnswer: false,
    ...members,
  };
}

/** So many messages of one tenant. */
export function starts(tenantId: string, count: number): JobStart[] {
  return Array.from({ length: count }, (_, index) => aStart(`${tenantId}-${index}`, { tenantId }));
}
