import { useState } from 'preact/hooks';
import { call, toQuery } from '../call.ts';
import { jobKinds, jobStates } from '../../src/domain/job.ts';
import { addressOf } from '../router.ts';
import type { BulkRetry, Job } from '../shapes.ts';
import { Act } from '../widgets/act.tsx';
import { JobLink, State, Time, Wait } from '../widgets/basics.tsx';
import { type Filter, Filters } from '../widgets/filters.tsx';
import { List } from '../widgets/list.tsx';
import type { Column } from '../widgets/table.tsx';
import type { ViewProps } from './view-props.ts';
import { Search } from './search.tsx';

const filters: readonly Filter[] = [
  { name: 'kind', label: 'Kind', choices: jobKinds },
  { name: 'state', label: 'State', choices: jobStates },
  { name: 'errorCode', label: 'Error code' },
  { name: 'to', label: 'Person (number or id)' },
  { name: 'channelId', label: 'Channel' },
  { name: 'conversationId', label: 'Conversation' },
  { name: 'groupId', label: 'Group' },
  { name: 'label', label: 'Campaign (label)' },
  { name: 'externalId', label: 'External id' },
  { name: 'providerMessageId', label: 'Provider’s id (wamid)' },
  { name: 'userId', label: 'User' },
  { name: 'merchantId', label: 'Merchant' },
  { name: 'integration', label: 'Integration' },
  { name: 'createdAfter', label: 'Accepted after', type: 'datetime-local' },
  { name: 'createdBefore', label: 'Accepted before', type: 'datetime-local' },
];

export const jobColumns: readonly Column<Job>[] = [
  { title: 'Accepted', show: (job) => <Time at={job.createdAt} /> },
  { title: 'Job', show: (job) => <JobLink id={job.id} /> },
  { title: 'State', show: (job) => <State of={job.state} /> },
  { title: 'Waits for / error', show: (job) => (job.error === null ? <Wait of={job.waitingFor} /> : job.error.code) },
  { title: 'To', show: (job) => job.to ?? progressOf(job) },
  { title: 'Attempts', show: (job) => job.attempts },
];

const progressOf = ({ counts }: Job) => counts && `${counts.delivered} of ${counts.recipients} delivered`;

export const isOfJobs = (type: string): boolean => /^(message|notification|inbound)\./.test(type);

/** The tenant's jobs, newest first, narrowed by the API's own filters, and acted upon as they are narrowed. */
export function Jobs({ query }: ViewProps) {
  const [version, setVersion] = useState(0);
  const filter = Object.fromEntries(filters.flatMap(({ name }) => (query.get(name) ? [[name, query.get(name)]] : [])));
  const refresh = () => setVersion((before) => before + 1);
  return (
    <>
      <h1>Jobs</h1>
      <Search />
      <Filters section="jobs" filters={filters} query={query} />
      {Object.keys(filter).length > 0 && <InBulk filter={filter} onDone={refresh} />}
      <List<Job>
        path="v1/jobs"
        query={filter}
        columns={jobColumns}
        keyOf={(job) => job.id}
        empty="No job is like that."
        matters={isOfJobs}
        version={version}
      />
    </>
  );
}

type FilterValues = Readonly<Record<string, string | null>>;

/** Retries or cancels what the filter finds, after it has said how many those are. */
function InBulk({ filter, onDone }: { filter: FilterValues; onDone: () => void }) {
  const send = (verb: 'retry' | 'cancel', body: object) =>
    call<BulkRetry>(`v1/jobs/${verb}`, { method: 'POST', body: { filter, ...body } });
  const preview = (verb: 'retry' | 'cancel') => async () => {
    const { matched, skipped, hasMore, ratePerSecond } = await send(verb, { dryRun: true });
    const pace = {
      name: 'ratePerSecond',
      label: 'Jobs a second',
      type: 'number',
      value: String(ratePerSecond),
    } as const;
    return {
      title: verb === 'retry' ? `Try ${matched} jobs again?` : `Cancel ${matched} jobs?`,
      body: (
        <>
          <p>
            {verb === 'retry'
              ? 'Each failed, expired or cancelled job of this filter makes a new attempt; a message may reach people.'
              : 'Nothing of them is sent any more, unless a later retry asks for it.'}
          </p>
          <p class="soft">
            Filter: <code>{toQuery(filter)}</code>
          </p>
          {skipped.map(({ reason, count }) => (
            <p key={reason}>
              {count} would be skipped: {reason.replaceAll('_', ' ')}.
            </p>
          ))}
          {hasMore && <p>There are more than one call takes: this is the first part of them.</p>}
        </>
      ),
      confirm: verb === 'retry' ? 'Try again' : 'Cancel them',
      isDestructive: verb === 'cancel',
      ...(verb === 'retry' && { texts: [pace] }),
    };
  };
  const tell = ({ done, matched, hasMore }: BulkRetry) => {
    onDone();
    return `${done} of ${matched} done${hasMore ? '; there are more' : ''}.`;
  };
  return (
    <div class="actions" role="group" aria-label="All jobs of this filter">
      <Act
        title="Retry all of these …"
        scope="jobs:write"
        question={preview('retry')}
        run={async ({ ratePerSecond }) => tell(await send('retry', { ratePerSecond: Number(ratePerSecond) }))}
      />
      <Act
        title="Cancel all of these …"
        scope="jobs:write"
        question={preview('cancel')}
        run={async () => tell(await send('cancel', {}))}
      />
      <a href={addressOf('jobs')}>All jobs</a>
    </div>
  );
}
