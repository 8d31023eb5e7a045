import type { KnownTemplate, TemplateName, TemplateNews } from '../domain/message/template.ts';
import { releaseHeldForTemplate } from './held-releases.ts';
import type { Tx } from './transactions.ts';

/** More than an account may have. */
const maxListed = 10_000;

const columns = 'name, language, status, quality, category, reason';

/** Those of these that are known. Served by the primary key. */
export async function findTemplates(tx: Tx, wabaId: string, names: readonly TemplateName[]): Promise<KnownTemplate[]> {
  return tx.query<KnownTemplate>({
    name: 'find-templates',
    text: `select ${columns} from template where waba_id = $1
      and (name, language) in (select name, language from unnest($2::text[], $3::text[]) as asked (name, language))`,
    values: [wabaId, names.map(({ name }) => name), names.map(({ language }) => language)],
  });
}

/**
 * Whether the template is still as it was read, and stays so until this transaction ends. Waits for nobody: false also where
 * news of it are coming in at this moment.
 */
export async function keepTemplate(
  tx: Tx,
  wabaId: string,
  { name, language, status }: KnownTemplate,
): Promise<boolean> {
  const rows = await tx.query({
    name: 'keep-template',
    text: `select 1 from template where waba_id = $1 and name = $2 and language = $3 and status = $4
      for share skip locked`,
    values: [wabaId, name, language, status],
  });
  return rows.length > 0;
}

/** All of an account, by name. */
export async function listTemplatesOf(tx: Tx, wabaId: string): Promise<(KnownTemplate & { updatedAt: Date })[]> {
  return tx.query<KnownTemplate & { updatedAt: Date }>({
    text: `select ${columns}, updated_at as "updatedAt" from template where waba_id = $1
      order by name, language limit ${maxListed}`,
    values: [wabaId],
  });
}

/** Keeps what is said of templates; what is not said stays as it was. Their rows are locked. Twice changes nothing. */
export async function keepTemplateNews(
  tx: Tx,
  of: { readonly tenantId: string; readonly wabaId: string; readonly now: Date },
  news: readonly TemplateNews[],
): Promise<void> {
  await tx.execute({
    text: `insert into template as t (tenant_id, waba_id, ${columns}, updated_at)
      select $1, $2, ${columns}, $4 from json_to_recordset($3::json)
        as list (name text, language text, status text, quality text, category text, reason text)
      order by name, language
      on conflict (tenant_id, waba_id, name, language) do update set
        status = coalesce(excluded.status, t.status), quality = coalesce(excluded.quality, t.quality),
        category = coalesce(excluded.category, t.category), updated_at = excluded.updated_at,
        reason = case when excluded.status is null then t.reason else excluded.reason end`,
    values: [of.tenantId, of.wabaId, JSON.stringify(news), of.now],
  });
}

/** Keeps these as all that the account has: others are gone. What waits for a template is judged anew. */
export async function replaceTemplates(
  tx: Tx,
  of: { readonly tenantId: string; readonly wabaId: string; readonly channelId: string; readonly now: Date },
  templates: readonly TemplateNews[],
): Promise<void> {
  await tx.execute({
    text: `update template set status = 'DELETED', reason = null, updated_at = $4
      where waba_id = $1 and status is distinct from 'DELETED'
        and (name, language) not in (select name, language from unnest($2::text[], $3::text[]) as listed (name, language))`,
    values: [of.wabaId, templates.map(({ name }) => name), templates.map(({ language }) => language), of.now],
  });
  await keepTemplateNews(tx, of, templates);
  await releaseHeldForTemplate(tx, { ...of, template: null });
}
