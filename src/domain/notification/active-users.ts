import type { NamedUser } from './request.ts';

/** Where a user's pushes go. `registeredAt` null = the directory does not say when the token was registered. */
export interface UserPush {
  readonly enabled: boolean;
  readonly tokens: readonly { readonly token: string; readonly registeredAt: Date | null }[];
}

/** One user of the directory whom a notification may reach. */
export interface ActiveUser extends NamedUser {
  /** As the directory has it; null = it names none. Whether it can be used is judged where it is used. */
  readonly language: string | null;
  /** Null = it was not asked for. */
  readonly push: UserPush | null;
}

/** What the directory says about the users of one page. */
export interface ActiveUsers {
  /** Those of the asked whom this centre may reach. */
  readonly active: readonly ActiveUser[];
  /** Of the merchants with none of these: those where somebody is active. */
  readonly liveMerchants: ReadonlySet<string>;
  /** The tenant's own directory told it, so languages and devices are those told; absent = ours is read when they are needed. */
  readonly isTold?: true;
  /** Merchants that the directory could not be asked about, even after its retries, and why; null = nothing to add. */
  readonly unavailableMerchants: ReadonlyMap<string, string | null>;
}
