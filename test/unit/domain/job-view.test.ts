import { expect, it } from 'vitest';
import { toJobView } from '../../../src/domain/job-view.ts';
import { aJob } from '../../support/a-job.ts';

const links = { uiUrl: 'http://ui', namespace: 'shop floor' };

it('a job that no workflow has taken up has no link to one', () => {
  // The links of scheduled and held jobs led to "workflow not found".
  expect(toJobView(aJob(), links).workflow).toBeNull();
});

it.each([
  [null, 'msg_1'],
  ['page-1', 'page-1'],
])('one that was taken up links to that run, its own or a page: %s', (workflowId, id) => {
  expect(toJobView(aJob({ workflowId, workflowRunId: 'run-1' }), links).workflow).toEqual({
    id,
    runId: 'run-1',
    url: `http://ui/namespaces/shop%20floor/workflows/${id}/run-1/history`,
  });
});
