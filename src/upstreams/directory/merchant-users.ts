import { isStorableText } from '../../domain/json-hazards.ts';

/** One active user as an HTTP directory tells it. */
export interface MerchantUser {
  readonly id: string;
  /** Null = none, or nothing that is a text. */
  readonly language: string | null;
  readonly isAdmin: boolean;
  readonly push: { readonly enabled: boolean; readonly tokens: readonly string[] };
}

const maxIdChars = 256;
const maxLanguageChars = 100;
const maxTokensPerUser = 50;
const maxTokenChars = 4_096;

/**
 * Reads `{"users":[{"id","language","push":{enabled,tokens:[{token}]},"roles"?}]}`. Tolerant item by item: one that has no
 * usable id is dropped and counted, and what else of a user is missing or odd counts as not there. Without roles a user is
 * no administrator. Null = not JSON, or no list of users.
 */
export function readMerchantUsers(
  body: string,
): { readonly users: readonly MerchantUser[]; readonly dropped: number } | null {
  const list = memberOf(parseJson(body), 'users');
  if (!Array.isArray(list)) return null;
  const users = list.flatMap((item: unknown) => readUser(item) ?? []);
  return { users, dropped: list.length - users.length };
}

function readUser(item: unknown): MerchantUser | null {
  const id = readId(memberOf(item, 'id'));
  if (!isUsableText(id, maxIdChars) || id === '') return null;
  const language = memberOf(item, 'language');
  const roles = memberOf(item, 'roles');
  const push = memberOf(item, 'push');
  return {
    id,
    language: isUsableText(language, maxLanguageChars) ? language : null,
    isAdmin: Array.isArray(roles) && roles.includes('admin'),
    push: { enabled: memberOf(push, 'enabled') === true, tokens: readTokens(memberOf(push, 'tokens')) },
  };
}

/** Many directories number their users. */
function readId(value: unknown): unknown {
  return Number.isSafeInteger(value) ? String(value) : value;
}

function readTokens(list: unknown): string[] {
  if (!Array.isArray(list)) return [];
  const tokens = list.flatMap((item: unknown) => {
    const token = memberOf(item, 'token');
    return isUsableText(token, maxTokenChars) && token !== '' ? [token] : [];
  });
  return [...new Set(tokens)].slice(0, maxTokensPerUser);
}

/** What is read here is stored: a text that Postgres cannot hold would fail the whole batch. */
function isUsableText(value: unknown, maxChars: number): value is string {
  return typeof value === 'string' && value.length <= maxChars && isStorableText(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // no answer that says anything
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name] // an object that has it, as just seen
    : undefined;
}
