/**
 * A reporter of node:test that writes one JSON line per finished test, which test.mjs counts. Suites are no tests; but one
 * that is skipped hides all of its own.
 */
export default async function* record(events) {
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    // A file without tests, or one that fails to load, is reported as a test named by its path.
    const why = data.skip ?? data.todo;
    const skipped = why !== undefined && why !== false && type === 'test:pass';
    if (data.details?.type === 'suite' && !skipped) continue;
    const outcome = skipped ? 'skipped' : type === 'test:pass' ? 'passed' : 'failed';
    const reason = typeof why === 'string' && why !== '' ? why : 'no reason given';
    const { name, file } = data;
    yield `${JSON.stringify({ outcome, name, file, ...(skipped ? { reason } : {}) })}\n`;
  }
}
