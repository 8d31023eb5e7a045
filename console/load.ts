import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { call, Refusal } from './call.ts';
import { onEvents } from './live.ts';

export interface Loaded<Answer> {
  /** Null = not there yet, or refused. */
  readonly data: Answer | null;
  readonly error: Refusal | null;
  readonly reload: () => void;
}

/** Many events in a moment are one question. */
const quietMs = 800;
/** What no event tells, and where there is no stream. */
const pollMs = 10_000;

/** Asks now, after each event that matters, and now and then while the page is looked at. Null = nothing to ask. */
export function useLoad<Answer>(
  path: string | null,
  matters: ((type: string, id: string | undefined) => boolean) | null = null,
): Loaded<Answer> {
  const [state, setState] = useState<{ path: string | null; data: Answer | null; error: Refusal | null }>({
    path,
    data: null,
    error: null,
  });
  const running = useRef<AbortController>(null);

  const reload = useCallback(() => {
    running.current?.abort();
    if (path === null) return;
    const controller = new AbortController();
    running.current = controller;
    call<Answer>(path, { signal: controller.signal }).then(
      (data) => !controller.signal.aborted && setState({ path, data, error: null }),
      (error: unknown) => {
        if (controller.signal.aborted) return;
        const refusal = error instanceof Refusal ? error : new Refusal(0, { detail: String(error) });
        // What was there stays: an answer of a moment ago is more than none.
        setState((before) => ({ path, data: before.path === path ? before.data : null, error: refusal }));
      },
    );
  }, [path]);

  useEffect(() => {
    reload();
    return () => running.current?.abort();
  }, [reload]);
  useRefresh(reload, matters);
  return state.path === path ? { ...state, reload } : { data: null, error: null, reload };
}

/** Calls `refresh` a moment after an event that matters, and every few seconds; `matters` null = never. */
export function useRefresh(
  refresh: () => void,
  matters: ((type: string, id: string | undefined) => boolean) | null,
): void {
  const latest = useRef({ refresh, matters });
  latest.current = { refresh, matters };
  const isLive = matters !== null;
  useEffect(() => {
    if (!isLive) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = onEvents((type, { id }) => {
      if (latest.current.matters?.(type, id) !== true) return;
      timer ??= setTimeout(() => {
        timer = undefined;
        latest.current.refresh();
      }, quietMs);
    });
    const poll = setInterval(() => !document.hidden && latest.current.refresh(), pollMs);
    return () => {
      stop();
      clearTimeout(timer);
      clearInterval(poll);
    };
  }, [isLive]);
}
