import { useState } from 'preact/hooks';
import { call, toPath } from '../call.ts';
import { useLoad } from '../load.ts';
import { addressOf } from '../router.ts';
import type { Webhook } from '../shapes.ts';
import { Act } from '../widgets/act.tsx';
import { Facts, Failure, ProblemBox, State, Time } from '../widgets/basics.tsx';
import { Filters } from '../widgets/filters.tsx';
import { List } from '../widgets/list.tsx';
import { Deliveries } from './delivery.tsx';
import type { ViewProps } from './view-props.ts';

const isOfWebhooks = (type: string): boolean => type.startsWith('webhook.');

/** The subscribers to events, and how they do. */
export function Webhooks() {
  return (
    <>
      <h1>Webhooks</h1>
      <List<Webhook>
        path="v1/webhooks"
        columns={[
          { title: 'Address', show: (row) => <a href={addressOf('webhooks', row.id)}>{row.url}</a> },
          { title: 'State', show: (row) => <State of={row.state} /> },
          { title: 'Events', show: (row) => row.events?.join(', ') ?? 'all' },
          { title: 'Failures in a row', show: (row) => row.failuresInARow },
          { title: 'Waiting', show: (row) => row.waiting },
          { title: 'Tried again', show: (row) => <Time at={row.until} /> },
        ]}
        keyOf={(row) => row.id}
        empty="Nobody has subscribed."
        matters={isOfWebhooks}
      />
    </>
  );
}

const deliveryFilters = [
  { name: 'state', label: 'State', choices: ['pending', 'delivered', 'failed', 'disabled'] },
] as const;

/** One endpoint: its health, what it was told, and the buttons that help it. */
export function WebhookPage({ id, query }: ViewProps) {
  const path = toPath('v1/webhooks/{}', id);
  const [version, setVersion] = useState(0);
  const { data, error, reload } = useLoad<Webhook>(path, isOfWebhooks);
  if (data === null) return error === null ? <p class="soft">Loading …</p> : <Failure error={error} />;
  const acted = () => {
    reload();
    setVersion((before) => before + 1);
  };
  return (
    <>
      <h1>
        <State of={data.state} /> {data.url}
      </h1>
      {data.disabledReason !== null && <ProblemBox of={data.disabledReason} />}
      <Buttons endpoint={data} path={path} onActed={acted} />
      <Facts
        of={{
          Events: data.events?.join(', ') ?? 'all',
          Description: data.description,
          'Failures in a row': data.failuresInARow,
          'Failing since': data.failingSince && <Time at={data.failingSince} />,
          'Events that wait': data.waiting,
          'Tried again': data.until && <Time at={data.until} />,
        }}
      />
      <h2>Deliveries</h2>
      <Filters section="webhooks" id={id} filters={deliveryFilters} query={query} />
      <Deliveries path={`${path}/deliveries`} query={{ state: query.get('state') }} empty="None." version={version} />
    </>
  );
}

function Buttons({ endpoint, path, onActed }: { endpoint: Webhook; path: string; onActed: () => void }) {
  const act = (verb: string, body?: object) => async () => {
    await call(`${path}/${verb}`, { method: 'POST', ...(body && { body }) });
    onActed();
    return 'Done.';
  };
  const anHourAgo = () => new Date(Date.now() - 3_600_000).toISOString();
  return (
    <div class="actions">
      {(endpoint.state === 'disabled' || endpoint.until !== null) && (
        <Act title="Enable" scope="config:write" run={act('enable')} isPrimary />
      )}
      <Act
        title="Send a test"
        scope="config:write"
        run={async () => {
          const { id } = await call<{ id: string }>(`${path}/test`, { method: 'POST' });
          location.hash = addressOf('deliveries', id);
          return 'Sent.';
        }}
      />
      <Act
        title="Replay since …"
        scope="jobs:write"
        question={async () => ({
          title: 'Send again what happened since then?',
          body: (
            <p>
              Each failed delivery to <code>{endpoint.url}</code> since that time is sent once more.
            </p>
          ),
          confirm: 'Replay',
          texts: [{ name: 'since', label: 'Since (RFC 3339)', value: anHourAgo() }],
        })}
        run={async ({ since }) => {
          const body = { since, onlyFailed: true };
          const { replayed, nextSince } = await call<{ replayed: number; nextSince: string | null }>(`${path}/replay`, {
            method: 'POST',
            body,
          });
          onActed();
          return `${replayed} are sent again${nextSince === null ? '' : `; there are more since ${nextSince}`}.`;
        }}
      />
      <Act
        title="Replace the secret …"
        scope="config:write"
        question={{
          title: 'Replace the secret?',
          body: <p>The present secret signs too, for 24 hours more. The new one is shown once.</p>,
          confirm: 'Replace',
          isDestructive: true,
        }}
        run={async () => {
          const { secret } = await call<{ secret: string }>(`${path}/rotate-secret`, { method: 'POST' });
          return `The new secret, shown once: ${secret}`;
        }}
      />
    </div>
  );
}
