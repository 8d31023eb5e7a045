import { setTimeout as sleep } from 'node:timers/promises';
import type { ExplanationView } from '../../src/domain/explain/explanation.ts';
import type { Caller } from './caller.ts';

const lookEveryMs = 250;
const withinMs = 40_000;

/**
 * Cures a job by nothing but the remedies that its explanation offers: the first that was tried least, with what a person
 * knows (by pointer into its body) filled in. Gives up nothing. Resolves with the last explanation when `isCured` says so.
 */
export async function cureByRemedies(
  tenant: Caller,
  jobId: string,
  options: {
    readonly known?: Readonly<Record<string, unknown>>;
    readonly isCured?: (told: ExplanationView) => boolean;
  } = {},
): Promise<ExplanationView & { readonly did: readonly string[] }> {
  const { known = {}, isCured = ({ next, cause }) => cause.kind === 'none' && next === null } = options;
  const did: string[] = [];
  const endsMs = Date.now() + withinMs;
  for (;;) {
    const told = await tenant.ask<ExplanationView>(`GET /v1/jobs/${jobId}/explain`);
    if (isCured(told)) return { ...told, did };
    if (Date.now() > endsMs) throw new Error(`not cured by ${did.join(', ')}: ${JSON.stringify(told)}`);
    const [remedy] = told.remedies
      .filter(({ rel, needs = [] }) => !rel.startsWith('cancel') && needs.every((pointer) => pointer in known))
      .map((each) => ({ ...each, tries: did.filter((name) => name === each.rel).length }))
      .toSorted((one, other) => one.tries - other.tries);
    if (remedy !== undefined && remedy.tries < 3) {
      const body = structuredClone(remedy.body) as Record<string, unknown> | undefined;
      for (const pointer of remedy.needs ?? []) fill(body ?? {}, pointer, known[pointer]);
      const answer = await tenant.call(`${remedy.method} ${remedy.href}`, body === undefined ? {} : { body });
      if (answer.status < 300) did.push(remedy.rel);
      // Between the explanation and the call the job may have gone on by itself.
      else if (answer.status !== 409) throw new Error(`${remedy.rel}: ${answer.text}`);
    }
    await sleep(lookEveryMs);
  }
}

/** The pointer is the api's own: it leads through objects to what is null. */
function fill(body: Record<string, unknown>, pointer: string, value: unknown): void {
  const [, name = '', ...inner] = pointer.split('/');
  if (inner.length === 0) body[name] = value;
  else fill(body[name] as Record<string, unknown>, `/${inner.join('/')}`, value);
}
