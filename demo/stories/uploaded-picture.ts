import { createExpectations } from '../expectations.ts';
import type { Story } from '../stage.ts';
import type { AttemptView } from '../client.ts';
import { metaRefusal } from '../stand-ins/meta-error.ts';
import { deliver, describeResult } from './message-outcome.ts';

// The smallest PNG there is: one transparent dot.
const dot = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
const unavailable = metaRefusal(503, 2, { title: 'API Service' });

export const uploadedPicture: Story = {
  title: 'A picture inside the message is uploaded once',
  async play(stage) {
    const to = stage.number(11);
    stage.kernel.script(to, [{ answer: unavailable }]);
    const uploadsBefore = stage.kernel.media.size;
    const attachments = [{ contentType: 'image/png', contentUrl: `data:image/png;base64,${dot}` }];
    const job = await deliver(stage, { to, activity: { type: 'message', text: 'Your seat', attachments } });
    const expectations = createExpectations();
    expectations.same('state', [job.state, job.error], ['read', null]);
    expectations.same('uploads', stage.kernel.media.size - uploadsBefore, 1);
    const attempts = await stage.client.list<AttemptView & { target: string }>(`/v1/jobs/${job.id}/attempts`);
    expectations.same(
      'attempts',
      attempts.map(({ target, outcome }) => [target.split('/').at(-1), outcome]),
      [
        ['media', 'accepted'],
        ['messages', 'retry'],
        ['messages', 'accepted'],
      ],
    );
    const sends = stage.kernel.sends.list().filter(({ jobId }) => jobId === job.id);
    expectations.same('type', sends.at(-1)?.payload['type'], 'image');
    return describeResult(stage, job, 'uploaded once, sent twice by its id', expectations);
  },
};
