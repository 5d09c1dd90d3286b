import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkLogDetails, logDetails } from '../../../../app/docker-api/codec/log-details.ts';
import { containerInfo } from '../../../support/container-info.ts';

const id = 'c0ffee'.repeat(11).slice(0, 64);

function details(options: Record<string, string>): string {
  const log = { maxBytes: 1, maxFiles: 1, options };
  const labels = { kind: 'a,b (c)!', 'kind.other': 'x' };
  return logDetails(containerInfo(id, { log, labels, env: ['WORD=two words', 'EMPTY=', 'PATH=/bin'] }));
}

describe('log details', () => {
  const table: [string, Record<string, string>, string][] = [
    ['a blank alone where nothing is asked for', { 'max-size': '1m' }, ' '],
    ['labels by name, those that are not there left out', { labels: 'kind,absent' }, 'kind=a%2Cb+%28c%29%21 '],
    ['labels by expression', { 'labels-regex': '^kind\\.' }, 'kind.other=x '],
    ['variables by name, sorted', { env: 'WORD,EMPTY' }, 'EMPTY=,WORD=two+words '],
    ['all together, by key', { labels: 'kind.other', env: 'WORD', tag: 't' }, 'WORD=two+words,kind.other=x,tag=t '],
    ['a tag of parts', { tag: '{{.ID}}/{{ .ImageName }}/{{.Command}}' }, 'tag=c0ffeec0ffee%2Fbusybox%2Ftrue '],
    ['variables by expression, once', { env: 'PATH', 'env-regex': '^(PATH|WORD)$' }, 'PATH=%2Fbin,WORD=two+words '],
  ];
  for (const [name, options, expected] of table) it(name, () => assert.equal(details(options), expected));

  it('refuses what could not be told', () => {
    const refused = (options: Record<string, string>, message: RegExp): void =>
      assert.throws(() => checkLogDetails(options), { code: 'invalid-argument', message });
    refused({ 'labels-regex': '(' }, /^invalid log option labels-regex: /);
    refused({ 'env-regex': '[' }, /^invalid log option env-regex: /);
    refused({ tag: '{{.Odd}}' }, /"Odd" is not known/);
    refused({ tag: 'x{{upper .Name}}' }, /"x\{\{upper .Name\}\}" is not known/);
    checkLogDetails({ tag: 'plain {{.FullID}}', 'env-regex': '^A' });
  });
});
