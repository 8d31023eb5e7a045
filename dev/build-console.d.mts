/** Writes the operator's page, as browsers get it, into the folder `target`. */
export declare function buildConsole(target: string): Promise<void>;
