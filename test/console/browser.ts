import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome'];

/** The machine's own Chromium. Throws where there is none: a suite that looked at nothing must not pass. */
export function launchBrowser(): Promise<Browser> {
  const paths = (process.env['PATH'] ?? '').split(delimiter).flatMap((dir) => names.map((name) => join(dir, name)));
  const executablePath = [process.env['CHROMIUM'], ...paths].find((path) => path !== undefined && isExecutable(path));
  if (executablePath === undefined)
    throw new Error('No Chromium on the PATH: install one (Debian: apt-get install chromium), or name it in CHROMIUM.');
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
