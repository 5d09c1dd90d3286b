import assert from 'node:assert/strict';
import test from 'node:test';
import { layerOf, mermaid, withGraph } from '../../../scripts/graph.ts';

test('a file belongs to the folder below its half; files at the top to its composition root', () => {
  assert.equal(layerOf('app/machine/backends/qemu/qmp.ts'), 'app/machine');
  assert.equal(layerOf('guest-agent/main.ts'), 'guest-agent/main');
  assert.equal(layerOf('node_modules/koffi/index.js'), undefined);
});

test('each pair of layers gives one arrow, in a fixed order', () => {
  const graph = mermaid([
    ['app/docker-api', 'app/base'],
    ['app/cli', 'guest-agent/protocol'],
    ['app/docker-api', 'app/base'],
  ]);
  assert.deepEqual(
    graph.split('\n').filter((line) => line.includes('-->')),
    ['  app_cli --> guest_agent_protocol', '  app_docker_api --> app_base'],
  );
  assert.match(graph, /app_docker_api\["docker-api"\]/);
});

test('the graph replaces what is between the markers and nothing else', () => {
  const page = 'before\n<!-- graph:begin -->\nold\n<!-- graph:end -->\nafter\n';
  const fresh = withGraph(page, 'new');
  assert.equal(fresh, 'before\n<!-- graph:begin -->\nnew\n<!-- graph:end -->\nafter\n');
  assert.equal(withGraph(fresh, 'new'), fresh);
  assert.throws(() => withGraph('no markers', 'new'), /needs the lines/);
});
