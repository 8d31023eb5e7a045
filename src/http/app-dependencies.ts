import type { Readable } from 'node:stream';
import type { FastifyBaseLogger } from 'fastify';
import type { Registry } from 'prom-client';
import type { PageFiles } from '../console/page-files.ts';
import type { KernelCredentials } from '../domain/channel.ts';
import type { CreateId } from '../domain/ids.ts';
import type { WorkflowLinks } from '../domain/job-view.ts';
import type { KeyRing } from '../domain/key-ring.ts';
import type { TemplateNews } from '../domain/message/template.ts';
import type { MediaDescription, MediaFault } from '../domain/media.ts';
import type { RecordAudit } from '../store/audit.ts';
import type { ChannelSigns } from '../store/channel-signs.ts';
import type { ChannelStore } from '../store/channels.ts';
import type { EventHighWaterMark } from '../store/event-high-water-mark.ts';
import type { WriteJobChange } from '../store/job-changes.ts';
import type { OptOutStore } from '../store/opt-outs.ts';
import type { Transactions } from '../store/transactions.ts';
import type { WebhookStore } from '../store/webhooks.ts';
import type { RequestLimits } from './request-limits.ts';
import type { CheckTemporal } from '../usecases/check-readiness.ts';
import type { UseCases } from '../usecases/index.ts';
import type { UrlJudge } from '../usecases/require-allowed-url.ts';

/** A payload as Temporal's codecs see it. */
export interface CodecPayload {
  metadata?: Record<string, Uint8Array> | null;
  data?: Uint8Array | null;
}

interface MediaRequest {
  readonly owner: { readonly tenantId: string; readonly destination: string };
  readonly apiBaseUrl: string;
  readonly credentials: KernelCredentials;
  readonly mediaId: string;
}

/** The media of users' messages, as Kernel keeps them. */
export interface MediaSource {
  describe(request: MediaRequest): Promise<MediaDescription | MediaFault>;
  /** The body is read or destroyed by the caller; `signal` aborted = nobody waits for it any more. */
  open(
    request: MediaRequest,
    signal: AbortSignal,
  ): Promise<(MediaDescription & { readonly body: Readable }) | MediaFault>;
}

/**
 * The collaborators of the HTTP floor. No route takes this whole: each names what it uses with `Pick`.
 * `publicUrl` and `links.uiUrl` have no trailing slash.
 */
export interface AppDependencies extends UseCases {
  readonly transactions: Transactions;
  readonly channels: ChannelStore;
  readonly channelSigns: ChannelSigns;
  readonly writeJobChange: WriteJobChange;
  readonly highWaterMark: EventHighWaterMark;
  readonly optOuts: OptOutStore;
  readonly webhooks: WebhookStore;
  readonly recordAudit: RecordAudit;
  readonly keyRing: KeyRing;
  readonly createId: CreateId;
  readonly clock: () => Date;
  readonly randomBytes: (count: number) => Buffer;
  readonly publicUrl: string;
  readonly adminKey: string;
  readonly consoleFiles: PageFiles;
  readonly urlGuard: UrlJudge;
  readonly mediaSource: MediaSource;
  /** The templates of a WhatsApp business account, as Kernel knows them. */
  readonly listTemplates: (request: {
    readonly owner: { readonly tenantId: string; readonly destination: string };
    readonly apiBaseUrl: string;
    readonly credentials: KernelCredentials;
    readonly wabaId: string;
  }) => Promise<
    | { readonly kind: 'listed'; readonly templates: readonly TemplateNews[] }
    | { readonly kind: 'unavailable'; readonly detail: string }
  >;
  /** Jobs of this process that wait to be started. */
  readonly dispatcher: { readonly queueLength: () => number };
  readonly links: WorkflowLinks;
  readonly payloadCodec: {
    encode(payloads: CodecPayload[]): Promise<CodecPayload[]>;
    decode(payloads: CodecPayload[]): Promise<CodecPayload[]>;
  };
  readonly checkTemporal: CheckTemporal;
  /** What is wrong with the versions of the workers; null = nothing is, or nobody can tell. */
  readonly checkVersion: () => Promise<string | null>;
  /** Whether an operator has paused the job's activity in Temporal. */
  readonly isPaused: (jobId: string) => Promise<boolean>;
  /** Replaces the process's own clock in `/readyz`. */
  readonly wallMs?: () => number;
  /** The newest migration that this build knows. */
  readonly schemaVersion: string;
  readonly metrics: Registry;
  /** `/metrics` is on a port of its own, and not among the routes. */
  readonly hasOwnMetricsPort: boolean;
  /** Replaces the second for which an answer of `/metrics` and `/readyz` is kept. */
  readonly probeCacheMs?: number;
  readonly retentionDays: number;
  readonly poolCounts: () => { readonly total: number; readonly idle: number; readonly waiting: number };
  /** Replaces some of `requestLimits`. */
  readonly limits?: Partial<RequestLimits>;
  /** Undefined = no log lines. */
  readonly log?: FastifyBaseLogger | undefined;
}
