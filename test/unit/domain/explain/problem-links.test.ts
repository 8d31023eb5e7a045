import { describe, expect, it } from 'vitest';
import { causeOfCode } from '../../../../src/domain/explain/cause-of-problem.ts';
import { linksOfProblem } from '../../../../src/domain/explain/problem-links.ts';
import { problemCatalogue } from '../../../../src/domain/problems/catalogue.ts';
import { errorTable } from '../../../../src/domain/problems/error-table.ts';

describe('the calls that help against a problem', () => {
  it.each([
    ['whatsapp_190', 'explainJob changeChannel resumeChannel retryJob'],
    ['whatsapp_131042', 'explainJob resumeChannel'],
    ['kernel_unreachable', 'explainJob retryJob changeChannel'],
    ['window_closed', 'explainJob changeChannel changeChannel retryJob'],
    ['whatsapp_132001', 'explainJob syncTemplates retryJob'],
    ['bot_unavailable', 'explainJob retryJob changeChannel'],
    ['push_notifications_disabled', 'explainJob putUser retryJob'],
    ['endpoint_gone', 'explainJob enableWebhook replayDelivery'],
    // Nothing may undo a person's word.
    ['recipient_opted_out', 'explainJob listOptOuts'],
    ['whatsapp_131026', 'explainJob'],
    ['signature_invalid', 'explainJob changeChannel'],
    // A request that was refused is no job's.
    ['invalid_request', ''],
    ['too_many_requests', ''],
    ['not_a_code', ''],
  ])('%s: %s', (code, calls) => {
    expect(
      linksOfProblem(code)
        .map(({ docs }) => docs.split('/').at(-1))
        .join(' '),
    ).toBe(calls);
  });

  it('are known of every code that ends or holds a job', () => {
    const ofJobs = problemCatalogue.filter(({ sources }) => sources.some((source) => source !== 'api'));
    const provider = errorTable.codes.flatMap(({ code }) => (typeof code === 'object' ? [] : [`whatsapp_${code}`]));
    const codes = [...ofJobs.map(({ code }) => code), ...provider.filter((code) => !code.includes('/'))];
    expect(codes.filter((code) => causeOfCode(code) === null && code !== 'url_not_allowed')).toEqual([]);
  });
});
