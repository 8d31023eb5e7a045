import { z } from 'zod';
import { optOutCategories, optOutSources } from '../../domain/opt-out.ts';
import { recipientView } from './jobs.ts';
import { recipientId } from './messages.ts';
import { time } from './primitives.ts';

export const personInPath = z.object({
  identity: recipientId.describe(
    'The person, by any id: a phone number (E.164, with or without the plus), or a user id',
  ),
});

const category = z
  .enum(optOutCategories)
  .describe('`all`: what answers no message of theirs; `marketing`: marketing alone');

export const optOutView = z.object({ category, since: time, source: z.enum(optOutSources) });

const person = {
  identity: z.string().nullable().describe('The id that it was said of; null = the person was erased'),
  recipient: recipientView.nullable().describe('The person as far as known; null = was erased'),
};

export const optOutsOfPerson = z
  .object({ ...person, optedOut: z.array(optOutView) })
  .describe('What a person does not want to get');

export const listedOptOut = z.object({ ...person, ...optOutView.shape });

export const optOutBody = z.strictObject({ category });

export const optOutQuery = z.object({
  category: category.optional().describe('Which is to be ended; all when absent'),
});
