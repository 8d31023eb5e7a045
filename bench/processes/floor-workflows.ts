/** The least that Temporal can be asked for: started, one workflow task, completed. Five events. */
export async function emptyWorkflow(): Promise<void> {}
