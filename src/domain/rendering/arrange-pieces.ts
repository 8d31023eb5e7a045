import { type Actions, type Block, hasActions, noActions, type Piece, type Place } from './piece.ts';

/** `text` is empty where there is none. `actions` = the suggested ones. */
export interface Ingredients {
  readonly text: string;
  readonly attachments: readonly Block[];
  readonly places: readonly Place[];
  readonly actions: Actions;
}

/**
 * The order of sending. The text leads: it is the caption of the first attachment where that is a bare file, else it
 * goes before. Suggested actions close a message and need words to hang on: with them the text comes last, unless it
 * and a single file make one message; without a text they hang on the last attachment that has no buttons of its own.
 */
export function arrangePieces({ text, attachments, places, actions }: Ingredients): Piece[] {
  const [first, ...rest] = attachments;
  if (!hasActions(actions)) {
    if (text === '') return [...attachments, ...places];
    if (first !== undefined && isBareFile(first)) return [{ ...first, body: text }, ...rest, ...places];
    return [textBlock(text, noActions), ...attachments, ...places];
  }
  const isSingleFile = first !== undefined && rest.length === 0 && isBareFile(first);
  if (text !== '') {
    return isSingleFile
      ? [...places, { ...first, body: text, actions }]
      : [...attachments, ...places, textBlock(text, actions)];
  }
  const last = attachments.at(-1);
  return last === undefined || hasActions(last.actions)
    ? [...attachments, ...places, textBlock('', actions)]
    : [...attachments.slice(0, -1), ...places, { ...last, actions }];
}

function isBareFile({ media, body, actions }: Block): boolean {
  return media !== null && body === '' && !hasActions(actions);
}

function textBlock(body: string, actions: Actions): Block {
  return { kind: 'block', media: null, body, actions };
}
