// `npm run bench -- web [--quick] [--rate 500] [--dur 20]`
// A viewer's room page in real Chromium while a whole platform's room talks: how busy its main thread is, what flies over
// the picture, and whether anything on the page moves that nobody touched.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { launchChromium } from '../test/support/chromium.ts';
import { runLoad, startKaibo } from './chat.ts';
import { mainThreadCpuMs, TASKS_ONLY } from './trace.ts';

/** Messages of one writer each second at most, below what a socket may say. */
const PER_WRITER = 4;
/** As many as can cross the picture at one time, and more. */
const DANMAKU_PER_SECOND = 200;
const SAMPLE_MS = 500;
/** Everything flies, on all of the picture: the most that a viewer can ask for. */
const SETTINGS = { on: true, opacity: 0.9, speed: 0.5, size: 0.6, area: 'full', dense: true };
/** In the page: adds up what moved without anybody's doing. */
const WATCH_SHIFTS = `
  globalThis.shifts = 0;
  globalThis.moved = {};
  new PerformanceObserver((list) => {
    for (const { hadRecentInput, value, sources } of list.getEntries()) {
      if (hadRecentInput) continue;
      globalThis.shifts += value;
      for (const { node } of sources) {
        const name = node?.closest?.('[data-testid]')?.dataset.testid ?? node?.nodeName ?? 'gone';
        globalThis.moved[name] = (globalThis.moved[name] ?? 0) + 1;
      }
    }
  }).observe({ type: 'layout-shift', buffered: true });
`;
const COUNT = "Number(document.querySelector('[data-testid=danmaku]')?.dataset.count ?? 0)";

interface WebResult {
  seconds: number;
  said: number;
  /** Percent of the time in which the main thread had something to do, wall clock. */
  busyPercent: number;
  /** Percent of one core that the main thread took, as a trace shows it; other load on the machine does not count. */
  cpuPercent: number;
  scriptPercent: number;
  layoutPercent: number;
  /** At one time over the picture. */
  danmakuMedian: number;
  danmakuMost: number;
  /** Sum over the window; 0 is a page that stands still. */
  layoutShift: number;
  /** What it was that moved, and how often. */
  moved: Record<string, number>;
}

async function metricsOf(session: CDPSession): Promise<(name: string) => number> {
  const { metrics } = await session.send('Performance.getMetrics');
  return (name) => metrics.find((metric) => metric.name === name)?.value ?? 0;
}

async function openRoom(browser: Browser, address: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  await context.addInitScript(`localStorage.setItem('kaibo.danmaku', '${JSON.stringify(SETTINGS)}')`);
  const page = await context.newPage();
  await page.goto(address);
  await page.locator('[data-testid=chat][data-state=open]').waitFor({ timeout: 120_000 });
  await page.locator('[data-testid=danmaku]').waitFor({ state: 'attached', timeout: 120_000 });
  return page;
}

/** From a while after the talk began, so that the picture is full. */
async function watch(page: Page, said: Promise<{ acknowledged: number }>, warmMs: number): Promise<WebResult> {
  const browser = page.context().browser();
  if (!browser) throw new Error('the page belongs to no browser');
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  await page.waitForTimeout(warmMs);
  await page.evaluate(WATCH_SHIFTS.replace(', buffered: true', ''));
  await browser.startTracing(page, { categories: [...TASKS_ONLY] });
  const before = await metricsOf(session);
  const counts: number[] = [];
  const isOver = said.then(() => true as const);
  while (!(await Promise.race([isOver, page.waitForTimeout(SAMPLE_MS).then(() => false as const)])))
    counts.push(await page.evaluate<number>(COUNT));
  const after = await metricsOf(session);
  const cpuMs = mainThreadCpuMs(await browser.stopTracing());
  const seconds = after('Timestamp') - before('Timestamp');
  const percent = (name: string): number => (100 * (after(name) - before(name))) / seconds;
  const sorted = counts.toSorted((one, other) => one - other);
  return {
    ...{ seconds, said: (await said).acknowledged },
    ...{ busyPercent: percent('TaskDuration'), cpuPercent: cpuMs / 10 / seconds },
    ...{ scriptPercent: percent('ScriptDuration') },
    layoutPercent: percent('LayoutDuration') + percent('RecalcStyleDuration'),
    danmakuMedian: sorted[Math.floor(sorted.length / 2)] ?? 0,
    danmakuMost: sorted.at(-1) ?? 0,
    layoutShift: await page.evaluate<number>('globalThis.shifts'),
    moved: await page.evaluate<Record<string, number>>('globalThis.moved'),
  };
}

async function measurePage({
  perSecond,
  durationMs,
  warmMs,
}: {
  perSecond: number;
  durationMs: number;
  warmMs: number;
}) {
  const folder = mkdtempSync(join(tmpdir(), 'kaibo-bench-web-'));
  const browser = await launchChromium();
  try {
    using server = await startKaibo(folder, `--chat.danmakuPerSecond=${DANMAKU_PER_SECOND}`);
    const headers = { 'content-type': 'application/json' };
    const made = await fetch(`${server.base}/api/rooms`, { method: 'POST', headers, body: '{"title":"bench"}' });
    const { id: roomId } = (await made.json()) as { id: string };
    const page = await openRoom(browser, `${server.base}/rooms/${roomId}`);
    const writers = Math.ceil(perSecond / PER_WRITER);
    const load = { base: server.base, serverPid: server.pid, roomId, readers: 0, writers, slow: 0, danmaku: true };
    return await watch(page, runLoad({ ...load, perSecond, durationMs: durationMs + warmMs }), warmMs);
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function benchWeb(args: string[], facts: readonly string[], quickFolder: string): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { quick: { type: 'boolean', default: false }, rate: { type: 'string' }, dur: { type: 'string' } },
  });
  const perSecond = Number(values.rate ?? 500);
  const durationMs = Number(values.dur ?? (values.quick ? 10 : 30)) * 1000;
  const result = await measurePage({ perSecond, durationMs, warmMs: 12_000 });
  const load = `load: ${perSecond} messages a second, each over the picture too, of which it shows ${DANMAKU_PER_SECOND} a second; 1440 × 900`;
  const lines = [
    '| said | main thread busy | its CPU | script | style and layout | over the picture, median / most | layout shift |',
    '|---|---|---|---|---|---|---|',
    `| ${result.said} | ${result.busyPercent.toFixed(1)} % | ${result.cpuPercent.toFixed(1)} % | ${result.scriptPercent.toFixed(1)} % | ` +
      `${result.layoutPercent.toFixed(1)} % | ${result.danmakuMedian} / ${result.danmakuMost} | ${result.layoutShift.toFixed(4)} |`,
  ];
  const folder = values.quick ? quickFolder : join(import.meta.dirname, 'results');
  mkdirSync(folder, { recursive: true });
  const stamp = new Date().toISOString().slice(0, 16).replace('T', '-').replace(':', '');
  const base = join(folder, `${stamp}-web`);
  const head = [`# Web bench ${stamp}`, '', ...[...facts, load].map((fact) => `- ${fact}`), ''];
  writeFileSync(`${base}.md`, [...head, ...lines, ''].join('\n'));
  writeFileSync(
    `${base}.json`,
    `${JSON.stringify({ date: new Date().toISOString(), machine: facts, load, result }, undefined, 1)}\n`,
  );
  console.log(`\n${lines.join('\n')}\n\nsaved: ${relative(process.cwd(), `${base}.md`)}`);
}
