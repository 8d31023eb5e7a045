import type pg from 'pg';

interface Line {
  readonly text: string;
  /** Null = there is none. */
  readonly comment: string | null;
}
interface Table {
  readonly name: string;
  readonly comment: string | null;
  readonly options: string | null;
  readonly columns: readonly Line[];
  readonly constraints: readonly string[];
  readonly indexes: readonly Line[];
  readonly security: string;
  readonly policies: readonly string[];
  readonly grants: readonly string[];
}

const tables = `
  select c.relname as name, obj_description(c.oid, 'pg_class') as comment, array_to_string(c.reloptions, ', ') as options,
    (select json_agg(json_build_object(
        'text', quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
          || case when a.attnotnull then ' not null' else '' end
          || case when a.attidentity = 'a' then ' generated always as identity'
              when d.adbin is not null then ' default ' || pg_get_expr(d.adbin, d.adrelid) else '' end,
        'comment', col_description(c.oid, a.attnum)) order by a.attnum)
      from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
    (select coalesce(json_agg('constraint ' || conname || ' ' || pg_get_constraintdef(oid)
        order by position(contype::text in 'pucfx'), conname), '[]')
      from pg_constraint where conrelid = c.oid and contype <> 'n') as constraints,
    (select coalesce(json_agg(json_build_object(
        'text', pg_get_indexdef(i.indexrelid), 'comment', obj_description(i.indexrelid, 'pg_class'))
        order by x.relname), '[]')
      from pg_index i join pg_class x on x.oid = i.indexrelid
      where i.indrelid = c.oid and not exists (select 1 from pg_constraint where conindid = i.indexrelid)) as indexes,
    case when c.relrowsecurity and c.relforcerowsecurity then 'forced' when c.relrowsecurity then 'enabled'
      else 'none' end as security,
    (select coalesce(json_agg('create policy ' || polname || ' on ' || c.relname
        || case when polroles = array[c.relowner] then ' to current_user' else '' end
        || ' using (' || pg_get_expr(polqual, polrelid) || ')'
        || coalesce(' with check (' || pg_get_expr(polwithcheck, polrelid) || ')', '') order by polname), '[]')
      from pg_policy where polrelid = c.oid) as policies,
    (select coalesce(json_agg('grant ' || granted.privileges || ' on ' || c.relname || ' to ' || granted.grantee
        order by granted.grantee), '[]')
      from (select case when grantee = 0 then 'public' else pg_get_userbyid(grantee) end as grantee,
          string_agg(lower(privilege_type), ', ' order by privilege_type) as privileges
        from aclexplode(c.relacl) where grantee <> c.relowner group by 1) granted) as grants
  from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' order by c.relname`;

const functions = `
  select pg_get_functiondef(p.oid) || ';' || coalesce((
      select string_agg(format(E'\\ngrant execute on function %s to %s;', p.oid::regprocedure,
        case when grantee = 0 then 'public' else pg_get_userbyid(grantee) end), '' order by grantee)
      from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) where grantee <> p.proowner), '') as text
  from pg_proc p where p.pronamespace = 'public'::regnamespace order by p.oid::regprocedure::text`;

/** Sequences that are no column's identity. */
const sequences = `
  select format('create sequence %s owned by %s.%s;', c.relname, d.refobjid::regclass, a.attname) as text
  from pg_class c join pg_depend d on d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype = 'a'
    join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
  where c.relnamespace = 'public'::regnamespace and c.relkind = 'S' order by c.relname`;

const head = `-- The whole schema, to be read. Generated from a migrated database by \`npm run schema\`: what makes it is migrations/.
-- A comment behind a column says what it means, one behind an index which query it serves.
`;

/** The schema of a migrated database as text: the same for the same schema, whatever the database and its owner are called. */
export async function describeSchema(client: pg.Client): Promise<string> {
  const { rows } = await client.query<Table>(tables);
  const others: string[] = [];
  for (const sql of [sequences, functions]) {
    others.push(...(await client.query<{ text: string }>(sql)).rows.map(({ text }) => text));
  }
  return `${[head, ...rows.map(describeTable), ...others].map((part) => part.trim()).join('\n\n')}\n`;
}

function describeTable(table: Table): string {
  const columns = table.columns.map((column, index) => {
    const isLast = index === table.columns.length - 1 && table.constraints.length === 0;
    return `  ${withComment({ ...column, text: `${column.text}${isLast ? '' : ','}` })}`;
  });
  const constraints = table.constraints.map((text, index) => {
    return `  ${text}${index === table.constraints.length - 1 ? '' : ','}`;
  });
  const security = table.security === 'none' ? [] : [`-- row level security: ${table.security}`];
  return [
    withComment({ text: `create table ${table.name} (`, comment: table.comment }),
    ...columns,
    ...constraints,
    `)${table.options === null ? '' : ` with (${table.options})`};`,
    ...table.indexes.map(({ text, comment }) => withComment({ text: `${shorten(text)};`, comment })),
    ...security,
    ...[...table.policies, ...table.grants].map((text) => `${text};`),
  ].join('\n');
}

function withComment({ text, comment }: Line): string {
  return comment === null ? text : `${text} -- ${comment}`;
}

function shorten(indexDefinition: string): string {
  return indexDefinition.replace(' ON public.', ' ON ').replace(' USING btree', '');
}
