/** What WhatsApp charges for a message, in Meta's names (status webhook, `pricing`); null = it did not say. */
export interface Pricing {
  readonly billable: boolean;
  readonly pricing_model: string | null;
  readonly type: string | null;
  readonly category: string | null;
}

/** With the time of the status that told it, so that an older one does not replace it. */
export interface ToldPricing extends Pricing {
  readonly at: string;
}

/** The later word holds, whichever came first. */
export function laterPricing(known: ToldPricing | null, told: ToldPricing | null): ToldPricing | null {
  if (known === null || told === null) return told ?? known;
  return told.at >= known.at ? told : known;
}
