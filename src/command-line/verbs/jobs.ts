import { describeExplanation } from '../render.ts';
import {
  type Input,
  limitParameter,
  membersOf,
  type Parameter,
  parseJsonOption,
  pick,
  take,
  textOf,
  UsageError,
  type Verb,
} from '../verb.ts';

const id: Parameter = { name: 'id', description: 'the id of the job', isArgument: true, isRequired: true };
const filters: readonly Parameter[] = [
  { name: 'kind', description: 'message, notification or inbound' },
  { name: 'state', description: 'such as failed or held' },
  { name: 'errorCode', description: 'the code of the error' },
  { name: 'to', description: 'the person, by number or user id' },
  { name: 'conversationId', description: 'the conversation' },
  { name: 'groupId', description: 'the group' },
  { name: 'externalId', description: 'your own id' },
  { name: 'channelId', description: 'the channel' },
  { name: 'providerMessageId', description: "WhatsApp's id, wamid…" },
  { name: 'userId', description: 'a user of a notification' },
  { name: 'merchantId', description: 'a merchant of a notification' },
  { name: 'integration', description: 'the integration' },
  { name: 'label', description: 'the campaign' },
  { name: 'createdAfter', description: 'a time, such as 2026-03-01T00:00:00Z' },
  { name: 'createdBefore', description: 'a time' },
];
const filterNames = filters.map(({ name }) => name);
const bulk: readonly Parameter[] = [
  ...filters,
  { name: 'dryRun', description: 'only count what would be done', kind: 'flag' },
];

function at(id: string) {
  return { params: { path: { id } } };
}

/** At least one: nobody cancels everything by leaving something out. */
function someFilter(input: Input): never {
  if (filterNames.every((name) => input[name] === undefined)) throw new UsageError('At least one filter is needed.');
  return pick(input, filterNames);
}

export const jobVerbs: readonly Verb[] = [
  {
    name: 'jobs list',
    summary: 'Jobs, newest first',
    isWrite: false,
    parameters: [...filters, limitParameter],
    columns: ['id', 'kind', 'state', 'waitingFor.reason', 'error.code', 'to', 'externalId', 'createdAt'],
    run: (client, input) => take(client.list('/v1/jobs', { params: { query: pick(input, filterNames) } }), input),
  },
  {
    name: 'jobs summary',
    summary: 'How many jobs there are by state, error code, wait reason or label',
    isWrite: false,
    parameters: [{ name: 'groupBy', description: 'state, errorCode, waitReason, label, or several' }, ...filters],
    run: (client, input) =>
      client.get('/v1/jobs/summary', {
        params: { query: { groupBy: 'state', ...membersOf(input, ['groupBy', ...filterNames]) } },
      }),
  },
  {
    name: 'jobs show',
    summary: 'A job, with its state and what it waits for',
    isWrite: false,
    parameters: [id],
    run: (client, input) => client.get('/v1/jobs/{id}', at(textOf(input, 'id'))),
  },
  {
    name: 'jobs explain',
    summary: 'Why it has not arrived, what comes next, and what can be done',
    isWrite: false,
    parameters: [id],
    run: (client, input) => client.get('/v1/jobs/{id}/explain', at(textOf(input, 'id'))),
    describe: describeExplanation,
  },
  {
    name: 'jobs attempts',
    summary: 'The calls that were made for a job',
    isWrite: false,
    parameters: [id, limitParameter],
    columns: ['number', 'startedAt', 'target', 'outcome', 'httpStatus', 'problem.code', 'durationMs'],
    run: (client, input) => take(client.list('/v1/jobs/{id}/attempts', at(textOf(input, 'id'))), input),
  },
  {
    name: 'jobs timeline',
    summary: 'Everything that happened to a job, in order',
    isWrite: false,
    parameters: [id, limitParameter],
    columns: ['at', 'type', 'title'],
    run: (client, input) => take(client.list('/v1/jobs/{id}/timeline', at(textOf(input, 'id'))), input),
  },
  {
    name: 'jobs cancel',
    summary: 'Cancel a job, or with filters all that match',
    isWrite: true,
    parameters: [{ ...id, isRequired: false }, ...bulk],
    run: (client, input) =>
      input['id'] !== undefined
        ? client.post('/v1/jobs/{id}/cancel', at(textOf(input, 'id')))
        : client.post('/v1/jobs/cancel', { body: { filter: someFilter(input), dryRun: input['dryRun'] === true } }),
  },
  {
    name: 'jobs retry',
    summary: 'Run a job again, or with filters all that match, at a pace',
    isWrite: true,
    parameters: [
      { ...id, isRequired: false },
      ...bulk,
      { name: 'ratePerSecond', description: 'how many a second at most', kind: 'number' },
    ],
    run: (client, input) =>
      input['id'] !== undefined
        ? client.post('/v1/jobs/{id}/retry', { ...at(textOf(input, 'id')), body: {} })
        : client.post('/v1/jobs/retry', {
            body: {
              filter: someFilter(input),
              dryRun: input['dryRun'] === true,
              ...membersOf(input, ['ratePerSecond']),
            },
          }),
  },
  {
    name: 'problems list',
    summary: 'What went wrong, newest first',
    isWrite: false,
    parameters: [
      { name: 'code', description: 'such as kernel_unreachable' },
      { name: 'source', description: 'such as kernel' },
      { name: 'class', description: 'such as permanent' },
      { name: 'createdAfter', description: 'a time' },
      limitParameter,
    ],
    columns: ['occurredAt', 'code', 'source', 'class', 'jobId', 'detail'],
    run: (client, input) =>
      take(
        client.list('/v1/problems', { params: { query: pick(input, ['code', 'source', 'class', 'createdAfter']) } }),
        input,
      ),
  },
  {
    name: 'problems show',
    summary: 'What a code means and what to do (by code), or one problem (by prb_… id)',
    isWrite: false,
    parameters: [{ name: 'code', description: 'a code, or the id of a problem', isArgument: true, isRequired: true }],
    run: (client, input) => {
      const code = textOf(input, 'code');
      return code.startsWith('prb_')
        ? client.get('/v1/problems/{id}', { params: { path: { id: code } } })
        : client.get('/problems/{code}', { params: { path: { code } } });
    },
  },
];

export const messageVerbs: readonly Verb[] = [
  {
    name: 'send',
    summary: 'Send one message: a text, a template, or any body',
    isWrite: true,
    parameters: [
      { name: 'to', description: 'a phone number (+34600111222) or a user id', isArgument: true, isRequired: true },
      { name: 'text', description: 'the text', isArgument: true },
      { name: 'template', description: 'the name of a template' },
      { name: 'language', description: "the template's language, such as es" },
      { name: 'parameters', description: "the template's body parameters, separated by |" },
      { name: 'activity', description: 'a Bot Framework activity, as JSON' },
      { name: 'whatsapp', description: 'a native Cloud API object, as JSON' },
      ...['channelId', 'conversationId', 'groupId', 'externalId', 'label', 'sendAt', 'expiresAt'].map((name) => ({
        name,
        description: 'as in POST /v1/messages',
      })),
      { name: 'idempotencyKey', description: 'the same key sends once' },
      { name: 'preview', description: 'show what WhatsApp would be sent, and send nothing', kind: 'flag' },
    ],
    run(client, input) {
      const body = buildMessage(input);
      if (input['preview'] === true) return client.post('/v1/messages/preview', { body });
      const key = input['idempotencyKey'];
      const params = { ...(key !== undefined && { header: { 'Idempotency-Key': String(key) } }) };
      return client.post('/v1/messages', { body, params });
    },
  },
];

/** A native template object of the Cloud API. */
export function buildTemplate(name: string, language: string, parameters: readonly string[]) {
  const body = { type: 'body', parameters: parameters.map((text) => ({ type: 'text', text })) };
  return {
    type: 'template',
    template: { name, language: { code: language }, ...(parameters.length > 0 && { components: [body] }) },
  };
}

function buildMessage(input: Input): { to: string } {
  const rest = membersOf(input, [
    'channelId',
    'conversationId',
    'groupId',
    'externalId',
    'label',
    'sendAt',
    'expiresAt',
  ]);
  const { text, template, activity, whatsapp } = input;
  if ([text, template, activity, whatsapp].filter((each) => each !== undefined).length !== 1) {
    throw new UsageError('Exactly one of a text, --template, --activity and --whatsapp is needed.');
  }
  const parameters = input['parameters'] === undefined ? [] : String(input['parameters']).split('|');
  const content =
    text !== undefined
      ? { activity: { type: 'message', text: String(text) } }
      : template !== undefined
        ? { whatsapp: buildTemplate(String(template), textOf(input, 'language'), parameters) }
        : activity !== undefined
          ? { activity: parseJsonOption(String(activity), 'activity') }
          : { whatsapp: parseJsonOption(String(whatsapp), 'whatsapp') };
  return { to: textOf(input, 'to'), ...rest, ...content };
}
