import { isComplete, openDeliveryBench, type Sender, type SubjectCounts } from '../deliveries.ts';
import type { Load } from '../driver.ts';
import { type Measurement, sumCpuMs } from '../measurement.ts';
import { describeCounts, describeMeasurements, plotMeasurements } from '../report.ts';
import type { BenchContext, ScenarioReport } from '../scenario.ts';
import { describeServers, introduce } from '../servers.ts';
import { describeSpread } from '../statistics.ts';
import { createTenantToFill, scale, seedTenant, settleTables, tenantSizes } from './lists/seed.ts';

const emptyName = 'empty system';
const fullName = 'largest tenant of a full one';

/** A message of the tenant that has most of 1,000,000 finished and 100,000 waiting jobs, beside one on the empty system. */
export async function runBacklog(context: BenchContext): Promise<ScenarioReport> {
  const { args, log } = context;
  const bench = await openDeliveryBench(context);
  const { database, stack } = bench.servers;
  const { apiUrl, adminKey } = bench.product;
  const closed: Load = { kind: 'closed', concurrency: args.concurrency };
  const loads: readonly Load[] = [
    closed,
    ...args.rates.slice(0, 1).map((ratePerSecond) => ({ kind: 'open', ratePerSecond }) as const),
  ];
  const measurements: Measurement[] = [];
  const measureAll = async ({ id, subject }: Sender, name: string, deliveredBefore: number) => {
    for (let round = 1; round <= args.rounds; round++) {
      for (const load of loads) {
        measurements.push(await bench.measure(round, { ...subject, name }, load));
        await bench.drain(id, deliveredBefore + subject.accepted());
      }
    }
  };
  const small = await bench.openSender('small');
  await measureAll(small, emptyName, 0);
  let largest: Sender | null = null;
  for (const size of tenantSizes.map((each) => scale(each, args.scale))) {
    // Only the largest one sends.
    const tenant = await createTenantToFill({ apiUrl, adminKey, kernelUrl: bench.sink.urlOf(size.name), size });
    await seedTenant(stack.databaseUrl, tenant, log);
    largest ??= await bench.openSender(size.name, { tenant });
  }
  if (largest === null) throw new Error('There is no tenant to fill.');
  await settleTables(stack.databaseUrl);
  const deliveredBefore = (await database.countJobs(largest.id))['delivered'] ?? 0;
  await measureAll(largest, fullName, deliveredBefore);
  const largestCounts = await largest.count();
  await bench.product.stop();
  const counts: SubjectCounts[] = [
    await small.count(),
    { ...largestCounts, rowsByState: { delivered: (largestCounts.rowsByState['delivered'] ?? 0) - deliveredBefore } },
  ];
  const machine = await describeServers(context, bench.servers);
  const cpuOf = (name: string) =>
    describeSpread(measurements.filter((each) => each.subject === name && each.load.startsWith('closed')).map(sumCpuMs))
      ?.median;
  const [empty, full] = [cpuOf(emptyName), cpuOf(fullName)];
  return {
    result: { machine, measurements, counts },
    text: [...introduce(machine, args), ...describeMeasurements(measurements), '', ...describeCounts(counts)].join(
      '\n',
    ),
    isComplete: counts.every(isComplete),
    figures: { backlogCpu: empty === undefined || full === undefined ? null : full / empty },
    plots: plotMeasurements(measurements),
  };
}
