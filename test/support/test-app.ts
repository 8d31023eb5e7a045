import { createHash, randomBytes } from 'node:crypto';
import { Registry } from 'prom-client';
import { createIdSource } from '../../src/domain/ids.ts';
import { createKeyRing } from '../../src/encryption/key-ring.ts';
import { type App, buildApp } from '../../src/http/app.ts';
import type { AppDependencies } from '../../src/http/app-dependencies.ts';
import { createChannelStore } from '../../src/store/channels.ts';
import { expectedSchemaVersion } from '../../src/store/migrator.ts';
import { createPayloadCodec } from '../../src/temporal/codec.ts';
import { createUrlGuard } from '../../src/upstreams/guarded-http/url-guard.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';

export const adminKey = 'an-admin-key-for-tests';
export const publicUrl = 'https://waypost.test';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Parsed JSON; the text itself for other types. */
  readonly body: any;
  readonly text: string;
}

export interface TestApp {
  readonly app: App;
  readonly database: TestDatabase;
  readonly dependencies: AppDependencies;
  /** The first tenant's key, with all scopes. */
  readonly key: string;
  readonly tenantId: string;
  /** Calls with this key unless `options` say otherwise; a body that is no string or buffer goes as JSON. */
  call(method: Method, path: string, options?: CallOptions): Promise<Answer>;
  makeTenant(name?: string): Promise<{ id: string; key: string }>;
  close(): Promise<void>;
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS' | 'HEAD';
interface CallOptions {
  readonly body?: unknown;
  readonly key?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}
