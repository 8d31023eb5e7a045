import type {} from 'vitest';
import type { TestProject } from 'vitest/node';
import { openProduct } from './product-fixture.ts';

declare module 'vitest' {
  interface ProvidedContext {
    product: {
      readonly apiUrl: string;
      readonly adminKey: string;
      readonly namespace: string;
      readonly workerUrl: string;
    };
  }
}

/** Starts one api and one worker for all test files that need no more than tenants of them; the servers run already. */
export default async function setUpProduct(project: TestProject): Promise<() => Promise<void>> {
  const { databaseUrl, temporalAddress } = project.getProvidedContext();
  const product = await openProduct({ serverUrl: databaseUrl, temporalAddress });
  const [, worker] = await Promise.all([product.startApi(), product.startWorker()]);
  const { apiUrl, adminKey, temporal } = product;
  project.provide('product', { apiUrl, adminKey, namespace: temporal.namespace, workerUrl: worker.url });
  return () => product.close();
}
