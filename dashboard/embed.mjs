// Writes the built page as C++: node embed.mjs DIST OUTPUT.cpp
//
// Each file becomes two arrays, of its bytes as they are and compressed, and a row of what
// src/api/dashboard_files.hpp declares. The same build gives the same text.

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
  const plain = readFileSync(join(dist, path));
  const gzip = gzipSync(plain, { level: 9 });
  const etag = createHash('sha256').update(plain).digest('hex').slice(0, 16);
  return { path: path === '/index.html' ? '/' : path, type, plain, gzip, etag };
});
const total = files.reduce((sum, { gzip }) => sum + gzip.length, 0);
if (total > MOST_BYTES) throw new Error(`${total} bytes compressed, more than ${MOST_BYTES}`);

const rows = (bytes) =>
  Array.from(
    { length: Math.ceil(bytes.length / 24) },
    (_, i) => `    ${[...bytes.subarray(24 * i, 24 * (i + 1))].join(', ')},\n`,
  ).join('');
const array = (name, bytes) => `constexpr unsigned char ${name}[] = {\n${rows(bytes)}};\n`;
const arrays = ({ plain, gzip }, i) => `${array(`plain_${i}`, plain)}\n${array(`gzip_${i}`, gzip)}`;
const row = ({ path, type, etag }, i) =>
  `    {"${path}", "${type}", plain_${i}, gzip_${i}, "\\"${etag}\\""},\n`;

writeFileSync(
  output,
  `// Made by dashboard/embed.mjs; changes here are lost.
#include "api/dashboard_files.hpp"

namespace frpx::api {
namespace {

${files.map(arrays).join('\n')}
constexpr dashboard_file files[] = {
${files.map(row).join('')}};

}  // namespace

std::span<const dashboard_file> dashboard_files() {
  return files;
}

}  // namespace frpx::api
`,
);
console.log(`dashboard: ${files.length} files, ${total} bytes compressed`);
