import type { SaidIdentity } from '../../src/domain/identity/learn-identity.ts';

/** One status as a callback brings it; `jobId` null = our id was not echoed. */
export interface Told {
  readonly wamid: string;
  readonly status: string;
  readonly jobId?: string | null;
  readonly phoneNumberId?: string | null;
  readonly errors?: readonly object[];
  readonly occurredAt?: Date;
  readonly said?: SaidIdentity;
  readonly pricing?: object;
}

/** As the door hands it to the use case. */
export function toStatus({
  wamid,
  status,
  jobId = null,
  phoneNumberId = null,
  errors,
  occurredAt,
  said,
  pricing,
}: Told) {
  return {
    providerMessageId: wamid,
    status,
    occurredAt: occurredAt ?? null,
    callbackData: jobId,
    phoneNumberId,
    said: said ?? null,
    raw: { id: wamid, status, ...(errors !== undefined && { errors }), ...(pricing !== undefined && { pricing }) },
  };
}
