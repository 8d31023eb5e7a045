// Health check of the image, which has no curl: exit code 0 when the address answers 2xx in time.
const timeoutMs = 4000;

try {
  const { ok } = await fetch(process.argv[2], { signal: AbortSignal.timeout(timeoutMs) });
  process.exitCode = ok ? 0 : 1;
} catch {
  // Refused, reset or too slow: not healthy, and the reason is in the process's own log.
  process.exitCode = 1;
}
