export interface BudgetCheck {
  readonly name: string;
  readonly comparison: '≥' | '≤';
  readonly limit: number;
  readonly unit: string;
  readonly digits: number;
  /** Null: this run did not measure it, and it is left out. */
  readonly figure: number | null;
}

export interface BudgetLine {
  readonly name: string;
  readonly limit: string;
  readonly figure: string;
  readonly isMet: boolean;
}

export function judge(checks: readonly BudgetCheck[]): BudgetLine[] {
  return checks.flatMap(({ name, comparison, limit, unit, digits, figure }) => {
    if (figure === null) return [];
    const isMet = comparison === '≥' ? figure >= limit : figure <= limit;
    return [{ name, limit: `${comparison} ${limit}${unit}`, figure: `${figure.toFixed(digits)}${unit}`, isMet }];
  });
}

export function describeBudgets(lines: readonly BudgetLine[]): string[] {
  return lines.map(({ name, limit, figure, isMet }) => `${isMet ? 'met   ' : 'MISSED'}  ${name}: ${figure} (${limit})`);
}
