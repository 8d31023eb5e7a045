/** One status as a callback brings it; `jobId` null = our id was not echoed. */
export interface Told {
  readonly wamid: string;
  readonly status: string;
  readonly jobId?: string | null;
  readonly phoneNumberId?: string | null;
  readonly errors?: readonly object[];
  readonly occurredAt?: Date;
}

/** As the door hands it to the use case. */
export function toStatus({ wamid, status, jobId = null, phoneNumberId = null, errors, occurredAt }: Told) {
  return {
    providerMessageId: wamid,
    status,
    occurredAt: occurredAt ?? null,
    callbackData: jobId,
    phoneNumberId,
    raw: { id: wamid, status, ...(errors !== undefined && { errors }) },
  };
}
