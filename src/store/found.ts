/** What a list found for one page. */
export interface Found<Row, Position> {
  /** In order; one more than is shown tells that another page follows. */
  readonly rows: readonly Row[];
  /** Where it stopped looking, with fewer rows than were asked for: there may be more behind it. Null = there are not. */
  readonly lookedUpTo: Position | null;
}
