/**
 * The stand-ins as one process: `node --import tsx demo/stand-ins/main.ts --kernel-port 9101`. A port that is not given
 * is any free one. One JSON line says where they are; `POST {url}/__control/…` steers each; SIGTERM or SIGINT ends them.
 */
import { parseArgs } from 'node:util';
import { startBot } from './bot.ts';
import { startIntegrator } from './integrator.ts';
import { startKernel } from './kernel.ts';
import { startPush } from './push.ts';

const maxPort = 65_535;

const { values } = parseArgs({
  options: {
    'kernel-port': { type: 'string' },
    'bot-port': { type: 'string' },
    'integrator-port': { type: 'string' },
    'push-port': { type: 'string' },
    /** `whsec_…`: refuse error callbacks that are not signed by it. */
    'integrator-secret': { type: 'string' },
  },
});

function portOf(name: 'kernel' | 'bot' | 'integrator' | 'push'): number {
  const text = values[`${name}-port`];
  const port = Number(text ?? 0);
  if (!Number.isInteger(port) || port < 0 || port > maxPort)
    throw new Error(`--${name}-port must be a port, not "${text}".`);
  return port;
}

const secret = values['integrator-secret'];
try {
  const standIns = {
    kernel: await startKernel({ port: portOf('kernel') }),
    bot: await startBot({ port: portOf('bot') }),
    integrator: await startIntegrator({ port: portOf('integrator'), ...(secret !== undefined && { secret }) }),
    push: await startPush({ port: portOf('push') }),
  };
  const urls = Object.entries(standIns).map(([name, { url }]) => [name, url]);
  console.log(JSON.stringify(Object.fromEntries(urls)));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void Promise.all(Object.values(standIns).map((each) => each.stop())));
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  // The stand-ins that did start would keep the process alive.
  process.exit(1);
}
