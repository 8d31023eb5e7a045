import { useEffect, useState } from 'preact/hooks';
import { call, toPath } from '../call.ts';
import type { Attempt, TimelineItem } from '../shapes.ts';
import { Code, Json, Section, State, Time } from '../widgets/basics.tsx';

interface Page<Row> {
  readonly data: readonly Row[];
  readonly nextCursor: string | null;
}

/** What one job's page holds at most of each; more is the API's to show. */
const maxPages = 5;

/** Everything that happened, in order, and each attempt with its answer. `version` changes when the job has. */
export function History({ id, version }: { id: string; version: string }) {
  const items = useAll<TimelineItem>(toPath('v1/jobs/{}/timeline', id), version);
  const attempts = useAll<Attempt>(toPath('v1/jobs/{}/attempts', id), version);
  return (
    <>
      <Section title="Attempts">
        {attempts.length === 0 ? (
          <p class="soft">Nothing was sent.</p>
        ) : (
          attempts.map((attempt) => <AttemptCard key={attempt.id} of={attempt} />)
        )}
      </Section>
      <Section title="Timeline">
        <ol class="timeline">
          {items.map((item, index) => (
            <li key={index}>
              <Time at={item.at} /> <span>{item.title}</span>
              {Object.keys(item.detail).length > 0 && (
                <details>
                  <summary>Detail</summary>
                  <Json of={item.detail} />
                </details>
              )}
            </li>
          ))}
        </ol>
      </Section>
    </>
  );
}

function AttemptCard({ of: attempt }: { of: Attempt }) {
  const { problem } = attempt;
  return (
    <article class="card">
      <h3>
        Attempt {attempt.number}
        {attempt.part > 0 && `, part ${attempt.part + 1}`} <State of={attempt.outcome ?? 'under way'} />{' '}
        <small class="soft">
          <Time at={attempt.startedAt} />
          {attempt.durationMs !== null && `, ${Math.round(attempt.durationMs)} ms`}
        </small>
      </h3>
      <p>
        Request to <code>{attempt.target}</code>
        {attempt.recipient !== null && ` for ${attempt.recipient}`}. Answer:{' '}
        {attempt.httpStatus === null ? 'none' : `HTTP ${attempt.httpStatus}`}
        {attempt.providerCode !== null && `, code ${attempt.providerCode}`}
      </p>
      {problem !== null && (
        <p>
          <Code of={problem.code} />: {problem.detail} <WhatToDo code={problem.code} />
        </p>
      )}
      {attempt.responseExcerpt !== null && (
        <details>
          <summary>The answer’s body</summary>
          <pre tabIndex={0}>{attempt.responseExcerpt}</pre>
        </details>
      )}
    </article>
  );
}

const knownAdvice = new Map<string, Promise<string>>();

/** What the registry of problems advises. */
function WhatToDo({ code }: { code: string }) {
  const [advice, setAdvice] = useState('');
  useEffect(() => {
    const asked =
      knownAdvice.get(code) ??
      call<{ whatToDo?: string }>(toPath('problems/{}', code)).then(
        ({ whatToDo }) => whatToDo ?? '',
        () => '',
      );
    knownAdvice.set(code, asked);
    void asked.then(setAdvice);
  }, [code]);
  return advice === '' ? null : <span class="soft">{advice}</span>;
}

/** The pages of a list, as far as a page of ours shows them. */
function useAll<Row>(path: string, version: string): readonly Row[] {
  const [rows, setRows] = useState<readonly Row[]>([]);
  useEffect(() => {
    const { signal, abort } = withAbort();
    const read = async () => {
      const found: Row[] = [];
      let cursor: string | null = '';
      for (let page = 0; page < maxPages && cursor !== null; page += 1) {
        const answer: Page<Row> = await call<Page<Row>>(`${path}?limit=200&cursor=${encodeURIComponent(cursor)}`, {
          signal,
        });
        found.push(...answer.data);
        cursor = answer.nextCursor;
      }
      setRows(found);
    };
    // A refusal is told by the job's own call above; what was seen stays.
    read().catch(() => undefined);
    return abort;
  }, [path, version]);
  return rows;
}

function withAbort(): { signal: AbortSignal; abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}
