import type { LinesSession } from './session.ts';
import { readCsv } from './csv-lines.ts';
import { exitCodes } from './exit-codes.ts';
import { parseJsonOption, UsageError } from './verb.ts';

interface NotifyOptions {
  readonly receivers: string;
  readonly integration: string;
  readonly type: string;
  readonly title: string;
  readonly message: string;
  readonly data?: string;
  readonly externalId?: string;
  readonly externalType?: string;
  readonly label?: string;
  readonly preview?: boolean;
}

/** As many as one notification takes; it is one call, so that its outcome is one job. */
const maxRecipients = 100_000;

/** Sends one notification to the receivers of a file. With a bad line nothing is sent: who is left out would never know. */
export async function notify(session: LinesSession, options: NotifyOptions): Promise<number> {
  const { client, terminal, show } = session;
  const byMerchant = new Map<string, Set<string>>();
  let recipients = 0;
  let mistakes = 0;
  for await (const row of readCsv(session.lines, ['merchantId', 'userId'])) {
    if ('mistake' in row) {
      mistakes += 1;
      terminal.err(`line ${row.line}: ${row.mistake}\n`);
      continue;
    }
    const { merchantId = '', userId = '' } = row.cells;
    const users = byMerchant.get(merchantId) ?? new Set();
    byMerchant.set(merchantId, users.add(userId));
    recipients += 1;
    if (recipients > maxRecipients) throw new UsageError(`A notification has ${maxRecipients} recipients at most.`);
  }
  if (mistakes > 0) {
    terminal.err(`Nothing was sent: ${mistakes} bad lines.\n`);
    return exitCodes.partly;
  }
  const body = {
    type: options.type,
    integration: options.integration,
    titleI18n: parseJsonOption(options.title, 'title'),
    messageI18n: parseJsonOption(options.message, 'message'),
    ...(options.data !== undefined && { data: parseJsonOption(options.data, 'data') }),
    ...(options.externalId !== undefined && { externalId: options.externalId }),
    ...(options.externalType !== undefined && { externalType: options.externalType }),
    ...(options.label !== undefined && { label: options.label }),
    receivers: [...byMerchant].map(([merchantId, userIds]) => ({ merchantId, userIds: [...userIds] })),
  };
  if (options.preview === true) show(body);
  // What was typed is judged by the api, whose refusal points at the wrong member.
  else show(await client.post('/v1/notifications', { body: body as never }));
  return exitCodes.ok;
}
