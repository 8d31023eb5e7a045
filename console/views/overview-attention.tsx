import type { ComponentChildren } from 'preact';
import { useLoad } from '../load.ts';
import { addressOf } from '../router.ts';
import { useSession } from '../session.ts';
import type { Channel, Webhook } from '../shapes.ts';

interface Page<Row> {
  readonly data: readonly Row[];
}

/** What does not mend itself: paused channels, refused callbacks, destinations that are away, disabled endpoints. */
export function Attention() {
  const { scopes, keyName } = useSession();
  // Reads of settings ask for the scope that writes them.
  const mayLook = scopes.includes('config:write') || keyName === null;
  const channels = useLoad<Page<Channel>>(mayLook ? 'v1/channels?limit=200' : null, (type) =>
    type.startsWith('channel.'),
  );
  const webhooks = useLoad<Page<Webhook>>(mayLook ? 'v1/webhooks?limit=200' : null, (type) =>
    type.startsWith('webhook.'),
  );
  if (!mayLook) return <p class="soft">This key lacks config:write, so channels and endpoints are not shown.</p>;
  if (channels.data === null || webhooks.data === null) return null;
  const items = [...channels.data.data.flatMap(describeChannel), ...webhooks.data.data.flatMap(describeEndpoint)];
  return (
    <section>
      <h2>Needs a person</h2>
      {items.length === 0 ? (
        <p>
          <span class="good">Nothing.</span> Channels that are well: {channels.data.data.length}; webhook endpoints:{' '}
          {webhooks.data.data.length}.
        </p>
      ) : (
        <ul>
          {items.map((item, index) => (
            <li key={index}>{item}</li>
          ))}
        </ul>
      )}
    </section>
  );
}

function describeChannel(channel: Channel): ComponentChildren[] {
  const link = <a href={addressOf('channels', channel.id)}>{channel.name}</a>;
  const found: ComponentChildren[] = [];
  if (channel.state === 'paused') {
    const why = channel.pausedReason;
    found.push(
      <>
        {link} is <span class="wait">paused</span> {why === null ? 'by hand' : `by ${why.code}: ${why.detail}`}
      </>,
    );
  }
  if (channel.kind === 'whatsapp') {
    const { breaker, botBreaker, callbacks } = channel.health;
    if (breaker !== 'closed') found.push(<>{link}: WhatsApp’s side does not answer; messages wait, nothing is lost</>);
    if (botBreaker !== 'closed') found.push(<>{link}: the bot does not answer; messages to it wait</>);
    if (callbacks.refused24h > 0)
      found.push(
        <>
          {link}: {callbacks.refused24h} callbacks were <span class="bad">refused</span> in 24 h ({callbacks.code}); is
          the app secret right?
        </>,
      );
  }
  return found;
}

function describeEndpoint(endpoint: Webhook): ComponentChildren[] {
  const link = <a href={addressOf('webhooks', endpoint.id)}>{endpoint.url}</a>;
  if (endpoint.state === 'disabled')
    return [
      <>
        {link} is <span class="bad">disabled</span>: {endpoint.disabledReason?.detail}
      </>,
    ];
  return endpoint.failuresInARow >= 3
    ? [
        <>
          {link} failed {endpoint.failuresInARow} times in a row; {endpoint.waiting} events wait
        </>,
      ]
    : [];
}
