import { describe, expect, it } from 'vitest';
import { explainJob } from '../../../../src/domain/explain/explain-job.ts';
import { viewExplanation } from '../../../../src/domain/explain/explanation.ts';
import { aJob, aProblem } from '../../../support/a-job.ts';
import {
  byHand,
  byToken,
  checkSituation,
  endedAs,
  explainTo,
  facts,
  front,
  held,
  kernelAway,
  limit,
  noTemporal,
  noWorker,
  retrying,
  type Situation,
} from '../../../support/explained.ts';

/** Which of several causes is told: the outermost, for nothing else helps before it is cured. */
const severalCauses: [...Situation, behind: RegExp][] = [
  // A worker could do nothing without Temporal.
  [
    'Temporal and the workers',
    aJob(),
    { engine: { ...noTemporal, workers: 'no worker has been seen' } },
    'temporal',
    /Temporal/,
    '',
    /no worker has been seen/,
  ],
  // Nobody would send what the resumed channel lets go.
  [
    'no worker, a paused channel',
    held({ reason: 'channel_paused' }),
    { engine: noWorker, channel: byHand },
    'worker',
    /no worker/,
    '',
    /paused by hand/,
  ],
  [
    'Temporal, a paused channel',
    held({ reason: 'channel_paused' }),
    { engine: noTemporal, channel: byToken },
    'temporal',
    /Temporal/,
    '',
    /whatsapp_190/,
  ],
  // The message in front is held by the channel too.
  [
    'a paused channel, a turn',
    held({ reason: 'turn' }),
    { channel: byHand, front },
    'channel_paused',
    /by hand/,
    'resume cancel',
    /msg_0/,
  ],
  [
    'a paused channel, a retry',
    retrying(kernelAway),
    { channel: byToken },
    'credentials',
    /whatsapp_190/,
    'update-credentials resume cancel',
    /kernel_unreachable/,
  ],
  [
    'a paused channel, a limit',
    held({ reason: 'rate_limit' }),
    { channel: byHand, limit },
    'channel_paused',
    /by hand/,
    'resume cancel',
    /130429/,
  ],
  [
    'a paused channel, a closed window',
    held({ reason: 'window', until: null }),
    { channel: byHand },
    'channel_paused',
    /by hand/,
    'resume cancel',
    /24 hours/,
  ],
  ['no worker, a retry', retrying(kernelAway), { engine: noWorker }, 'worker', /no worker/, '', /kernel_unreachable/],
  // What has ended is told by its end, and what would stop it again comes first among the cures.
  [
    'expired, a channel that is still paused',
    endedAs('expired', { error: aProblem({ code: 'expired', source: 'api' }) }),
    { channel: byHand },
    'expired',
    /expired at/,
    'resume retry',
    /paused by hand/,
  ],
];

describe('of several causes the outermost is told, the others are evidence', () => {
  it.each(severalCauses)('%s', (...given) => {
    const [, , , , , , behind] = given;
    const [name, job, known, kind, words, rels] = given;
    const told = checkSituation(name, job, known, kind, words, rels);
    expect(told.evidence.map(({ text }) => text).join(' ')).toMatch(behind);
  });
});

it('a turn is cured by what cures the message in front', () => {
  const finding = explainJob(retrying(kernelAway, { id: 'msg_0' }), facts());
  const told = viewExplanation(
    explainJob(held({ reason: 'turn' }), facts({ front, ahead: { id: 'msg_0', finding } })),
    () => true,
  );
  expect(told.evidence[0]).toMatchObject({
    text: expect.stringContaining('kernel_unreachable'),
    href: '/v1/jobs/msg_0/explain',
  });
  expect(told.remedies.map(({ rel, href }) => `${rel} ${href}`)).toEqual([
    'retry /v1/jobs/msg_0/retry',
    'update-address /v1/channels/chn_1',
    'cancel-front /v1/jobs/msg_0/cancel',
    'cancel /v1/jobs/msg_1/cancel',
  ]);
});

it('a remedy names what only a person has, and is left out with the links of whoever may not call it', () => {
  const finding = explainJob(held({ reason: 'channel_paused' }), facts({ channel: byToken }));
  expect(viewExplanation(finding, () => true).remedies[0]).toEqual({
    rel: 'update-credentials',
    title: expect.any(String),
    method: 'PATCH',
    href: '/v1/channels/chn_1',
    body: { accessToken: null },
    needs: ['/accessToken'],
  });
  const reader = viewExplanation(finding, ({ scope }) => scope === 'jobs:read');
  expect(reader.remedies).toEqual([]);
  expect(reader.evidence[0]).toMatchObject({ text: expect.stringContaining('whatsapp_190'), href: null });
});

it('no whole number of a person is in it, whatever a provider says', () => {
  const detail = 'Message to +34600111222 (34600111222) was not allowed';
  const job = held({ reason: 'template', detail }, { error: aProblem({ code: 'whatsapp_132015' }) });
  const told = explainTo(job);
  expect(told.sentence).toContain('Message to …222 (…222) was not allowed');
});

it('a probe that does not answer is evidence', () => {
  const silent = ['Temporal did not answer within a second'];
  const told = explainTo(aJob(), { silent });
  expect(told.evidence).toContainEqual({ text: silent[0], href: '/readyz' });
});
