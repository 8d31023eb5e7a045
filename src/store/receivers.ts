import type { Tx } from './transactions.ts';

/** One row a receiver of the stored request, in its order; again it changes nothing. */
export async function insertReceivers(tx: Tx, tenantId: string, jobId: string): Promise<void> {
  await tx.execute({
    text: `
      insert into receiver (tenant_id, job_id, ordinal, merchant_id, user_count)
      select $1, job.id, entry.position - 1, entry.value ->> 'merchantId', json_array_length(entry.value -> 'userIds')
      from job, json_array_elements(job.request -> 'receivers') with ordinality as entry (value, position)
      where job.id = $2
      on conflict (job_id, ordinal) do nothing`,
    values: [tenantId, jobId],
  });
}

/** How many receivers the request names, and how many users in all, those named twice included. */
export async function countReceivers(tx: Tx, jobId: string): Promise<{ receivers: number; namedUsers: number }> {
  const rows = await tx.query<{ receivers: number; named_users: number }>({
    text: `select count(*)::integer as receivers, coalesce(sum(user_count), 0)::integer as named_users
      from receiver where job_id = $1`,
    values: [jobId],
  });
  return { receivers: rows[0]?.receivers ?? 0, namedUsers: rows[0]?.named_users ?? 0 };
}

/** Merchants of receivers without users, from after ordinal `after` (-1 = from the start). */
export async function listUserless(
  tx: Tx,
  jobId: string,
  page: { readonly after: number; readonly limit: number },
): Promise<{ ordinal: number; merchantId: string }[]> {
  const rows = await tx.query<{ ordinal: number; merchant_id: string }>({
    text: `select ordinal, merchant_id from receiver
      where job_id = $1 and ordinal > $2 and user_count = 0 order by ordinal limit $3`,
    values: [jobId, page.after, page.limit],
  });
  return rows.map((row) => ({ ordinal: row.ordinal, merchantId: row.merchant_id }));
}

/** Marks receivers as done: failed where an error stands for the merchant as a whole. */
export async function settleReceivers(tx: Tx, jobId: string): Promise<void> {
  await tx.execute({
    text: `
      update receiver r set state = case when failed.merchant_id is null then 'processed' else 'failed' end
      from receiver own left join (
        select distinct merchant_id from notification_error
        where job_id = $1 and merchant_id is not null and user_id is null
      ) failed on failed.merchant_id = own.merchant_id
      where r.job_id = $1 and own.job_id = $1 and own.ordinal = r.ordinal`,
    values: [jobId],
  });
}
