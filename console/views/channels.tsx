import { useState } from 'preact/hooks';
import { call, toPath } from '../call.ts';
import { useLoad } from '../load.ts';
import { addressOf } from '../router.ts';
import type { Channel } from '../shapes.ts';
import { Act } from '../widgets/act.tsx';
import { Facts, Failure, Json, ProblemBox, State, Time } from '../widgets/basics.tsx';
import { List } from '../widgets/list.tsx';
import type { ViewProps } from './view-props.ts';
import { TestSend } from './test-send.tsx';

const isOfChannels = (type: string): boolean => type.startsWith('channel.');

/** Channels, how they are, and why one is paused. */
export function Channels() {
  const [version, setVersion] = useState(0);
  return (
    <>
      <h1>Channels</h1>
      <List<Channel>
        path="v1/channels"
        columns={[
          { title: 'Name', show: (row) => <a href={addressOf('channels', row.id)}>{row.name}</a> },
          { title: 'Kind', show: (row) => row.kind },
          { title: 'State', show: (row) => <State of={row.state} /> },
          { title: 'Why', show: (row) => row.pausedReason && `${row.pausedReason.title}: ${row.pausedReason.detail}` },
          { title: 'Kernel', show: (row) => row.kind === 'whatsapp' && <Breaker of={row.health.breaker} /> },
          { title: 'Last send', show: (row) => row.kind === 'whatsapp' && <Time at={row.health.lastSendAt} /> },
          { title: 'Last status', show: (row) => row.kind === 'whatsapp' && <Time at={row.health.lastStatusAt} /> },
          { title: '', show: (row) => <Switch of={row} onActed={() => setVersion((before) => before + 1)} /> },
        ]}
        keyOf={(row) => row.id}
        empty="There is no channel yet."
        matters={isOfChannels}
        version={version}
      />
    </>
  );
}

/** One channel: its health, its switch, new credentials, a test. */
export function ChannelPage({ id }: ViewProps) {
  const path = toPath('v1/channels/{}', id);
  const { data, error, reload } = useLoad<Channel>(path, isOfChannels);
  if (data === null) return error === null ? <p class="soft">Loading …</p> : <Failure error={error} />;
  return (
    <>
      <h1>
        <State of={data.state} /> {data.name}
      </h1>
      {data.pausedReason !== null && <ProblemBox of={data.pausedReason} />}
      <div class="actions">
        <Switch of={data} onActed={reload} />
        <NewToken of={data} onActed={reload} />
        {data.kind === 'whatsapp' && <TestSend channelId={data.id} />}
        <a href={addressOf('jobs', '', `channelId=${data.id}`)}>Its jobs</a>
        {data.kind === 'whatsapp' && data.wabaId !== null && (
          <a href={addressOf('templates', data.id)}>Its templates</a>
        )}
      </div>
      {data.kind === 'whatsapp' && <Health of={data} />}
      <details>
        <summary>All settings</summary>
        <Json of={data} />
      </details>
    </>
  );
}

type WhatsappChannel = Extract<Channel, { kind: 'whatsapp' }>;

function Health({ of: { health, ...channel } }: { of: WhatsappChannel }) {
  const { callbacks } = health;
  return (
    <Facts
      of={{
        Number: channel.phoneNumberId,
        Kernel: <Breaker of={health.breaker} />,
        Bot: channel.botUrl && <Breaker of={health.botBreaker} />,
        'Last send': <Time at={health.lastSendAt} />,
        'Last status': <Time at={health.lastStatusAt} />,
        'Last inbound': <Time at={health.lastInboundAt} />,
        'Refused callbacks, 24 h': callbacks.refused24h > 0 && (
          <span class="bad">
            {callbacks.refused24h} ({callbacks.code}), last <Time at={callbacks.lastRefusedAt} />
          </span>
        ),
        'Callback address': <code>{channel.callbackUrl}</code>,
      }}
    />
  );
}

/** Closed is well: a circuit that carries. */
function Breaker({ of }: { of: 'closed' | 'open' | 'probing' }) {
  return of === 'closed' ? <span class="good">reachable</span> : <State of={of === 'open' ? 'down' : of} />;
}

function Switch({ of: { id, name, state }, onActed }: { of: Channel; onActed: () => void }) {
  const verb = state === 'paused' ? 'resume' : 'pause';
  return (
    <Act
      title={verb === 'resume' ? 'Resume …' : 'Pause …'}
      label={`${verb === 'resume' ? 'Resume' : 'Pause'} ${name}`}
      scope="config:write"
      question={{
        title: `${verb === 'resume' ? 'Resume' : 'Pause'} ${name}?`,
        body: (
          <p>
            {verb === 'resume'
              ? 'What waits for the channel is sent at once. Where a credential was wrong, give a new one instead.'
              : 'Its messages are held until it is resumed; those that expire meanwhile are not sent.'}
          </p>
        ),
        confirm: verb === 'resume' ? 'Resume' : 'Pause',
        isDestructive: verb === 'pause',
      }}
      run={async () => {
        await call(`${toPath('v1/channels/{}', id)}/${verb}`, { method: 'POST' });
        onActed();
        return verb === 'resume' ? 'Resumed.' : 'Paused.';
      }}
    />
  );
}

function NewToken({ of: { id, name }, onActed }: { of: Channel; onActed: () => void }) {
  return (
    <Act
      title="New access token …"
      scope="config:write"
      question={{
        title: `A new access token for ${name}`,
        body: <p>It replaces the present one. A channel that was paused because of it is resumed.</p>,
        confirm: 'Save',
        texts: [{ name: 'accessToken', label: 'Access token', type: 'password' }],
      }}
      run={async ({ accessToken }) => {
        await call(toPath('v1/channels/{}', id), { method: 'PATCH', body: { accessToken } });
        onActed();
        return 'Saved.';
      }}
    />
  );
}
