import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { idInPath } from '../../contracts/http/primitives.ts';
import { problemDocument } from '../../contracts/http/problem.ts';
import { linksOfProblem } from '../../domain/explain/problem-links.ts';
import { describeCode, problemCatalogue } from '../../domain/problems/catalogue.ts';
import type { ProblemType } from '../../domain/problems/catalogue/problem-type.ts';
import { fcmErrorTable } from '../../domain/problems/error-table/fcm-codes.ts';
import { errorTable } from '../../domain/problems/error-table.ts';
import { errorClasses, problemSources, showProblem } from '../../domain/problems/problem.ts';
import { apiProblem } from '../../domain/problems/refusal.ts';
import { findProblem } from '../../store/problems.ts';
import { publicAccess, tenantAccess } from '../access.ts';
import type { App } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';
import { prefersHtml } from '../prefers-html.ts';
import { renderProblemList, renderProblemType } from '../problem-pages.ts';

const problemType = z
  .object({
    type: z.string(),
    code: z.string(),
    title: z.string(),
    status: z.number().int(),
    class: z.enum(errorClasses),
    sources: z.array(z.enum(problemSources)),
    meaning: z.string(),
    whatToDo: z.string(),
    links: z
      .array(
        z.object({
          title: z.string(),
          method: z.enum(['GET', 'POST', 'PATCH', 'PUT']),
          path: z.string().describe('With names in braces'),
          docs: z.string().describe('Where the call is described'),
        }),
      )
      .describe('Calls that help; `GET /v1/jobs/{id}/explain` says which of them fits a job'),
  })
  .meta({ id: 'ProblemType' });

/** The registry of problem types, for people and programs, and the documents that were stored. */
export function registerProblemRoutes(
  app: App,
  { transactions, publicUrl }: Pick<AppDependencies, 'transactions' | 'publicUrl'>,
): void {
  const types = [...problemCatalogue, ...listProviderTypes()];
  const show = (type: ProblemType) => ({
    type: `${publicUrl}/problems/${type.code}`,
    ...type,
    sources: [...type.sources],
    links: linksOfProblem(type.code).map((link) => ({ ...link, docs: `${publicUrl}${link.docs}` })),
  });

  app.get('/problems', {
    config: { access: publicAccess },
    schema: {
      operationId: 'listProblemTypes',
      tags: ['problems'],
      summary: 'Every problem type (HTML for browsers)',
      produces: ['application/json', 'text/html'],
      response: { 200: z.object({ data: z.array(problemType) }) },
    },
    async handler(request, reply) {
      reply.header('vary', 'Accept');
      if (wantsHtml(request)) return sendHtml(reply, renderProblemList(types));
      return { data: types.map(show) };
    },
  });

  app.get('/problems/:code', {
    config: { access: publicAccess },
    schema: {
      operationId: 'getProblemType',
      tags: ['problems'],
      summary: 'What a code means and what to do (HTML for browsers)',
      produces: ['application/json', 'text/html'],
      params: z.object({ code: z.string().max(200).describe('The last part of a `type`') }),
      response: { 200: problemType },
    },
    async handler(request, reply) {
      const type = describeCode(request.params.code);
      if (type === undefined) throw apiProblem('not_found', 'There is no problem type of this code.');
      reply.header('vary', 'Accept');
      return wantsHtml(request) ? sendHtml(reply, renderProblemType(type)) : show(type);
    },
  });

  app.get('/v1/problems/:id', {
    config: { access: tenantAccess('jobs:read') },
    schema: {
      operationId: 'getProblem',
      tags: ['problems'],
      summary: 'One problem document, as it was made',
      produces: ['application/problem+json'],
      params: idInPath,
      response: { 200: problemDocument },
    },
    async handler(request, reply) {
      const problem = await transactions.withTenant(request.tenantId, (tx) => findProblem(tx, request.params.id));
      if (problem === null) throw apiProblem('not_found', 'There is no problem of this id in this tenant.');
      return sendBytes(reply, 'application/problem+json', JSON.stringify(showProblem(problem, publicUrl)));
    },
  });
}

/** The provider's codes that the error table lists one by one; every other has its page too. */
function listProviderTypes(): ProblemType[] {
  const codes = [
    ...errorTable.codes.flatMap(({ code }) => (typeof code === 'object' ? [] : [`whatsapp_${code}`])),
    ...fcmErrorTable.codes.map(({ code }) => `fcm_${code}`),
  ];
  return codes.flatMap((code) => describeCode(code) ?? []);
}

function wantsHtml(request: FastifyRequest): boolean {
  return prefersHtml(request.headers.accept ?? '*/*');
}

function sendHtml(reply: FastifyReply, html: string): FastifyReply {
  reply.header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'");
  return sendBytes(reply, 'text/html; charset=utf-8', html);
}

/** Past the serializer: these bytes are the answer. */
function sendBytes(reply: FastifyReply, mediaType: string, text: string): FastifyReply {
  return reply.code(200).header('content-type', mediaType).send(Buffer.from(text));
}
