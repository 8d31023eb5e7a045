/**
 * Meta's limits, in UTF-16 code units. Meta writes "characters" and, in its OpenAPI document, `maxLength`, which means
 * code points; which one its servers count is nowhere published. Code units are never fewer than code points, nor those
 * than graphemes: what keeps a limit here keeps it however it is counted, and an emoji costs a few characters of room.
 * Cuts fall between graphemes (split-text.ts).
 */
export const maxTextChars = 4_096;

/** Meta's pages give a list's body 4096, its OpenAPI document 1024 to every interactive body: the smaller one is safe. */
export const maxInteractiveBodyChars = 1_024;
export const maxCaptionChars = 1_024;

export const maxButtons = 3;
export const maxButtonTitleChars = 20;
export const maxButtonIdChars = 256;

/** Over all sections together. */
export const maxRows = 10;
export const maxRowTitleChars = 24;
export const maxRowDescriptionChars = 72;
export const maxRowIdChars = 200;

/** Our own bound: one activity may not become a flood. The longest text that is accepted stays far below it. */
export const maxParts = 200;
/** Our own bound: more culprits than this would only make the problem document long. */
export const maxCulprits = 20;
