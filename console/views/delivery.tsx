import { call, toPath } from '../call.ts';
import { useLoad } from '../load.ts';
import { addressOf } from '../router.ts';
import type { Delivery } from '../shapes.ts';
import { Act } from '../widgets/act.tsx';
import { Code, Facts, Failure, JobLink, ProblemBox, State, Time } from '../widgets/basics.tsx';
import { List } from '../widgets/list.tsx';
import type { ViewProps } from './view-props.ts';

/** What was told to others, and how it went; what failed can be sent again. */
export function Deliveries(props: {
  path: string;
  empty: string;
  query?: Readonly<Record<string, string | null | undefined>>;
  version?: number;
}) {
  return (
    <List<Delivery>
      {...props}
      columns={[
        { title: 'Created', show: (row) => <Time at={row.createdAt} /> },
        {
          title: 'Delivery',
          show: (row) => (
            <a class="id" href={addressOf('deliveries', row.id)}>
              {row.id}
            </a>
          ),
        },
        { title: 'Kind', show: (row) => row.kind.replaceAll('_', ' ') },
        { title: 'State', show: (row) => <State of={row.state} /> },
        { title: 'Attempts', show: (row) => row.attempts.length },
        {
          title: 'Last answer',
          show: (row) => row.attempts.at(-1)?.httpStatus ?? row.attempts.at(-1)?.problem?.code,
        },
        { title: 'Next', show: (row) => <Time at={row.nextAttemptAt} /> },
      ]}
      keyOf={(row) => row.id}
      matters={(type) => /^(message|notification|webhook)\./.test(type)}
    />
  );
}

/** One delivery: where it goes, each attempt with its answer. */
export function DeliveryPage({ id }: ViewProps) {
  const path = toPath('v1/deliveries/{}', id);
  const { data, error, reload } = useLoad<Delivery>(path, () => true);
  if (data === null) return error === null ? <p class="soft">Loading …</p> : <Failure error={error} />;
  return (
    <>
      <h1>
        <State of={data.state} /> {data.id}
      </h1>
      <div class="actions">
        {data.state !== 'pending' && (
          <Act
            title="Send again …"
            scope="jobs:write"
            question={{
              title: 'Send it again?',
              body: (
                <p>
                  The {data.kind.replaceAll('_', ' ')} goes once more to the receiver’s present address, now{' '}
                  <code>{data.url}</code> as far as this delivery knows.
                </p>
              ),
              confirm: 'Send again',
            }}
            run={async () => {
              await call(`${path}/replay`, { method: 'POST' });
              reload();
              return 'It is on its way.';
            }}
          />
        )}
      </div>
      {data.error !== null && <ProblemBox of={data.error} />}
      <Facts
        of={{
          Kind: data.kind.replaceAll('_', ' '),
          To: data.url,
          Job: data.jobId && <JobLink id={data.jobId} />,
          Event: data.eventId,
          Created: <Time at={data.createdAt} />,
          'Next attempt': data.nextAttemptAt && <Time at={data.nextAttemptAt} />,
        }}
      />
      {data.attempts.map((attempt) => (
        <article class="card" key={attempt.number}>
          <h3>
            Attempt {attempt.number} <State of={attempt.outcome ?? 'under way'} />{' '}
            <small class="soft">
              <Time at={attempt.at} />
            </small>
          </h3>
          <p>
            {attempt.httpStatus === null ? 'No answer' : `HTTP ${attempt.httpStatus}`}
            {attempt.durationMs !== null && ` after ${Math.round(attempt.durationMs)} ms`}
          </p>
          {attempt.problem !== null && (
            <p>
              <Code of={attempt.problem.code} />: {attempt.problem.detail}
            </p>
          )}
          {attempt.responseExcerpt !== null && <pre tabIndex={0}>{attempt.responseExcerpt}</pre>}
        </article>
      ))}
    </>
  );
}
