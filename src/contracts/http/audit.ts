import { z } from 'zod';
import { auditActions } from '../../domain/audit.ts';
import { pageQuery } from './page.ts';
import { instant, time } from './primitives.ts';

export const auditQuery = z.object({
  ...pageQuery.shape,
  target: z.string().min(1).max(256).optional().describe('The id of what was changed; an integration has its name'),
  action: z.enum(auditActions).optional().describe('What was done'),
  createdAfter: instant.optional().describe('RFC 3339; what was done later'),
  createdBefore: instant.optional().describe('RFC 3339; what was done earlier'),
});

export const auditEntryView = z
  .object({
    id: z.string(),
    at: time,
    actor: z.object({
      kind: z.enum(['api_key', 'admin']),
      id: z.string().nullable().describe('null = the operator'),
      name: z.string().describe('Of the key as it was then; `admin` for the operator'),
    }),
    action: z.enum(auditActions),
    target: z.object({
      type: z.string(),
      id: z.string().nullable().describe('null = the tenant has one of these, or many were meant'),
    }),
    changed: z.array(z.string()).describe('Names of members, never their values'),
    requestId: z.string(),
  })
  .meta({ id: 'AuditEntry' });
