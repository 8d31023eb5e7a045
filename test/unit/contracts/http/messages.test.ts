import { expect, it } from 'vitest';
import { messageBody } from '../../../../src/contracts/http/messages.ts';

// Went wrong: it became a message that could not be rendered, and the user got an apology.
it('refuses a read mark as a message', () => {
  const read = { to: '+34600111222', whatsapp: { status: 'read', message_id: 'wamid.1' } };
  const paths = messageBody.safeParse(read).error?.issues.map(({ path }) => path.join('/'));
  expect(paths).toEqual(['whatsapp/status']);
});

it('takes a category that there is', () => {
  const message = { to: '+34600111222', activity: { type: 'message', text: 'Hi' } };
  expect(messageBody.safeParse({ ...message, category: 'marketing' }).success).toBe(true);
  expect(messageBody.safeParse({ ...message, category: 'news' }).success).toBe(false);
});
