import { z } from 'zod';
import { noticeEffects } from '../../domain/notice/notice.ts';
import { pageQuery } from './page.ts';
import { instant, time } from './primitives.ts';
import { problemDocument } from './problem.ts';

export const noticeView = z
  .object({
    id: z.string(),
    channelId: z.string(),
    field: z.string().describe('The field of the webhook, as Meta calls it'),
    kind: z.string().describe('What it is, such as `error` or `message_echo`'),
    summary: z.string(),
    effect: z.enum(noticeEffects).describe('`quarantined` = it could not be read, and can be replayed'),
    problem: problemDocument.nullable(),
    raw: z.unknown().describe('The item as it came; null = erased, or the key lacks `content:read`'),
    createdAt: time,
  })
  .meta({ id: 'Notice', description: 'Something that WhatsApp said that is neither a message nor a status of one' });

export const noticeListQuery = z.object({
  ...pageQuery.shape,
  channelId: z.string().min(1).max(64).optional().describe('The channel that was told'),
  field: z.string().min(1).max(100).optional().describe('The field of the webhook'),
  kind: z.string().min(1).max(100).optional().describe('What it is'),
  createdAfter: instant.optional().describe('RFC 3339; what came later'),
});
