/**
 * Goal: the diagram of a counterexample is right, can be walked by keys, takes hostile texts for texts, and stays quick when it is long.
 * Method: a real browser without a window opens the file. Where there is none, the page's text is looked at and the rest is left out; CI demands one.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { messageWays, type Counterexample } from "#maceken/check/counterexample.js";
import { traceAsHtml } from "#maceken/check/trace-html.js";
import { Browser, findBrowser } from "../lib/browser.ts";
import { removeDirectory, temporaryDirectory } from "../lib/consumer-project.ts";
import { circle, gossip, hasty, lost, thrown } from "./counterexamples.ts";

const hostile = `</script><script>document.title="taken"</script><img src=x onerror="document.title='taken'">'"&\u2028`;

test("the page is one file that names no other, and its texts hold no markup", async () => {
  const page = traceAsHtml(await thrown(hostile), `${hostile}.ts`);
  assert.deepEqual([...page.matchAll(/<(?:script|link|img|iframe|object|embed)\b[^>]*>/g)].map(([tag]) => tag), ['<script type="application/json" id="trace">', "<script>"]);
  assert.doesNotMatch(page, /https?:|url\(|@import/);
  assert.match(page, /default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'/);
  assert.doesNotMatch(page, / style="| on[a-z]+="/);
});

const program = findBrowser();

describe("in a browser", { skip: program === undefined && process.env["CI"] === undefined && "there is no Chromium: install one, or name it in $CHROMIUM" }, () => {
  const directory = temporaryDirectory("page");
  let browser: Browser;
  before(async () => {
    assert.ok(program !== undefined, "there is no Chromium, and CI demands one");
    browser = await Browser.start(program, { width: 1440, height: 900 });
  });
  after(async () => {
    await (browser as Browser | undefined)?.close();
    removeDirectory(directory);
  });

  async function open(counterexample: Counterexample): Promise<void> {
    const file = join(directory, "trace.html");
    writeFileSync(file, traceAsHtml(counterexample, "world.ts"));
    browser.errors.length = browser.requests.length = 0;
    await browser.open(file);
    assert.deepEqual(browser.errors, []);
    assert.equal(browser.requests.length, 1, "nothing but the file");
  }
  const chosen = (): Promise<string> => browser.evaluate<string>("document.querySelector('[aria-selected=true]').id");
  const details = (): Promise<string> => browser.evaluate<string>("document.getElementById('details').textContent");
  const count = (selector: string): Promise<number> => browser.evaluate<number>(`document.querySelectorAll(${JSON.stringify(selector)}).length`);
  const shownRows = (): Promise<number> => count("#steps li:not([hidden])");

  test("a dot for each turn, an arrow for each message, and the violation chosen", async () => {
    const counterexample = await hasty();
    const ways = messageWays(counterexample.steps);
    await open(counterexample);
    assert.equal(await count("circle"), counterexample.steps.length - 1);
    assert.equal(await count(".way:not(.under)"), ways.filter(({ consumedAt }) => consumedAt !== undefined).length);
    assert.equal(await count(".way.under"), ways.filter(({ consumedAt }) => consumedAt === undefined).length);
    assert.equal(await chosen(), "s5");
    assert.match(await details(), /^Step 5 · p2.*it does not hold.*Consumed.*participant\.decide\(true\) from manager.*step 4.*Changed.*participant\.state: "prepared" → "committed"/);
    assert.equal(await count(".last .note"), 1);
    // The arrow begins and ends at the rows and columns of its turns.
    for (const [index, { from, to, sentAt, consumedAt }] of ways.entries()) {
      if (consumedAt === undefined) continue;
      const line = await browser.evaluate<number[]>(`document.getElementById("w${index}").getAttribute("d").match(/[\\d.]+/g).slice(0, 6).map(Number)`);
      const dot = (step: number, node: string) => browser.evaluate<number[]>(`(() => { const row = document.getElementById("s${step}"), lane = [...document.querySelectorAll("#lanes span")].find((span) => span.textContent === ${JSON.stringify(node)}); return [parseFloat(lane.style.left), row.offsetTop + row.offsetHeight / 2]; })()`);
      assert.deepEqual(line.slice(0, 2), await dot(sentAt, from));
      const [x, y] = await dot(consumedAt, to) as [number, number];
      assert.ok(Math.hypot(line[4]! - x, line[5]! - y) < 7);
    }
  });

  test("keys: up and down, to the sender and the receiver, to both ends", async () => {
    await open(await hasty());
    const ways: [string, string][] = [["ArrowLeft", "s4"], ["ArrowLeft", "s3"], ["ArrowLeft", "s1"], ["ArrowRight", "s2"], ["ArrowDown", "s3"], ["Home", "s0"], ["ArrowUp", "s0"], ["End", "s5"], ["ArrowUp", "s4"]];
    for (const [key, expected] of ways) {
      await browser.press(key);
      assert.equal(await chosen(), expected, key);
    }
    assert.equal(await browser.evaluate("document.activeElement.id"), "steps");
    assert.equal(await browser.evaluate("document.getElementById('steps').getAttribute('aria-activedescendant')"), "s4");
    await browser.evaluate("document.getElementById('s2').click()");
    assert.match(await details(), /^Step 2 · p1/);
    await browser.evaluate("[...document.querySelectorAll('aside .go')][0].click()");
    assert.equal(await chosen(), "s1");
  });

  test("nodes can be hidden, what led to a step left alone, words found", async () => {
    const counterexample = await gossip(28);
    const { steps } = counterexample;
    await open(counterexample);
    assert.equal(await shownRows(), steps.length);
    await browser.evaluate("document.querySelector('.node[data-node=\"4\"]').click()");
    assert.equal(await shownRows(), steps.filter(({ node }) => node !== "node-5").length);
    assert.equal(await count("circle.c4, .lane.c4"), 0);
    await browser.evaluate("document.getElementById('all').click()");
    assert.equal(await shownRows(), steps.length);

    await browser.evaluate("document.getElementById('s40').click()");
    await browser.press("c");
    const causes = await browser.evaluate<number[]>("[...document.querySelectorAll('#steps li:not([hidden])')].map((row) => Number(row.id.slice(1)))");
    assert.ok(causes.length > 5 && causes.length < 41);
    assert.equal(causes.at(-1), 40);
    for (const at of causes) if (steps[at]!.sentBy !== undefined) assert.ok(causes.includes(steps[at]!.sentBy!), `the sender of ${at}`);
    for (const at of causes) for (const earlier of steps.keys()) if (earlier < at && earlier > 0 && steps[earlier]!.node === steps[at]!.node) assert.ok(causes.includes(earlier), `${earlier} was before ${at} on its node`);
    await browser.press("c");
    assert.equal(await shownRows(), steps.length);

    await browser.evaluate("{ const find = document.getElementById('find'); find.value = 'CLIENT ANN'; find.dispatchEvent(new Event('input', { bubbles: true })); }");
    const told = steps.filter(({ client, answered }) => client === "ann" || answered.some((each) => each.client === "ann")).length;
    assert.equal(await shownRows(), told);
    await browser.evaluate("{ const find = document.getElementById('find'); find.value = 'nothing of the kind'; find.dispatchEvent(new Event('input', { bubbles: true })); }");
    assert.equal(await browser.evaluate("document.getElementById('none').hidden"), false);
    assert.deepEqual(browser.errors, []);
  });

  test("the circle and the critical transition are marked", async () => {
    const round = await circle();
    await open(round);
    assert.equal(await count("#steps li.circle"), round.steps.length - 1 - round.circleFrom!);
    assert.equal(await count(".loop"), 1);
    assert.match(await details(), /it can go on like this for ever/);
    await open(await lost());
    assert.equal(await count("#steps li.critical"), 1);
    await browser.evaluate("document.querySelector('.mark.critical').click()");
    assert.equal(await chosen(), "s3");
    assert.match(await details(), /The critical transition/);
  });

  test("a hostile message is text: in the row, in the details, in the lanes", async () => {
    // Short: longer values are cut off in traces.
    await open(await thrown(`</script><img src=x onerror="alert(1)">&`));
    assert.match(await browser.evaluate<string>("document.title"), /^no handler throws/);
    assert.ok((await browser.evaluate<string>("document.getElementById('steps').textContent")).includes("<img src=x onerror="));
    await browser.evaluate("[...document.querySelectorAll('#steps li')].find((row) => row.textContent.includes('<img')).click()");
    assert.ok((await details()).includes("</script><img src=x onerror="));
    assert.deepEqual([await count("img"), await count("script")], [0, 2]);
    assert.deepEqual(browser.errors, []);
  });

  test("2,000 events are there at once, and everywhere when it is scrolled", async (t) => {
    const counterexample = await gossip(240);
    await open(counterexample);
    const ready = Number(await browser.evaluate<string>("document.documentElement.dataset.ready"));
    t.diagnostic(`${counterexample.steps.length} events, ${await count("*")} elements: ready after ${ready} ms`);
    assert.ok(counterexample.steps.length > 1900);
    assert.ok(ready < 5_000, `${ready} ms`);
    for (const key of ["Home", "End"]) {
      await browser.press(key);
      await browser.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))");
      const rows = await browser.evaluate<number>("(() => { const box = document.getElementById('scroller').getBoundingClientRect(); return [...document.querySelectorAll('circle')].filter((dot) => { const { top } = dot.getBoundingClientRect(); return top > box.top && top < box.bottom; }).length; })()");
      assert.ok(rows > 20, `${rows} dots in sight after ${key}`);
    }
    const took = await browser.evaluate<number>("(() => { const begun = performance.now(); for (let i = 0; i < 20; i++) document.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowUp' })); return (performance.now() - begun) / 20; })()");
    t.diagnostic(`a key takes ${took.toFixed(1)} ms`);
    assert.ok(took < 100, `${took} ms a key`);
  });
});
