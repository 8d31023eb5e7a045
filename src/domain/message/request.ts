/** As WhatsApp prices and limits messages. */
export const messageCategories = ['marketing', 'utility', 'service', 'authentication'] as const;
export type MessageCategory = (typeof messageCategories)[number];

/** What a message job keeps of its request: exactly one of the two, as the door parsed it. */
export interface MessageRequest {
  readonly activity?: Readonly<Record<string, unknown>>;
  readonly whatsapp?: Readonly<Record<string, unknown>>;
  /** It is to a group, whose id is the job's `to`; absent = to a person. */
  readonly recipientType?: 'group';
  /** What the caller says that it is; absent = nothing. */
  readonly category?: MessageCategory;
}
