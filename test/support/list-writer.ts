import pg from 'pg';
import { createIdSource, type IdKind } from '../../src/domain/ids.ts';
import { randomBytes } from 'node:crypto';
import { adminKey, aWhatsappChannel, type TestApp } from './test-app.ts';

/** Writes one row into a list; all that it writes between two ticks is of the same millisecond. */
export interface ListWriter {
  readonly adminKey: string;
  tick(): void;
  /** A path of the OpenAPI document with the ids that the rows hang on. */
  fill(path: string): string;
  job(): Promise<void>;
  attempt(): Promise<void>;
  timelineEntry(): Promise<void>;
  recipient(): Promise<void>;
  error(): Promise<void>;
  callback(): Promise<void>;
  notice(): Promise<void>;
  optOut(): Promise<void>;
  problem(): Promise<void>;
  webhookDelivery(): Promise<void>;
  inboxItem(): Promise<void>;
  /** One more like the one that there is. */
  copy(table: 'channel' | 'webhook' | 'integration' | 'api_key'): Promise<void>;
  tenant(): Promise<void>;
  auditEntry(): Promise<void>;
  /** The same in a transaction of its own, whose rows are seen once it commits. */
  openLate(): Promise<ListWriter & { commit(): Promise<void> }>;
  close(): Promise<void>;
}

const createId = createIdSource({ nowMs: Date.now, randomBytes });
const insertOptOut = `insert into opt_out (tenant_id, id, category, source, since) values ($1, $2, 'all', 'api', $3)`;
const idPrefix = { channel: 'channel', webhook: 'webhook', integration: 'integration', api_key: 'apiKey' } as const;

export async function openListWriter(test: TestApp): Promise<ListWriter> {
  const make = async (route: string, body: object) => String((await test.call(route, { body })).at('id'));
  await make('POST /v1/channels', aWhatsappChannel());
  await make('POST /v1/integrations', { name: 'erp', url: 'https://erp.example.com' });
  const webhookId = await make('POST /v1/webhooks', { url: 'https://subscriber.example.com/' });
  await test.call('PUT /v1/directory/merchants/m', { body: {} });
  const user = { active: true, roles: ['user'], language: 'en', push: { enabled: false, tokens: [] } };
  await test.call('PUT /v1/directory/merchants/m/users/u', { body: user });
  const jobId = createId('notification');
  const state = { at: new Date(), count: 0 };
  const shared = { test, webhookId, jobId, state };
  const writer = await connect(shared);
  await writer.insertJob(jobId, 'notification');
  return writer;
}

interface Shared {
  readonly test: TestApp;
  readonly webhookId: string;
  readonly jobId: string;
  readonly state: { at: Date; count: number };
}

async function connect(shared: Shared) {
  const { test, webhookId, jobId, state } = shared;
  const { tenantId } = test;
  const client = new pg.Client({ connectionString: test.database.url });
  await client.connect();
  await client.query("select set_config('waypost.tenant', $1, false)", [tenantId]);
  const next = () => (state.count += 1);
  const run = async (text: string, ...values: unknown[]): Promise<void> => {
    await client.query(text, values);
  };
  const insertJob = (id: string, kind: string) =>
    run(
      `insert into job (id, tenant_id, kind, state, request, expires_at, created_at, updated_at)
        values ($1, $2, $3, 'queued', '{}', now() + interval '1 day', $4, $4)`,
      id,
      tenantId,
      kind,
      state.at,
    );
  const insertProblem = async (ofJob: string | null) => {
    const id = createId('problem');
    const document = {
      type: 't',
      title: 't',
      status: 500,
      detail: 'd',
      instance: `https://x/v1/problems/${id}`,
      id,
      code: 'c',
      source: 'api',
      class: 'permanent',
      recoverable: false,
      scope: null,
      attempt: null,
      jobId: null,
      requestId: null,
      tenantId,
      occurredAt: state.at.toISOString(),
      nextAttemptAt: null,
      provider: null,
      errors: [],
    };
    await run(
      `insert into problem (id, tenant_id, job_id, code, source, class, occurred_at, document)
        values ($1, $2, $3, 'c', 'api', 'permanent', $4, $5)`,
      id,
      tenantId,
      ofJob,
      state.at,
      JSON.stringify({ ...document, title: id }),
    );
    return id;
  };
  const delivery = (columns: string, values: string) =>
    run(
      `insert into delivery (id, tenant_id, url, body, state, created_at, updated_at, ${columns})
        values ($1, $2, 'https://x', '', 'failed', $3, $3, ${values})`,
      createId('delivery'),
      tenantId,
      state.at,
    );
  return {
    adminKey,
    insertJob,
    tick: () => {
      state.at = new Date(state.at.getTime() + 1);
    },
    fill: (path: string) =>
      path
        .replace('/webhooks/{id}', `/webhooks/${webhookId}`)
        .replace('{id}', jobId)
        .replace('{center}', 'user')
        .replace('{merchantId}', 'm')
        .replace('{userId}', 'u'),
    job: () => insertJob(createId('message'), 'message'),
    attempt: () =>
      run(
        `insert into attempt (id, tenant_id, job_id, number, target, started_at) values ($1, $2, $3, $4, 't', now())`,
        createId('attempt'),
        tenantId,
        jobId,
        next(),
      ),
    timelineEntry: () =>
      run(
        `insert into timeline_entry (tenant_id, job_id, at, type, title) values ($1, $2, $3, 't', $4)`,
        tenantId,
        jobId,
        state.at,
        `entry ${next()}`,
      ),
    recipient: () =>
      run(
        `insert into recipient (tenant_id, job_id, ordinal, merchant_id, user_id, state, updated_at)
          values ($1, $2, $3, 'm', $4, 'pending', now())`,
        tenantId,
        jobId,
        state.count,
        `user-${next()}`,
      ),
    error: async () => {
      const problemId = await insertProblem(jobId);
      await run(
        `insert into notification_error (tenant_id, job_id, merchant_id, user_id, code, description, status, problem_id)
          values ($1, $2, 'm', $3, 'no_active_user_for_merchant', $3, 404, $4)`,
        tenantId,
        jobId,
        `user-${next()}`,
        problemId,
      );
    },
    callback: () => delivery('kind, job_id', `'error_callback', '${jobId}'`),
    notice: () =>
      run(
        `insert into notice (id, tenant_id, channel_id, field, kind, summary, fingerprint, created_at)
          select $1, $2, id, 'calls', 'call', 'x', $3, $4 from channel limit 1`,
        createId('notice'),
        tenantId,
        Buffer.from(String(next())),
        state.at,
      ),
    optOut: () => run(insertOptOut, tenantId, `+3464${String(next()).padStart(7, '0')}`, state.at),
    problem: async () => {
      await insertProblem(null);
    },
    webhookDelivery: () =>
      delivery(
        'kind, endpoint_id, event_id, event_type',
        `'test', '${webhookId}', '${createId('event')}', 'webhook.test'`,
      ),
    inboxItem: async () => {
      const content = createId('notification');
      await run(
        `insert into notification_content (job_id, tenant_id, type, title_i18n, message_i18n, data, created_at)
          values ($1, $2, 'USER_CENTER_NOTIFICATION', '{"en":"a"}', '{"en":"b"}', '{}', $3)`,
        content,
        tenantId,
        state.at,
      );
      await run(
        `insert into inbox_notification (id, tenant_id, merchant_id, user_id, center, job_id, created_at)
          values ($1, $2, 'm', 'u', 'user', $3, $4)`,
        createId('inboxNotification'),
        tenantId,
        content,
        state.at,
      );
    },
    copy: async (table: keyof typeof idPrefix) => {
      const id = createId(idPrefix[table] satisfies IdKind);
      const place = { column: 'webhook.secrets', tenantId, row: id } as const;
      const secrets = test.dependencies.keyRing.sealText(`{"current":"whsec_${btoa(id)}"}`, place);
      const unique = { id, created_at: state.at, name: id, secret_hash: id, ...(table === 'webhook' && { secrets }) };
      const { rows } = await client.query<{ name: string }>(
        `select column_name as name from information_schema.columns where table_name = $1 and is_generated = 'NEVER'`,
        [table],
      );
      const names = rows.map(({ name }) => name);
      const given = Object.entries(unique).filter(([name]) => names.includes(name));
      const values = names.map((name) => {
        const index = given.findIndex(([each]) => each === name);
        return index < 0 ? name : `$${index + 1}`;
      });
      await run(
        `insert into ${table} (${names.join(', ')}) select ${values.join(', ')} from (select * from ${table} order by created_at limit 1) one`,
        ...given.map(([, value]) => value),
      );
    },
    auditEntry: () =>
      run(
        `insert into audit_entry (id, tenant_id, at, actor_kind, actor_name, action, target_type, changed, request_id)
          values ($1, $2, $3, 'admin', 'n', 'channel.updated', 'channel', '{}', 'r')`,
        createId('audit'),
        tenantId,
        state.at,
      ),
    tenant: async () => {
      const id = createId('tenant');
      await client.query("select set_config('waypost.tenant', $1, false)", [id]);
      await run('insert into tenant (id, name, created_at) values ($1, $1, $2)', id, state.at);
      await client.query("select set_config('waypost.tenant', $1, false)", [tenantId]);
    },
    async openLate() {
      const late = await connect(shared);
      await late.begin();
      return late;
    },
    begin: () => run('begin'),
    commit: () => run('commit'),
    close: () => client.end(),
  };
}
