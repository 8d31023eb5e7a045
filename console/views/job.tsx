import { useState } from 'preact/hooks';
import { call, toPath } from '../call.ts';
import { useLoad } from '../load.ts';
import { addressOf } from '../router.ts';
import type { Job } from '../shapes.ts';
import { Act } from '../widgets/act.tsx';
import { Facts, Failure, JobLink, Json, ProblemBox, Section, State, Time, Wait } from '../widgets/basics.tsx';
import { Batch } from './batch.tsx';
import { Deliveries } from './delivery.tsx';
import { WhyHere } from './explain.tsx';
import type { ViewProps } from './view-props.ts';
import { History } from './job-history.tsx';

/** One job: why it is where it is, what can be done about it, and everything that happened to it. */
export function JobPage({ id }: ViewProps) {
  const path = toPath('v1/jobs/{}', id);
  const isThis = (_type: string, about: string | undefined) => about === id;
  const { data: job, error, reload } = useLoad<Job>(path, isThis);
  if (job === null) return error === null ? <p class="soft">Loading …</p> : <Failure error={error} />;
  return (
    <>
      <h1>
        <State of={job.state} /> {job.id}
      </h1>
      <WhyHere path={path} job={job} onActed={reload} />
      <Actions job={job} path={path} onActed={reload} />
      {job.error !== null && <ProblemBox of={job.error} />}
      <Summary job={job} />
      {job.counts !== null && <Batch job={job} />}
      <History id={id} version={job.updatedAt} />
      <Content path={path} />
      <Section title="Told to others">
        <Deliveries path={`${path}/deliveries`} empty="Nobody was told." />
      </Section>
      <details>
        <summary>The whole record</summary>
        <Json of={job} />
      </details>
    </>
  );
}

function Summary({ job }: { job: Job }) {
  const { recipient } = job;
  const link = (name: string, value: string | null) =>
    value && <a href={addressOf('jobs', '', new URLSearchParams({ [name]: value }).toString())}>{value}</a>;
  return (
    <Facts
      of={{
        'Waits for': job.waitingFor && <Wait of={job.waitingFor} />,
        Recipient: link('to', job.to),
        'Known as': recipient && [recipient.phone, recipient.userId, recipient.username].filter(Boolean).join(' · '),
        Channel: job.channelId && <a href={addressOf('channels', job.channelId)}>{job.channelId}</a>,
        Conversation: link('conversationId', job.conversationId),
        Group: link('groupId', job.groupId),
        Campaign: link('label', job.label),
        Integration: link('integration', job.integration),
        'External id': link('externalId', job.externalId),
        'Provider’s ids': job.providerMessageIds.join(', '),
        'Caused by': job.causedBy && <JobLink id={job.causedBy} />,
        Attempts: String(job.attempts),
        'Next attempt': job.nextAttemptAt && <Time at={job.nextAttemptAt} />,
        'Possible duplicate': job.possibleDuplicate && 'yes: a send may have gone out twice',
        'User informed': job.userInformed && 'yes, that it could not be delivered',
        'Delivery confirmed': job.deliveryConfirmed === false && 'no: the provider never said',
        Accepted: <Time at={job.createdAt} />,
        Expires: !job.terminal && <Time at={job.expiresAt} />,
        Finished: job.finishedAt && <Time at={job.finishedAt} />,
        Workflow: job.workflow && (
          <a href={job.workflow.url} target="_blank" rel="noopener">
            {job.workflow.id}
          </a>
        ),
      }}
    />
  );
}

function Actions({ job, path, onActed }: { job: Job; path: string; onActed: () => void }) {
  const what = job.to === null ? `This ${job.kind}` : `The ${job.kind} to ${job.to}`;
  const canRetry =
    ['failed', 'expired', 'cancelled', 'completed_with_errors'].includes(job.state) ||
    job.waitingFor?.reason === 'retry';
  return (
    <div class="actions">
      {canRetry && (
        <Act
          title="Try again …"
          scope="jobs:write"
          question={{
            title: 'Try again?',
            body: (
              <p>
                {what} makes a new attempt now{job.counts === null ? '' : ', for those recipients that failed'}.
              </p>
            ),
            confirm: 'Try again',
          }}
          run={async () => {
            const { state } = await call<Job>(`${path}/retry`, { method: 'POST' });
            onActed();
            return `It is ${state} now.`;
          }}
        />
      )}
      {!job.terminal && (
        <Act
          title="Cancel …"
          scope="jobs:write"
          question={{
            title: 'Cancel this job?',
            body: <p>{what} is not sent any more, unless a later retry asks for it.</p>,
            confirm: 'Cancel the job',
            isDestructive: true,
          }}
          run={async () => {
            const { result } = await call<{ result: string }>(`${path}/cancel`, { method: 'POST' });
            onActed();
            return result === 'too_late' ? 'Too late: it has gone out, or ended.' : 'Cancelled.';
          }}
        />
      )}
    </div>
  );
}

interface ContentAnswer {
  readonly handedOver: unknown;
  readonly sent: readonly { readonly part: number; readonly body: unknown }[];
}

/** What was written, on request only: the API keeps a record of each look. */
function Content({ path }: { path: string }) {
  const [content, setContent] = useState<ContentAnswer | null>(null);
  return (
    <Section title="Content">
      {content === null ? (
        <Act
          title="Show the content …"
          scope="content:read"
          question={{
            title: 'Show the content?',
            body: <p>It may be personal. The audit will say that it was read with your key.</p>,
            confirm: 'Show it',
          }}
          run={async () => {
            setContent(await call<ContentAnswer>(`${path}/content`));
            return '';
          }}
        />
      ) : (
        <div class="columns">
          <div>
            <h3>Handed over</h3>
            <Json of={content.handedOver} />
          </div>
          {content.sent.map(({ part, body }) => (
            <div key={part}>
              <h3>Request{content.sent.length > 1 ? ` of part ${part + 1}` : ''}</h3>
              <Json of={body} />
            </div>
          ))}
        </div>
      )}
    </Section>
  );
}
