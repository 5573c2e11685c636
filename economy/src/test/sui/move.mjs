// Compiles the Move package in the first folder and runs its tests, with the framework's packages
// in the second: move-stdlib, sui-framework and what else the compiler asks for. Prints one line of
// JSON: {passed, output, warnings} or {error, category}.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  MovePackageFetcher,
  dumpMovePackage,
  initMovePackageBuilder,
  testMovePackage,
} from '@zktx.io/sui-move-builder/full';

function snapshot(folder) {
  const files = {};
  for (const name of readdirSync(folder, { recursive: true })) {
    if (/^(Move\.toml|(sources|tests)\/.*\.move)$/.test(name)) {
      files[name] = readFileSync(join(folder, name), 'utf8');
    }
  }
  return files;
}

// Nothing is fetched from anywhere: what is not in the folder is missing.
class Framework extends MovePackageFetcher {
  constructor(folder) {
    super();
    this.folder = folder;
  }
  async fetch(_url, _rev, subdir) {
    const folder = join(this.folder, basename(subdir ?? ''));
    return existsSync(folder) ? snapshot(folder) : {};
  }
  async fetchFile(_url, _rev, path) {
    const file = join(this.folder, basename(join(path, '..')), basename(path));
    return existsSync(file) ? readFileSync(file, 'utf8') : null;
  }
  getResolvedSha(_url, rev) {
    return rev;
  }
}

const [, , contracts, framework] = process.argv;
await initMovePackageBuilder();
const input = { files: snapshot(contracts), network: 'mainnet', fetcher: new Framework(framework) };
const built = await dumpMovePackage({ ...input, lintFlag: 'default' });
if ('error' in built) {
  process.stdout.write(JSON.stringify(built) + '\n');
} else {
  const tested = await testMovePackage(input);
  process.stdout.write(
    JSON.stringify({ ...tested, warnings: built.warnings ?? '', modules: built.modules.length }) + '\n',
  );
}
