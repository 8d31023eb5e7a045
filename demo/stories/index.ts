import type { Story } from '../stage.ts';
import { botConversation } from './bot-conversation.ts';
import { optedOut, outsideWindow, stoppedTemplate } from './campaign.ts';
import { deliveredAndRead } from './delivered-and-read.ts';
import { failedByCallback } from './failed-by-callback.ts';
import { expiredToken } from './expired-token.ts';
import { failedGroup } from './failed-group.ts';
import { inboxRead } from './inbox-read.ts';
import { inOrder } from './in-order.ts';
import { killedWorker } from './killed-worker.ts';
import { largeBatch } from './large-batch.ts';
import { notRenderable } from './not-renderable.ts';
import { notification } from './notification.ts';
import { push } from './push.ts';
import { refusedTwice } from './refused-twice.ts';
import { throttledPair } from './throttled-pair.ts';
import { unreachableIntegrator } from './unreachable-integrator.ts';
import { unreachableKernel } from './unreachable-kernel.ts';
import { uploadedPicture } from './uploaded-picture.ts';
import { username } from './username.ts';

/** The script, in the order in which it is played. */
export const stories: readonly Story[] = [
  deliveredAndRead,
  refusedTwice,
  failedByCallback,
  notRenderable,
  inOrder,
  failedGroup,
  throttledPair,
  expiredToken,
  botConversation,
  username,
  uploadedPicture,
  outsideWindow,
  stoppedTemplate,
  optedOut,
  notification,
  unreachableIntegrator,
  unreachableKernel,
  killedWorker,
  largeBatch,
  inboxRead,
  push,
];
