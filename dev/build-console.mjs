// The operator's page: console/ → a page, a script and a style as browsers get them. A second's fraction, so no watcher is needed.
import { build } from 'esbuild';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = join(dirname(dirname(fileURLToPath(import.meta.url))), 'console');

/** Names hold a hash of what is in the file, so that browsers may keep them; only `index.html` names them. */
export async function buildConsole(target) {
  const { metafile } = await build({
    entryPoints: [join(source, 'main.tsx'), join(source, 'style.css')],
    outdir: target,
    entryNames: '[name]-[hash]',
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    legalComments: 'eof',
    metafile: true,
    logLevel: 'warning',
  });
  const names = Object.keys(metafile.outputs).map((path) => basename(path));
  const page = readFileSync(join(source, 'index.html'), 'utf8')
    .replace(
      'main.tsx',
      names.find((name) => name.endsWith('.js')),
    )
    .replace(
      'style.css',
      names.find((name) => name.endsWith('.css')),
    );
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, 'index.html'), page);
  writeFileSync(join(target, 'icon.svg'), readFileSync(join(source, 'icon.svg')));
}
