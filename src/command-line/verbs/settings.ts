import {
  type Input,
  limitParameter,
  membersOf,
  type Parameter,
  parseJsonOption,
  pick,
  take,
  textOf,
  type Verb,
} from '../verb.ts';

const idOf = (what: string): Parameter => ({
  name: 'id',
  description: `the id of the ${what}`,
  isArgument: true,
  isRequired: true,
});
const json: Parameter = { name: 'body', description: 'the members, as a JSON object', isRequired: true };
const identity: Parameter = {
  name: 'identity',
  description: 'a phone number or a user id',
  isArgument: true,
  isRequired: true,
};
const at = (input: Input) => ({ params: { path: { id: textOf(input, 'id') } } });
/** A settings' body as it was typed: the api checks each member, and its refusal points at the wrong one. */
const bodyOf = (input: Input) => parseJsonOption(textOf(input, 'body'), 'body') as never;

export const settingsVerbs: readonly Verb[] = [
  {
    name: 'channels list',
    summary: 'The channels, with their state and health',
    isWrite: false,
    parameters: [limitParameter],
    columns: ['id', 'kind', 'name', 'state', 'pausedReason.code', 'health.breaker', 'health.lastStatusAt'],
    run: (client, input) => take(client.list('/v1/channels'), input),
  },
  {
    name: 'channels show',
    summary: 'A channel',
    isWrite: false,
    parameters: [idOf('channel')],
    run: (client, input) => client.get('/v1/channels/{id}', at(input)),
  },
  {
    name: 'channels create',
    summary: 'Make a channel',
    isWrite: true,
    parameters: [json],
    run: (client, input) => client.post('/v1/channels', { body: bodyOf(input) }),
  },
  {
    name: 'channels change',
    summary: 'Change a channel, such as its accessToken',
    isWrite: true,
    parameters: [idOf('channel'), json],
    run: (client, input) => client.patch('/v1/channels/{id}', { ...at(input), body: bodyOf(input) }),
  },
  {
    name: 'channels pause',
    summary: 'Hold what goes out on a channel',
    isWrite: true,
    parameters: [idOf('channel')],
    run: (client, input) => client.post('/v1/channels/{id}/pause', at(input)),
  },
  {
    name: 'channels resume',
    summary: 'Let it go again',
    isWrite: true,
    parameters: [idOf('channel')],
    run: (client, input) => client.post('/v1/channels/{id}/resume', at(input)),
  },
  {
    name: 'webhooks list',
    summary: 'The webhook endpoints',
    isWrite: false,
    parameters: [limitParameter],
    columns: ['id', 'url', 'state', 'createdAt'],
    run: (client, input) => take(client.list('/v1/webhooks'), input),
  },
  {
    name: 'webhooks create',
    summary: 'Subscribe an endpoint; its secret is shown once',
    isWrite: true,
    parameters: [
      { name: 'url', description: 'what events are sent to', isArgument: true, isRequired: true },
      { name: 'events', description: 'types, separated by commas (default all)' },
    ],
    run(client, input) {
      const events = input['events'] === undefined ? null : String(input['events']).split(',');
      // The api knows the types of events, and names the nearest one in its refusal.
      return client.post('/v1/webhooks', { body: { url: textOf(input, 'url'), events: events as never } });
    },
  },
  ...(['test', 'enable'] as const).map((verb): Verb => ({
    name: `webhooks ${verb}`,
    summary: verb === 'test' ? 'Send an endpoint a test event' : 'Let a disabled or resting endpoint go on',
    isWrite: true,
    parameters: [idOf('endpoint')],
    run: (client, input) => client.post(`/v1/webhooks/{id}/${verb}`, at(input)),
  })),
  {
    name: 'webhooks deliveries',
    summary: 'What an endpoint was sent',
    isWrite: false,
    parameters: [idOf('endpoint'), { name: 'state', description: 'pending, delivered or failed' }, limitParameter],
    columns: ['id', 'state', 'eventId', 'nextAttemptAt', 'error.code', 'createdAt'],
    run: (client, input) =>
      take(
        client.list('/v1/webhooks/{id}/deliveries', { params: { ...at(input).params, query: pick(input, ['state']) } }),
        input,
      ),
  },
  {
    name: 'webhooks replay',
    summary: 'Send an endpoint again what happened since a time',
    isWrite: true,
    parameters: [
      idOf('endpoint'),
      { name: 'since', description: 'a time', isRequired: true },
      { name: 'onlyFailed', description: 'leave out what it has taken', kind: 'flag' },
    ],
    run: (client, input) =>
      client.post('/v1/webhooks/{id}/replay', {
        ...at(input),
        body: { since: textOf(input, 'since'), onlyFailed: input['onlyFailed'] === true },
      }),
  },
  {
    name: 'webhooks delete',
    summary: 'End a subscription',
    isWrite: true,
    parameters: [idOf('endpoint')],
    run: (client, input) => client.delete('/v1/webhooks/{id}', at(input)),
  },
  {
    name: 'tenants list',
    summary: 'The tenants (admin key)',
    isWrite: false,
    parameters: [limitParameter],
    columns: ['id', 'name', 'createdAt'],
    run: (client, input) => take(client.list('/v1/tenants'), input),
  },
  {
    name: 'tenants create',
    summary: 'Make a tenant (admin key); its first key is shown once',
    isWrite: true,
    parameters: [{ name: 'name', description: 'its name', isArgument: true, isRequired: true }],
    run: (client, input) => client.post('/v1/tenants', { body: { name: textOf(input, 'name') } }),
  },
  {
    name: 'keys list',
    summary: 'The API keys, without their secrets',
    isWrite: false,
    parameters: [limitParameter],
    columns: ['id', 'name', 'scopes', 'expiresAt', 'createdAt'],
    run: (client, input) => take(client.list('/v1/api-keys'), input),
  },
  {
    name: 'keys create',
    summary: 'Make an API key; its secret is shown once',
    isWrite: true,
    parameters: [
      { name: 'name', description: 'its name', isArgument: true, isRequired: true },
      { name: 'scopes', description: 'such as messages:write,jobs:read', isRequired: true },
      { name: 'expiresAt', description: 'a time (default never)' },
    ],
    run: (client, input) =>
      client.post('/v1/api-keys', {
        // The api knows the scopes, and its refusal lists them.
        body: {
          name: textOf(input, 'name'),
          scopes: textOf(input, 'scopes').split(',') as never,
          ...membersOf(input, ['expiresAt']),
        },
      }),
  },
  {
    name: 'keys delete',
    summary: 'End an API key',
    isWrite: true,
    parameters: [idOf('key')],
    run: (client, input) => client.delete('/v1/api-keys/{id}', at(input)),
  },
  {
    name: 'me',
    summary: 'Whose key this is, and what it may do',
    isWrite: false,
    parameters: [],
    run: (client) => client.get('/v1/me'),
  },
  {
    name: 'opt-outs list',
    summary: 'Who wants no messages',
    isWrite: false,
    parameters: [limitParameter],
    columns: ['identity', 'recipient.phone', 'category', 'since', 'source'],
    run: (client, input) => take(client.list('/v1/opt-outs'), input),
  },
  {
    name: 'opt-outs add',
    summary: 'Note that somebody wants no messages',
    isWrite: true,
    parameters: [identity, { name: 'category', description: 'all or marketing (default all)' }],
    run: (client, input) =>
      client.put('/v1/opt-outs/{identity}', {
        params: { path: { identity: textOf(input, 'identity') } },
        body: { category: input['category'] === 'marketing' ? 'marketing' : 'all' },
      }),
  },
  {
    name: 'opt-outs remove',
    summary: 'Note that somebody wants messages again',
    isWrite: true,
    parameters: [identity, { name: 'category', description: 'all or marketing (default both)' }],
    run: (client, input) =>
      client.delete('/v1/opt-outs/{identity}', {
        params: { path: { identity: textOf(input, 'identity') }, query: pick(input, ['category']) },
      }),
  },
];
