import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileTemplate } from '../../../../../app/cli/format/evaluate.ts';
import { formatInspect, formatList } from '../../../../../app/cli/format/list.ts';
import { alignColumns } from '../../../../../app/cli/format/table.ts';

const data = {
  Name: 'web',
  Id: '0123456789abcdef',
  State: { Running: true, ExitCode: 0, Pid: 42 },
  Ports: ['80/tcp', '443/tcp'],
  Empty: [],
  Labels: new Map([
    ['app', 'shop'],
    ['com.example/tier', 'front'],
  ]),
  Label: (key: unknown) => `<${String(key)}>`,
};

describe('templates', () => {
  const table: [string, string][] = [
    ['plain', 'plain'],
    ['{{.Name}}', 'web'],
    ['{{ .State.ExitCode }}', '0'],
    ['{{.State}}', '{true 0 42}'],
    ['{{.Ports}}', '[80/tcp 443/tcp]'],
    ['{{.Labels}}', 'map[app:shop com.example/tier:front]'],
    ['{{.Labels.app}}', 'shop'],
    ['{{.Labels.none}}', '<no value>'],
    ['{{index .Labels "com.example/tier"}}', 'front'],
    ['{{index .Ports 1}}', '443/tcp'],
    ['{{.Label "a"}}', '<a>'],
    ['{{json .State}}', '{"Running":true,"ExitCode":0,"Pid":42}'],
    ['{{json .Labels}}', '{"app":"shop","com.example/tier":"front"}'],
    ['{{.Name | upper}}', 'WEB'],
    ['{{upper .Name | printf "%s-%d" | lower}}', 'web-<no value>'],
    ['{{printf "%-5s|%5s|%q|%d%%" .Name .Name .Name 7}}', 'web  |  web|"web"|7%'],
    ['{{printf "%.2f %05d" 1.5 42}}', '1.50 00042'],
    ['{{title "hello world"}}', 'Hello World'],
    ['{{join .Ports ","}}', '80/tcp,443/tcp'],
    ['{{split "a:b" ":"}}', '[a b]'],
    ['{{slice .Id 0 4}}', '0123'],
    ['{{truncate .Id 6}}', '012345'],
    ['{{len .Ports}} {{len .Name}} {{len .Labels}}', '2 3 2'],
    ['{{if .State.Running}}up{{else}}down{{end}}', 'up'],
    ['{{if eq .State.ExitCode 1}}one{{else if eq .State.ExitCode 0}}zero{{else}}other{{end}}', 'zero'],
    ['{{if and .State.Running (gt .State.Pid 1)}}yes{{end}}', 'yes'],
    ['{{if or .Empty (not .Name)}}yes{{else}}no{{end}}', 'no'],
    ['{{eq .Name "a" "web"}} {{ne 1 2}} {{lt 1 2}} {{le 2 2}} {{ge 1 2}}', 'true true true true false'],
    ['{{range .Ports}}<{{.}}>{{end}}', '<80/tcp><443/tcp>'],
    ['{{range $i, $p := .Ports}}{{$i}}={{$p}};{{end}}', '0=80/tcp;1=443/tcp;'],
    ['{{range $k, $v := .Labels}}{{$k}}:{{$v}} {{end}}', 'app:shop com.example/tier:front '],
    ['{{range .Empty}}x{{else}}none{{end}}', 'none'],
    ['{{with .State}}{{.Pid}} {{$.Name}}{{end}}', '42 web'],
    ['{{with .Empty}}x{{else}}none{{end}}', 'none'],
    ['{{$x := .Name}}{{$x}}!', 'web!'],
    ['{{println .Name 1}}', 'web 1\n'],
    ['a {{- .Name -}} b', 'awebb'],
    ['a{{/* note */}}b', 'ab'],
    ['{{"tab\\there"}} {{`raw\\n`}}', 'tab\there raw\\n'],
    ['{{(index .Ports 0)}}', '80/tcp'],
    ['{{len (index .Ports 0)}}', '6'],
    ['{{nil}}{{true}}', '<no value>true'],
  ];
  for (const [template, wanted] of table) it(template, () => assert.equal(compileTemplate(template)(data), wanted));

  const bad: [string, RegExp][] = [
    ['{{.Nmae}}', /no field \.Nmae; there are Name, Id/],
    ['{{.Name.First}}', /\.First is asked of a string/],
    ['{{.Name', /'}}' is missing/],
    ['{{}}', /nothing in it/],
    ['{{if .Name}}x', /{{if}} has no {{end}}/],
    ['{{end}}', /without a block/],
    ['{{range .Name}}{{end}}', /range needs a list/],
    ['{{nosuch .Name}}', /no function nosuch/],
    ['{{$y}}', /no variable \$y/],
    ['{{index .Ports 9}}', /outside of a list of 2/],
    ['{{eq 1 "1"}}', /different kinds/],
    ['{{upper 1}}', /upper needs text/],
    ['{{.Name 1}}', /not a function/],
    ['{{(.Name}}', /has no '\)'/],
    ['{{.Name ! }}', /unexpected/],
    ['{{if .Name}}a{{else}}b{{else}}c{{end}}', /two {{else}}/],
    ['{{slice .Id 5 99}}', /outside/],
    ['{{printf "%y" 1}}', /does not know %y/],
  ];
  for (const [template, message] of bad)
    it(`refuses ${template}`, () =>
      assert.throws(() => compileTemplate(template)(data), { message, code: 'invalid-argument' }));
});

describe('formatList', () => {
  interface Row {
    readonly ID: string;
    readonly Name: string;
    readonly Label: (key: unknown) => string;
  }
  const label = (value: string) => (key: unknown) => `${String(key)}-${value}`;
  const rows: Row[] = [
    { ID: '1', Name: 'long name', Label: label('x') },
    { ID: '22', Name: 'b', Label: label('y') },
  ];
  const view = { columns: ['ID', 'Name'] as const, titles: { ID: 'CONTAINER ID', Name: 'NAMES' } };
  const table: [string | undefined, string[]][] = [
    [undefined, ['CONTAINER ID   NAMES', '1              long name', '22             b']],
    ['table', ['CONTAINER ID   NAMES', '1              long name', '22             b']],
    ['json', ['{"ID":"1","Name":"long name"}', '{"ID":"22","Name":"b"}']],
    ['{{.Name}}', ['long name', 'b']],
    ['{{.ID}}\\t{{.Name}}', ['1\tlong name', '22\tb']],
    ['table {{.Name}}\\t{{.Label "app"}}', ['NAMES       app', 'long name   app-x', 'b           app-y']],
  ];
  for (const [format, wanted] of table)
    it(String(format), () => assert.deepEqual(formatList(rows, view, format), wanted));
  it('shows the head of an empty table', () =>
    assert.deepEqual(formatList([], view, undefined), ['CONTAINER ID   NAMES']));
  it('shows nothing of an empty list by template', () => assert.deepEqual(formatList([], view, '{{.ID}}'), []));
});

describe('formatInspect', () => {
  it('is a JSON list of all', () => {
    assert.deepEqual(JSON.parse(formatInspect([data], undefined).join('\n')), [
      { ...JSON.parse(JSON.stringify(data)), Labels: { app: 'shop', 'com.example/tier': 'front' } },
    ]);
  });
  it('runs a template on each', () => assert.deepEqual(formatInspect([data, data], '{{.Name}}'), ['web', 'web']));
});

describe('alignColumns', () => {
  it('counts characters, not colours', () => {
    const rows = [
      ['\u001b[32mok\u001b[0m', 'x'],
      ['é…', 'y'],
      ['failed', 'z'],
    ];
    assert.deepEqual(alignColumns(rows), ['\u001b[32mok\u001b[0m       x', 'é…       y', 'failed   z']);
  });
});
