import { call } from '../call.ts';
import { useLoad } from '../load.ts';
import { pathOfHref, placeOfHref } from '../router.ts';
import type { Explanation, Job } from '../shapes.ts';
import { Act } from '../widgets/act.tsx';
import type { AskedText, Question } from '../widgets/ask.tsx';
import { Code, Json, Time } from '../widgets/basics.tsx';

type Remedy = Explanation['remedies'][number];

/** Why the job is where it is, in one sentence, with what shows it and what helps. Nothing where the API does not explain it. */
export function WhyHere({ path, job, onActed }: { path: string; job: Job; onActed: () => void }) {
  const isThis = (_type: string, about: string | undefined) => about === job.id || about === job.channelId;
  const { data, reload } = useLoad<Explanation>(`${path}/explain`, isThis);
  if (data === null) return null;
  const acted = () => {
    onActed();
    reload();
  };
  return (
    <section class="explanation" aria-label="Explanation">
      <p class="sentence">{data.sentence}</p>
      {data.cause.kind !== 'none' && (
        <p class="soft">
          {data.cause.kind.replaceAll('_', ' ')}
          {data.cause.code !== null && (
            <>
              {' · '}
              <Code of={data.cause.code} />
            </>
          )}
          {data.cause.since !== null && (
            <>
              {' · since '}
              <Time at={data.cause.since} />
            </>
          )}
        </p>
      )}
      {data.next !== null && (
        <p>
          Next: {data.next.what} <Time at={data.next.at} />
        </p>
      )}
      {data.evidence.length > 0 && (
        <ul>
          {data.evidence.map(({ text, href }) => (
            <li key={text}>{href && placeOfHref(href) ? <a href={placeOfHref(href) ?? ''}>{text}</a> : text}</li>
          ))}
        </ul>
      )}
      <div class="actions">
        {data.remedies.map((remedy) => (
          <RemedyButton key={remedy.rel + remedy.href} of={remedy} onActed={acted} />
        ))}
      </div>
    </section>
  );
}

/** A remedy as a button. The API offers only what the key may do; it asks first, as it says what will be sent. */
function RemedyButton({ of: remedy, onActed }: { of: Remedy; onActed: () => void }) {
  const { title, method, href, body, needs = [] } = remedy;
  const path = pathOfHref(href);
  if (method === 'GET' || path === null) return <a href={placeOfHref(href) ?? href}>{title}</a>;
  const question: Question = {
    title: `${title}?`,
    body: (
      <>
        <p>
          <code>
            {method} /{path}
          </code>
        </p>
        {body !== undefined && needs.length === 0 && <Json of={body} />}
      </>
    ),
    confirm: title,
    isDestructive: path.endsWith('/cancel'),
    texts: needs.map(toAskedText),
  };
  return (
    <Act
      title={title}
      scope={null}
      question={question}
      run={async (given) => {
        await call(path, { method, ...(body !== undefined && { body: fill(body, given) }) });
        onActed();
        return 'Done.';
      }}
    />
  );
}

function toAskedText(pointer: string): AskedText {
  const label = pointer.split('/').at(-1) ?? pointer;
  return { name: pointer, label, type: /token|secret|key/i.test(label) ? 'password' : 'text' };
}

/** `body` with the given texts at their JSON pointers. */
export function fill(body: unknown, given: Readonly<Record<string, string>>): unknown {
  const filled: unknown = structuredClone(body);
  for (const [pointer, text] of Object.entries(given)) {
    const names = pointer.split('/').slice(1);
    const last = names.pop();
    const holder = names.reduce<unknown>((value, name) => (isRecord(value) ? value[name] : undefined), filled);
    if (isRecord(holder) && last !== undefined) holder[last] = text;
  }
  return filled;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
