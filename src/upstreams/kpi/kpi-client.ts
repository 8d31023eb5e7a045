import type { HttpOutcome } from '../../domain/failure.ts';
import type { GuardedHttp } from '../guarded-http/guarded-http.ts';

export interface KpiClient {
  /** Posts one KPI activity to a bot's URL. The activity's own id is constant, so posting it again is safe. */
  postActivity(post: { readonly url: string; readonly body: string }): Promise<HttpOutcome>;
}

export function createKpiClient(dependencies: {
  readonly http: Pick<GuardedHttp, 'request'>;
  readonly timeoutMs?: number;
}): KpiClient {
  const { http, timeoutMs = 15_000 } = dependencies;
  return {
    postActivity({ url, body }) {
      return http.request({ method: 'POST', url, headers: { 'content-type': 'application/json' }, body, timeoutMs });
    },
  };
}
