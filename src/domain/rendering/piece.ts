import type { InlineFile } from './inline-file.ts';
import type { MediaKind } from './media-kind.ts';

/** Where the file is: `link` = on the web, where the provider fetches it; `inline` = here, to be uploaded first. */
export type MediaSource =
  | { readonly link: string; readonly inline: null }
  | { readonly link: null; readonly inline: InlineFile };

/** `filename` is shown for a document only; null = neither the sender nor the link gives a name. */
export interface Media {
  readonly kind: MediaKind;
  readonly source: MediaSource;
  readonly filename: string | null;
}

/** A choice that comes back to the bot as `id`. `description` = what the user is seen to say; null = just the title. */
export interface Reply {
  readonly title: string;
  readonly id: string;
  readonly description: string | null;
}

/** `title` is empty where the address has to speak for itself. */
export interface Link {
  readonly title: string;
  readonly url: string;
}

/** What a card or a message offers to do. `notes` are lines for what WhatsApp can only show, such as a phone number. */
export interface Actions {
  readonly replies: readonly Reply[];
  readonly links: readonly Link[];
  readonly notes: readonly string[];
}

export const noActions: Actions = { replies: [], links: [], notes: [] };

export function hasActions({ replies, links, notes }: Actions): boolean {
  return replies.length + links.length + notes.length > 0;
}

/** What belongs together: a picture, its words and what one can do. It becomes one message where WhatsApp lets it. */
export interface Block {
  readonly kind: 'block';
  readonly media: Media | null;
  /** Empty = there is none. */
  readonly body: string;
  readonly actions: Actions;
}

/** The members as the provider has them; its coordinates are strings. */
export interface Place {
  readonly kind: 'place';
  readonly location: {
    readonly latitude: string;
    readonly longitude: string;
    readonly name?: string;
    readonly address?: string;
  };
}

export type Piece = Block | Place;
