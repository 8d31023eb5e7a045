/** What of a JSON Schema (2020-12) samples are made by. */
interface Schema {
  readonly $ref?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly minimum?: number;
  readonly required?: readonly string[];
  readonly additionalProperties?: unknown;
  readonly format?: string;
  readonly description?: string;
}

const noon = '2026-03-01T12:00:00.000Z';
const idOf = (prefix: string) => `${prefix}_01kjn3w4r0v7h8m2k9q5x1c6tz`;

/** Members that mean the same wherever they stand. */
const known: Readonly<Record<string, unknown>> = {
  id: idOf('msg'),
  jobId: idOf('msg'),
  eventId: idOf('evt'),
  channelId: idOf('chn'),
  to: '+34600111222',
  phone: '+34600111222',
  identity: '+34600111222',
  externalId: 'order-9',
  apiKey: 'wp_shown-once',
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  merchantId: '64e5f0a2b1c3d4e5f6a7511a',
  userId: '64e5f0a2b1c3d4e5f6a75122',
  url: 'https://hooks.example.com/waypost',
  type: 'message.accepted',
  title: 'Accepted',
  timestamp: noon,
  since: noon,
  date: noon,
  at: noon,
  nextCursor: null,
  state: 'accepted',
  target: 'https://graph.facebook.com/v23.0/106540352242922/messages',
};

/**
 * A value that a schema allows, with `name` = the member that it stands in: what is the same everywhere by its name, else the
 * first that is allowed. What may be null is null, so that nothing contradicts the rest.
 */
export function sampleOf(schema: unknown, components: Readonly<Record<string, unknown>>, name = ''): unknown {
  // Our own schemas, as the generator writes them.
  const given = (schema ?? {}) as Schema;
  const [example] = given.examples ?? [];
  if (example !== undefined) return example;
  if (given.$ref !== undefined) {
    return sampleOf(components[given.$ref.split('/').at(-1) ?? ''], components, name);
  }
  if (given.const !== undefined) return given.const;
  const choices = given.anyOf ?? given.oneOf;
  if (choices !== undefined) return sampleOf(choices.find(isNull) ?? choices[0], components, name);
  if (given.enum !== undefined) return given.enum.includes(known[name]) ? known[name] : given.enum[0];
  if (given.allOf !== undefined) return Object.assign({}, ...given.allOf.map((part) => sampleOf(part, components)));
  return sampleOfType(given, components, name);
}

function sampleOfType(schema: Schema, components: Readonly<Record<string, unknown>>, name: string): unknown {
  const type: string = (typeof schema.type === 'string' ? schema.type : schema.type?.[0]) ?? '';
  switch (type) {
    case 'object':
      return Object.fromEntries(
        [...new Set([...Object.keys(schema.properties ?? {}), ...(schema.required ?? [])])].map((member) => [
          member,
          sampleOf(schema.properties?.[member] ?? schema.additionalProperties, components, member),
        ]),
      );
    case 'array':
      return [sampleOf(schema.items, components, name)];
    case 'string':
      return sampleText(schema, name);
    case 'integer':
    case 'number':
      return Math.max(1, schema.minimum ?? 1);
    case 'boolean':
      return false;
    case 'null':
      return null;
    default:
      return {};
  }
}

function sampleText({ description = '', format }: Schema, name: string): string {
  const usual = known[name];
  if (typeof usual === 'string') return usual;
  if (format === 'uri') return 'https://waypost.example/';
  return description.startsWith('RFC 3339') || name.endsWith('At') ? noon : 'text';
}

function isNull({ type }: Schema): boolean {
  return type === 'null';
}
