import type { Answer } from './answer.ts';
import { parseObject, toObject, toText, type JsonObject } from './json.ts';
import { type Recorder, startRecorder } from './recorder.ts';

const sendPath = /^\/v1\/projects\/([^/]+)\/messages:send$/;

export interface PushSend {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly projectId: string;
  readonly token: string | null;
  readonly message: JsonObject;
  readonly isAuthorised: boolean;
}

export interface PushOptions {
  readonly port?: number | undefined;
  readonly recordLimit?: number;
  /** With it, a send without this bearer token is refused with 401; a function tells the one that is valid now. */
  readonly accessToken?: string | (() => string);
}

export type Push = Recorder<PushSend>;

/** FCM HTTP v1: `POST /v1/projects/{projectId}/messages:send`. Scripts go by the device token. */
export function startPush({ port, recordLimit, accessToken }: PushOptions = {}): Promise<Push> {
  let count = 0;
  return startRecorder<PushSend>({
    name: 'push',
    port,
    recordLimit,
    read({ method, path, headers, body }) {
      const projectId = sendPath.exec(path)?.[1];
      if (method !== 'POST' || projectId === undefined) return null;
      const message = toObject(parseObject(body)?.['message']) ?? {};
      const valid = typeof accessToken === 'function' ? accessToken() : accessToken;
      const isAuthorised = valid === undefined || headers.authorization === `Bearer ${valid}`;
      return { at: Date.now(), projectId, token: toText(message['token']), message, isAuthorised };
    },
    keyOf: ({ token }) => token ?? '',
    reply({ projectId, token, isAuthorised }) {
      if (!isAuthorised) return { refusal: pushError(401, 'UNAUTHENTICATED') };
      if (token === null) return { refusal: pushError(400, 'INVALID_ARGUMENT') };
      count += 1;
      return { body: { name: `projects/${projectId}/messages/${count}` } };
    },
  });
}

/**
 * A refusal as FCM words it, e.g. `pushError(404, 'UNREGISTERED')`.
 * Source: https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode
 */
export function pushError(status: number, errorCode: string): Answer {
  const details = [{ '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode }];
  return {
    status,
    body: { error: { code: status, message: `Refused: ${errorCode}.`, status: grpcStatus(errorCode), details } },
  };
}

/** `UNREGISTERED` and the like are FCM's own; the outer status has only the words of gRPC. */
function grpcStatus(errorCode: string): string {
  const byCode: Readonly<Record<string, string>> = {
    UNREGISTERED: 'NOT_FOUND',
    SENDER_ID_MISMATCH: 'PERMISSION_DENIED',
    QUOTA_EXCEEDED: 'RESOURCE_EXHAUSTED',
    THIRD_PARTY_AUTH_ERROR: 'UNAUTHENTICATED',
  };
  return byCode[errorCode] ?? errorCode;
}
