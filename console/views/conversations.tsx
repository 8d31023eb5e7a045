import { toPath, toQuery } from '../call.ts';
import { useLoad } from '../load.ts';
import type { Channel, Job, Person } from '../shapes.ts';
import { Facts, Failure, State, Time } from '../widgets/basics.tsx';
import { Filters } from '../widgets/filters.tsx';
import { List } from '../widgets/list.tsx';
import { isOfJobs, jobColumns } from './jobs.tsx';
import type { ViewProps } from './view-props.ts';

/** One person on one channel: whether free text may go now, what waits for them, and what went before. */
export function Conversations({ query }: ViewProps) {
  const person = query.get('person');
  const channels = useLoad<{ data: readonly Channel[] }>('v1/channels?limit=200');
  const numbers = channels.data?.data.filter(({ kind }) => kind === 'whatsapp') ?? [];
  const channelId = query.get('channelId') ?? (numbers.length === 1 ? (numbers[0]?.id ?? '') : '');
  const filters = [
    { name: 'person', label: 'Person (number or user id)' },
    channels.error === null
      ? { name: 'channelId', label: 'Channel', choices: numbers.map(({ id }) => id) }
      : { name: 'channelId', label: 'Channel' },
  ];
  return (
    <>
      <h1>Conversations</h1>
      <Filters section="conversations" filters={filters} query={query} isOpen />
      {person && channelId !== '' && <Window channelId={channelId} person={person} />}
      {person && (
        <List<Job>
          path="v1/jobs"
          query={{ to: person, channelId }}
          columns={[{ title: 'Kind', show: (job) => job.kind }, ...jobColumns]}
          keyOf={(job) => job.id}
          empty="Nothing was sent to or came from this person."
          matters={isOfJobs}
        />
      )}
    </>
  );
}

function Window({ channelId, person }: { channelId: string; person: string }) {
  const path = toPath('v1/channels/{}/recipients/{}', channelId, person);
  const { data, error } = useLoad<Person>(path, isOfJobs);
  if (data === null) return error === null ? null : <Failure error={error} />;
  const { window, recipient } = data;
  const says = {
    open: 'open: free text may go',
    closed: 'closed: templates only',
    unknown: 'unknown: the person has not written here',
  };
  return (
    <>
      <Facts
        of={{
          Person: [data.name, recipient.phone, recipient.userId, recipient.username].filter(Boolean).join(' · '),
          Window: (
            <>
              <span class={window.state === 'open' ? 'good' : 'wait'}>{says[window.state]}</span>
              {window.closesAt !== null && ', until '}
              <Time at={window.closesAt} />
            </>
          ),
          Waiting: data.waiting > 0 && (
            <a href={`#/jobs?${toQuery({ to: person, state: 'held' })}`}>{data.waiting} jobs</a>
          ),
          'Last word of theirs': data.lastInboundAt && <Time at={data.lastInboundAt} />,
          'Last message to them': data.lastOutboundAt && <Time at={data.lastOutboundAt} />,
          'Opted out':
            data.optedOut.length > 0 && data.optedOut.map(({ category }) => <State key={category} of={category} />),
        }}
      />
    </>
  );
}
