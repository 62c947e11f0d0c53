// Drives a real Chromium for the system tests: node browser.mjs CHROMIUM MILLISECONDS
//
// Each line of standard input is a command, each line of standard output its answer:
//   {"page": 0, "call": "click", "with": ["role=button"]}  ->  {"value": null}  or  {"error": "..."}
// `call` is a method of Playwright's Page, or of its keyboard (`keyboard.press`), or
//   open(options)  a page in a context of its own; the value is its number
//   report()       what went wrong in the page since it was opened
//   close()        the page and its context

import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const [executablePath, patience] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
const pages = [];

async function open({ origin, ...options }) {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
  context.setDefaultTimeout(Number(patience));
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) =>
      console.error(`policy: ${event.effectiveDirective} ${event.blockedURI}`),
    );
  });
  const page = await context.newPage();
  const wrong = [];
  let bytes = 0;
  page.on('pageerror', (error) => wrong.push(`exception: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') {
      wrong.push(`console: ${message.text()}`);
    }
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(`${origin}/`)) wrong.push(`request: ${request.url()}`);
  });
  page.on('requestfinished', async (request) => {
    const sizes = await request.sizes().catch(() => null);
    bytes += sizes ? sizes.responseBodySize : 0;
  });
  pages.push({ page, context, report: () => ({ wrong, bytes }) });
  return pages.length - 1;
}

async function obey({ page: number, call, with: parameters = [] }) {
  if (call === 'open') return open(...parameters);
  const { page, context, report } = pages[number];
  if (call === 'report') return report();
  if (call === 'close') return context.close();
  const [part, method] = call.includes('.') ? call.split('.') : [null, call];
  const target = part ? page[part] : page;
  const value = await target[method](...parameters);
  return ['string', 'number', 'boolean'].includes(typeof value) || call === 'evaluate'
    ? value
    : null;
}

const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);
say({ value: 'ready' });
for await (const line of createInterface({ input: process.stdin })) {
  try {
    say({ value: (await obey(JSON.parse(line))) ?? null });
  } catch (problem) {
    say({ error: String(problem?.message ?? problem) });
  }
}
await browser.close();
