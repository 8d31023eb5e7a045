/** What a message job keeps of its request: exactly one of the two, as the door parsed it. */
export interface MessageRequest {
  readonly activity?: Readonly<Record<string, unknown>>;
  readonly whatsapp?: Readonly<Record<string, unknown>>;
}
