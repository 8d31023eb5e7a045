import type { JobView } from '../../src/domain/job-view.ts';
import { lookUntil } from '../client.ts';
import { createExpectations, type Expectations } from '../expectations.ts';
import type { Stage, Story } from '../stage.ts';
import { toObject } from '../stand-ins/json.ts';
import { integrationName, merchants, users } from '../demo-settings.ts';
import { describeResult, storyTimeoutMs } from './message-outcome.ts';

const { bakery, garage, closed } = merchants;
const titles = { en: 'Invoice due', es: 'Factura pendiente' };
const messages = { en: 'Your invoice is due tomorrow.', es: 'Tu factura vence mañana.' };

/** One callback for each failure: whom it is about, and the error's code and status. */
const expectedErrors = [
  [bakery.id, [users.stranger.id], 'no_active_user_for_merchant', '404 NOT_FOUND'],
  [garage.id, [], 'unspecified_users', '400 BAD_REQUEST'],
  [closed.id, [], 'no_active_users_for_merchant', '404 NOT_FOUND'],
];

export const notification: Story = {
  title: 'Three merchants, partial failures',
  async play(stage) {
    const externalId = `invoice-${stage.runId}`;
    const accepted = await stage.client.ask<JobView>('POST', '/v1/notifications', {
      type: 'USER_CENTER_NOTIFICATION',
      integration: integrationName,
      externalId,
      externalType: 'INVOICE_DUE',
      titleI18n: titles,
      messageI18n: messages,
      receivers: [
        { merchantId: bakery.id, userIds: [users.ana.id, users.ben.id, users.stranger.id] },
        { merchantId: garage.id, userIds: [] },
        { merchantId: closed.id, userIds: [users.former.id] },
      ],
    });
    const job = await stage.client.followJob(accepted.id, {
      isDone: ({ terminal }) => terminal,
      timeoutMs: storyTimeoutMs,
      onLook: ({ state }) => stage.tell(state),
    });
    const expectations = createExpectations();
    expectations.same('state', job.state, 'completed_with_errors');
    const counts = { receivers: 3, recipients: 4, delivered: 2, failed: 2, pending: 0, failedMerchants: 2 };
    expectations.same('counts', job.counts, counts);
    await expectErrorCallbacks(stage, externalId, expectations);
    await expectInbox(stage, users.ana.id, externalId, [titles.es, messages.es], expectations);
    await expectInbox(stage, users.ben.id, externalId, [titles.en, messages.en], expectations);
    return describeResult(stage, job, '2 users reached, 3 failures told to the integrator, signed', expectations);
  },
};

async function expectErrorCallbacks({ integrator }: Stage, externalId: string, expectations: Expectations) {
  const callbacks = await lookUntil(
    () => integrator.requests.list().filter(({ body }) => body['externalId'] === externalId),
    (found) => found.length >= expectedErrors.length,
    storyTimeoutMs,
  );
  expectations.same(
    'signature faults',
    callbacks.flatMap(({ signatureFault }) => signatureFault ?? []),
    [],
  );
  const told = callbacks.map(({ body }) => {
    const [receiver] = listOf(body['receivers']);
    const [error] = listOf(body['errors']);
    return [receiver?.['merchantId'], receiver?.['userIds'], error?.['code'], error?.['status']];
  });
  const byMerchant = told.toSorted((one, other) => String(one[0]).localeCompare(String(other[0])));
  expectations.same('error callbacks', byMerchant, expectedErrors);
  expectations.same('original title in the callbacks', callbacks[0]?.body['titleI18n'], titles);
}

function listOf(value: unknown) {
  return Array.isArray(value) ? value.map(toObject) : [];
}

interface InboxItem {
  readonly externalId: string;
  readonly title: string;
  readonly message: string;
  readonly read: boolean;
}

/** The user's centre shows it once, in the user's language. */
async function expectInbox(
  { client }: Stage,
  userId: string,
  externalId: string,
  expectedTexts: readonly string[],
  expectations: Expectations,
): Promise<void> {
  const path = `/v1/centers/user/merchants/${bakery.id}/users/${userId}/notifications`;
  const items = (await client.list<InboxItem>(path)).filter((item) => item.externalId === externalId);
  expectations.same(
    `inbox of user ${userId}`,
    items.map((item) => [item.title, item.message]),
    [expectedTexts],
  );
}
