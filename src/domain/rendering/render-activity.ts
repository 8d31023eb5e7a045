import { isJsonObject, type JsonObject, memberOf } from './payload.ts';
import type { Rendered } from './rendered.ts';
import { renderNative } from './render-native.ts';
import { renderText } from './render-text.ts';
import { renderingFailure } from './rendering-failure.ts';
import { listUnsupportedFeatures } from './unsupported-features.ts';

/** `activity` is a Bot Framework activity as it came; `to` the recipient's number. */
export interface ActivityInput {
  readonly activity: JsonObject;
  readonly to: string;
}

/**
 * Renders a bot's activity for WhatsApp. A native `channelData.whatsapp` wins over all else; what is no message is
 * skipped; whatever cannot be shown fails with its JSON pointer (Bot Framework, Activity protocol).
 */
export function renderActivity({ activity, to }: ActivityInput): Rendered {
  const activityType = memberOf(activity, 'type');
  if (typeof activityType !== 'string') {
    return failed([{ detail: 'The activity has no type.', pointer: '/type' }]);
  }
  if (activityType !== 'message') return { kind: 'skipped', activityType };

  const channelData = memberOf(activity, 'channelData');
  const whatsapp = isJsonObject(channelData) ? memberOf(channelData, 'whatsapp') : undefined;
  if (whatsapp !== undefined && whatsapp !== null) {
    return renderNative({ whatsapp, to, pointer: '/channelData/whatsapp' });
  }

  const unsupported = listUnsupportedFeatures(activity);
  if (unsupported.length > 0) return failed(unsupported);
  const text = renderText(activity, to);
  return text.ok ? { kind: 'parts', parts: text.parts } : failed(text.errors);
}

function failed(errors: Parameters<typeof renderingFailure>[0]): Rendered {
  return { kind: 'failed', failure: renderingFailure(errors) };
}
