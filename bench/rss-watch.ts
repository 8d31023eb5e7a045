import { readRssMb, type Watched } from './process-usage.ts';

const sampleMs = 100;

export interface RssGrowth {
  readonly beforeMb: number;
  /** The highest of the samples, one every 100 ms. */
  readonly peakMb: number;
  readonly afterMb: number;
}

export interface RssWatch {
  /** Of each process that can be read, since the watch began; ends the watch. */
  end(): Readonly<Record<string, RssGrowth>>;
}

export function watchRss(watched: Watched): RssWatch {
  const growths = Object.entries(watched).flatMap(([name, pid]) => {
    const nowMb = pid === null ? null : readRssMb(pid);
    return pid === null || nowMb === null
      ? []
      : [{ name, pid, growth: { beforeMb: nowMb, peakMb: nowMb, afterMb: nowMb } }];
  });
  const sample = () => {
    for (const { pid, growth } of growths) {
      growth.afterMb = readRssMb(pid) ?? growth.afterMb;
      growth.peakMb = Math.max(growth.peakMb, growth.afterMb);
    }
  };
  const timer = setInterval(sample, sampleMs);
  return {
    end() {
      clearInterval(timer);
      sample();
      return Object.fromEntries(growths.map(({ name, growth }) => [name, growth]));
    },
  };
}
