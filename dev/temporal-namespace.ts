import type { Connection } from '@temporalio/client';

// temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
const KEYWORD = 2;

/** What the product's workflows carry, so that the Web UI can filter by it; all of the type Keyword. */
export const SEARCH_ATTRIBUTES = ['WaypostTenant', 'WaypostKind', 'WaypostState', 'WaypostErrorCode'] as const;

/**
 * Registers the search attributes that the namespace lacks; safe to run twice, as what is there is left alone.
 * Rejects with one sentence when one exists with another type, or when the server does not let us.
 */
export async function ensureSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const wrong = SEARCH_ATTRIBUTES.find((name) => (customAttributes[name] ?? KEYWORD) !== KEYWORD);
  if (wrong !== undefined) {
    throw new Error(`Search attribute ${wrong} of the Temporal namespace "${namespace}" is not of the type Keyword.`);
  }
  const missing = SEARCH_ATTRIBUTES.filter((name) => customAttributes[name] === undefined);
  if (missing.length === 0) return;
  try {
    const searchAttributes = Object.fromEntries(missing.map((name) => [name, KEYWORD]));
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `The Temporal namespace "${namespace}" lacks the search attributes ${missing.join(', ')} (Keyword) and does not ` +
        `let us add them (${reason}): add them with \`temporal operator search-attribute create\`.`,
    );
  }
}
