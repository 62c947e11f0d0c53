// Writes the built page as C++: node embed.mjs DIST OUTPUT.cpp
//
// Each file becomes an array of its compressed bytes and a row of what src/api/dashboard_files.hpp
// declares. The same build gives the same text.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};
const MOST_BYTES = 150_000;

const [dist, output] = process.argv.slice(2);
const paths = [
  '/index.html',
  ...readdirSync(join(dist, 'assets'))
    .sort()
    .map((n) => `/assets/${n}`),
];
const files = paths.map((path) => {
  const type = TYPES[extname(path)];
  if (!type) throw new Error(`no content type for ${path}`);
  const gzip = gzipSync(readFileSync(join(dist, path)), { level: 9 });
  const etag = createHash('sha256').update(gzip).digest('hex').slice(0, 16);
  return { path: path === '/index.html' ? '/' : path, type, gzip, etag };
});
const total = files.reduce((sum, { gzip }) => sum + gzip.length, 0);
if (total > MOST_BYTES) throw new Error(`${total} bytes compressed, more than ${MOST_BYTES}`);

const rows = ({ gzip }) =>
  Array.from(
    { length: Math.ceil(gzip.length / 24) },
    (_, i) => `    ${[...gzip.subarray(24 * i, 24 * (i + 1))].join(', ')},\n`,
  ).join('');

writeFileSync(
  output,
  `// Made by dashboard/embed.mjs; changes here are lost.
#include "api/dashboard_files.hpp"

namespace frpx::api {
namespace {

${files.map((file, i) => `constexpr unsigned char bytes_${i}[] = {\n${rows(file)}};\n`).join('\n')}
constexpr dashboard_file files[] = {
${files.map(({ path, type, etag }, i) => `    {"${path}", "${type}", bytes_${i}, "\\"${etag}\\""},\n`).join('')}};

}  // namespace

std::span<const dashboard_file> dashboard_files() {
  return files;
}

}  // namespace frpx::api
`,
);
console.log(`dashboard: ${files.length} files, ${total} bytes compressed`);
