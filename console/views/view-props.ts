/** What each view is drawn from. */
export interface ViewProps {
  /** Of the one that is looked at; empty = the list. */
  readonly id: string;
  readonly query: URLSearchParams;
}
