import type { Tx } from './transactions.ts';

/** The provider's id of a file that was uploaded for a part, not before `since`; null = it is to be uploaded. */
export async function findUploadedMedia(
  tx: Tx,
  { jobId, part, since }: { readonly jobId: string; readonly part: number; readonly since: Date },
): Promise<string | null> {
  const rows = await tx.query<{ media_id: string }>({
    name: 'find-uploaded-media',
    text: 'select media_id from uploaded_media where job_id = $1 and part = $2 and created_at > $3',
    values: [jobId, part, since],
  });
  return rows[0]?.media_id ?? null;
}

/** Keeps the newest upload of a file. Running it twice changes nothing. */
export async function keepUploadedMedia(
  tx: Tx,
  media: {
    readonly tenantId: string;
    readonly jobId: string;
    readonly part: number;
    readonly mediaId: string;
    readonly now: Date;
  },
): Promise<void> {
  await tx.execute({
    name: 'keep-uploaded-media',
    text: `insert into uploaded_media (tenant_id, job_id, part, media_id, created_at) values ($1, $2, $3, $4, $5)
      on conflict (job_id, part) do update set media_id = excluded.media_id, created_at = excluded.created_at`,
    values: [media.tenantId, media.jobId, media.part, media.mediaId, media.now],
  });
}

/** A message that is run again uploads its files anew: what it failed on may have been one of them. */
export async function forgetUploadedMedia(tx: Tx, jobId: string): Promise<void> {
  await tx.execute({ text: 'delete from uploaded_media where job_id = $1', values: [jobId] });
}
