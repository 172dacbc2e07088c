// Prints how much script a browser loads before the map, compressed, and fails beyond 300 KB.
import { readFileSync, readdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const MOST = 300 * 1024;
// `open` and `esm` are what opens the map and reads PMTiles; both come with it.
const MAP = /^(maplibre-gl|open|esm|CaseMap|FindingsMap)-/;
const folder = new URL('dist/assets/', import.meta.url);
const sizes = readdirSync(folder)
  .filter((name) => name.endsWith('.js'))
  .map((name) => ({ name, bytes: gzipSync(readFileSync(new URL(name, folder))).length }));
const sum = (part) => part.reduce((total, { bytes }) => total + bytes, 0);
const before = sum(sizes.filter(({ name }) => !MAP.test(name)));
console.log(`scripts of all pages: ${(before / 1024).toFixed(1)} KB; the map: ${((sum(sizes) - before) / 1024).toFixed(1)} KB (gzip)`);
if (before > MOST) process.exit(1);
