import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { call, toQuery } from '../call.ts';
import { useLoad, useRefresh } from '../load.ts';
import { addressOf } from '../router.ts';
import type { Job, JobSummary } from '../shapes.ts';
import { Failure, State, Time } from '../widgets/basics.tsx';
import { Chart } from '../widgets/chart.tsx';
import { type Bucket, countCodes, countOutcome, describeMs, measureDelivery, splitTime, sum } from './figures.ts';
import { Attention } from './overview-attention.tsx';
import { Lights } from './overview-lights.tsx';

const spans = [
  { title: '1 hour', ms: 3_600_000 },
  { title: '24 hours', ms: 24 * 3_600_000 },
  { title: '7 days', ms: 7 * 24 * 3_600_000 },
] as const;
const bucketCount = 12;
const colours = ['--bad', '--wait', '--accent', '--soft'];

/** How everything is: what goes in and out, what fails with which code, what waits, and what needs a person. */
export function Overview() {
  const [spanMs, setSpanMs] = useState<number>(spans[0].ms);
  const { buckets, summaries, error } = useBuckets(spanMs);
  const charts = useMemo(() => {
    const countOf = (outcome: Parameters<typeof countOutcome>[1]) =>
      summaries.map((each) => countOutcome(each, outcome));
    return {
      times: buckets.map(({ fromMs }) => fromMs / 1_000),
      jobs: [
        { label: 'gone out', values: countOf('delivered'), colour: '--good' },
        { label: 'failed', values: countOf('failed'), colour: '--bad' },
        { label: 'open', values: countOf('open'), colour: '--wait' },
      ],
      codes: countCodes(summaries, colours.length).map(({ code, counts }, index) => ({
        label: code,
        values: counts,
        colour: colours[index] ?? '--soft',
      })),
    };
  }, [buckets, summaries]);
  const total = (outcome: Parameters<typeof countOutcome>[1]) =>
    sum(summaries.map((each) => countOutcome(each, outcome)));
  const firstOpen = buckets.find(
    (_, index) => countOutcome(summaries[index] ?? { data: [], countedSince: null }, 'open') > 0,
  );
  return (
    <>
      <h1>Overview</h1>
      <Lights />
      <Attention />
      <div class="actions" role="group" aria-label="Time shown">
        {spans.map(({ title, ms }) => (
          <button key={ms} type="button" aria-pressed={ms === spanMs} onClick={() => setSpanMs(ms)}>
            {title}
          </button>
        ))}
      </div>
      {error !== null && <Failure error={error} />}
      {summaries.length > 0 && (
        <>
          <div class="tiles">
            <Tile title="Accepted">{total('delivered') + total('failed') + total('open')}</Tile>
            <Tile title="Gone out">{total('delivered')}</Tile>
            <Tile title="Failed">{total('failed')}</Tile>
            <Tile title="Open">{total('open')}</Tile>
            <Tile title="Oldest open">
              {firstOpen === undefined ? (
                'none'
              ) : (
                <a href={addressOf('jobs', '', toQuery(toFilter(firstOpen)))}>
                  since <Time at={new Date(firstOpen.fromMs).toISOString()} />
                </a>
              )}
            </Tile>
            <DeliveryTime />
          </div>
          <div class="columns">
            <Chart title="Jobs by the time they were accepted" times={charts.times} series={charts.jobs} />
            {charts.codes.length > 0 ? (
              <Chart title="Error codes" times={charts.times} series={charts.codes} />
            ) : (
              <p class="soft">No job of this time has an error.</p>
            )}
          </div>
        </>
      )}
      <Waiting />
    </>
  );
}

function Tile({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <div class="card tile">
      <span class="soft">{title}</span>
      <strong>{children}</strong>
    </div>
  );
}

const toFilter = ({ fromMs, untilMs }: Bucket) => ({
  createdAfter: new Date(fromMs).toISOString(),
  createdBefore: new Date(untilMs).toISOString(),
});

/** The counts of each part of the time shown, asked for one after the other, so that a large tenant is not counted at once. */
function useBuckets(spanMs: number) {
  const [state, setState] = useState<{ buckets: Bucket[]; summaries: JobSummary[]; error: unknown }>({
    buckets: [],
    summaries: [],
    error: null,
  });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    const read = async () => {
      const buckets = splitTime(Date.now(), spanMs, bucketCount);
      const summaries: JobSummary[] = [];
      for (const bucket of buckets) {
        const query = toQuery({ groupBy: 'state,errorCode', ...toFilter(bucket) });
        summaries.push(await call<JobSummary>(`v1/jobs/summary?${query}`, { signal: controller.signal }));
      }
      setState({ buckets, summaries, error: null });
    };
    read().catch((error: unknown) => !controller.signal.aborted && setState((before) => ({ ...before, error })));
    return () => controller.abort();
  }, [spanMs, turn]);
  useRefresh(
    () => setTurn((before) => before + 1),
    () => false,
  );
  return state;
}

function DeliveryTime() {
  const { data } = useLoad<{ data: readonly Job[] }>('v1/jobs?kind=message&state=delivered&limit=100', () => false);
  const measured = data === null ? null : measureDelivery(data.data);
  return (
    <Tile title={measured === null ? 'Time to delivered' : `Time to delivered, last ${measured.count}`}>
      {measured === null ? '–' : `${describeMs(measured.medianMs)}; 95 %: ${describeMs(measured.slowMs)}`}
    </Tile>
  );
}

/** What is open now, by what it waits for. */
function Waiting() {
  const { data } = useLoad<JobSummary>('v1/jobs/summary?groupBy=state,waitReason', () => false);
  if (data === null) return null;
  const rows = data.data.filter(({ waitReason }) => waitReason !== null);
  return (
    <section>
      <h2>What waits, and for what</h2>
      {rows.length === 0 ? (
        <p class="soft">Nothing waits.</p>
      ) : (
        <ul class="plain">
          {rows.map(({ state, waitReason, count }) => (
            <li key={`${state} ${waitReason}`}>
              <a href={addressOf('jobs', '', toQuery({ state }))}>{count}</a> <State of={state} />
              {waitReason && ` for ${waitReason.replaceAll('_', ' ')}`}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
