import type { Connection } from '@temporalio/client';

// temporal.api.enums.v1.IndexedValueType
export const TYPE_NUMBERS = { Keyword: 2, KeywordList: 7 } as const;

/** What the product's workflows carry, so that the Web UI can filter by it, and the type of each. */
export const SEARCH_ATTRIBUTES = {
  WaypostTenant: 'Keyword',
  WaypostKind: 'Keyword',
  WaypostState: 'Keyword',
  WaypostErrorCode: 'Keyword',
  WaypostChannel: 'Keyword',
  WaypostJobs: 'KeywordList',
} as const satisfies Readonly<Record<string, keyof typeof TYPE_NUMBERS>>;

/**
 * Registers the search attributes that the namespace lacks; safe to run twice, as what is there is left alone.
 * Rejects with one sentence when one exists with another type, or when the server does not let us.
 */
export async function ensureSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const all = Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => ({ name, type, number: TYPE_NUMBERS[type] }));
  const wrong = all.find(({ name, number }) => (customAttributes[name] ?? number) !== number);
  if (wrong !== undefined) {
    throw new Error(
      `Search attribute ${wrong.name} of the Temporal namespace "${namespace}" is not of the type ${wrong.type}.`,
    );
  }
  const missing = all.filter(({ name }) => customAttributes[name] === undefined);
  if (missing.length === 0) return;
  try {
    const searchAttributes = Object.fromEntries(missing.map(({ name, number }) => [name, number]));
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `The Temporal namespace "${namespace}" lacks the search attributes ${missing.map(({ name, type }) => `${name} (${type})`).join(', ')} and does not ` +
        `let us add them (${reason}): add them with \`temporal operator search-attribute create\`.`,
    );
  }
}
