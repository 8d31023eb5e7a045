import type { Tx } from './transactions.ts';

/** Meta shows it for so long, unless an answer comes first. */
const typingShownMs = 25_000;

/**
 * The provider's id of the person's last message in a conversation, to be marked as read while the bot writes; null = there is
 * none, or it was shown less than 25 s ago and nothing was sent since. Of several who ask at once one gets it. Served by
 * `job_by_conversation`.
 */
export async function claimTyping(
  tx: Tx,
  {
    channelId,
    conversationId,
    now,
  }: { readonly channelId: string; readonly conversationId: string; readonly now: Date },
): Promise<string | null> {
  const rows = await tx.query<{ message_id: string }>({
    text: `update job set typing_at = $3 from (
        select id from job where conversation_id = $2 and channel_id = $1 and kind = 'inbound'
        order by created_at desc, id desc limit 1
      ) last
      where job.id = last.id and job.provider_message_ids <> '{}' and (typing_at is null or typing_at <= $4 or exists (
        select 1 from job answer where answer.conversation_id = $2 and answer.channel_id = $1 and answer.kind = 'message'
          and answer.created_at > job.typing_at))
      returning provider_message_ids[1] as message_id`,
    values: [channelId, conversationId, now, new Date(now.getTime() - typingShownMs)],
  });
  return rows[0]?.message_id ?? null;
}
