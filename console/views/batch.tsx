import { useState } from 'preact/hooks';
import { toPath } from '../call.ts';
import type { Job, NotificationError, Recipient } from '../shapes.ts';
import { Code, Section, State, Time } from '../widgets/basics.tsx';
import { List } from '../widgets/list.tsx';

const recipientStates = ['', 'pending', 'delivered', 'failed', 'cancelled'];

/** How far a notification has come, and what became of each recipient. */
export function Batch({ job }: { job: Job }) {
  const [state, setState] = useState('');
  const [merchantId, setMerchantId] = useState('');
  const { counts } = job;
  if (counts === null) return null;
  const isThis = () => !job.terminal;
  return (
    <>
      <Section title="Progress">
        <progress
          max={Math.max(1, counts.recipients)}
          value={counts.delivered + counts.failed}
          aria-label="Recipients with an outcome"
        />
        <p>
          {counts.recipients} recipients: <span class="good">{counts.delivered} delivered</span>,{' '}
          <span class={counts.failed > 0 ? 'bad' : ''}>{counts.failed} failed</span>, {counts.pending} pending
          {counts.failedMerchants > 0 && (
            <span class="bad">; {counts.failedMerchants} merchants failed as a whole</span>
          )}
        </p>
      </Section>
      <Section title="Errors">
        <List<NotificationError>
          path={toPath('v1/jobs/{}/errors', job.id)}
          columns={[
            { title: 'Merchant', show: (row) => row.merchantId },
            { title: 'User', show: (row) => row.userId },
            { title: 'Code', show: (row) => <Code of={row.code} /> },
            { title: 'Description', show: (row) => row.description },
          ]}
          keyOf={(row) => `${row.merchantId} ${row.userId} ${row.code}`}
          empty="No errors."
          matters={isThis}
        />
      </Section>
      <Section title="Recipients">
        <div class="actions">
          <label>
            State
            <select value={state} onChange={(event) => setState(event.currentTarget.value)}>
              {recipientStates.map((each) => (
                <option key={each} value={each}>
                  {each || 'any'}
                </option>
              ))}
            </select>
          </label>
          <label>
            Merchant
            <input value={merchantId} onChange={(event) => setMerchantId(event.currentTarget.value.trim())} />
          </label>
        </div>
        <List<Recipient>
          path={toPath('v1/jobs/{}/recipients', job.id)}
          query={{ state, merchantId }}
          columns={[
            { title: 'Merchant', show: (row) => row.merchantId },
            { title: 'User', show: (row) => row.userId },
            { title: 'State', show: (row) => <State of={row.state} /> },
            { title: 'Error', show: (row) => row.error && <Code of={row.error.code} /> },
            { title: 'Updated', show: (row) => <Time at={row.updatedAt} /> },
          ]}
          keyOf={(row) => `${row.merchantId} ${row.userId}`}
          empty="No recipients."
          matters={isThis}
        />
      </Section>
    </>
  );
}
