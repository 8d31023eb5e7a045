import type { ComponentChildren } from 'preact';
import { Refusal } from '../call.ts';
import { addressOf } from '../router.ts';
import type { Job, Problem } from '../shapes.ts';

const words = {
  good: ['accepted', 'sent', 'delivered', 'read', 'completed', 'active', 'enabled', 'ok'],
  bad: ['failed', 'expired', 'disabled', 'rejected', 'completed_with_errors', 'quarantined', 'down'],
  wait: ['held', 'paused', 'retry', 'ambiguous', 'scheduled', 'pending', 'probing', 'degraded'],
};
const tones = new Map(Object.entries(words).flatMap(([tone, of]) => of.map((word) => [word, tone] as const)));

/** A state in its colour; the word says the same. */
export function State({ of }: { of: string | null | undefined }) {
  if (!of) return null;
  return <span class={`state ${tones.get(of) ?? 'soft'}`}>{of.replaceAll('_', ' ')}</span>;
}

/** In the reader's own zone, with the exact time behind it. */
export function Time({ at }: { at: string | null | undefined }) {
  if (!at) return null;
  const date = new Date(at);
  const isToday = date.toDateString() === new Date().toDateString();
  return (
    <time dateTime={at} title={at}>
      {isToday ? date.toLocaleTimeString() : date.toLocaleString()}
    </time>
  );
}

/** The registry's page about a code: what it means, and what to do. */
export function Code({ of }: { of: string }) {
  return (
    <a href={`../problems/${encodeURIComponent(of)}`} target="_blank" rel="noopener">
      {of}
    </a>
  );
}

export function JobLink({ id }: { id: string | null | undefined }) {
  return id ? (
    <a class="id" href={addressOf('jobs', id)}>
      {id}
    </a>
  ) : null;
}

/** What a job waits for, in a sentence, with a link to the job that it waits for. */
export function Wait({ of }: { of: Job['waitingFor'] }) {
  if (of === null) return null;
  const { reason, until, detail, blockedBy } = of;
  return (
    <span>
      {reason.replaceAll('_', ' ')}
      {detail === null ? '' : `: ${detail}`}
      {until !== null && ' until '}
      <Time at={until} />
      {blockedBy !== null && (
        <>
          {' ('}
          <JobLink id={blockedBy.jobId} />)
        </>
      )}
    </span>
  );
}

/** Names and values, those without a value left out. */
export function Facts({ of }: { of: Readonly<Record<string, ComponentChildren>> }) {
  const entries = Object.entries(of).filter(
    ([, value]) => value !== null && value !== undefined && value !== false && value !== '',
  );
  return (
    <dl class="facts">
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export function ProblemBox({ of }: { of: Problem }) {
  return (
    <div class="notice">
      <strong>{of.title}</strong> <Code of={of.code} />
      <p>{of.detail}</p>
      {of.provider !== null && (
        <p class="soft">{[of.provider.name, of.provider.code, of.provider.title].filter(Boolean).join(' ')}</p>
      )}
    </div>
  );
}

/** Why there is nothing to see, in the API's own words. */
export function Failure({ error }: { error: unknown }) {
  const title = error instanceof Refusal ? (error.problem.title ?? 'The call failed') : 'The page could not be drawn';
  return (
    <div class="notice" role="alert">
      <strong>{title}</strong>
      <p>{error instanceof Error ? error.message : String(error)}</p>
      {error instanceof Refusal &&
        error.problem.errors?.map(({ pointer, detail }) => (
          <p key={pointer}>
            <code>{pointer}</code> {detail}
          </p>
        ))}
    </div>
  );
}

export function Json({ of }: { of: unknown }) {
  return <pre tabIndex={0}>{JSON.stringify(of, null, 2)}</pre>;
}

export function Section({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section>
      <h2>{title}</h2>
      {children}
    </section>
  );
}
