import { describe, expect, it } from 'vitest';
import { buildKpiActivity } from '../../../../src/domain/message/kpi-activity.ts';
import { buildKpiValue } from '../../../../src/domain/message/kpi.ts';
import { after, aJob, aProblem, noon } from '../../../support/a-job.ts';

const members = [
  'event',
  'recoverable',
  'code',
  'providerCode',
  'source',
  'jobId',
  'groupId',
  'conversationId',
  'to',
  'attempt',
  'numRetries',
  'willRetry',
  'userInformed',
  'status',
  'reason',
  'durationMs',
  'occurredAt',
  'correlationId',
];

describe('buildKpiValue', () => {
  it('has every member, null where nothing applies', () => {
    const value = buildKpiValue({ event: 'accepted', job: aJob({ attempts: 1 }), now: after(1_500), numRetries: 5 });
    expect(Object.keys(value)).toEqual(members);
    expect(value).toMatchObject({
      event: 'accepted',
      recoverable: null,
      code: null,
      status: null,
      durationMs: 1_500,
      occurredAt: after(1_500).toISOString(),
      correlationId: 'req_1',
      willRetry: false,
      userInformed: false,
    });
  });

  it("prefers the provider's own status and words to ours", () => {
    const provider = {
      name: 'WhatsApp',
      code: '131026',
      title: 'No',
      details: 'Undeliverable',
      traceId: null,
    } as const;
    const problem = aProblem({ provider: { ...provider, httpStatus: 400 }, httpStatus: 400 });
    const value = buildKpiValue({ event: 'kernel_error', job: aJob(), now: noon, numRetries: 5, problem });
    expect(value).toMatchObject({ providerCode: '131026', status: 400, reason: 'Undeliverable', source: 'kernel' });
    const plain = buildKpiValue({ event: 'kernel_error', job: aJob(), now: noon, numRetries: 5, problem: aProblem() });
    expect(plain).toMatchObject({ providerCode: null, reason: 'It did not work.' });
  });
});

describe('buildKpiActivity', () => {
  const channel = { id: 'chn_1', settings: { phoneNumberId: '1001' } };
  const serviceUrl = 'https://waypost.test/bot/chn_1/cap/';
  const build = (value: Readonly<Record<string, unknown>>) =>
    buildKpiActivity({ id: 'evt_1', value, channel, serviceUrl });

  it('is an event that the bot SDKs take, with a constant id and no deliveryMode', () => {
    const value = { to: '+34 600 111', conversationId: 'conv-1', occurredAt: noon.toISOString() };
    expect(build(value)).toEqual({
      type: 'event',
      name: 'waypost.kpi',
      id: 'evt_1',
      timestamp: noon.toISOString(),
      channelId: 'whatsapp',
      from: { id: '34600111' },
      recipient: { id: '1001' },
      conversation: { id: 'conv-1' },
      serviceUrl,
      value,
    });
  });

  it('always has a conversation, one that can stand in a URL', () => {
    const { conversation } = build({ to: '+34 600/111', conversationId: null }) as { conversation: { id: string } };
    expect(conversation.id).toBe('chn_1.34600111');
    expect(encodeURIComponent(conversation.id)).toBe(conversation.id);
  });
});
