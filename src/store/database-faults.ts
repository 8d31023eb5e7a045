const networkCodes = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN']);
/** The driver's own words, which carry no code. */
const driverWords =
  /connection terminated|timeout exceeded when trying to connect|connection error|query read timeout/i;

/**
 * Whether the session that told this is of no use any more and must leave the pool. By SQLSTATE: 08 connection, 57P
 * shut-down, 58 input and output, 25P03 and 25P04 a transaction that the server ended with its session, and 25006: the
 * server has become a standby, and a session stays with its server for as long as it lives.
 */
export function isSessionLost(error: Error): boolean {
  const code = codeOf(error);
  return /^(08|57P|58|25006|25P0[34])/.test(code) || networkCodes.has(code) || driverWords.test(error.message);
}

/** Whether it is the server that cannot write, and not this session alone: the other sessions to it are as useless. */
export function isServerReadOnly(error: Error): boolean {
  return codeOf(error) === '25006';
}

/** Whether a statement was not run because one before it in its transaction had failed. */
export function isAbortedTransaction(error: Error): boolean {
  return codeOf(error) === '25P02';
}

/**
 * Whether the same work can succeed a little later, as against a statement that is wrong: the session was lost, or (40) a
 * deadlock was broken, (53) memory, disk or connections ran out, (57) a statement was cancelled for its time, (55P03)
 * another session held a lock for too long.
 */
export function isTransientFault(error: Error): boolean {
  return isSessionLost(error) || /^(40|53|57|55P03)/.test(codeOf(error));
}

/** Whether a transaction gave way to another one (40: a deadlock, a conflict) and can be made again at once. */
export function hasGivenWay(error: unknown): boolean {
  return error instanceof Error && codeOf(error).startsWith('40');
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}
