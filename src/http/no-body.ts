import { z } from 'zod';

/** The response schema of 204. */
export const noBody = z.undefined().describe('Done');
