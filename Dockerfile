# syntax=docker/dockerfile:1
# One image for all of Waypost's processes; the command says which. Debian, not Alpine: the Temporal SDK has no musl build.

FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY dev/build.mjs dev/build-console.mjs dev/
COPY console console
COPY src src
RUN npm run build
RUN npm prune --omit=dev --no-audit --no-fund

FROM node:20-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY deploy/check-health.mjs deploy/
# The number, not the name `node`: orchestrators that demand a user other than root can check only a number.
USER 1000:1000
# SIGTERM drains: the API finishes its requests, a worker the activities it holds. Node is process 1 and has handlers for
# it; run with `--init` (docker-compose.yml has `init: true`) so that something also reaps orphans.
STOPSIGNAL SIGTERM
EXPOSE 8080 9464
# That of the API; a worker answers on its metrics port instead, see docker-compose.yml.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "/app/deploy/check-health.mjs", "http://127.0.0.1:8080/livez"]
ENTRYPOINT ["node", "--enable-source-maps"]
CMD ["dist/api.js"]
