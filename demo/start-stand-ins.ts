import type { Closing } from './closing.ts';
import type { StandIns } from './stage.ts';
import { answerOfDemoBot } from './stories/bot-conversation.ts';
import { startBot } from './stand-ins/bot.ts';
import { startIntegrator } from './stand-ins/integrator.ts';
import { startKernel } from './stand-ins/kernel.ts';
import { startPush } from './stand-ins/push.ts';

// So that every status can be watched on its way.
const callbackDelayMs = 150;

export async function startStandIns(closing: Closing, integrationSecret: string): Promise<StandIns> {
  return {
    kernel: await closing.open(() => startKernel({ callbackDelayMs })),
    bot: await closing.open(() => startBot({ reply: answerOfDemoBot })),
    integrator: await closing.open(() => startIntegrator({ secret: integrationSecret })),
    push: await closing.open(() => startPush()),
  };
}
